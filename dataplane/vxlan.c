// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/vxlan.h"

#include <string.h>

#include "dataplane/counters.h"
#include "dataplane/frame.h"
#include "dataplane/packet.h"
#include "dataplane/vxlan_private.h"

_Static_assert((int)AT_VXLAN + 8 == (int)VXLAN_HEADER, "the headers add up");
_Static_assert((int)ADMITTED == 0, "the verdict on usual packets");

static void write_mac(uint8_t *p, uint64_t mac)
{
	frame_put_be16(p, (uint32_t)(mac >> 32));
	frame_put_be32(p + 2, (uint32_t)mac);
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

static void write_header(struct vxlan_header *header, const struct vxlan_path *p)
{
	uint8_t *h = header->byte;

	memset(header, 0, sizeof *header);
	write_mac(h, p->next_hop);
	frame_put_be16(h + FRAME_ADDRESSES, TYPE_IPV4);
	h[AT_IP] = IPV4_PLAIN;
	h[AT_IP + 1] = (uint8_t)(p->dscp << 2);
	frame_put_be16(h + AT_FRAGMENT, DONT_FRAGMENT);
	h[AT_IP + 8] = p->ttl;
	h[AT_PROTOCOL] = PROTOCOL_UDP;
	frame_put_be32(h + AT_SOURCE, p->source);
	frame_put_be32(h + AT_DESTINATION, p->vtep);
	header->sum = header_sum(h + AT_IP);
	frame_put_be16(h + AT_UDP_TO, p->udp_port);
	header->udp = frame_be64(h + AT_UDP);
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
	write_header(&x->header[port], p);
}

void vxlan_set_mac(struct vxlan *x, uint64_t mac, bool only)
{
	unsigned port;

	PORTSET_FOREACH(port, x->tunnels)
		write_mac(x->header[port].byte + 6, mac);
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
	    h[AT_PROTOCOL] != PROTOCOL_UDP || frame_be32(h + AT_DESTINATION) != x->source ||
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
	unsigned port = find_tunnel(x, frame_be32(h + AT_SOURCE));
	if (port == VXLAN_NOWHERE)
		return refuse(OUT_UNKNOWN_VTEP);
	uint16_t vid = find_vlan(x, frame_be32(h + AT_VNI) >> 8);
	if (!vid)
		return refuse(OUT_UNKNOWN_VNI);
	uint32_t total = frame_be16(h + AT_TOTAL);
	return (struct vxlan_verdict){
		.port = (uint8_t)port,
		.verdict = ADMITTED,
		.simple = frame_be16(h + VXLAN_HEADER + FRAME_ADDRESSES) != TPID_8021Q &&
			  len >= SIMPLE_LEAST && total >= SIMPLE_LEAST - FRAME_HEADER,
		.vid = vid,
		.padding = (uint16_t)(rte_pktmbuf_pkt_len(m) - FRAME_HEADER - total),
	};
}

// The bytes 12 to 51 of a packet, as five words: type, IPv4 header, UDP header, VXLAN header.
enum { USUAL_AT = 12, USUAL_WORDS = 5 };

// What the next packet has in common with the last one, as a rule, and the verdict on such packets.
struct usual {
	uint64_t word[USUAL_WORDS], mac, mac_mask;
	uint64_t verdict; // struct vxlan_verdict
};

// The bits of the words that matter: type, version and header length; fragment, protocol and
// source; source and destination; UDP port and I flag; VNI.
static const union {
	uint8_t byte[USUAL_WORDS][8];
	uint64_t word[USUAL_WORDS];
} usual_bits = {.byte = {
			{0xff, 0xff, 0xff, 0, 0, 0, 0, 0},
			{0x3f, 0xff, 0, 0xff, 0, 0, 0xff, 0xff},
			{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0},
			{0xff, 0xff, 0, 0, 0, 0, VNI_VALID, 0},
			{0, 0, 0xff, 0xff, 0xff, 0, 0, 0},
		}};

static uint64_t read_word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

// Makes a packet with this verdict the usual one, if its frame is a simple one.
static void note_usual(struct usual *u, const struct vxlan *x, const uint8_t *h,
		       const struct vxlan_verdict *v)
{
	if (!v->simple)
		return;
	for (unsigned i = 0; i < USUAL_WORDS; i++)
		u->word[i] = read_word(h + USUAL_AT + 8 * i) & usual_bits.word[i];
	u->mac_mask = x->mac ? rte_cpu_to_be_64(UINT64_MAX << 16) : 0;
	u->mac = read_word(h) & u->mac_mask;
	u->verdict = vxlan_word(
		&(struct vxlan_verdict){.port = v->port, .vid = v->vid, .simple = true});
}

// The sum of an IPv4 header, as header_sum() has it, in the order of memory.
static inline uint32_t words_sum(uint64_t first, uint64_t second, uint64_t third)
{
	uint64_t sum = (first >> 16) + (third << 16 >> 16);

	sum = (uint32_t)sum + (sum >> 32) + (uint32_t)second + (second >> 32);
	uint32_t halves = (uint32_t)((sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32));
	return fold(halves);
}

// Whether vxlan_judge() has the usual verdict on a packet. It is false for some of these.
static inline bool is_usual(const struct usual *u, const struct rte_mbuf *m)
{
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *);
	uint64_t word[USUAL_WORDS], differs = 0;

	if (rte_pktmbuf_data_len(m) < SIMPLE_LEAST)
		return false;
	for (unsigned i = 0; i < USUAL_WORDS; i++) {
		word[i] = read_word(h + USUAL_AT + 8 * i);
		differs |= (word[i] & usual_bits.word[i]) ^ u->word[i];
	}
	uint32_t total = rte_pktmbuf_pkt_len(m) - FRAME_HEADER;
	differs |= frame_be16(h + AT_TOTAL) ^ total;
	differs |= frame_be16(h + AT_UDP_LENGTH) ^ (total - IPV4_MIN);
	differs |= (read_word(h) & u->mac_mask) ^ u->mac;
	differs |= words_sum(word[0], word[1], word[2]) ^ 0xffff;
	return !differs && frame_be16(h + VXLAN_HEADER + FRAME_ADDRESSES) != TPID_8021Q;
}

