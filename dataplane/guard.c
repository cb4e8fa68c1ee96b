// SPDX-License-Identifier: BSD-3-Clause
#include "guard.h"

#include "frame.h"

enum {
	TPID_8021AD = 0x88a8,
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	// IANA protocol numbers
	HOP_BY_HOP = 0,
	UDP = 17,
	ROUTING = 43,
	FRAGMENT = 44,
	AUTHENTICATION = 51,
	ICMPV6 = 58,
	DESTINATION = 60,
	MOBILITY = 135,
	HIP = 139,
	SHIM6 = 140,
	IPV6_HEADER = 40,
	ROUTER_ADVERTISEMENT = 134,
	REDIRECT = 137,
	DHCP_SERVER = 67,
	DHCP_CLIENT = 68,
	DHCPV6_SERVER = 547,
};

// A stretch of a frame: the part of it that belongs to a packet.
struct span {
	const struct rte_mbuf *m;
	uint32_t at, end;
};

// n bytes at offset `from` of a span, NULL where it ends before; n is at most 40.
static const uint8_t *look(const struct span *s, uint32_t from, uint32_t n, uint8_t copy[IPV6_HEADER])
{
	if (s->end - s->at < from + n)
		return NULL;
	return rte_pktmbuf_read(s->m, s->at + from, n, copy);
}

// The EtherType behind all tags; *s begins behind it. 0: the frame ends before.
static uint16_t skip_tags(const struct rte_mbuf *m, struct span *s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p;

	*s = (struct span){m, FRAME_ADDRESSES, rte_pktmbuf_pkt_len(m)};
	while ((p = look(s, 0, 2, copy))) {
		uint16_t type = frame_be16(p);
		bool tag = type == TPID_8021Q || type == TPID_8021AD;
		if (tag && s->end - s->at < FRAME_TAG)
			break;
		s->at += tag ? FRAME_TAG : 2;
		if (!tag)
			return type;
	}
	return 0;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == HOP_BY_HOP || protocol == ROUTING || protocol == FRAGMENT || protocol == AUTHENTICATION ||
	       protocol == DESTINATION || protocol == MOBILITY || protocol == HIP || protocol == SHIM6;
}

static uint32_t extension_size(uint8_t protocol, uint8_t length)
{
	if (protocol == FRAGMENT)
		return 8;
	return protocol == AUTHENTICATION ? (length + 2u) * 4 : (length + 1u) * 8;
}

// What an IPv6 packet carries.
struct upper {
	bool known;          // the chain of headers names a protocol
	bool first_fragment; // the first of several, or the only one behind a fragment header
	uint8_t protocol;
	struct span content; // may be empty
};

static struct upper upper_layer(struct span s)
{
	struct upper u = {0};
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = look(&s, 0, IPV6_HEADER, copy);

	if (!p || p[0] >> 4 != 6)
		return u;
	uint16_t length = frame_be16(p + 4);
	u.protocol = p[6];
	s.at += IPV6_HEADER;
	if (length && s.end - s.at > length)
		s.end = s.at + length; // 0: a jumbogram, all there is
	while (is_extension(u.protocol)) {
		bool fragment = u.protocol == FRAGMENT;
		p = look(&s, 0, fragment ? 8 : 2, copy);
		if (!p)
			return u;
		if (fragment && frame_be16(p + 2) >> 3) {
			u.first_fragment = false;
			u.known = true; // a later fragment: its content is no header
			u.content = s;
			return u;
		}
		u.first_fragment |= fragment;
		uint32_t size = extension_size(u.protocol, p[1]), left = s.end - s.at;
		u.protocol = p[0];
		s.at += size < left ? size : left;
	}
	u.known = true;
	u.content = s;
	return u;
}

static bool is_dhcpv4_server(struct span s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = look(&s, 0, 20, copy);

	if (!p || p[0] >> 4 != 4 || p[9] != UDP || frame_be16(p + 6) & 0x1fff)
		return false; // a later fragment has no ports
	uint32_t header = (p[0] & 15) * 4u, total = frame_be16(p + 2);
	if (header < 20)
		return false;
	if (s.end - s.at > total)
		s.end = s.at + total;
	p = look(&s, header, 4, copy);
	return p && frame_be16(p) == DHCP_SERVER && frame_be16(p + 2) == DHCP_CLIENT;
}

static bool is_dhcpv6_server(struct span s)
{
	struct upper u = upper_layer(s);
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = u.known && u.protocol == UDP ? look(&u.content, 0, 2, copy) : NULL;

	if (!u.known || (u.protocol == UDP && !p))
		return u.first_fragment;
	return p && frame_be16(p) == DHCPV6_SERVER;
}

bool guard_is_dhcp_server(const struct rte_mbuf *m)
{
	struct span s;
	uint16_t type = skip_tags(m, &s);

	return type == TYPE_IPV4 ? is_dhcpv4_server(s) : type == TYPE_IPV6 && is_dhcpv6_server(s);
}

bool guard_is_router_advert(const struct rte_mbuf *m)
{
	struct span s;
	uint8_t copy[IPV6_HEADER];

	if (skip_tags(m, &s) != TYPE_IPV6)
		return false;
	struct upper u = upper_layer(s);
	const uint8_t *p = u.known && u.protocol == ICMPV6 ? look(&u.content, 0, 1, copy) : NULL;
	if (!u.known || (u.protocol == ICMPV6 && !p))
		return u.first_fragment;
	return p && (*p == ROUTER_ADVERTISEMENT || *p == REDIRECT);
}
