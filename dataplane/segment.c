// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/segment.h"

#include <rte_ip.h>

#include "dataplane/checksum.h"
#include "dataplane/frame.h"
#include "dataplane/packet.h"
#include "dataplane/pool.h"
#include "dataplane/segment_private.h"

enum {
	HEADERS_MAX = 1024, // of a segment; they fit into any buffer
	IPV4_HEADER = 20,   // without options
	IPV4_LENGTH = 2,    // offsets of fields
	IPV4_ID = 4,
	IPV4_CHECKSUM = 10,
	IPV4_ADDRESSES = 12,
	IPV6_LENGTH = 4,
	IPV6_ADDRESSES = 8,
	TCP_HEADER = 20, // without options
	TCP_SEQUENCE = 4,
	TCP_SIZE = 12,
	TCP_FLAGS = SEGMENT_TCP_FLAGS,
	TCP_FIN = 1,
	TCP_PSH = 8,
	TCP_CWR = SEGMENT_TCP_CWR,
	UDP_HEADER = 8,
	UDP_LENGTH = 4,
};

bool segment_packet_is_tcp(const struct segment_packet *p)
{
	return p->protocol == PROTOCOL_TCP;
}

uint16_t segment_checksum_offset(const struct segment_packet *p)
{
	return segment_packet_is_tcp(p) ? SEGMENT_TCP_CHECKSUM : SEGMENT_UDP_CHECKSUM;
}

uint8_t segment_tcp_flags(const struct rte_mbuf *m, const struct segment_packet *p)
{
	return rte_pktmbuf_mtod_offset(m, const uint8_t *, p->transport)[TCP_FLAGS];
}

bool segment_is_plain(const struct segment_packet *p)
{
	return p->transport - p->network == (p->is4 ? IPV4_HEADER : IPV6_HEADER);
}

static uint8_t *checksum_field(const struct rte_mbuf *m, const struct segment_packet *p)
{
	return rte_pktmbuf_mtod_offset(m, uint8_t *, p->transport + segment_checksum_offset(p));
}

// The length of a TCP or UDP header; 0 if the packet has no whole one.
static uint32_t transport_header(const struct upper *u)
{
	uint8_t copy[IPV6_HEADER];
	uint32_t length = u->content.end - u->content.at;

	if (u->protocol == PROTOCOL_UDP)
		return length < UDP_HEADER ? 0 : UDP_HEADER;
	const uint8_t *p = u->protocol == PROTOCOL_TCP ? span_look(&u->content, 0, TCP_HEADER, copy)
						       : NULL;
	uint32_t header = p ? (p[TCP_SIZE] >> 4) * 4u : 0;
	return header < TCP_HEADER || header > length ? 0 : header;
}

// Reads the packet behind an Ethernet header. False unless it is a whole TCP or UDP packet, all of
// whose headers are in the first buffer.
static bool read_packet(struct span s, struct segment_packet *p)
{
	uint8_t copy[IPV6_HEADER];
	uint16_t type = packet_skip_tags(&s);
	struct upper u = packet_upper(type, s);
	uint32_t header = u.known ? transport_header(&u) : 0;

	if (!header || u.first_fragment || u.later_fragment ||
	    u.content.at + header > rte_pktmbuf_data_len(s.m))
		return false;
	p->is4 = type == TYPE_IPV4;
	p->protocol = u.protocol;
	p->network = (uint16_t)s.at;
	p->transport = (uint16_t)u.content.at;
	p->data = (uint16_t)(u.content.at + header);
	p->end = u.content.end;
	// The IP header can name more bytes than there are; or none, as a jumbogram's (RFC 2675).
	const uint8_t *ip = span_look(&s, 0, IPV4_HEADER, copy);
	return s.at + (p->is4 ? frame_be16(ip + IPV4_LENGTH)
			      : IPV6_HEADER + frame_be16(ip + IPV6_LENGTH)) ==
	       p->end;
}

// Reads the packet of a frame, or both packets of a tunnel's frame.
static bool read_frame(const struct rte_mbuf *m, bool tunnel, struct segment_packet *outer,
		       struct segment_packet *p)
{
	struct span s = {m, 0, rte_pktmbuf_pkt_len(m)};