bool vxlan_judge_burst(const struct vxlan *x, struct rte_mbuf *const *frames,
		       struct vxlan_verdict *v, unsigned n)
{
	struct usual u = {.word = {UINT64_MAX}}; // no packet has that: the first one is judged
	bool alike = true;

	for (unsigned i = 0; i < n; i++) {
		if (__builtin_expect(is_usual(&u, frames[i]), 1)) {
			memcpy(&v[i], &u.verdict, sizeof u.verdict);
			continue;
		}
		v[i] = vxlan_judge(x, frames[i]);
		alike &= vxlan_same_way(&v[i], &v[0]);
		note_usual(&u, x, rte_pktmbuf_mtod(frames[i], const uint8_t *), &v[i]);
	}
	return alike;
}

void vxlan_tag(struct rte_mbuf *m, uint16_t vid)
{
	bool tagged = frame_be16(rte_pktmbuf_mtod_offset(m, const uint8_t *, FRAME_ADDRESSES)) ==
		      TPID_8021Q;

	frame_push_tag(m, tagged ? 0 : vid); // where the header was
}

void vxlan_decapsulate(struct rte_mbuf *m, const struct vxlan_verdict *v)
{
	vxlan_strip(m, v->padding);
	vxlan_tag(m, v->vid);
}

bool vxlan_has_inner_tag(const struct rte_mbuf *m)
{
	return frame_has_second_tag(m);
}

bool vxlan_encapsulate(const struct vxlan *x, unsigned port, struct rte_mbuf *m)
{
	uint16_t vid = frame_be16(rte_pktmbuf_mtod_offset(m, const uint8_t *, FRAME_HEADER)) &
		       0xfff;
	uint8_t *h = (uint8_t *)rte_pktmbuf_prepend(m, VXLAN_HEADER - FRAME_TAG);

	if (!h)
		return false;
	frame_move_addresses(h + VXLAN_HEADER, h + VXLAN_HEADER - FRAME_TAG);
	vxlan_put_header(x, port, vid, m, h);
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
		.from = frame_be32(h + AT_SOURCE),
		.to = frame_be32(h + AT_DESTINATION),
		.vni = frame_be32(h + AT_VNI) >> 8,
		.source_port = frame_be16(h + AT_UDP),
		.port = frame_be16(h + AT_UDP_TO),
	};
	return true;
}
