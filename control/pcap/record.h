// SPDX-License-Identifier: BSD-3-Clause
// record: a frame of a capture, and what reading it can come to.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	CAPTURE_ERROR = 512,
	CAPTURE_INTERFACE = 64,
	READER_RECORD_MAX = 262144, // as libpcap has it
	READER_INTERFACES_MAX = 65536,
	CAPTURE_HEADROOM = 4,
};

// In the year 2500. Later stamps are wrong, and would overflow.
#define CAPTURE_NS_MAX (UINT64_C(16725225600) * 1000000000)

enum capture_way {
	CAPTURE_ANY_WAY, // the file does not say
	CAPTURE_INBOUND,
	CAPTURE_OUTBOUND,
};

struct capture_record {
	uint64_t ns;        // of a record without a stamp: that of the record before
	uint8_t *data;      // may be overwritten, as may be the CAPTURE_HEADROOM bytes before it
	uint32_t captured;  // bytes at data
	uint32_t length;    // bytes on the wire
	uint32_t interface; // its number in the file, over all sections
	unsigned input;     // see captures.h
	enum capture_way way;
	bool stamped;
	bool drop; // nestctl recorded that the frame was dropped
};

enum reader_status {
	READER_RECORD,
	READER_END,
	READER_CUT, // the file is not whole: see text. There are no more records
};
