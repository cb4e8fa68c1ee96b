// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/guard.h"

#include "dataplane/frame.h"
#include "dataplane/lenient.h"
#include "dataplane/packet.h"

enum {
	ROUTER_ADVERTISEMENT = 134,
	REDIRECT = 137,
	DHCP_CLIENT = 68,
	DHCPV6_CLIENT = 546,
	DHCPV6_SERVER = 547,
};

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

static unsigned look_ipv4(struct lenient l)
{
	return l.kind == LENIENT_UPPER && l.protocol == PROTOCOL_UDP
		       ? look_udp(&l.content, DHCP_CLIENT, 0)
		       : 0;
}

static unsigned look_ipv6(struct lenient l)
{
	if (l.kind == LENIENT_UNKNOWN)
		return GUARD_ANY;
	if (l.kind == LENIENT_NONE)
		return 0;
	if (l.protocol == PROTOCOL_UDP)
		return look_udp(&l.content, DHCPV6_CLIENT, DHCPV6_SERVER);
	return l.protocol == PROTOCOL_ICMPV6 ? look_icmp6(&l.content) : 0;
}

unsigned guard_look(const struct rte_mbuf *m)
{
	struct span s = {m, 0, rte_pktmbuf_pkt_len(m)};
	bool deep = false;
	uint16_t type = lenient_type(&s, &deep);

	if (deep)
		return GUARD_ANY;
	if (type == TYPE_IPV4)
		return look_ipv4(lenient_ipv4(s));
	return type == TYPE_IPV6 ? look_ipv6(lenient_ipv6(s)) : 0;
}
