// SPDX-License-Identifier: BSD-3-Clause
// writer: writes a capture.
//
// Model     Classic pcap with link type Ethernet and nanoseconds, which every tool reads. It is
//           written in large blocks.
// Errors    A text for the user.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/pcap/record.h"

struct writer;

// Creates the file. NULL: see error.
struct writer *writer_open(const char *path, char error[CAPTURE_ERROR]);
// Writes a frame. A frame that a tag made longer than READER_RECORD_MAX is truncated.
void writer_put(struct writer *w, uint64_t ns, const uint8_t *data, uint32_t len);
// False: not all of it could be written; errno says why.
bool writer_close(struct writer *w);
