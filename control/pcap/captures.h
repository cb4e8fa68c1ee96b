// SPDX-License-Identifier: BSD-3-Clause
// captures: the frames of several captures, merged by time.
//
// Model     All inputs are read in parallel, some records ahead, and the earliest record comes
//           first. If timestamps are equal, the input that was added first wins. Within one input
//           the file's order holds, even if its timestamps are out of order.
// Memory    A block of each file, whatever its size.
// Ownership captures_create() to captures_destroy().
// Errors    A text for the user.
#pragma once

#include "control/pcap/format.h"
#include "control/pcap/record.h"

enum { CAPTURES_MAX = 256 };

struct captures;

// NULL: out of memory.
struct captures *captures_create(void);
void captures_destroy(struct captures *c);

// Adds an input. Inputs have numbers from 0. A file without any Ethernet interface is refused.
bool captures_add(struct captures *c, const char *path, char error[CAPTURE_ERROR]);

enum capture_status {
	CAPTURE_RECORD,  // there are records, valid until the next call
	CAPTURE_END,     // there are no more records
	CAPTURE_WARNING, // an input ended too early, see text; the others go on
};

// The next records, at least one and at most max. *n: how many, 0 if the result is not
// CAPTURE_RECORD.
enum capture_status captures_read(struct captures *c, const struct capture_record **out,
				  unsigned max, unsigned *n, char text[CAPTURE_ERROR]);

// The next record.
enum capture_status captures_next(struct captures *c, struct capture_record *r,
				  char text[CAPTURE_ERROR]);

unsigned captures_count(const struct captures *c);
const struct reader *captures_reader(const struct captures *c, unsigned input);

// The share of the inputs' bytes that was read, 0 to 1.
double captures_progress(const struct captures *c);
