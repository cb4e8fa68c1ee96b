// SPDX-License-Identifier: BSD-3-Clause
// multicast: where a group frame goes in a VLAN with snooping, and what the table learns from it.
//
// Model   RFC 4541. A message changes the table before the next frame is decided. Reports go to
//         routers, data to the ports that asked for its group and to routers; everything else is
//         flooded: queries, scopes that never leave a link, unknown types, invalid messages, and
//         frames that are no IP multicast. Ports that are not closed (mdb.h) get what they would
//         get without snooping.
//         Source lists of IGMPv3 and MLDv2 prune nothing.
// Threads Workers, each with its own events.
#pragma once

#include <rte_mbuf.h>

#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/mdb.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"

// The circumstances of a group frame.
struct multicast {
	struct mdb *mdb;
	const struct swconf *conf;
	struct event_ring *events;
	uint64_t ns;
	uint32_t tick;
	uint64_t mac; // its destination
	uint16_t vid;
	uint8_t port;
	bool tagged;
	portset may; // members of the VLAN that are up and that frames of the port may go to
};

// Finds the ports of `may` that a frame goes to. A group that was asked for, and a report, is
// OUT_FORWARDED.
enum outcome multicast_ports(const struct multicast *x, const struct rte_mbuf *m, portset *to);

// Forgets what was learned of a port that went down, and reports it.
void multicast_forget(struct mdb *mdb, unsigned port, struct event_ring *events, uint64_t ns);

// The event of a membership (MDB_LEFT) or querier that ended.
struct event multicast_ended(const struct mdb_membership *who, enum mdb_news what, uint64_t ns);
