// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/neighbour.h"

#include <string.h>

#include "dataplane/frame.h"
#include "dataplane/key.h"
#include "dataplane/packet.h"

enum {
	TYPE_ARP = 0x0806,
	ARP_SENDER_IP = 14, // of an ARP packet for Ethernet and IPv4
	ARP_TARGET_IP = 24,
	ARP_SIZE = 28,
	IPV6_SOURCE = 8,
	ND_TARGET = 8, // in an ICMPv6 message
	ND_SIZE = 24,
	NEIGHBOUR_SOLICITATION = 135,
	HOPS = 255, // of messages that were not routed (RFC 4861 7.1.1)
};

// Ethernet, IPv4, their lengths, and a request.
static bool arp_asks(const struct span *s, struct ip_address *target)
{
	static const uint8_t request[] = {0, 1, 8, 0, 6, 4, 0, 1};
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, ARP_SIZE, copy);

	if (!p || memcmp(p, request, sizeof request) != 0)
		return false;
	struct ip_address sender = ip_of4(p + ARP_SENDER_IP);
	*target = ip_of4(p + ARP_TARGET_IP);
	return (uint32_t)sender.low && sender.low != target->low;
}

static bool nd_asks(struct span *s, struct ip_address *target)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, IPV6_HEADER, copy);

	if (!p || p[0] >> 4 != 6 || p[6] != PROTOCOL_ICMPV6 || p[7] != HOPS)
		return false;
	struct ip_address source = ip_of6(p + IPV6_SOURCE);
	s->at += IPV6_HEADER;
	p = span_look(s, 0, ND_SIZE, copy);
	if (!p || p[0] != NEIGHBOUR_SOLICITATION || p[1])
		return false;
	*target = ip_of6(p + ND_TARGET);
	return (source.high || source.low) &&
	       (source.high != target->high || source.low != target->low);
}

bool neighbour_asks(const struct rte_mbuf *m, struct ip_address *target)
{
	struct span s = {m, FRAME_ADDRESSES, rte_pktmbuf_pkt_len(m)};
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, 0, 2, copy);

	if (p && frame_be16(p) == TPID_8021Q) {
		s.at += FRAME_TAG;
		p = span_look(&s, 0, 2, copy);
	}
	uint16_t type = p ? frame_be16(p) : 0;
	s.at += p ? 2 : 0;
	return type == TYPE_ARP ? arp_asks(&s, target) : type == TYPE_IPV6 && nd_asks(&s, target);
}

static int compare_ips(struct ip_address a, struct ip_address b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return a.low < b.low ? -1 : a.low > b.low;
}

// The first owner in the configuration whose address is not less.
static unsigned first_of(const struct swconf *conf, struct ip_address ip)
{
	unsigned low = 0, count = conf->owner_count;

	while (low < count) {
		unsigned middle = low + (count - low) / 2;
		if (compare_ips(conf->owner[middle].ip, ip) < 0)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

// Finds those that the configuration binds the address to. Returns their number, or one more than
// there is room for.
static unsigned find_bound(const struct swconf *conf, uint16_t vid, struct ip_address ip,
			   struct neighbour_owner out[NEIGHBOUR_OWNERS_MAX])
{
	unsigned n = 0;

	for (unsigned i = first_of(conf, ip);
	     i < conf->owner_count && !compare_ips(conf->owner[i].ip, ip); i++) {
		const struct owner *o = &conf->owner[i];
		if (o->vid && o->vid != vid)
			continue;
		if (n == NEIGHBOUR_OWNERS_MAX)
			return n + 1;
		out[n++] = (struct neighbour_owner){.key = key_make(vid, o->mac), .port = o->port};
	}
	return n;
}

unsigned neighbour_find(const struct neighbour_sources *s, uint16_t vid, struct ip_address ip,
			struct neighbour_owner out[NEIGHBOUR_OWNERS_MAX])
{
	struct neighbour_owner more[] = {{0}, {.remote = true}};
	unsigned n = find_bound(s->conf, vid, ip, out);

	more[0].key = lease_owner(s->leases, vid, ip, &more[0].port);
	more[1].key = s->remotes ? remote_find(s->remotes, vid, ip) : 0;
	for (unsigned i = 0; i < RTE_DIM(more); i++) {
		if (more[i].key && n >= NEIGHBOUR_OWNERS_MAX)
			return 0;
		if (more[i].key)
			out[n++] = more[i];
	}
	return n > NEIGHBOUR_OWNERS_MAX ? 0 : n;
}

portset neighbour_ports(const struct fdb *fdb, uint32_t tick, const struct neighbour_owner *owner,
			unsigned count, portset may, portset tunnels)
{
	portset to = 0;
	struct fdb_entry e;

	for (unsigned i = 0; i < count; i++) {
		portset where = owner[i].remote ? may & tunnels : may;
		if (!fdb_lookup(fdb, owner[i].key, tick, &e) || !portset_has(where, e.port))
			return 0;
		to |= portset_of(e.port);
		if (!owner[i].remote)
			to |= may & portset_of(owner[i].port);
	}
	return to;
}