	if (!tunnel)
		return read_packet(s, p);
	if (!read_packet(s, outer) || segment_packet_is_tcp(outer))
		return false;
	s.at = outer->transport;
	s.end = outer->end;
	return packet_skip_tunnel(&s) && read_packet(s, p);
}

bool segment_read(const struct rte_mbuf *m, struct segment_packet *p)
{
	return read_frame(m, false, NULL, p);
}

// Whether a packet and its frame end together, by the length in each of its headers.
static bool ends_with_frame(const struct rte_mbuf *m, const struct segment_packet *p)
{
	const uint8_t *header = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->transport);

	return p->end == rte_pktmbuf_pkt_len(m) &&
	       (segment_packet_is_tcp(p) ||
		frame_be16(header + UDP_LENGTH) == p->end - p->transport);
}

// The sum of a packet's addresses and protocol, with its bytes in the order of memory. Options and
// extension headers can name other addresses for it than the IP header (source routes, home
// addresses). Only the sender knows them, and its sum is in the checksum's field.
static uint16_t address_sum(const struct rte_mbuf *m, const struct segment_packet *p)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->network);
	uint16_t sent, length = rte_cpu_to_be_16((uint16_t)(p->end - p->transport));

	if (segment_is_plain(p))
		return rte_cpu_to_be_16(
			checksum_pseudo(ip + (p->is4 ? IPV4_ADDRESSES : IPV6_ADDRESSES),
					p->is4 ? 8 : 32, p->protocol, 0));
	memcpy(&sent, checksum_field(m, p), sizeof sent);
	return checksum_fold((uint32_t)sent + (uint16_t)~length);
}

// Writes the TCP or UDP checksum of a packet that ends with its frame.
static void put_checksum(struct rte_mbuf *m, const struct segment_packet *p)
{
	uint32_t length = rte_pktmbuf_pkt_len(m) - p->transport;
	uint8_t *field = checksum_field(m, p);

	memset(field, 0, sizeof(uint16_t));
	uint16_t sum = (uint16_t)~checksum_fold((uint32_t)p->addresses +
						rte_cpu_to_be_16((uint16_t)length) +
						checksum_sum(m, p->transport, length));
	if (!sum && !segment_packet_is_tcp(p))
		sum = 0xffff; // 0 says that there is none (RFC 768)
	memcpy(field, &sum, sizeof sum);
}

// A tunnel's UDP packet can do without a checksum.
static bool has_checksum(const struct rte_mbuf *m, const struct segment_packet *p)
{
	return frame_be16(checksum_field(m, p));
}

static void mark_lone(struct rte_mbuf *m, const struct segment_packet *p)
{
	m->ol_flags |= segment_packet_is_tcp(p) ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
}

static void complete(struct rte_mbuf *m, const struct segment_packet *p)
{
	checksum_complete(m, p->transport, p->end, p->transport + segment_checksum_offset(p));
}

static bool is_named(const struct virtio_net_hdr *h, const struct segment_packet *p)
{
	return h->csum_start == p->transport && h->csum_offset == segment_checksum_offset(p);
}

static bool mark_checksum(struct rte_mbuf *m, const struct virtio_net_hdr *h)
{
	struct segment_packet p;
	uint32_t field = (uint32_t)h->csum_start + h->csum_offset;

	if (segment_read(m, &p) && is_named(h, &p)) {
		mark_lone(m, &p);
		return true;
	}
	if (field + sizeof(uint16_t) > rte_pktmbuf_pkt_len(m))
		return false;
	checksum_complete(m, h->csum_start, rte_pktmbuf_pkt_len(m), field);
	return true;
}

static bool has_type(const struct virtio_net_hdr *h, const struct segment_packet *p)
{
	if (!segment_packet_is_tcp(p))
		return h->gso_type == VIRTIO_NET_HDR_GSO_UDP_L4;
	return (h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) ==
	       (p->is4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6);
}

