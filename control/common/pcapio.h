// SPDX-License-Identifier: BSD-3-Clause
// pcapio: captures in, merged by time; captures out. libpcap does the formats.
//
// Model   Inputs are read side by side, one record ahead; captures_next() gives the earliest record
//         of all, and of equal ones that of the input that was added first. Within one input the
//         order is the file's, whatever its stamps.
// Memory  One record for each input, whatever their length.
// Time    Nanoseconds since 1970.
// Errors  a text for people.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CAPTURES_MAX = 256, CAPTURE_ERROR = 512 };

struct capture_record {
	uint64_t ns;
	const uint8_t *data; // until the next record of its input is asked for
	uint32_t captured;   // bytes there are
	uint32_t length;     // bytes that were on the wire
	unsigned tag;        // of the input
};

struct captures;

// NULL: no memory.
struct captures *captures_create(void);
void captures_destroy(struct captures *c);

// Adds an input; its records carry the tag.
bool captures_add(struct captures *c, const char *path, unsigned tag, char error[CAPTURE_ERROR]);

enum capture_status {
	CAPTURE_RECORD,  // *r is the next record
	CAPTURE_END,     // there are no more
	CAPTURE_WARNING, // an input ended within a record, said in text; go on
	CAPTURE_BROKEN,  // said in text
};

enum capture_status captures_next(struct captures *c, struct capture_record *r,
				  char text[CAPTURE_ERROR]);

// Part of the inputs' bytes that is read, 0 to 1.
double captures_progress(const struct captures *c);

struct capture_out;

// A new classic pcap file, Ethernet, nanoseconds. NULL: error says why.
struct capture_out *capture_out_open(const char *path, char error[CAPTURE_ERROR]);
// A frame; of one that a tag made longer than libpcap takes (262,144 bytes), what fits.
void capture_out_write(struct capture_out *o, uint64_t ns, const uint8_t *data, uint32_t len);

// False where any of it did not reach the file.
bool capture_out_close(struct capture_out *o);
