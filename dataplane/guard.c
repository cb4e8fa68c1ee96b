// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/guard.h"

#include "dataplane/frame.h"
#include "dataplane/packet.h"

enum {
	TAGS_MAX = 4,
	EXTENSIONS_MAX = 16,
	TPID_8021AD = 0x88a8,
	TPID_9100 = 0x9100, // before 802.1ad there was no standard
	TPID_9200 = 0x9200,
	TYPE_MIN = 0x600, // smaller numbers are a length (IEEE 802.3-2022 3.2.6)
	LLC_SNAP = 6,     // AA-AA-03 and the OUI of RFC 1042
	IPV4_HEADER = 20,
	FRAGMENT_OFFSET = 0x1fff,
	MORE_FRAGMENTS = 0x2000,
	MORE_FRAGMENTS6 = 1,
	ROUTER_ADVERTISEMENT = 134,
	REDIRECT = 137,
	DHCP_CLIENT = 68,
	DHCPV6_CLIENT = 546,
	DHCPV6_SERVER = 547,
};

static bool is_tag(uint16_t type)
{
	return type == TPID_8021Q || type == TPID_8021AD || type == TPID_9100 || type == TPID_9200;
}

// Steps over LLC/SNAP at the beginning of a span, to its EtherType.
static bool skip_snap(struct span *s)
{
	static const uint8_t snap[LLC_SNAP] = {0xaa, 0xaa, 0x03, 0, 0, 0};
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, LLC_SNAP, copy);

	if (!p || memcmp(p, snap, LLC_SNAP) != 0)
		return false;
	s->at += LLC_SNAP;
	return true;
}

// The EtherType that a lenient host sees; *s begins behind it. 0: there is none. *deep: there are
// more tags than are read.
static uint16_t lenient_type(struct span *s, bool *deep)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p;
	unsigned tags = 0;

	s->at = RTE_MIN(s->at + FRAME_ADDRESSES, s->end);
	while ((p = span_look(s, 0, 2, copy)) && is_tag(frame_be16(p))) {
		*deep = ++tags > TAGS_MAX;
		if (*deep || s->end - s->at < FRAME_TAG)
			return 0;
		s->at += FRAME_TAG;
	}
	uint16_t type = p ? frame_be16(p) : 0;
	s->at += p ? 2 : 0;
	if (!p || type >= TYPE_MIN || !skip_snap(s))
		return type;
	p = span_look(s, 0, 2, copy);
	s->at += p ? 2 : 0;
	return p ? frame_be16(p) : 0;
}

static unsigned look_udp(const struct span *s, uint16_t client, uint16_t server)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, 4, copy);
	bool answer = !p || frame_be16(p + 2) == client || (server && frame_be16(p) == server);

	return answer ? GUARD_DHCP_SERVER : 0;
}

static unsigned look_icmp6(const struct span *s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, 1, copy);

	return !p || *p == ROUTER_ADVERTISEMENT || *p == REDIRECT ? GUARD_ROUTER_ADVERT : 0;
}

// A first fragment of several ends where its length says: a host puts the others behind that. The
// frame's padding is no part of it, and would hide that the ports are in the next fragment.
static void end_by_length(struct span *s, uint32_t length)
{
	s->end = RTE_MIN(s->end, s->at + length);
}

static unsigned look_ipv4(struct span s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, 0, IPV4_HEADER, copy);
	uint32_t header = p ? (p[0] & 15) * 4u : 0;

	if (!p || s.end - s.at < header || p[9] != PROTOCOL_UDP ||
	    frame_be16(p + 6) & FRAGMENT_OFFSET)
		return 0;
	if (frame_be16(p + 6) & MORE_FRAGMENTS)
		end_by_length(&s, frame_be16(p + 2));
	s.at = RTE_MIN(s.at + header, s.end);
	return look_udp(&s, DHCP_CLIENT, 0);
}

static unsigned look_ipv6(struct span s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, 0, IPV6_HEADER, copy);

	if (!p)
		return 0;
	uint8_t protocol = p[6];
	struct span whole = s;
	end_by_length(&whole, IPV6_HEADER + frame_be16(p + 4));
	s.at += IPV6_HEADER;
	for (unsigned n = 0; packet_is_extension(protocol); n++) {
		bool fragment = protocol == PROTOCOL_FRAGMENT;
		p = n < EXTENSIONS_MAX ? span_look(&s, 0, fragment ? 8 : 2, copy) : NULL;
		if (!p)
			return GUARD_ANY;
		if (fragment && frame_be16(p + 2) >> 3)
			return 0; // a later one has no header; the first one was looked at
		if (fragment && p[3] & MORE_FRAGMENTS6)
			s.end = RTE_MAX(RTE_MIN(s.end, whole.end), s.at + 8);
		uint32_t size = packet_extension_size(protocol, p[1]);
		if (size > s.end - s.at)
			return GUARD_ANY;
		protocol = p[0];
		s.at += size;
	}
	if (protocol == PROTOCOL_UDP)
		return look_udp(&s, DHCPV6_CLIENT, DHCPV6_SERVER);
	return protocol == PROTOCOL_ICMPV6 ? look_icmp6(&s) : 0;
}

unsigned guard_look(const struct rte_mbuf *m)
{
	struct span s = {m, 0, rte_pktmbuf_pkt_len(m)};
	bool deep = false;
	uint16_t type = lenient_type(&s, &deep);

	if (deep)
		return GUARD_ANY;
	return type == TYPE_IPV4 ? look_ipv4(s) : type == TYPE_IPV6 ? look_ipv6(s) : 0;
}
