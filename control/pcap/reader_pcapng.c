// SPDX-License-Identifier: BSD-3-Clause
// Reads pcapng (draft-ietf-opsawg-pcapng). Blocks without frames and interfaces are passed over.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "control/pcap/bytes.h"
#include "control/pcap/format.h"
#include "control/pcap/pcapng.h"
#include "control/pcap/record.h"

enum {
	BLOCK_MIN = 12,
	BLOCK_MAX = 1 << 24,
	HEAD = 8, // type, length; the length stands at the end, too
	MAGIC = 4,
	OPTION_HEAD = 4,
	SECTION_BODY = 16,
	INTERFACE_BODY = 8,
	PACKET_BODY = 20,
	SIMPLE_BODY = 4,
	RESOLUTION_BINARY = 0x80,
	DIGITS_NS = 9,
	DIGITS_MAX = 19 + DIGITS_NS, // finer stamps are within one nanosecond
	SHIFT_MAX = 127,
	FCS_BITS = 16, // the draft counts bits, files count bytes: no FCS is as long
	WAY_MASK = 3,
	FLAGS_FCS_SHIFT = 5,
	FLAGS_FCS_MASK = 15,
};

// A block without its head and tail.
struct block {
	uint32_t type;
	uint8_t *body;
	uint32_t len;
};

struct option {
	uint16_t code, len;
	const uint8_t *value;
};

// The next option, of which *at is the first byte. False at the end.
static bool next_option(const struct reader *r, const struct block *b, uint32_t *at,
			struct option *o)
{
	const uint8_t *p = b->body + *at;

	if (*at > b->len || b->len - *at < OPTION_HEAD)
		return false;
	*o = (struct option){reader_16(r, p), reader_16(r, p + 2), p + OPTION_HEAD};
	uint32_t padded = OPTION_HEAD + ((o->len + 3u) & ~3u);
	if (o->code == PCAPNG_OPTION_END || b->len - *at - OPTION_HEAD < o->len)
		return false;
	*at += padded;
	return true;
}

static uint64_t power_of_ten(unsigned n)
{
	uint64_t v = 1;

	while (n--)
		v *= 10;
	return v;
}

// if_tsresol: 10^-n or 2^-n seconds.
static void set_resolution(struct stamp_unit *u, uint8_t value)
{
	unsigned n = value & (RESOLUTION_BINARY - 1);

	*u = (struct stamp_unit){.up = 1, .down = 1, .offset_s = u->offset_s};
	if (value & RESOLUTION_BINARY) {
		u->up = 1000000000;
		u->shift = n < SHIFT_MAX ? n : SHIFT_MAX;
	} else if (n <= DIGITS_NS) {
		u->up = power_of_ten(DIGITS_NS - n);
	} else {
		u->down = power_of_ten((n < DIGITS_MAX ? n : DIGITS_MAX) - DIGITS_NS);
		u->up = n <= DIGITS_MAX;
	}
}

static void read_interface_option(const struct reader *r, struct reader_interface *i,
				  const struct option *o)
{
	if (o->code == PCAPNG_INTERFACE_NAME) {
		size_t len = o->len < sizeof i->name ? o->len : sizeof i->name - 1;
		memcpy(i->name, o->value, len);
		i->name[len] = 0;
	} else if (o->code == PCAPNG_INTERFACE_RESOLUTION && o->len == 1) {
		set_resolution(&i->unit, *o->value);
	} else if (o->code == PCAPNG_INTERFACE_OFFSET && o->len == 8) {
		i->unit.offset_s = (int64_t)reader_64(r, o->value);
	} else if (o->code == PCAPNG_INTERFACE_FCS && o->len == 1) {
		i->fcs = *o->value < FCS_BITS ? *o->value : *o->value / 8;
	}
}

// NULL, or why the file cannot be read any further.
static const char *read_interface(struct reader *r, const struct block *b)
{
	struct reader_interface *i = b->len < INTERFACE_BODY ? NULL : reader_add_interface(r);
	uint32_t at = INTERFACE_BODY;
	struct option o;

	if (!i)
		return b->len < INTERFACE_BODY ? "the file has an interface block that is too short"
					       : "the file has too many interfaces";
	i->link = reader_16(r, b->body);
	while (next_option(r, b, &at, &o))
		read_interface_option(r, i, &o);
	if (!*i->name)
		snprintf(i->name, sizeof i->name, "%" PRIu32, r->interfaces - 1);
	return NULL;
}

// The words of a comment of `nestctl capture` on a dropped frame.
static bool tells_a_drop(const struct option *o)
{
	static const char *const words[] = {PCAPNG_DROPPED ":", PCAPNG_NOT_DELIVERED ":"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t len = strlen(words[i]);
		if (o->len >= len && !memcmp(o->value, words[i], len))
			return true;
	}
	return false;
}

static unsigned read_packet_options(const struct reader *r, const struct block *b, uint32_t at,
				    unsigned fcs, struct capture_record *out)
{
	struct option o;

	while (next_option(r, b, &at, &o)) {
		if (o.code == PCAPNG_PACKET_FLAGS && o.len == 4) {
			uint32_t flags = reader_32(r, o.value),
				 told = flags >> FLAGS_FCS_SHIFT & FLAGS_FCS_MASK;
			uint32_t way = flags & WAY_MASK;
			out->way = way == PCAPNG_INBOUND    ? CAPTURE_INBOUND
				   : way == PCAPNG_OUTBOUND ? CAPTURE_OUTBOUND
							    : CAPTURE_ANY_WAY;
			fcs = told ? told : fcs;
		} else if (o.code == PCAPNG_COMMENT && tells_a_drop(&o)) {
			out->drop = true;
		}
	}
	return fcs;
}

