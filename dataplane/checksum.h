// SPDX-License-Identifier: BSD-3-Clause
// checksum: completes the TCP and UDP checksums that a sender left to its NIC.
//
// Model   An incomplete field holds the sum of the pseudo-header alone (Linux: CHECKSUM_PARTIAL).
//         Adding the remaining sum to such a field gives the right checksum, even if the field held
//         that value by chance. In VXLAN, Geneve, GRE and IP-in-IP packets, the checksum of the
//         inner packet is incomplete.
// Limits  SCTP checksums are not completed.
#pragma once

#include <rte_mbuf.h>

// For drivers that do not mark frames with an incomplete checksum. The frame has one segment.
void checksum_finish(struct rte_mbuf *m);

// For frames whose sender marked them. Completes the outermost TCP or UDP checksum, whatever the
// field holds.
void checksum_finish_told(struct rte_mbuf *m);