// A segment of one piece is no segment.
static void mark_piece(struct rte_mbuf *m, struct segment_packet *outer,
		       const struct segment_packet *p)
{
	if (!outer) {
		mark_lone(m, p);
		return;
	}
	complete(m, p);
	if (!has_checksum(m, outer))
		return;
	outer->addresses = address_sum(m, outer);
	put_checksum(m, outer);
}

static bool mark_segment(struct rte_mbuf *m, const struct virtio_net_hdr *h)
{
	struct segment_packet outer, p;
	bool plain = segment_read(m, &p) && p.transport == h->csum_start;

	if (!plain && (!read_frame(m, true, &outer, &p) || !ends_with_frame(m, &outer)))
		return false;
	uint32_t length = rte_pktmbuf_pkt_len(m) - p.data, size = h->gso_size;
	if (!is_named(h, &p) || !has_type(h, &p) || !ends_with_frame(m, &p) || !length || !size ||
	    p.data > HEADERS_MAX || rte_pktmbuf_pkt_len(m) > SEGMENT_BYTES_MAX ||
	    length > size * SEGMENT_FRAMES_MAX)
		return false;
	if (length <= size) {
		mark_piece(m, plain ? NULL : &outer, &p);
		return true;
	}
	m->ol_flags |= segment_packet_is_tcp(&p) ? RTE_MBUF_F_TX_TCP_SEG : RTE_MBUF_F_TX_UDP_SEG;
	m->ol_flags |= plain ? 0 : RTE_MBUF_F_TX_TUNNEL_VXLAN;
	m->tso_segsz = h->gso_size;
	m->hash.usr = length;
	return true;
}

bool segment_mark(struct rte_mbuf *m, const struct virtio_net_hdr *h)
{
	bool unfinished = h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;

	m->ol_flags &= ~SEGMENT_MARKS;
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return unfinished && mark_segment(m, h);
	return !unfinished || mark_checksum(m, h);
}

bool segment_mark_captured(struct rte_mbuf *m, uint32_t mtu)
{
	struct virtio_net_hdr h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM};
	struct segment_packet p;

	if (!segment_read(m, &p) || !segment_packet_is_tcp(&p) || p.end - p.network <= mtu ||
	    (uint32_t)p.data - p.network >= mtu)
		return false;
	h.gso_type = p.is4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	h.gso_size = (uint16_t)(mtu - (p.data - p.network));
	h.csum_start = p.transport;
	h.csum_offset = segment_checksum_offset(&p);
	return segment_mark(m, &h) && segment_is(m);
}

void segment_describe(const struct rte_mbuf *m, struct virtio_net_hdr *h)
{
	struct segment_packet p;

	*h = (struct virtio_net_hdr){0};
	if (!(m->ol_flags & SEGMENT_MARKS) || segment_is_tunnel(m) || !segment_read(m, &p))
		return;
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = p.transport;
	h->csum_offset = segment_checksum_offset(&p);
	if (!segment_is(m))
		return;
	h->hdr_len = p.data;
	h->gso_size = m->tso_segsz;
	h->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
	if (!segment_packet_is_tcp(&p))
		return;
	h->gso_type = p.is4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	if (segment_tcp_flags(m, &p) & TCP_CWR)
		h->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
}

void segment_finish(struct rte_mbuf *m)
{
	struct segment_packet p;

	if (!(m->ol_flags & SEGMENT_MARKS) || segment_is(m))
		return;
	m->ol_flags &= ~SEGMENT_MARKS;
	if (segment_read(m, &p))
		complete(m, &p);
}

void segmenter_init(struct segmenter *s, const struct rte_mbuf *m)
{
	*s = (struct segmenter){.m = m, .from = m};
	// Nothing can be cut if the frame has changed since it was marked.
	if (!segment_is(m) || !read_frame(m, segment_is_tunnel(m), &s->outer, &s->packet) ||
	    s->packet.end - s->packet.data != m->hash.usr)
		return;
	s->left = segment_frames(m);
	s->at = s->packet.data;
	s->packet.addresses = address_sum(m, &s->packet);
	if (segment_is_tunnel(m))
		s->outer.addresses = address_sum(m, &s->outer);
}