static struct reader_interface *interface_of(const struct reader *r, uint32_t local)
{
	return local < r->interfaces - r->section ? &r->interface[r->section + local] : NULL;
}

// An Enhanced Packet Block, or the obsolete Packet Block, whose interface has 16 bits.
static const char *read_packet(struct reader *r, const struct block *b, struct capture_record *out,
			       bool *accepted)
{
	if (b->len < PACKET_BODY)
		return "the file has a packet block that is too short";
	uint32_t local = b->type == PCAPNG_PACKET ? reader_32(r, b->body) : reader_16(r, b->body);
	struct reader_interface *i = interface_of(r, local);
	*out = (struct capture_record){.stamped = true,
				       .interface = r->section + local,
				       .data = b->body + PACKET_BODY,
				       .captured = reader_32(r, b->body + 12),
				       .length = reader_32(r, b->body + 16)};
	if (!i)
		return "the file has a frame of an interface that it does not describe";
	if (out->captured > b->len - PACKET_BODY || out->captured > READER_RECORD_MAX)
		return "the file has a record of impossible length";
	out->ns = stamp_ns(&i->unit,
			   (uint64_t)reader_32(r, b->body + 4) << 32 | reader_32(r, b->body + 8));
	uint32_t options = PACKET_BODY + ((out->captured + 3u) & ~3u);
	unsigned fcs = options < b->len ? read_packet_options(r, b, options, i->fcs, out) : i->fcs;
	*accepted = reader_accept(r, i, fcs, out);
	return NULL;
}

// A frame of the first interface, without a stamp. The snap length alone says how much there is.
static const char *read_simple_packet(struct reader *r, const struct block *b,
				      struct capture_record *out, bool *accepted)
{
	struct reader_interface *i = interface_of(r, 0);

	if (b->len < SIMPLE_BODY)
		return "the file has a packet block that is too short";
	if (!i)
		return "the file has a frame of an interface that it does not describe";
	uint32_t length = reader_32(r, b->body), there = b->len - SIMPLE_BODY;
	*out = (struct capture_record){.interface = r->section,
				       .data = b->body + SIMPLE_BODY,
				       .captured = length < there ? length : there,
				       .length = length};
	if (out->captured > READER_RECORD_MAX)
		return "the file has a record of impossible length";
	*accepted = reader_accept(r, i, i->fcs, out);
	return NULL;
}

// Takes the head of a section. Its byte order follows its type and length.
static bool take_section(struct reader *r)
{
	const uint8_t *head = bytes_peek(r->bytes, HEAD + MAGIC);
	uint32_t magic;

	if (!head)
		return reader_stop(r);
	memcpy(&magic, head + HEAD, sizeof magic);
	r->swapped = magic != PCAPNG_BYTE_ORDER;
	if (r->swapped && __builtin_bswap32(magic) != PCAPNG_BYTE_ORDER)
		return reader_cut(r, "the file has a section whose byte order is unknown");
	uint32_t length = reader_32(r, head + 4);
	if (length < BLOCK_MIN + SECTION_BODY || length > BLOCK_MAX)
		return reader_cut(r, "the file has a record of impossible length");
	if (!bytes_peek(r->bytes, length))
		return reader_stop(r);
	bytes_take(r->bytes, length);
	r->section = r->interfaces;
	return true;
}

// Takes a block. A section is dealt with at once.
static bool take_block(struct reader *r, struct block *b)
{
	uint8_t *head = bytes_peek(r->bytes, HEAD);

	if (!head)
		return reader_stop(r);
	uint32_t length = reader_32(r, head + 4);
	b->type = reader_32(r, head);
	if (b->type == PCAPNG_SECTION)
		return take_section(r);
	if (length < BLOCK_MIN || length > BLOCK_MAX || length % 4)
		return reader_cut(r, "the file has a record of impossible length");
	head = bytes_peek(r->bytes, length);
	if (!head)
		return reader_stop(r);
	b->body = head + HEAD;
	b->len = length - BLOCK_MIN;
	if (reader_32(r, b->body + b->len) != length)
		return reader_cut(r, "the file has a record of impossible length");
	bytes_take(r->bytes, length);
	return true;
}

static bool next_packet(struct reader *r, struct capture_record *out)
{
	bool accepted = false;
	struct block b = {0};

	while (!accepted) {
		const char *why = NULL;
		if (!take_block(r, &b))
			return false;
		if (b.type == PCAPNG_INTERFACE)
			why = read_interface(r, &b);
		else if (b.type == PCAPNG_PACKET || b.type == PCAPNG_OLD_PACKET)
			why = read_packet(r, &b, out, &accepted);
		else if (b.type == PCAPNG_SIMPLE_PACKET)
			why = read_simple_packet(r, &b, out, &accepted);
		if (why)
			return reader_cut(r, why);
	}
	return true;
}

static unsigned read_packets(struct reader *r, struct capture_record *out, unsigned max)
{
	unsigned n = 0;

	while (n < max && next_packet(r, &out[n])) {
		r->bytes->held = true;
		n++;
	}
	return n;
}

bool reader_start_pcapng(struct reader *r, char error[CAPTURE_ERROR])
{
	bool good = bytes_peek(r->bytes, HEAD) ? take_section(r)
					       : reader_cut(r, "the file ends within its header");

	if (!good)
		snprintf(error, CAPTURE_ERROR, "%s: %s", r->path, r->why);
	r->is_pcapng = true;
	r->read = read_packets;
	return good;
}
