// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/vhost.h"

#include <linux/virtio_net.h>
#include <rte_eth_vhost.h>
#include <rte_vhost.h>

#include "dataplane/checksum.h"
#include "dataplane/segment.h"
#include "dataplane/segment_private.h"

enum { L2_MAX = 127, L3_MAX = 511 }; // of the fields in struct rte_mbuf

unsigned vhost_features(uint16_t dev)
{
	int id = rte_eth_vhost_get_vid_from_port_id(dev);
	uint64_t f;

	if (id < 0 || rte_vhost_get_negotiated_features(id, &f) ||
	    !(f & UINT64_C(1) << VIRTIO_NET_F_GUEST_CSUM))
		return 0;
	return SEGMENT_CHECKSUM | (f & UINT64_C(1) << VIRTIO_NET_F_GUEST_TSO4 ? SEGMENT_TCP4 : 0) |
	       (f & UINT64_C(1) << VIRTIO_NET_F_GUEST_TSO6 ? SEGMENT_TCP6 : 0);
}

bool vhost_mark(struct rte_mbuf *m)
{
	bool segment = m->ol_flags & RTE_MBUF_F_RX_LRO,
	     unfinished = (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) ==
			  RTE_MBUF_F_RX_L4_CKSUM_NONE;
	struct segment_packet p;

	if (rte_pktmbuf_pkt_len(m) > SEGMENT_BYTES_MAX)
		return false;
	if (!segment && !unfinished)
		return true;
	if (!segment_read(m, &p)) {
		checksum_finish_told(m);
		return !segment;
	}
	struct virtio_net_hdr h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				   .csum_start = p.transport,
				   .csum_offset = segment_checksum_offset(&p)};
	if (segment && !segment_packet_is_tcp(&p))
		return false; // UFO
	if (segment) {
		h.gso_type = p.is4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
		h.gso_size = m->tso_segsz;
	}
	return segment_mark(m, &h);
}

static bool takes_segment(const struct rte_mbuf *m, const struct segment_packet *p,
			  unsigned features)
{
	return segment_packet_is_tcp(p) && features & (p->is4 ? SEGMENT_TCP4 : SEGMENT_TCP6) &&
	       rte_mbuf_refcnt_read(m) == 1 && !(segment_tcp_flags(m, p) & SEGMENT_TCP_CWR);
}

bool vhost_takes(const struct rte_mbuf *m, unsigned features)
{
	struct segment_packet p;

	if (!(features & SEGMENT_CHECKSUM) || segment_is_tunnel(m) || !segment_read(m, &p) ||
	    p.network > L2_MAX || p.transport - p.network > L3_MAX)
		return false;
	return segment_is(m) ? takes_segment(m, &p, features) : segment_is_plain(&p);
}

// Gives a segment another first buffer, which has its headers.
static struct rte_mbuf *split_headers(struct rte_mbuf *m, uint16_t headers)
{
	struct rte_mbuf *first = rte_pktmbuf_alloc(m->pool);
	char *to = first ? rte_pktmbuf_append(first, headers) : NULL;

	if (!to) {
		rte_pktmbuf_free(first);
		return NULL;
	}
	memcpy(to, rte_pktmbuf_mtod(m, const char *), headers);
	first->next = m;
	first->nb_segs = (uint16_t)(m->nb_segs + 1);
	first->pkt_len = m->pkt_len;
	first->port = m->port;
	first->ol_flags |= m->ol_flags & SEGMENT_MARKS;
	first->tso_segsz = m->tso_segsz;
	first->hash.usr = m->hash.usr;
	rte_pktmbuf_adj(m, headers);
	return first;
}

struct rte_mbuf *vhost_describe(struct rte_mbuf *m)
{
	struct segment_packet p;

	if (!segment_read(m, &p))
		return m;
	if (segment_is(m))
		m = split_headers(m, p.data);
	if (!m)
		return NULL;
	m->l2_len = p.network;
	m->l3_len = p.transport - p.network;
	m->l4_len = p.data - p.transport + segment_is(m);
	m->ol_flags |= p.is4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	return m;
}
