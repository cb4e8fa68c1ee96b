// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/sources.h"

#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "control/common/complain.h"
#include "control/common/text.h"
#include "control/pcap/captures.h"
#include "control/pcap/reader.h"
#include "control/pcap/record.h"
#include "control/replay/stations.h"

enum { LIST = 256 };

static const char usage[] =
	"usage: nestswitch sources [-j] CAPTURE …\n"
	"\n"
	"Prints the source MACs of captures: frames, VLANs, IP addresses, and who makes such MACs. It helps to\n"
	"write `nestswitch replay --sources`.\n"
	"\n"
	"  -j, --json   print an array of JSON objects\n"
	"\n"
	"Examples:\n"
	"\n"
	"  nestswitch sources br0.pcap\n"
	"               the sources of a capture by `tcpdump -i br0`\n"
	"  nestswitch replay --config lab.yaml --in br0.pcap --sources esx1=00:50:56:00:00:01 kvm1=52:54:00:00:00:02\n"
	"               the same capture, with the ports of its sources\n";

static void read_captures(struct captures *in, struct stations *s)
{
	struct capture_record rec;
	char text[CAPTURE_ERROR];
	enum capture_status status;

	while ((status = captures_next(in, &rec, text)) != CAPTURE_END) {
		if (status == CAPTURE_WARNING)
			complain("warning: %s", text);
		else
			stations_add(s, rec.data, rec.captured, true);
	}
}

static void tell_skipped(const struct captures *in, char **paths)
{
	for (unsigned i = 0; i < captures_count(in); i++) {
		uint64_t skipped = reader_skipped(captures_reader(in, i));
		if (skipped)
			complain("warning: %s: %" PRIu64
				 " frames are skipped, because their interface is no Ethernet",
				 paths[i], skipped);
	}
}

static void put_vlans(const struct station *s, char out[LIST])
{
	size_t at = 0;

	*out = 0;
	for (unsigned i = 0; i < s->vlans; i++) {
		char vid[12] = "untagged";
		if (s->vlan[i])
			snprintf(vid, sizeof vid, "%u", s->vlan[i]);
		at += (size_t)snprintf(out + at, LIST - at, "%s%s", i ? "," : "", vid);
	}
	if (s->more_vlans)
		snprintf(out + at, LIST - at, ",…");
}

static void put_addresses(const struct station *s, char out[LIST])
{
	char address[ADDRESS_TEXT];
	size_t at = 0;

	*out = 0;
	for (unsigned i = 0; i < s->addresses; i++) {
		station_put_address(s, i, address);
		at += (size_t)snprintf(out + at, LIST - at, "%s%s", i ? "," : "", address);
	}
	if (s->more_addresses)
		snprintf(out + at, LIST - at, ",…");
}

static void print_table(const struct station *s, uint32_t count)
{
	char mac[MAC_TEXT], vlans[LIST], addresses[LIST];

	printf("%-17s  %10s  %-10s  %-14s  %s\n", "mac", "frames", "vendor", "vlans", "addresses");
	for (uint32_t i = 0; i < count; i++) {
		text_put_mac(s[i].mac, mac);
		put_vlans(&s[i], vlans);
		put_addresses(&s[i], addresses);
		printf("%-17s  %10" PRIu64 "  %-10s  %-14s  %s\n", mac, s[i].frames,
		       station_vendor(s[i].mac), vlans, addresses);
	}
}

static json_t *station_json(const struct station *s)
{
	char mac[MAC_TEXT], address[ADDRESS_TEXT];
	json_t *vlans = json_array(), *addresses = json_array();

	text_put_mac(s->mac, mac);
	for (unsigned i = 0; i < s->vlans; i++)
		json_array_append_new(vlans, s->vlan[i] ? json_integer(s->vlan[i]) : json_null());
	for (unsigned i = 0; i < s->addresses; i++) {
		station_put_address(s, i, address);
		json_array_append_new(addresses, json_string(address));
	}
	return json_pack("{s:s, s:I, s:s, s:o, s:o}", "mac", mac, "frames", (json_int_t)s->frames,
			 "vendor", station_vendor(s->mac), "vlans", vlans, "addresses", addresses);
}

static void print_json(const struct station *s, uint32_t count)
{
	json_t *all = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(all, station_json(&s[i]));
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static void print_stations(struct stations *s, bool json)
{
	uint32_t count;
	const struct station *all = stations_sorted(s, &count);

	if (json)
		print_json(all, count);
	else
		print_table(all, count);
	if (stations_lost(s))
		complain("warning: %" PRIu64 " frames have other sources (at most %d are counted)",
			 stations_lost(s), STATIONS_MAX);
}

static int print_sources(char **paths, int count, bool json)
{
	struct captures *in = captures_create();
	struct stations *s = stations_create();
	char error[CAPTURE_ERROR];
	bool good = (in && s) || complain("out of memory");

	for (int i = 0; good && i < count; i++)
		good = captures_add(in, paths[i], error) || complain("%s", error);
	if (good) {
		read_captures(in, s);
		print_stations(s, json);
		tell_skipped(in, paths);
	}
	stations_destroy(s);
	captures_destroy(in);
	return good ? EXIT_DONE : EXIT_REFUSED;
}

int sources_main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	bool json = false;
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, ":hj", longs, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return EXIT_DONE;
		}
		if (option != 'j') {
			complain_option(option, argv[optind - 1], longs,
					"nestswitch sources --help");
			return EXIT_USAGE;
		}
		json = true;
	}
	if (optind == argc) {
		complain("a capture is missing (see nestswitch sources --help)");
		return EXIT_USAGE;
	}
	return print_sources(argv + optind, argc - optind, json);
}
