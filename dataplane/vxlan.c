// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/vxlan.h"

#include <string.h>

#include "dataplane/counters.h"
#include "dataplane/frame.h"
#include "dataplane/packet.h"

enum {
	// Offsets in the header
	AT_IP = FRAME_HEADER,
	AT_TOTAL = AT_IP + 2,
	AT_FRAGMENT = AT_IP + 6,
	AT_PROTOCOL = AT_IP + 9,
	AT_CHECKSUM = AT_IP + 10,
	AT_SOURCE = AT_IP + 12,
	AT_DESTINATION = AT_IP + 16,
	AT_UDP = AT_IP + 20,
	AT_UDP_TO = AT_UDP + 2,
	AT_UDP_LENGTH = AT_UDP + 4,
	AT_VXLAN = AT_UDP + 8,
	AT_VNI = AT_VXLAN + 4,
	IPV4_MIN = 20,
	IPV4_PLAIN = 0x45, // version 4, no options
	DONT_FRAGMENT = 0x4000,
	MORE_FRAGMENTS = 0x2000,
	FRAGMENT_OFFSET = 0x1fff,
	VNI_VALID = 0x08,    // the I flag
	FIRST_PORT = 0xc000, // UDP source ports: the dynamic ones (RFC 7348 5)
	PORT_BITS = 14,
};

_Static_assert((int)AT_VXLAN + 8 == (int)VXLAN_HEADER, "the headers add up");

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15) // 2^64 by the golden ratio: spreads what it multiplies

static uint32_t read_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return rte_be_to_cpu_32(v);
}

static void write_be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void write_be32(uint8_t *p, uint32_t v)
{
	rte_be32_t be = rte_cpu_to_be_32(v);

	memcpy(p, &be, sizeof be);
}

static void write_mac(uint8_t *p, uint64_t mac)
{
	write_be16(p, (uint32_t)(mac >> 32));
	write_be32(p + 2, (uint32_t)mac);
}

// A sum of 16-bit words, folded to 16 bits.
static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

// The sum of an IPv4 header without options: 0xffff if its checksum is right.
static uint16_t header_sum(const uint8_t *ip)
{
	rte_be32_t word[IPV4_MIN / 4];
	uint64_t sum = 0;

	memcpy(word, ip, sizeof word);
	for (unsigned i = 0; i < IPV4_MIN / 4; i++)
		sum += word[i];
	// The order of the bytes in a word makes no difference until the end (RFC 1071 2).
	uint32_t halves = (uint32_t)((sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32));
	return rte_be_to_cpu_16(fold(halves));
}

static uint32_t hash32(uint32_t v)
{
	return (uint32_t)(v * GOLDEN >> 32);
}

// A power of two of places, twice as many as VNIs at least.
static uint32_t places_for(unsigned vnis)
{
	uint32_t places = 2;

	while (places < 2 * vnis)
		places *= 2;
	return places;
}

size_t vxlan_size(unsigned vnis)
{
	return sizeof(struct vxlan) + places_for(vnis) * sizeof(struct vxlan_vni);
}

void vxlan_init(struct vxlan *x, unsigned vnis)
{
	x->vni_mask = places_for(vnis) - 1;
	x->underlay = x->twin = VXLAN_NOWHERE;
}

void vxlan_add_vni(struct vxlan *x, uint32_t vni, uint16_t vid)
{
	uint32_t at = hash32(vni);

	while (x->vni[at & x->vni_mask].vni)
		at++;
	x->vni[at & x->vni_mask] = (struct vxlan_vni){vni, vid};
	x->vni_of[vid] = vni;
}

// The VLAN of a VNI, 0 if there is none.
static uint16_t find_vlan(const struct vxlan *x, uint32_t vni)
{
	for (uint32_t at = hash32(vni);; at++) {
		const struct vxlan_vni *v = &x->vni[at & x->vni_mask];
		if (v->vni == vni)
			return (uint16_t)v->vid;
		if (!v->vni)
			return 0;
	}
}

// Writes what all packets to a VTEP have in common. Lengths, VNI and source port are 0.
static void write_header(uint8_t h[VXLAN_HEADER], const struct vxlan_path *p)
{
	memset(h, 0, VXLAN_HEADER);
	write_mac(h, p->next_hop);
	write_be16(h + FRAME_ADDRESSES, TYPE_IPV4);
	h[AT_IP] = IPV4_PLAIN;
	h[AT_IP + 1] = (uint8_t)(p->dscp << 2);
	write_be16(h + AT_FRAGMENT, DONT_FRAGMENT);
	h[AT_IP + 8] = p->ttl;
	h[AT_PROTOCOL] = PROTOCOL_UDP;
	write_be32(h + AT_SOURCE, p->source);
	write_be32(h + AT_DESTINATION, p->vtep);
	write_be16(h + AT_CHECKSUM, header_sum(h + AT_IP));
	write_be16(h + AT_UDP_TO, p->udp_port);
	h[AT_VXLAN] = VNI_VALID;
}

