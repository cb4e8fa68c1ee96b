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

// The 16 bits of a sum.
static inline uint16_t checksum_fold(uint32_t sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)((sum >> 16) + sum);
}

// The sum of a pseudo-header (RFC 9293 3.1, RFC 8200 8.1), as a number. The two addresses together
// have `size` bytes.
uint16_t checksum_pseudo(const uint8_t *addresses, uint32_t size, uint8_t protocol,
			 uint32_t length);

// The sum of a part of a frame, with its bytes in the order of memory.
uint16_t checksum_sum(const struct rte_mbuf *m, uint32_t at, uint32_t length);

// Writes the checksum of a part of a frame, which can cross segments, to the offset `field`. The
// field's old value, the sum of a pseudo-header, counts if it is in that part.
void checksum_complete(struct rte_mbuf *m, uint32_t at, uint32_t end, uint32_t field);
