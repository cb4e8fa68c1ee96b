// SPDX-License-Identifier: BSD-3-Clause
// vhost: the marks of segment.h, as rte_vhost gives and takes them.
//
// Model   rte_vhost reads and writes the virtio_net_hdr beside each frame. A received frame keeps
//         less of that header: whether it is a segment (RTE_MBUF_F_RX_LRO), the size of its pieces,
//         and whether its checksum is missing. A sent frame is described by the lengths of its
//         headers. rte_vhost does not look whether the guest has agreed to take such frames:
//         vhost_takes() does.
// Fault   rte_vhost writes the sum of the pseudo-header into the TCP header of a segment, without
//         the length that virtio wants there (as DPDK 22.11 to 26.07). A guest that cuts the
//         segment for a guest of its own would make wrong checksums of it. It leaves the field
//         alone if the headers are not all in the first buffer. Therefore a sent segment has a
//         buffer for its headers, and its l4_len is one byte more than they have.
// Limits  Segments of UDP, segments that report congestion (CWR), and segments that other ports
//         hold as well are cut for a guest. So is what is in a tunnel.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

// What the guest that is connected to a net_vhost device takes: SEGMENT_… of segment.h. 0 if there
// is none.
unsigned vhost_features(uint16_t dev);

// Marks a received frame. False if it lies; it is then not to be forwarded.
bool vhost_mark(struct rte_mbuf *m);

// Whether a guest with these features takes a marked frame as it is.
bool vhost_takes(const struct rte_mbuf *m, unsigned features);

// Describes a marked frame that the guest takes. Returns its first buffer; NULL, and m is
// unchanged, if no buffer is left.
struct rte_mbuf *vhost_describe(struct rte_mbuf *m);
