// SPDX-License-Identifier: BSD-3-Clause
#include "control/pcap/reader.h"

#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/pcap/bytes.h"
#include "control/pcap/format.h"
#include "control/pcap/pcapng.h"

// The numbers of these link types differ between files and libpcap.
static int dlt_of(uint16_t link)
{
	static const struct {
		uint16_t link;
		int dlt;
	} unlike[] = {{100, DLT_ATM_RFC1483},
		      {101, DLT_RAW},
		      {102, DLT_SLIP_BSDOS},
		      {103, DLT_PPP_BSDOS},
		      {106, DLT_ATM_CLIP}};

	for (size_t i = 0; i < sizeof unlike / sizeof *unlike; i++)
		if (unlike[i].link == link)
			return unlike[i].dlt;
	return link;
}

static const char *link_name(uint16_t link)
{
	static char number[16];
	const char *name = pcap_datalink_val_to_name(dlt_of(link));

	snprintf(number, sizeof number, "%u", link);
	return name ? name : number;
}

const char *capture_link_advice(const char *link)
{
	return strncmp(link, "LINUX_SLL", 9)
		       ? ""
		       : "; `tcpdump -i any` records no destination MACs: record with `tcpdump -i INTERFACE`";
}

static bool start(struct reader *r, char error[CAPTURE_ERROR])
{
	uint32_t magic;
	const uint8_t *data = bytes_peek(r->bytes, sizeof magic);
	const char *why = bytes_failure(r->bytes);

	if (!data) {
		snprintf(error, CAPTURE_ERROR, "%s: %s", r->path,
			 why                    ? why
			 : bytes_left(r->bytes) ? "the file is too short for a capture"
						: "the file is empty");
		return false;
	}
	memcpy(&magic, data, sizeof magic);
	return magic == PCAPNG_SECTION ? reader_start_pcapng(r, error)
				       : reader_start_pcap(r, magic, error);
}

struct reader *reader_open(const char *path, char error[CAPTURE_ERROR])
{
	struct reader *r = calloc(1, sizeof *r);
	const char *why = "out of memory";

	if (r && (r->path = strdup(strcmp(path, "-") ? path : "standard input")))
		r->bytes = bytes_open(path, &why);
	if (r && r->bytes && start(r, error))
		return r;
	if (!r || !r->bytes)
		snprintf(error, CAPTURE_ERROR, "%s: %s", path, why);
	reader_close(r);
	return NULL;
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	bytes_close(r->bytes);
	free(r->interface);
	free(r->path);
	free(r);
}

enum reader_status reader_read(struct reader *r, struct capture_record *out, unsigned max,
			       unsigned *n, char text[CAPTURE_ERROR])
{
	r->bytes->held = false;
	*n = r->why ? 0 : r->read(r, out, max);
	if (*n)
		return READER_RECORD;
	if (!r->why || r->told)
		return READER_END;
	r->told = true;
	if (!r->interfaces) { // there is nothing to use
		snprintf(text, CAPTURE_ERROR, "%s: %s", r->path, r->why);
		return READER_CUT;
	}
	snprintf(text, CAPTURE_ERROR, "%s: %s after frame %" PRIu64 ", and is used up to there",
		 r->path, r->why, r->accepted + r->skipped);
	return READER_CUT;
}

enum reader_status reader_next(struct reader *r, struct capture_record *out,
			       char text[CAPTURE_ERROR])
{
	unsigned n;

	return reader_read(r, out, 1, &n, text);
}

struct reader_interface *reader_add_interface(struct reader *r)
{
	uint32_t room = r->room ? r->room * 2 : 4;

	if (r->interfaces == READER_INTERFACES_MAX)
		return NULL;
	if (r->interfaces == r->room) {
		struct reader_interface *more = realloc(r->interface, room * sizeof *more);
		if (!more)
			return NULL;
		r->interface = more;
		r->room = room;
	}
	struct reader_interface *i = &r->interface[r->interfaces++];
	*i = (struct reader_interface){.unit = {.up = 1000, .down = 1}};
	return i;
}

bool reader_cut(struct reader *r, const char *why)
{
	r->why = why;
	return false;
}

bool reader_stop(struct reader *r)
{
	if (bytes_failure(r->bytes))
		r->why = bytes_failure(r->bytes);
	else if (!r->bytes->held && bytes_left(r->bytes))
		r->why = "the file ends within a record";
	return false;
}

void reader_cut_fcs(struct reader *r, unsigned fcs, struct capture_record *out)
{
	uint32_t length = out->length > fcs ? out->length - fcs : 0;

	out->length = length;
	if (out->captured > length)
		out->captured = length;
	r->fcs_cut = (uint8_t)fcs;
}

static uint64_t at_most(unsigned __int128 ns)
{
	return ns < CAPTURE_NS_MAX ? (uint64_t)ns : CAPTURE_NS_MAX;
}

uint64_t stamp_ns(const struct stamp_unit *u, uint64_t value)
{
	unsigned __int128 ns = (unsigned __int128)value * u->up;

	if (u->down != 1)
		ns /= u->down;
	ns >>= u->shift;
	if (!u->offset_s)
		return at_most(ns);
	__int128 moved = (__int128)at_most(ns) + (__int128)u->offset_s * 1000000000;
	return moved > 0 ? at_most((unsigned __int128)moved) : 0;
}

uint32_t reader_interfaces(const struct reader *r)
{
	return r->interfaces;
}

const char *reader_interface_name(const struct reader *r, uint32_t interface)
{
	return r->interface[interface].name;
}

bool reader_interface_has_frames(const struct reader *r, uint32_t interface)
{
	return r->interface[interface].has_frames;
}

bool reader_interface_is_ethernet(const struct reader *r, uint32_t interface)
{
	return r->interface[interface].link == LINK_ETHERNET;
}

bool reader_names_interfaces(const struct reader *r)
{
	return r->is_pcapng;
}

uint64_t reader_skipped(const struct reader *r)
{
	return r->skipped;
}

const char *reader_link_name(const struct reader *r, uint32_t interface)
{
	return link_name(r->interface[interface].link);
}

unsigned reader_fcs(const struct reader *r)
{
	return r->fcs_cut;
}

uint64_t reader_size(const struct reader *r)
{
	return bytes_size(r->bytes);
}

uint64_t reader_done(const struct reader *r)
{
	return r->why ? bytes_size(r->bytes) : bytes_done(r->bytes);
}
