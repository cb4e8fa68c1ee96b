// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/guard.h"

#include "dataplane/frame.h"
#include "dataplane/packet.h"

enum {
	ROUTER_ADVERTISEMENT = 134,
	REDIRECT = 137,
	DHCP_SERVER = 67,
	DHCP_CLIENT = 68,
	DHCPV6_SERVER = 547,
};

static bool is_dhcpv4_server(struct span s)
{
	struct upper u = packet_upper4(s);
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = u.known && !u.later_fragment && u.protocol == PROTOCOL_UDP
				   ? span_look(&u.content, 0, 4, copy)
				   : NULL;

	return p && frame_be16(p) == DHCP_SERVER && frame_be16(p + 2) == DHCP_CLIENT;
}

static bool is_dhcpv6_server(struct span s)
{
	struct upper u = packet_upper6(s);
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = u.known && u.protocol == PROTOCOL_UDP ? span_look(&u.content, 0, 2, copy)
								 : NULL;

	if (!u.known || (u.protocol == PROTOCOL_UDP && !p))
		return u.first_fragment;
	return p && frame_be16(p) == DHCPV6_SERVER;
}

bool guard_is_dhcp_server(const struct rte_mbuf *m)
{
	struct span s = {m, 0, rte_pktmbuf_pkt_len(m)};
	uint16_t type = packet_skip_tags(&s);

	return type == TYPE_IPV4 ? is_dhcpv4_server(s) : type == TYPE_IPV6 && is_dhcpv6_server(s);
}

bool guard_is_router_advert(const struct rte_mbuf *m)
{
	struct span s = {m, 0, rte_pktmbuf_pkt_len(m)};
	uint8_t copy[IPV6_HEADER];

	if (packet_skip_tags(&s) != TYPE_IPV6)
		return false;
	struct upper u = packet_upper6(s);
	const uint8_t *p = u.known && u.protocol == PROTOCOL_ICMPV6
				   ? span_look(&u.content, 0, 1, copy)
				   : NULL;
	if (!u.known || (u.protocol == PROTOCOL_ICMPV6 && !p))
		return u.first_fragment;
	return p && (*p == ROUTER_ADVERTISEMENT || *p == REDIRECT);
}
