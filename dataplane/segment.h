// SPDX-License-Identifier: BSD-3-Clause
// segment: large segments, and checksums that their sender left to a NIC.
//
// Model     A guest may send a TCP or UDP packet of up to 64 KiB and leave it to its NIC to cut it
//           into frames (TSO, USO). A virtio_net_hdr beside the packet says so. segment_mark()
//           checks that header and notes it in the mbuf. The packet then is one frame for the
//           switch, and counts as the frames that it becomes on a wire. On the way out it is either
//           described again by a virtio_net_hdr, for a device that takes segments, or cut. A
//           packet can also lack only its checksum.
// Marks     RTE_MBUF_F_TX_TCP_SEG or _UDP_SEG for a segment, RTE_MBUF_F_TX_TCP_CKSUM or _UDP_CKSUM
//           for a lone packet without checksum, tso_segsz for the size of the pieces, and hash.usr
//           for the bytes to be cut. Adding or removing a tag changes none of them.
// Tunnels   The segment can be inside of VXLAN or Geneve (RFC 7348, RFC 8926), and is then marked
//           as RTE_MBUF_F_TX_TUNNEL_VXLAN too. The outer headers are repeated for each frame.
// Frames    They are those of Linux: IPv4 identifications that count up, FIN and PSH on the last
//           frame, CWR on the first (RFC 3168 6.1.2). Their checksums are computed from their
//           content. Only the addresses of a packet with IP options or extension headers are
//           taken from the sender's sum, because these can name others (RFC 8200 8.1).
// Errors    A header that lies is refused: sizes of 0, headers beyond the end, a checksum that is
//           not where the packet's protocol has it. A segment must end where its headers say, be no
//           fragment, and have its headers in the first buffer. hdr_len is not read.
// Limits    SEGMENT_FRAMES_MAX frames and SEGMENT_BYTES_MAX bytes a segment, 1,024 bytes of
//           headers, one tunnel. No UFO (fragments of UDP).
#pragma once

#include <linux/virtio_net.h>
#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

enum { SEGMENT_FRAMES_MAX = 1024, SEGMENT_BYTES_MAX = 65536 + 64 };

// Headers of Debian 12 do not have it.
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

// The marked frames that a device takes as they are.
enum {
	SEGMENT_CHECKSUM = 1, // packets without checksum
	SEGMENT_TCP4 = 2,     // segments of TCP over IPv4
	SEGMENT_TCP6 = 4,
	SEGMENT_UDP = 8,
	SEGMENT_ANY = 15, // a virtio_net_hdr goes with each frame
};

#define SEGMENT_CUT (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG)
#define SEGMENT_MARKS (SEGMENT_CUT | RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TUNNEL_MASK)

// Whether a frame stands for several frames on a wire.
static inline bool segment_is(const struct rte_mbuf *m)
{
	return m->ol_flags & SEGMENT_CUT;
}

// Whether a segment is inside of a tunnel. No virtio_net_hdr can say so: it must be cut.
static inline bool segment_is_tunnel(const struct rte_mbuf *m)
{
	return m->ol_flags & RTE_MBUF_F_TX_TUNNEL_MASK;
}

// The number of frames that a frame becomes on a wire; 1 if it is no segment.
static inline uint32_t segment_frames(const struct rte_mbuf *m)
{
	return segment_is(m) ? (m->hash.usr + m->tso_segsz - 1) / m->tso_segsz : 1;
}

// The bytes of those frames together.
static inline uint32_t segment_bytes(const struct rte_mbuf *m)
{
	uint32_t headers = rte_pktmbuf_pkt_len(m) - m->hash.usr;

	return segment_is(m) ? m->hash.usr + segment_frames(m) * headers : rte_pktmbuf_pkt_len(m);
}

// The length of the longest of those frames.
static inline uint32_t segment_longest(const struct rte_mbuf *m)
{
	return segment_is(m) ? rte_pktmbuf_pkt_len(m) - m->hash.usr + m->tso_segsz
			     : rte_pktmbuf_pkt_len(m);
}

// Notes in a frame what its header says. A packet that is no segment and has its checksum anywhere
// else than the outermost TCP or UDP header has it, is completed at once. So is a packet in a
// tunnel that is one piece. False if the header lies; the frame is then not to be forwarded.
bool segment_mark(struct rte_mbuf *m, const struct virtio_net_hdr *h);

// Marks a TCP packet that is longer than the MTU as a segment whose frames fill the MTU. False if
// it is no such packet, or lies.
bool segment_mark_captured(struct rte_mbuf *m, uint32_t mtu);

// Describes a frame for a device that takes segments and packets without checksum. Reads the frame
// as it is now. The header is all zero for a frame without marks, and for a segment in a tunnel.
void segment_describe(const struct rte_mbuf *m, struct virtio_net_hdr *h);

// Completes the checksum of a frame that is marked but no segment, and removes the mark. Everybody
// who has a reference to the frame sees that.
void segment_finish(struct rte_mbuf *m);

// A TCP or UDP packet in a frame. Only segment.c and vhost.c use it.
struct segment_packet {
	uint16_t network, transport, data; // offsets: IP header, TCP or UDP header, data
	uint16_t addresses;                // the sum of addresses and protocol
	uint32_t end;                      // offset
	uint8_t protocol;
	bool is4;
};

// The state of a segment that is being cut. The segment must not be changed or freed meanwhile.
struct segmenter {
	const struct rte_mbuf *m;
	uint32_t left; // frames
	// Only segment.c uses the rest.
	uint32_t made, done;         // frames, bytes
	const struct rte_mbuf *from; // the buffer of the next byte, and its offset there
	uint32_t at;
	struct segment_packet packet, outer; // the outer one only in a tunnel
};

// Begins with a segment. None of its frames is left if it is no segment, or has changed in more
// than its tag since it was marked.
void segmenter_init(struct segmenter *s, const struct rte_mbuf *m);

// Makes at most n of the frames that are left, with complete checksums. Returns their number, which
// is less only if the pool has no buffers or the segment is done.
unsigned segmenter_cut(struct segmenter *s, struct rte_mempool *pool, struct rte_mbuf **frames,
		       unsigned n);
