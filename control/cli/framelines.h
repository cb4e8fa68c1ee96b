// SPDX-License-Identifier: BSD-3-Clause
// framelines: prints the frames of a capture, one a line.
//
// Model   Reads the blocks that control/pcap/pcapng.h writes. A line has the time, the port, the
//         direction or the reason of a drop, the addresses, the VLAN, the type and the length. As
//         JSON, a line is an object.
// Limits  SNAPLEN bytes of a frame are enough.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAMELINES_SNAPLEN = 128, FRAMELINES_PORT = 16 };

struct framelines {
	bool json;
	char (*port)[FRAMELINES_PORT]; // names of the interfaces so far
	uint32_t ports;
};

// Prints complete blocks. False: errno says why not.
bool framelines_print(struct framelines *l, const uint8_t *data, size_t len);
void framelines_free(struct framelines *l);
