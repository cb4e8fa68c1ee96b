// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/checksum.h"

#include <rte_ip.h>

#include "dataplane/frame.h"
#include "dataplane/packet.h"

enum {
	TYPE_ETHERNET = 0x6558, // in GRE: transparent Ethernet bridging
	// IANA protocol numbers
	IP_IN_IP = 4,
	IPV6_IN_IP = 41,
	GRE = 47,
	TCP_HEADER = 20,
	TCP_CHECKSUM = 16, // its offset
	UDP_HEADER = 8,
	UDP_CHECKSUM = 6,
	DEPTH_MAX = 4, // nested tunnels
};

static void finish_type(uint16_t type, struct span s, unsigned depth);

uint16_t checksum_pseudo(const uint8_t *addresses, uint32_t size, uint8_t protocol, uint32_t length)
{
	uint32_t sum = protocol + length;

	for (uint32_t i = 0; i < size; i += 2)
		sum += frame_be16(addresses + i);
	return checksum_fold(sum);
}

static void finish_ethernet(struct span s, unsigned depth)
{
	uint16_t type = packet_skip_tags(&s);

	finish_type(type, s, depth);
}

static void finish_udp_tunnel(struct span s, unsigned depth)
{
	if (packet_skip_tunnel(&s))
		finish_ethernet(s, depth);
}

// RFC 2784, 2890.
static void finish_gre(struct span s, unsigned depth)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, 0, 4, copy);

	if (!p)
		return;
	uint32_t header = 4 + 4u * (uint32_t)__builtin_popcount(p[0] & 0xb0); // checksum, key,
									      // sequence number
	uint16_t type = frame_be16(p + 2);
	if (s.end - s.at < header)
		return;
	s.at += header;
	if (type == TYPE_ETHERNET)
		finish_ethernet(s, depth);
	else
		finish_type(type, s, depth);
}

static void put_sum(uint8_t *field, uint16_t sum)
{
	sum = (uint16_t)~sum;
	if (!sum)
		sum = 0xffff; // 0 says that there is none (RFC 768)
	memcpy(field, &sum, sizeof sum);
}

// Completes the checksum at an offset of a packet's content. False if it was complete.
static bool finish_field(const struct span *s, uint32_t header, uint32_t at, uint16_t pseudo)
{
	uint32_t length = s->end - s->at;

	if (length < header)
		return true;
	uint8_t *field = rte_pktmbuf_mtod_offset(s->m, uint8_t *, s->at + at);
	if (frame_be16(field) != pseudo)
		return false;
	put_sum(field, rte_raw_cksum(rte_pktmbuf_mtod_offset(s->m, const void *, s->at), length));
	return true;
}

static void finish_upper(const struct upper *u, const uint8_t *addresses, uint32_t size,
			 unsigned depth)
{
	// The kernel completes the checksum of a packet before it fragments it.
	if (!u->known || u->first_fragment || u->later_fragment)
		return;
	uint16_t pseudo = checksum_pseudo(addresses, size, u->protocol,
					  u->content.end - u->content.at);
	if (u->protocol == PROTOCOL_TCP)
		finish_field(&u->content, TCP_HEADER, TCP_CHECKSUM, pseudo);
	else if (u->protocol == PROTOCOL_UDP &&
		 !finish_field(&u->content, UDP_HEADER, UDP_CHECKSUM, pseudo))
		finish_udp_tunnel(u->content, depth);
	else if (u->protocol == GRE)
		finish_gre(u->content, depth);
	else if (u->protocol == IP_IN_IP)
		finish_type(TYPE_IPV4, u->content, depth);
	else if (u->protocol == IPV6_IN_IP)
		finish_type(TYPE_IPV6, u->content, depth);
}

static void finish_type(uint16_t type, struct span s, unsigned depth)
{
	const uint8_t *header = rte_pktmbuf_mtod_offset(s.m, const uint8_t *, s.at);

	if (depth == DEPTH_MAX)
		return;
	if (type == TYPE_IPV4) {
		struct upper u = packet_upper4(s);
		finish_upper(&u, header + 12, 8, depth + 1);
	} else if (type == TYPE_IPV6) {
		struct upper u = packet_upper6(s);
		finish_upper(&u, header + 8, 32, depth + 1);
	}
}

void checksum_finish(struct rte_mbuf *m)
{
	if (m->nb_segs == 1)
		finish_ethernet((struct span){m, 0, rte_pktmbuf_pkt_len(m)}, 0);
}

// rte_raw_cksum_mbuf() loses carries after a segment with an odd number of bytes.
uint16_t checksum_sum(const struct rte_mbuf *m, uint32_t at, uint32_t length)
{
	uint32_t sum = 0, done = 0;

	for (; m && done < length; m = m->next) {
		uint32_t skipped = RTE_MIN(at, (uint32_t)rte_pktmbuf_data_len(m));
		uint32_t part = RTE_MIN(rte_pktmbuf_data_len(m) - skipped, length - done);
		uint16_t one = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const void *, skipped),
					     part);
		sum += done & 1 ? rte_bswap16(one) : one;
		done += part;
		at -= skipped;
	}
	return checksum_fold(sum);
}

static uint8_t *byte_at(struct rte_mbuf *m, uint32_t at)
{
	for (; at >= rte_pktmbuf_data_len(m); m = m->next)
		at -= rte_pktmbuf_data_len(m);
	return rte_pktmbuf_mtod_offset(m, uint8_t *, at);
}

void checksum_complete(struct rte_mbuf *m, uint32_t at, uint32_t end, uint32_t field)
{
	uint8_t sum[2];

	put_sum(sum, checksum_sum(m, at, end - at));
	*byte_at(m, field) = sum[0];
	*byte_at(m, field + 1) = sum[1];
}

void checksum_finish_told(struct rte_mbuf *m)
{
	struct span s = {m, 0, rte_pktmbuf_pkt_len(m)};
	uint16_t type = packet_skip_tags(&s);
	struct upper u = packet_upper(type, s);
	bool tcp = u.protocol == PROTOCOL_TCP;

	if (!u.known || u.first_fragment || u.later_fragment ||
	    (!tcp && u.protocol != PROTOCOL_UDP))
		return;
	uint32_t length = u.content.end - u.content.at,
		 field = u.content.at + (tcp ? TCP_CHECKSUM : UDP_CHECKSUM);
	// An honest sender has its headers in the first segment.
	if (length < (tcp ? TCP_HEADER : UDP_HEADER) ||
	    field + sizeof(uint16_t) > rte_pktmbuf_data_len(m))
		return;
	checksum_complete(m, u.content.at, u.content.end, field);
}
