// SPDX-License-Identifier: BSD-3-Clause
// checksum: finishing the TCP and UDP checksums that a sender left to its NIC, where the driver does not tell.
//
// Model   Such a field holds the sum of the pseudo-header alone (Linux: CHECKSUM_PARTIAL). Adding the rest to a field that
//         holds this sum gives the right checksum always: also where the sum was there by chance. Looks into VXLAN,
//         Geneve, GRE and IP in IP: there it is the inner packet that is unfinished.
// Limits  Frames of one segment. SCTP is left as it is.
#pragma once

#include <rte_mbuf.h>

void checksum_finish(struct rte_mbuf *m);
