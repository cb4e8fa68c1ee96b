// SPDX-License-Identifier: BSD-3-Clause
// checksum: finishing the TCP and UDP checksums that a sender left to its NIC.
//
// Model   Such a field holds the sum of the pseudo-header alone (Linux: CHECKSUM_PARTIAL). Adding
//         the rest to a field that holds this sum gives the right checksum always: also where the
//         sum was there by chance. Looks into VXLAN, Geneve, GRE and IP in IP: there it is the
//         inner packet that is unfinished.
// Limits  SCTP is left as it is.
#pragma once

#include <rte_mbuf.h>

// Where the driver does not tell. Frames of one segment.
void checksum_finish(struct rte_mbuf *m);

// Where the sender has told so of the frame: whatever the field holds, and of the outermost TCP or
// UDP alone.
void checksum_finish_told(struct rte_mbuf *m);
