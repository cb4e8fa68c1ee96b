// SPDX-License-Identifier: BSD-3-Clause
// format: what the readers of pcap and of pcapng share. Only reader*.c include it.
#pragma once

#include <stddef.h>

#include "control/pcap/bytes.h"
#include "control/pcap/record.h"

enum { LINK_ETHERNET = 1 };

// How a stamp becomes nanoseconds: value * up / down, or value * 10^9 / 2^shift if there is a
// shift.
struct stamp_unit {
	uint64_t up, down;
	unsigned shift;
	int64_t offset_s;
};

struct reader_interface {
	char name[CAPTURE_INTERFACE];
	uint16_t link;
	uint8_t fcs;     // bytes
	bool has_frames; // that were read
	struct stamp_unit unit;
};

struct reader {
	struct bytes_file *bytes;
	char *path;
	// Reads records, at most max, as long as they are in memory. 0: see reader_stop().
	unsigned (*read)(struct reader *r, struct capture_record *out, unsigned max);
	bool swapped; // the other byte order than ours
	bool is_pcapng;
	uint8_t head;      // pcap: bytes before the data of a record
	uint64_t magic;    // pcap: the file's first bytes, magic and version
	bool old_order;    // pcap before 2.3: lengths the other way round
	bool either_order; // pcap 2.3: perhaps
	struct reader_interface *interface;
	uint32_t interfaces, room;
	uint32_t section; // the first interface of the section
	uint64_t skipped, accepted, last_ns;
	uint8_t fcs_cut;
	const char *why; // READER_CUT
	bool told;       // it was returned
};

static inline uint16_t reader_16(const struct reader *r, const uint8_t *p)
{
	uint16_t v;

	__builtin_memcpy(&v, p, sizeof v);
	return r->swapped ? __builtin_bswap16(v) : v;
}

static inline uint32_t reader_32(const struct reader *r, const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof v);
	return r->swapped ? __builtin_bswap32(v) : v;
}

static inline uint64_t reader_64(const struct reader *r, const uint8_t *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof v);
	return r->swapped ? __builtin_bswap64(v) : v;
}

// Each starts to read a file, whose first four bytes are known. False: error is set.
bool reader_start_pcap(struct reader *r, uint32_t magic, char error[CAPTURE_ERROR]);
bool reader_start_pcapng(struct reader *r, char error[CAPTURE_ERROR]);

// A new interface. NULL: there are too many, or there is no memory.
struct reader_interface *reader_add_interface(struct reader *r);

// There is no whole record in memory: the file ends here, or cannot be read any further, or its
// bytes are held. False.
bool reader_stop(struct reader *r);
// The file cannot be used any further. False.
bool reader_cut(struct reader *r, const char *why);

void reader_cut_fcs(struct reader *r, unsigned fcs, struct capture_record *out);

// Completes a record of an interface. False: it is skipped.
static inline bool reader_accept(struct reader *r, struct reader_interface *i, unsigned fcs,
				 struct capture_record *out)
{
	i->has_frames = true;
	if (i->link != LINK_ETHERNET) {
		r->skipped++;
		return false;
	}
	if (out->length < out->captured)
		out->length = out->captured;
	if (fcs)
		reader_cut_fcs(r, fcs, out);
	r->accepted++;
	if (out->stamped)
		r->last_ns = out->ns;
	out->ns = r->last_ns;
	return true;
}

uint64_t stamp_ns(const struct stamp_unit *u, uint64_t value);
