// SPDX-License-Identifier: BSD-3-Clause
#include "kit.h"

#include <stdio.h>
#include <string.h>

#include "../../control/device.h"

static bool args_of(const char *device, char out[DEVICE_ARGS], struct config_error *e)
{
	struct config_port p = {.name = "esx1", .at = {3, 9}, .device_at = {4, 11}};

	snprintf(p.device, sizeof p.device, "%s", device);
	return device_args(&p, out, e);
}

static void devices(void **state)
{
	static const struct {
		const char *device, *args;
	} cases[] = {
		{"tap:t0", "net_tap_esx1,iface=t0"},
		{"af_packet:eth0", "net_af_packet_esx1,iface=eth0"},
		{"null:", "net_null_esx1,no-rx=1"},
		{"pcap:in.pcap", "net_pcap_esx1,rx_pcap=in.pcap"},
		{"pcap:in.pcap,out.pcap", "net_pcap_esx1,rx_pcap=in.pcap,tx_pcap=out.pcap"},
		{"pcap:,out.pcap", "net_pcap_esx1,tx_pcap=out.pcap"},
		{"pci:0000:03:00.0", "0000:03:00.0"},
		{"0000:03:00.1", "0000:03:00.1"},
		{"03:00.1", "03:00.1"},
		{"0000:03:00.1,promiscuous=1", "0000:03:00.1,promiscuous=1"},
		{"net_pcap0,rx_pcap=a.pcap,infinite_rx=1", "net_pcap0,rx_pcap=a.pcap,infinite_rx=1"},
		{"eth_tap7,iface=x", "eth_tap7,iface=x"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char args[DEVICE_ARGS];
		struct config_error e;
		CHECK(args_of(cases[i].device, args, &e), "%s: %s", cases[i].device, e.text);
		size_t len = strlen(cases[i].args); // settings of a driver may follow
		CHECK(!strncmp(args, cases[i].args, len) && (!args[len] || args[len] == ','), "%s: %s", cases[i].device, args);
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *device, *says;
		unsigned line;
	} cases[] = {
		{"", "has no device", 3},
		{"tap:", "has no argument", 4},
		{"af_packet:", "has no argument", 4},
		{"pci:", "has no argument", 4},
		{"null:x", "has an argument", 4},
		{"pcap:", "names no capture", 4},
		{"pcap:,", "names no capture", 4},
		{"tab:x", "did you mean 'tap'?", 4},
		{"zzzzzzzzzz:x", "of no known kind", 4},
		{"tap", "of no known kind", 4},
		{"0000:03:00", "of no known kind", 4},
		{"0000:03:00.1x", "of no known kind", 4},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char args[DEVICE_ARGS] = "untouched";
		struct config_error e;
		CHECK(!args_of(cases[i].device, args, &e), "%s: %s", cases[i].device, args);
		CHECK(strstr(e.text, cases[i].says), "%s: %s", cases[i].device, e.text);
		CHECK(e.at.line == cases[i].line && strstr(e.text, "esx1"), "%s: %u: %s", cases[i].device, e.at.line, e.text);
	}
}

// The longest text that a configuration takes.
static void long_devices(void **state)
{
	static const char *const kinds[] = {"tap:", "af_packet:", "pcap:", "pci:", "net_", "x:"};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		char device[DEVICE_TEXT], args[DEVICE_ARGS];
		struct config_error e;
		memset(device, 'a', sizeof device - 1);
		device[sizeof device - 1] = 0;
		memcpy(device, kinds[i], strlen(kinds[i]));
		if (args_of(device, args, &e))
			CHECK(strstr(args, device + strlen(kinds[i])), "%s cuts its argument", kinds[i]);
	}
}

static void pci_devices(void **state)
{
	static const char *const on_pci[] = {"0000:03:00.1", "03:00.1", "pci:anything", "ffff:ff:1f.7,x=1"};
	static const char *const elsewhere[] = {"tap:x", "net_pcap0,rx_pcap=03:00.1", "", "03:00", "pci", "a:b.x", "null:"};

	(void)state;
	for (size_t i = 0; i < COUNT(on_pci); i++)
		CHECK(device_is_pci(on_pci[i]), "%s", on_pci[i]);
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		CHECK(!device_is_pci(elsewhere[i]), "%s", elsewhere[i]);
}

static void hints(void **state)
{
	(void)state;
	assert_non_null(strstr(device_hint("tap:x"), "root"));
	assert_non_null(strstr(device_hint("03:00.1"), "")); // a text, may be empty
	assert_string_equal(device_hint("net_ring0"), "");
}

RUN_TESTS(TEST(devices), TEST(refusals), TEST(long_devices), TEST(pci_devices), TEST(hints))
