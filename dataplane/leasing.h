// SPDX-License-Identifier: BSD-3-Clause
// leasing: what the table of leases learns from messages of DHCP.
//
// Model   A request is remembered where its client is: on a port that learns, from a source that is
//         the client's MAC. An answer counts if it came in by another port, which may be a server's
//         (dhcp-server: allow), and somebody asked for it in this VLAN. It changes the table before
//         it is sent, so that the client may use its address from its first frame.
// Trust   A lease that lives belongs to its station: no answer gives its address to another MAC.
//         A client ends a lease only from the lease's port, a server only for a request from there.
//         A lease follows its station when it is renewed on another port where the MAC is at home
//         (fdb.h).
// Threads Workers, each with its own events.
#pragma once

#include <rte_mbuf.h>
#include <stdint.h>

#include "dataplane/event.h"
#include "dataplane/fdb.h"
#include "dataplane/lease.h"
#include "dataplane/portconf.h"

// The circumstances of an admitted frame with a message of DHCP.
struct leasing {
	struct leases *leases;
	const struct swconf *conf;
	const struct fdb *fdb;
	struct event_ring *events;
	uint64_t ns;
	uint32_t tick;
	uint64_t key; // VLAN and source
	uint8_t port;
};

void leasing_hear(const struct leasing *x, const struct rte_mbuf *m);

// The event of a lease that ended.
struct event leasing_ended(const struct lease *l, enum lease_end why, uint64_t ns);
