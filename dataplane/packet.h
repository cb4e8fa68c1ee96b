// SPDX-License-Identifier: BSD-3-Clause
// packet: reads the tags, the IP headers and the content of a frame.
//
// Model   Reading is bounds-checked and crosses segments. Lengths in IP headers can only make a
//         packet shorter than its frame.
// Errors  NULL or `known` false if the frame is too short.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	// IANA protocol numbers
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_FRAGMENT = 44, // IPv6 fragment header
	PROTOCOL_ICMPV6 = 58,
	IPV6_HEADER = 40,
};

// The part of a frame that belongs to a packet.
struct span {
	const struct rte_mbuf *m;
	uint32_t at, end;
};

// n bytes at offset `from` of a span, NULL if the span is too short. n is at most IPV6_HEADER.
static inline const uint8_t *span_look(const struct span *s, uint32_t from, uint32_t n,
				       uint8_t copy[IPV6_HEADER])
{
	if (s->end - s->at < from + n)
		return NULL;
	return rte_pktmbuf_read(s->m, s->at + from, n, copy);
}

// The content of an IP packet.
struct upper {
	bool known; // IPv4: the header is complete; IPv6: the chain of headers names a protocol
	bool first_fragment; // the first of several, or the only one after a fragment header
	bool later_fragment; // its content does not begin with a header
	uint8_t protocol;
	struct span content; // may be empty
};

// The EtherType after all tags of an Ethernet header at s->at. *s then begins after it. 0 if the
// frame is too short.
uint16_t packet_skip_tags(struct span *s);

// Whether an IPv6 next header is an extension header.
bool packet_is_extension(uint8_t protocol);

// The size of an extension header in bytes, from its length field.
uint32_t packet_extension_size(uint8_t protocol, uint8_t length);

struct upper packet_upper4(struct span s);
struct upper packet_upper6(struct span s);

// The content of a packet of this EtherType; not known unless it is IPv4 or IPv6.
struct upper packet_upper(uint16_t type, struct span s);

// If the UDP packet at s->at is a tunnel's by its port (VXLAN, RFC 7348; Geneve, RFC 8926), moves
// s->at to the Ethernet header in it. False if it is none, or too short.
bool packet_skip_tunnel(struct span *s);

// Empties a frame that came in wrong. The switch then drops it as malformed.
void packet_empty(struct rte_mbuf *m);