void vxlan_add_tunnel(struct vxlan *x, unsigned port, const struct vxlan_path *p)
{
	uint32_t at = hash32(p->vtep);

	while (x->vtep[at % VXLAN_VTEPS].address)
		at++;
	x->vtep[at % VXLAN_VTEPS] = (struct vxlan_vtep){p->vtep, port};
	x->tunnels |= portset_of(port);
	if (p->next_hop && p->source)
		x->resolved |= portset_of(port);
	write_header(x->header[port], p);
}

void vxlan_set_mac(struct vxlan *x, uint64_t mac, bool only)
{
	unsigned port;

	PORTSET_FOREACH(port, x->tunnels)
		write_mac(x->header[port] + 6, mac);
	x->mac = only ? mac : 0;
}

// The port of a VTEP's tunnel, VXLAN_NOWHERE if there is none.
static unsigned find_tunnel(const struct vxlan *x, uint32_t address)
{
	for (uint32_t at = hash32(address);; at++) {
		const struct vxlan_vtep *v = &x->vtep[at % VXLAN_VTEPS];
		if (v->address == address && address)
			return v->port;
		if (!v->address)
			return VXLAN_NOWHERE;
	}
}

// Whether a packet is one to this VTEP: to its address and UDP port, whatever else it may be. Later
// fragments have no port.
static bool is_to_vtep(const struct vxlan *x, const uint8_t *h, uint32_t len)
{
	if (len < AT_UDP || frame_be16(h + FRAME_ADDRESSES) != TYPE_IPV4 || h[AT_IP] >> 4 != 4 ||
	    h[AT_PROTOCOL] != PROTOCOL_UDP || read_be32(h + AT_DESTINATION) != x->source ||
	    frame_be16(h + AT_FRAGMENT) & FRAGMENT_OFFSET)
		return false;
	if (x->mac && frame_be64(h) >> 16 != x->mac)
		return false;
	uint32_t at = AT_IP + (h[AT_IP] & 0xf) * 4u;
	return at >= AT_UDP && len >= at + 4 && frame_be16(h + at + 2) == x->udp_port;
}

// Whether the headers of such a packet are those of a VTEP, and the frame in it is whole. What the
// Ethernet of the underlay has added behind it is no longer than the last segment.
static bool is_well_formed(const uint8_t *h, const struct rte_mbuf *m)
{
	uint32_t len = rte_pktmbuf_data_len(m), frame_len = rte_pktmbuf_pkt_len(m);

	if (len < VXLAN_HEADER + FRAME_HEADER || h[AT_IP] != IPV4_PLAIN ||
	    frame_be16(h + AT_FRAGMENT) & MORE_FRAGMENTS || header_sum(h + AT_IP) != 0xffff)
		return false;
	uint32_t total = frame_be16(h + AT_TOTAL);
	return total >= VXLAN_OUTER + FRAME_HEADER && FRAME_HEADER + total <= frame_len &&
	       frame_len - FRAME_HEADER - total <=
		       rte_pktmbuf_lastseg((struct rte_mbuf *)(uintptr_t)m)->data_len &&
	       frame_be16(h + AT_UDP_LENGTH) == total - IPV4_MIN && h[AT_VXLAN] & VNI_VALID;
}

static struct vxlan_verdict refuse(enum outcome why)
{
	return (struct vxlan_verdict){.port = VXLAN_NOWHERE, .verdict = (uint8_t)why};
}

struct vxlan_verdict vxlan_judge(const struct vxlan *x, const struct rte_mbuf *m)
{
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);

	if (!x->source || !is_to_vtep(x, h, len))
		return x->twin == VXLAN_NOWHERE
			       ? refuse(OUT_NO_DESTINATION)
			       : (struct vxlan_verdict){.port = x->twin, .verdict = ADMITTED};
	if (!is_well_formed(h, m))
		return refuse(OUT_MALFORMED);
	unsigned port = find_tunnel(x, read_be32(h + AT_SOURCE));
	if (port == VXLAN_NOWHERE)
		return refuse(OUT_UNKNOWN_VTEP);
	uint16_t vid = find_vlan(x, read_be32(h + AT_VNI) >> 8);
	if (!vid)
		return refuse(OUT_UNKNOWN_VNI);
	return (struct vxlan_verdict){.port = (uint8_t)port, .verdict = ADMITTED, .vid = vid};
}

