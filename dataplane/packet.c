// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/packet.h"

#include "dataplane/frame.h"

enum {
	TPID_8021AD = 0x88a8,
	// IANA protocol numbers
	HOP_BY_HOP = 0,
	ROUTING = 43,
	AUTHENTICATION = 51,
	DESTINATION = 60,
	MOBILITY = 135,
	HIP = 139,
	SHIM6 = 140,
	IPV4_HEADER = 20, // without options
	UDP_HEADER = 8,
	TUNNEL_HEADER = 8, // of VXLAN, and of Geneve without options
	VXLAN_PORT = 4789,
	VXLAN_PORT_LINUX = 8472, // used before VXLAN was a standard
	GENEVE_PORT = 6081,
	MORE_FRAGMENTS = 0x2000,
	FRAGMENT_OFFSET = 0x1fff,
};

uint16_t packet_skip_tags(struct span *s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p;

	s->at = s->at + FRAME_ADDRESSES < s->end ? s->at + FRAME_ADDRESSES : s->end;
	while ((p = span_look(s, 0, 2, copy))) {
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

struct upper packet_upper4(struct span s)
{
	struct upper u = {0};
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, 0, IPV4_HEADER, copy);

	if (!p || p[0] >> 4 != 4)
		return u;
	uint32_t header = (p[0] & 15) * 4u, total = frame_be16(p + 2);
	if (header < IPV4_HEADER || header > total || header > s.end - s.at)
		return u;
	uint16_t fragment = frame_be16(p + 6);
	u.known = true;
	u.later_fragment = fragment & FRAGMENT_OFFSET;
	u.first_fragment = !u.later_fragment && fragment & MORE_FRAGMENTS;
	u.protocol = p[9];
	if (s.end - s.at > total)
		s.end = s.at + total;
	s.at += header;
	u.content = s;
	return u;
}

bool packet_is_extension(uint8_t protocol)
{
	return protocol == HOP_BY_HOP || protocol == ROUTING || protocol == PROTOCOL_FRAGMENT ||
	       protocol == AUTHENTICATION || protocol == DESTINATION || protocol == MOBILITY ||
	       protocol == HIP || protocol == SHIM6;
}

uint32_t packet_extension_size(uint8_t protocol, uint8_t length)
{
	if (protocol == PROTOCOL_FRAGMENT)
		return 8;
	return protocol == AUTHENTICATION ? (length + 2u) * 4 : (length + 1u) * 8;
}

struct upper packet_upper6(struct span s)
{
	struct upper u = {0};
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, 0, IPV6_HEADER, copy);

	if (!p || p[0] >> 4 != 6)
		return u;
	uint16_t length = frame_be16(p + 4);
	u.protocol = p[6];
	s.at += IPV6_HEADER;
	if (length && s.end - s.at > length)
		s.end = s.at + length; // 0: a jumbogram, all there is
	while (packet_is_extension(u.protocol)) {
		bool fragment = u.protocol == PROTOCOL_FRAGMENT;
		p = span_look(&s, 0, fragment ? 8 : 2, copy);
		if (!p)
			return u;
		if (fragment && frame_be16(p + 2) >> 3) {
			u.first_fragment = false;
			u.later_fragment = u.known = true;
			u.content = s;
			return u;
		}
		u.first_fragment |= fragment;
		uint32_t size = packet_extension_size(u.protocol, p[1]), left = s.end - s.at;
		u.protocol = p[0];
		s.at += size < left ? size : left;
	}
	u.known = true;
	u.content = s;
	return u;
}

struct upper packet_upper(uint16_t type, struct span s)
{
	if (type == TYPE_IPV4)
		return packet_upper4(s);
	return type == TYPE_IPV6 ? packet_upper6(s) : (struct upper){0};
}

bool packet_skip_tunnel(struct span *s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, UDP_HEADER + TUNNEL_HEADER, copy);
	uint16_t port = p ? frame_be16(p + 2) : 0;

	if (port != VXLAN_PORT && port != VXLAN_PORT_LINUX && port != GENEVE_PORT)
		return false;
	uint32_t options = port == GENEVE_PORT ? (p[UDP_HEADER] & 63) * 4u : 0,
		 header = UDP_HEADER + TUNNEL_HEADER + options;
	if (s->end - s->at < header)
		return false;
	s->at += header;
	return true;
}

void packet_empty(struct rte_mbuf *m)
{
	rte_pktmbuf_free(m->next);
	m->next = NULL;
	m->nb_segs = 1;
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	m->data_len = 0;
	m->pkt_len = 0;
}
