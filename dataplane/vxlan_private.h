// SPDX-License-Identifier: BSD-3-Clause
// vxlan_private: the header that a frame gets in a tunnel, inline for the two places that write it.
#pragma once

#include <rte_mbuf.h>
#include <stdint.h>
#include <string.h>

#include "dataplane/frame.h"
#include "dataplane/packet.h"
#include "dataplane/vxlan.h"

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
	// The shortest packet with more than a header and a tag in it, as admission reads them
	SIMPLE_LEAST = VXLAN_HEADER + FRAME_HEADER + FRAME_TAG,
};

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15) // 2^64 by the golden ratio: spreads what it multiplies

static inline uint64_t vxlan_mix(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * GOLDEN;
}

// The flow of an untagged frame of `len` bytes at p: its MACs, its type, its IP addresses, and the
// ports of TCP and UDP but for fragments, which would leave their packet behind.
static inline uint64_t vxlan_hash_flow(const uint8_t *p, uint32_t len)
{
	uint16_t type = frame_be16(p + FRAME_ADDRESSES);
	const uint8_t *ip = p + FRAME_HEADER;
	uint64_t hash = vxlan_mix(vxlan_mix(type, frame_be64(p)), frame_be32(p + 8));
	uint8_t protocol = 0;

	len -= FRAME_HEADER;
	if (type == TYPE_IPV4 && len >= IPV4_MIN + 4u) {
		hash = vxlan_mix(hash, frame_be64(ip + 12));
		if (ip[0] == IPV4_PLAIN &&
		    !(frame_be16(ip + 6) & (MORE_FRAGMENTS | FRAGMENT_OFFSET)))
			protocol = ip[9];
		ip += IPV4_MIN;
	} else if (type == TYPE_IPV6 && len >= IPV6_HEADER + 4u) {
		for (unsigned i = 8; i < IPV6_HEADER; i += 8)
			hash = vxlan_mix(hash, frame_be64(ip + i));
		protocol = ip[6];
		ip += IPV6_HEADER;
	}
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP
		       ? vxlan_mix(hash, frame_be32(ip))
		       : hash;
}

// Writes the header of a tunnel before the frame at h + VXLAN_HEADER.
static inline void vxlan_put_header(const struct vxlan *x, unsigned port, uint16_t vid,
				    const struct rte_mbuf *m, uint8_t *h)
{
	const struct vxlan_header *common = &x->header[port];
	uint32_t total = rte_pktmbuf_pkt_len(m) - FRAME_HEADER, sum = common->sum + total;
	uint64_t flow = vxlan_hash_flow(h + VXLAN_HEADER, rte_pktmbuf_data_len(m) - VXLAN_HEADER);
	uint64_t udp = (uint64_t)(FIRST_PORT | flow >> (64 - PORT_BITS)) << 48 | common->udp |
		       (total - IPV4_MIN) << 16;

	memcpy(h, common->byte, AT_UDP);
	frame_put_be16(h + AT_TOTAL, total);
	frame_put_be16(h + AT_CHECKSUM, ~(sum + (sum >> 16)));
	udp = rte_cpu_to_be_64(udp); // without a checksum
	memcpy(h + AT_UDP, &udp, sizeof udp);
	memcpy(h + AT_VXLAN, common->byte + AT_VXLAN, AT_VNI - AT_VXLAN);
	frame_put_be32(h + AT_VNI, x->vni_of[vid] << 8);
}

// Puts a frame without a tag, in a VLAN, into a packet to the VTEP of a tunnel. The caller has the
// only reference, and there is room for the header.
static inline void vxlan_wrap(const struct vxlan *x, unsigned port, uint16_t vid,
			      struct rte_mbuf *m)
{
	m->data_off = (uint16_t)(m->data_off - VXLAN_HEADER);
	m->data_len = (uint16_t)(m->data_len + VXLAN_HEADER);
	m->pkt_len += VXLAN_HEADER;
	vxlan_put_header(x, port, vid, m, rte_pktmbuf_mtod(m, uint8_t *));
}