void vxlan_decapsulate(struct rte_mbuf *m, uint16_t vid)
{
	uint8_t *h = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t padding = rte_pktmbuf_pkt_len(m) - FRAME_HEADER - frame_be16(h + AT_TOTAL);
	bool tagged = frame_be16(h + VXLAN_HEADER + FRAME_ADDRESSES) == TPID_8021Q;

	if (padding)
		rte_pktmbuf_trim(m, (uint16_t)padding);
	frame_move_addresses(h + VXLAN_HEADER - FRAME_TAG, h + VXLAN_HEADER);
	rte_pktmbuf_adj(m, VXLAN_HEADER - FRAME_TAG);
	frame_set_tag(m, tagged ? 0 : vid);
}

bool vxlan_has_inner_tag(const struct rte_mbuf *m)
{
	return frame_has_second_tag(m);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * GOLDEN;
}

// The flow of an untagged frame of `len` bytes at p: its MACs, its type, its IP addresses, and the
// ports of TCP and UDP but for fragments, which would leave their packet behind.
static uint64_t hash_flow(const uint8_t *p, uint32_t len)
{
	uint16_t type = frame_be16(p + FRAME_ADDRESSES);
	const uint8_t *ip = p + FRAME_HEADER;
	uint64_t hash = mix(mix(type, frame_be64(p)), read_be32(p + 8));
	uint8_t protocol = 0;

	len -= FRAME_HEADER;
	if (type == TYPE_IPV4 && len >= IPV4_MIN + 4u) {
		hash = mix(hash, frame_be64(ip + 12));
		if (ip[0] == IPV4_PLAIN &&
		    !(frame_be16(ip + 6) & (MORE_FRAGMENTS | FRAGMENT_OFFSET)))
			protocol = ip[9];
		ip += IPV4_MIN;
	} else if (type == TYPE_IPV6 && len >= IPV6_HEADER + 4u) {
		for (unsigned i = 8; i < IPV6_HEADER; i += 8)
			hash = mix(hash, frame_be64(ip + i));
		protocol = ip[6];
		ip += IPV6_HEADER;
	}
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP ? mix(hash, read_be32(ip))
								    : hash;
}

bool vxlan_encapsulate(const struct vxlan *x, unsigned port, struct rte_mbuf *m)
{
	uint16_t vid = frame_be16(rte_pktmbuf_mtod_offset(m, const uint8_t *, FRAME_HEADER)) &
		       0xfff;
	uint8_t *h = (uint8_t *)rte_pktmbuf_prepend(m, VXLAN_HEADER - FRAME_TAG);

	if (!h)
		return false;
	frame_move_addresses(h + VXLAN_HEADER, h + VXLAN_HEADER - FRAME_TAG);
	uint32_t total = rte_pktmbuf_pkt_len(m) - FRAME_HEADER;
	uint64_t flow = hash_flow(h + VXLAN_HEADER, rte_pktmbuf_data_len(m) - VXLAN_HEADER);
	memcpy(h, x->header[port], VXLAN_HEADER);
	write_be16(h + AT_TOTAL, total);
	write_be16(h + AT_CHECKSUM, (uint16_t)~fold(frame_be16(h + AT_CHECKSUM) + total));
	write_be16(h + AT_UDP, FIRST_PORT | (uint32_t)(flow >> (64 - PORT_BITS)));
	write_be16(h + AT_UDP_LENGTH, total - IPV4_MIN);
	write_be32(h + AT_VNI, x->vni_of[vid] << 8);
	return true;
}

bool vxlan_read(const struct rte_mbuf *m, struct vxlan_outer *o)
{
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);

	if (len < VXLAN_HEADER || frame_be16(h + FRAME_ADDRESSES) != TYPE_IPV4 ||
	    h[AT_IP] != IPV4_PLAIN || h[AT_PROTOCOL] != PROTOCOL_UDP)
		return false;
	*o = (struct vxlan_outer){
		.from = read_be32(h + AT_SOURCE),
		.to = read_be32(h + AT_DESTINATION),
		.vni = read_be32(h + AT_VNI) >> 8,
		.source_port = frame_be16(h + AT_UDP),
		.port = frame_be16(h + AT_UDP_TO),
	};
	return true;
}
