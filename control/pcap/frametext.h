// SPDX-License-Identifier: BSD-3-Clause
// frametext: the names of what is in a frame, for people.
//
// Model   Up to one 802.1Q tag, EtherType, IP protocol and ports. A frame that is too short for a
//         part has no text of it.
#pragma once

#include <stdint.h>

enum { FRAMETEXT_TYPE = 64, FRAMETEXT_LINE = 192 };

// Such as "ARP request", "IPv4 UDP 68 > 67" or "0x88b5". Empty: there is no whole header.
void frametext_type(const uint8_t *data, uint32_t len, char out[FRAMETEXT_TYPE]);

// The VID of its 802.1Q tag. -1: it has none.
int frametext_vid(const uint8_t *data, uint32_t len);

// Addresses, tag, type and length. length: of the whole frame, of which the first len bytes are at
// data.
void frametext_line(const uint8_t *data, uint32_t len, uint32_t length, char out[FRAMETEXT_LINE]);
