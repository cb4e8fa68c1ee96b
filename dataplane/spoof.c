// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/spoof.h"

#include "dataplane/frame.h"
#include "dataplane/key.h"
#include "dataplane/lenient.h"
#include "dataplane/packet.h"

enum {
	TYPE_ARP = 0x0806,
	ARP_LENGTHS = 4, // offset of the lengths of its addresses
	ARP_OPERATION = 6,
	ARP_REQUEST = 1,
	ARP_SENDER_IP = 14, // of an ARP packet for Ethernet and IPv4
	ARP_SIZE = 28,
	IPV4_SOURCE = 12,
	IPV4_HEADER = 20,
	IPV6_SOURCE = 8,
	ND_TARGET = 8, // in an ICMPv6 message
	ND_SIZE = 24,  // of a neighbour solicitation or advertisement
	ROUTER_SOLICITATION = 133,
	ROUTER_ADVERTISEMENT = 134,
	NEIGHBOUR_SOLICITATION = 135,
	NEIGHBOUR_ADVERTISEMENT = 136,
	REDIRECT = 137,
	DHCP_SERVER = 67,
	DHCP_CLIENT = 68,
	DHCPV6_CLIENT = 546,
	DHCPV6_SERVER = 547,
};

// Who sends a frame, and what the port lets it claim.
struct claimant {
	enum spoof_level level;
	uint64_t mac;
	uint16_t vid;
	const struct spoof_bindings *bound;
};

static bool is_unspecified(struct ip_address ip)
{
	return !ip.high && (!ip.low || ip.low == UINT64_C(0xffff00000000));
}

static bool is_link_local(struct ip_address ip)
{
	return ip.high >> 54 == 0xfe80 >> 6;
}

// The link-local address that is made of a MAC.
static struct ip_address link_local_of(uint64_t mac)
{
	return (struct ip_address){UINT64_C(0xfe80) << 48, ((mac >> 24 ^ 0x020000) << 40) |
								   UINT64_C(0xfffe000000) |
								   (mac & 0xffffff)};
}

static bool is_bound(const struct claimant *c, struct ip_address ip)
{
	const struct spoof_bindings *b = c->bound;

	return binding_holds(b->sorted, b->count, c->mac, c->vid, ip) ||
	       (b->leases && lease_holds(b->leases, key_make(c->vid, c->mac), ip));
}

static bool may_claim(const struct claimant *c, struct ip_address ip)
{
	struct ip_address own = link_local_of(c->mac);

	return is_unspecified(ip) || (ip.high == own.high && ip.low == own.low) || is_bound(c, ip);
}

// Whether the port has no binding and the source no lease, so that it may only ask for an address.
static bool may_only_ask(const struct claimant *c)
{
	const struct spoof_bindings *b = c->bound;

	return c->level == SPOOF_STRICT && !b->count &&
	       !(b->leases && lease_is_holder(b->leases, key_make(c->vid, c->mac)));
}

static bool arp_is_spoofed(const struct claimant *c, const struct span *s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, ARP_SIZE, copy);

	if (!p || p[ARP_LENGTHS] != 6 || p[ARP_LENGTHS + 1] != 4)
		return true;
	struct ip_address sender = ip_of4(p + ARP_SENDER_IP);
	bool probes = is_unspecified(sender) && frame_be16(p + ARP_OPERATION) == ARP_REQUEST;
	return may_only_ask(c) ? !probes : !may_claim(c, sender);
}

// Whether a UDP packet asks a DHCP server.
static bool asks_dhcp(const struct lenient *l, uint16_t client, uint16_t server)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = l->kind == LENIENT_UPPER && l->protocol == PROTOCOL_UDP
				   ? span_look(&l->content, 0, 4, copy)
				   : NULL;

	return p && frame_be16(p) == client && frame_be16(p + 2) == server;
}

static bool ipv4_is_spoofed(const struct claimant *c, const struct span *s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, IPV4_HEADER, copy);

	if (c->level < SPOOF_IP)
		return false;
	if (!p)
		return may_only_ask(c); // no IP packet
	struct ip_address source = ip_of4(p + IPV4_SOURCE);
	struct lenient l = lenient_ipv4(*s);
	if (may_only_ask(c))
		return !is_unspecified(source) || !asks_dhcp(&l, DHCP_CLIENT, DHCP_SERVER);
	return !may_claim(c, source);
}

// Whether an ICMPv6 message claims an address that its sender may not use. *asks: it is one that
// stations need to come to an address.
static bool icmp6_is_spoofed(const struct claimant *c, const struct span *s,
			     struct ip_address source, bool *asks)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, 1, copy);

	if (!p)
		return true;
	uint8_t type = *p;
	*asks = type == ROUTER_SOLICITATION;
	if (type == ROUTER_SOLICITATION || type == ROUTER_ADVERTISEMENT || type == REDIRECT)
		return !may_claim(c, source);
	if (type != NEIGHBOUR_SOLICITATION && type != NEIGHBOUR_ADVERTISEMENT)
		return false;
	p = span_look(s, 0, ND_SIZE, copy);
	if (!p)
		return true;
	if (type == NEIGHBOUR_ADVERTISEMENT)
		return !may_claim(c, ip_of6(p + ND_TARGET));
	*asks = is_unspecified(source); // duplicate address detection
	return !may_claim(c, source);
}

static bool ipv6_is_spoofed(const struct claimant *c, const struct span *s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, IPV6_HEADER, copy);
	bool asks = false;

	if (!p)
		return may_only_ask(c); // no IP packet
	struct ip_address source = ip_of6(p + IPV6_SOURCE);
	struct lenient l = lenient_ipv6(*s);
	if (l.kind == LENIENT_UNKNOWN)
		return true;
	if (l.kind == LENIENT_UPPER && l.protocol == PROTOCOL_ICMPV6 &&
	    icmp6_is_spoofed(c, &l.content, source, &asks))
		return true;
	bool dhcp = is_link_local(source) && asks_dhcp(&l, DHCPV6_CLIENT, DHCPV6_SERVER);
	if (may_only_ask(c))
		return !asks && !dhcp;
	return c->level >= SPOOF_IP && !dhcp && !may_claim(c, source);
}

bool spoof_look(const struct rte_mbuf *m, enum spoof_level level, uint64_t mac, uint16_t vid,
		const struct spoof_bindings *bound)
{
	struct claimant c = {level, mac, vid, bound};
	struct span s = {m, 0, rte_pktmbuf_pkt_len(m)};
	bool deep = false;

	if (!level)
		return false;
	uint16_t type = lenient_type(&s, &deep);
	if (deep)
		return true;
	switch (type) {
	case TYPE_ARP:
		return arp_is_spoofed(&c, &s);
	case TYPE_IPV4:
		return ipv4_is_spoofed(&c, &s);
	case TYPE_IPV6:
		return ipv6_is_spoofed(&c, &s);
	default:
		return may_only_ask(&c);
	}
}
