// SPDX-License-Identifier: BSD-3-Clause
// pcapio: reads captures, merged by time, and writes captures, with libpcap.
//
// Model   All inputs are read in parallel, one record ahead. captures_next() returns the earliest
//         record. If timestamps are equal, the input that was added first wins. Within one input
//         the file's order holds, even if its timestamps are out of order.
// Memory  One record for each input, whatever the size of the file.
// Time    Nanoseconds since 1970.
// Errors  A text for the user.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CAPTURES_MAX = 256, CAPTURE_ERROR = 512 };

struct capture_record {
	uint64_t ns;
	const uint8_t *data; // valid until captures_next() returns this input's next record
	uint32_t captured;   // bytes at data
	uint32_t length;     // bytes on the wire
	unsigned tag;        // of the input
};

struct captures;

// NULL: out of memory.
struct captures *captures_create(void);
void captures_destroy(struct captures *c);

// Adds an input; its records carry the tag.
bool captures_add(struct captures *c, const char *path, unsigned tag, char error[CAPTURE_ERROR]);

enum capture_status {
	CAPTURE_RECORD,  // *r is the next record
	CAPTURE_END,     // there are no more records
	CAPTURE_WARNING, // an input ended within a record, see text; the others go on
	CAPTURE_BROKEN,  // an input cannot be read, see text
};

enum capture_status captures_next(struct captures *c, struct capture_record *r,
				  char text[CAPTURE_ERROR]);

// The share of the inputs' bytes that was read, 0 to 1.
double captures_progress(const struct captures *c);

struct capture_out;

// Creates a classic pcap file with link type Ethernet and nanoseconds. NULL: see error.
struct capture_out *capture_out_open(const char *path, char error[CAPTURE_ERROR]);
// Writes a frame. A frame that a tag made longer than libpcap's limit (262,144 bytes) is truncated.
void capture_out_write(struct capture_out *o, uint64_t ns, const uint8_t *data, uint32_t len);

// False if not all of it could be written.
bool capture_out_close(struct capture_out *o);
