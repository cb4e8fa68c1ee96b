// SPDX-License-Identifier: BSD-3-Clause
// Reads pcap (draft-ietf-opsawg-pcap), and the kinds of it that libpcap reads, too.
#include <stdio.h>
#include <string.h>

#include "control/pcap/bytes.h"
#include "control/pcap/format.h"
#include "control/pcap/record.h"

enum {
	HEADER = 24,
	RECORD = 16,         // seconds, fraction, captured, length
	RECORD_PATCHED = 24, // of Kuznetzov's libpcap: interface, protocol, type
	FCS_PRESENT = 0x04000000,
	FCS_SHIFT = 28,
	FCS_UNIT = 2, // bytes
	LINK_MASK = 0xffff,
};

static const struct {
	uint32_t magic;
	uint32_t fraction_ns;
	uint8_t head;
} kinds[] = {
	{0xa1b2c3d4, 1000, RECORD},
	{0xa1b23c4d, 1, RECORD},
	{0xa1b2cd34, 1000, RECORD_PATCHED},
};

static void read_lengths(const struct reader *r, const uint8_t *head, struct capture_record *out)
{
	uint32_t captured = reader_32(r, head + 8), length = reader_32(r, head + 12);
	bool other = r->old_order || (r->either_order && captured > length);

	out->captured = other ? length : captured;
	out->length = other ? captured : length;
}

static bool next_record(struct reader *r, struct capture_record *out)
{
	struct reader_interface *i = r->interface;
	uint8_t *head = bytes_peek(r->bytes, r->head);

	if (!head)
		return reader_stop(r);
	if (!memcmp(head, &r->magic, sizeof r->magic)) // else a record of the year 2055
		return reader_cut(
			r, "the file has a second capture behind the first (mergecap joins them)");
	*out = (struct capture_record){.stamped = true};
	out->ns = reader_32(r, head) * UINT64_C(1000000000) + reader_32(r, head + 4) * i->unit.up;
	read_lengths(r, head, out);
	if (out->captured > READER_RECORD_MAX)
		return reader_cut(r, "the file has a record of impossible length");
	head = bytes_peek(r->bytes, r->head + out->captured);
	if (!head)
		return reader_stop(r);
	out->data = head + r->head;
	bytes_take(r->bytes, r->head + out->captured);
	reader_accept(r, i, i->fcs, out);
	return true;
}

static unsigned read_records(struct reader *r, struct capture_record *out, unsigned max)
{
	unsigned n = 0;

	while (n < max && next_record(r, &out[n])) {
		r->bytes->held = true;
		n++;
	}
	return n;
}

static bool know_magic(struct reader *r, struct reader_interface *i, uint32_t magic)
{
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		bool same = magic == kinds[k].magic;
		if (!same && magic != __builtin_bswap32(kinds[k].magic))
			continue;
		r->swapped = !same;
		r->head = kinds[k].head;
		i->unit.up = kinds[k].fraction_ns;
		return true;
	}
	return false;
}

bool reader_start_pcap(struct reader *r, uint32_t magic, char error[CAPTURE_ERROR])
{
	struct reader_interface *i = reader_add_interface(r);
	const uint8_t *head;

	if (!i || !know_magic(r, i, magic)) {
		snprintf(
			error, CAPTURE_ERROR, "%s: %s", r->path,
			i ? "this is no capture (pcap and pcapng are read, also compressed with gzip, bzip2, xz, zstd or lz4)"
			  : "out of memory");
		return false;
	}
	if (!(head = bytes_peek(r->bytes, HEADER))) {
		snprintf(error, CAPTURE_ERROR, "%s: the file ends within its header", r->path);
		return false;
	}
	memcpy(&r->magic, head, sizeof r->magic);
	uint16_t major = reader_16(r, head + 4), minor = reader_16(r, head + 6);
	uint32_t link = reader_32(r, head + 20);
	r->old_order = major < 2 || (major == 2 && minor < 3) || major == 543;
	r->either_order = major == 2 && minor == 3;
	i->link = link & LINK_MASK;
	if (link & FCS_PRESENT)
		i->fcs = (uint8_t)((link >> FCS_SHIFT) * FCS_UNIT);
	r->read = read_records;
	bytes_take(r->bytes, HEADER);
	return true;
}
