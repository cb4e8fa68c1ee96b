// SPDX-License-Identifier: BSD-3-Clause
// lenient: reads a frame as the most lenient client behind a packet socket reads it.
//
// Model   Such clients do not ask for a sound packet. EtherType, header length and protocol decide;
//         IP version, total length and UDP length are not believed; only the length of a first
//         fragment counts, against it. Tags are looked through, because a host takes a tag for its
//         own that a switch left in place. So is LLC/SNAP (RFC 1042), whatever its length field
//         says. IPv6 extension headers are walked to their end (RFC 7113).
// Cost    At most 4 tags and 16 extension headers are read, therefore the cost has a bound.
// Limits  A frame that is too short for its IP header is no IP packet.
#pragma once

#include "dataplane/packet.h"

// What a packet carries, as far as it can be told.
enum lenient_kind {
	LENIENT_NONE,    // no IP packet, or a later fragment, which has no header
	LENIENT_UNKNOWN, // more extension headers than are read, or it ends within one
	LENIENT_UPPER,   // an upper-layer protocol; its header may be cut short
};

struct lenient {
	enum lenient_kind kind;
	uint8_t protocol;
	struct span content; // from the upper-layer header on
};

// The EtherType of a frame; *s begins behind it. 0: there is none. *deep: there are more tags than
// are read.
uint16_t lenient_type(struct span *s, bool *deep);

// The content of an IPv4 or IPv6 packet that begins at s.
struct lenient lenient_ipv4(struct span s);
struct lenient lenient_ipv6(struct span s);