// Appends the next n bytes of the segment to a frame. *from and *at are their place.
static bool append(struct rte_mempool *pool, struct rte_mbuf *m, const struct rte_mbuf **from,
		   uint32_t *at, uint32_t n)
{
	struct rte_mbuf *last = m;

	while (n) {
		uint32_t part = RTE_MIN(n, rte_pktmbuf_data_len(*from) - *at);
		const uint8_t *data = rte_pktmbuf_mtod_offset(*from, const uint8_t *, *at);
		if (!pool_append(pool, m, &last, data, part))
			return false;
		n -= part;
		*at += part;
		if (*at == rte_pktmbuf_data_len(*from)) {
			*from = (*from)->next;
			*at = 0;
		}
	}
	return true;
}

// The headers of the segment, and the next piece of its data.
static struct rte_mbuf *copy_piece(struct segmenter *s, struct rte_mempool *pool)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool), *last = m;
	const struct rte_mbuf *from = s->from;
	uint32_t at = s->at, size = s->m->tso_segsz, left = s->m->hash.usr - s->done;

	if (!m)
		return NULL;
	if (!pool_append(pool, m, &last, rte_pktmbuf_mtod(s->m, const uint8_t *), s->packet.data) ||
	    !append(pool, m, &from, &at, RTE_MIN(size, left))) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	m->port = s->m->port;
	s->from = from;
	s->at = at;
	return m;
}

static void put16(uint8_t *at, uint32_t value)
{
	rte_be16_t v = rte_cpu_to_be_16((uint16_t)value);

	memcpy(at, &v, sizeof v);
}

// Writes lengths and identification of frame number n.
static void edit_packet(struct rte_mbuf *m, const struct segment_packet *p, uint32_t n)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *ip = frame + p->network;
	uint32_t length = rte_pktmbuf_pkt_len(m);

	if (p->is4) {
		put16(ip + IPV4_LENGTH, length - p->network);
		put16(ip + IPV4_ID, frame_be16(ip + IPV4_ID) + n);
		memset(ip + IPV4_CHECKSUM, 0, sizeof(uint16_t));
		uint16_t sum = (uint16_t)~rte_raw_cksum(ip, (ip[0] & 15) * 4u);
		memcpy(ip + IPV4_CHECKSUM, &sum, sizeof sum);
	} else {
		put16(ip + IPV6_LENGTH, length - p->network - IPV6_HEADER);
	}
	if (!segment_packet_is_tcp(p))
		put16(frame + p->transport + UDP_LENGTH, length - p->transport);
}

// The last frame alone ends the stream or hurries; the first one alone reports congestion
// (RFC 3168 6.1.2).
static void edit_tcp(const struct segmenter *s, uint8_t *tcp)
{
	rte_be32_t sequence;

	memcpy(&sequence, tcp + TCP_SEQUENCE, sizeof sequence);
	sequence = rte_cpu_to_be_32(rte_be_to_cpu_32(sequence) + s->done);
	memcpy(tcp + TCP_SEQUENCE, &sequence, sizeof sequence);
	if (s->left > 1)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (s->done)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
}

static struct rte_mbuf *cut_one(struct segmenter *s, struct rte_mempool *pool)
{
	struct rte_mbuf *m = copy_piece(s, pool);
	bool tunnel = segment_is_tunnel(s->m);

	if (!m)
		return NULL;
	edit_packet(m, &s->packet, s->made);
	if (segment_packet_is_tcp(&s->packet))
		edit_tcp(s, rte_pktmbuf_mtod_offset(m, uint8_t *, s->packet.transport));
	if (tunnel)
		edit_packet(m, &s->outer, s->made);
	put_checksum(m, &s->packet);
	if (tunnel && has_checksum(m, &s->outer))
		put_checksum(m, &s->outer);
	s->done += rte_pktmbuf_pkt_len(m) - s->packet.data;
	s->made++;
	s->left--;
	return m;
}

unsigned segmenter_cut(struct segmenter *s, struct rte_mempool *pool, struct rte_mbuf **frames,
		       unsigned n)
{
	unsigned i = 0;

	while (i < n && s->left && (frames[i] = cut_one(s, pool)))
		i++;
	return i;
}
