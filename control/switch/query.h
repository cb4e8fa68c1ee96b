// SPDX-License-Identifier: BSD-3-Clause
// query: builds the queries of a multicast querier: IGMPv3 (RFC 3376 4.1) and MLDv2 (RFC 3810 5.1).
//
// Model     A general query asks all stations of a VLAN about all groups, a group-specific one asks
//           about one group. Both have the router alert, and no sources. Hosts of older versions
//           understand them.
// Ownership The caller gets an untagged frame.
// Errors    NULL if no buffer is left.
#pragma once

#include <rte_mbuf.h>

#include "dataplane/snoop.h"

struct query {
	enum snoop_family family;
	uint64_t mac;                // of the sender
	struct snoop_address source; // IPv6: link-local
	struct snoop_address group;  // none: all
	uint32_t response_ms;        // the time that hosts have to answer, at most 12,700
	uint8_t interval_s;          // of general queries, at most 127
};

struct rte_mbuf *query_frame(struct rte_mempool *pool, const struct query *q);
