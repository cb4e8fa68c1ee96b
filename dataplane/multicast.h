// SPDX-License-Identifier: BSD-3-Clause
// multicast: where a group frame goes in a VLAN with snooping or static groups, and what the table
// of groups learns from it.
//
// Model   RFC 4541. A message changes the table before the next frame is decided. Reports go to
//         routers, data to the ports that asked for its group and to routers; everything else is
//         flooded: queries, scopes that never leave a link, unknown types, invalid messages, and
//         frames that are no IP multicast. Ports that are not closed (mdb.h) get what they would
//         get without snooping.
//         Source lists of IGMPv3 and MLDv2 prune nothing.
// Static  A static group is a MAC of a VLAN, with snooping or without. Its frames go to its ports,
//         whether a querier is heard or not; IP multicast also to the ports that asked for it and
//         to routers. What snooping never prunes goes where it would go without: messages, and
//         scopes that never leave a link, which can have the MAC of other groups.
// Threads Workers, each with its own events.
#pragma once

#include <rte_mbuf.h>

#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/key.h"
#include "dataplane/mdb.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/snoop.h"

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

// The rule that decides where a group frame goes, and its name.
#define MULTICAST_RULE_LIST(X) \
	X(PLAIN, "flood") /* neither snooping nor a static group */ \
	X(STATIC, "static_group") \
	X(MEMBERS, "snooped_group")     /* to the ports that asked for it, and to routers */ \
	X(UNREGISTERED, "unregistered") /* nobody asked for it */ \
	X(NO_QUERIER, "no_querier")     /* no port is closed, because nobody asks */ \
	X(REPORT, "report")             /* to routers */ \
	X(QUERY, "query")               /* to every port; this and the rest is flooded */ \
	X(ROUTER, "router")             /* its sender is a multicast router */ \
	X(LINK, "link_scope")           /* never leaves a link */ \
	X(INVALID, "invalid_message") \
	X(NO_IP, "no_ip_multicast")

enum multicast_rule {
#define X(id, name) MULTICAST_##id,
	MULTICAST_RULE_LIST(X)
#undef X
		MULTICAST_RULES,
};

extern const char *const multicast_rule_names[MULTICAST_RULES];

// Whether such a rule decided about a frame to this destination.
static inline bool multicast_decides(uint64_t dst, enum outcome out)
{
	return mac_is_group(dst) && dst != MAC_BROADCAST &&
	       (out < OUT_FIRST_DROP || out == OUT_UNREGISTERED || out == OUT_NO_DESTINATION);
}

// The rule for a frame that was read as `msg`, by what the table knows now.
enum multicast_rule multicast_rule(const struct multicast *x, const struct snoop_message *msg);

// The ports of a static group, none if there is no such group.
portset multicast_static(const struct swconf *conf, uint64_t key);

// Finds the ports of `may` that a frame goes to. A group that was asked for or is static, and a
// report, is OUT_FORWARDED.
enum outcome multicast_ports(const struct multicast *x, const struct rte_mbuf *m, portset *to);

// Forgets what was learned of a port that went down, and reports it.
void multicast_forget(struct mdb *mdb, unsigned port, struct event_ring *events, uint64_t ns);

// The event of a membership (MDB_LEFT) or querier that ended.
struct event multicast_ended(const struct mdb_membership *who, enum mdb_news what, uint64_t ns);
