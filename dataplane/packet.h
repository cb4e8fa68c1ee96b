// SPDX-License-Identifier: BSD-3-Clause
// packet: what lies behind the Ethernet header of a frame: tags, IP headers, the content of a
// packet.
//
// Model   Read-only and bounds-checked, across the segments of a frame. Lengths in IP headers can
//         only make a packet shorter than its frame.
// Errors  NULL or `known` false: the frame ends before.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	// IANA protocol numbers
	PROTOCOL_UDP = 17,
	PROTOCOL_FRAGMENT = 44, // IPv6 fragment header
	PROTOCOL_ICMPV6 = 58,
	IPV6_HEADER = 40,
};

// A stretch of a frame: the part of it that belongs to a packet.
struct span {
	const struct rte_mbuf *m;
	uint32_t at, end;
};

// n bytes at offset `from` of a span, NULL where it ends before; n is at most IPV6_HEADER.
static inline const uint8_t *span_look(const struct span *s, uint32_t from, uint32_t n,
				       uint8_t copy[IPV6_HEADER])
{
	if (s->end - s->at < from + n)
		return NULL;
	return rte_pktmbuf_read(s->m, s->at + from, n, copy);
}

// What an IP packet carries.
struct upper {
	bool known; // IPv4: the header is all there; IPv6: the chain of headers names a protocol
	bool first_fragment; // the first of several, or the only one behind a fragment header
	bool later_fragment; // its content is no header
	uint8_t protocol;
	struct span content; // may be empty
};

// The EtherType behind all tags of an Ethernet header at s->at; *s begins behind it. 0: the frame
// ends before.
uint16_t packet_skip_tags(struct span *s);

// Whether an IPv6 next header is an extension header; its size in bytes, by its length field.
bool packet_is_extension(uint8_t protocol);
uint32_t packet_extension_size(uint8_t protocol, uint8_t length);

struct upper packet_upper4(struct span s);
struct upper packet_upper6(struct span s);
