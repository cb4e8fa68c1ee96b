// SPDX-License-Identifier: BSD-3-Clause
// mdb: the multicast database: which ports asked for a group, and where routers and queriers are.
//
// Model     A membership is that of a port in a group, whose key is the VLAN and the whole address.
//           A group has one entry with the set of its ports. Memberships count against the limit of
//           their port. A port that asks for more than its limit is `over`: it gets every group of
//           the VLAN, so that it loses none, and takes no room.
// Pruning   A port is `closed` to groups that it did not ask for only after a general query had
//           reached it and it had the time to answer. It is open again when its link went down, and
//           all ports are when no querier was heard for MDB_QUERIER_S. IPv4 and IPv6 are apart,
//           because their queriers are.
// Querier   The switch itself takes part in the election as MDB_SELF. While it is the querier, a
//           membership that ends by a leave is asked about twice before: mdb_sweep() says when.
// Threads   Lookups take no lock. Any worker and control change the table, under one lock, which
//           reports that change nothing do not take. A removed entry may be used again at once: its
//           chain then has another version, and lookups of that chain begin anew.
// IGMPv1    Its hosts do not answer questions about a group. So a leave ends no membership that
//           such a host has reported within MDB_MEMBER_S (RFC 3376 7.3.2), unless the port is fast.
// Time      Ticks of half a second, as an argument. A membership, querier or router lives for at
//           least its time and at most half a second longer, if mdb_sweep() is called in each tick
//           that mdb_due() names. Nothing else ends by time.
// Limits    MDB_GROUPS memberships: 64 ports with the greatest limit. No port takes another's room.
// Errors    0 or -errno. A miss is a value, not an error.
#pragma once

#include <rte_spinlock.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/key.h"
#include "dataplane/portset.h"
#include "dataplane/snoop.h"

enum {
	MDB_LIMIT_MAX = 1024, // memberships of a port
	MDB_GROUPS = MDB_LIMIT_MAX * PORTS_MAX,
	MDB_CHAINS = MDB_GROUPS,
	MDB_MEMBER_S = 260,     // RFC 3376 8.4, RFC 3810 9.4
	MDB_QUERIER_S = 255,    // RFC 3376 8.5, RFC 3810 9.5
	MDB_LAST_MEMBER_S = 2,  // RFC 3376 8.8 and 8.9
	MDB_ANSWER_EXTRA_S = 1, // for the way of an answer, besides the time in the query
	MDB_LAST_MEMBER_ASKS = 2,
	MDB_TICKS_PER_S = 2,
	MDB_SELF = PORTS_MAX, // instead of a port: the switch itself
	MDB_NEVER = UINT32_MAX,
};

struct mdb_entry {
	_Alignas(64) _Atomic uint32_t next; // of the chain or of the free ones, its number + 1; 0:
					    // none
	_Atomic uint32_t vid;
	_Atomic uint64_t high, low;
	_Atomic portset members; // empty: the entry is free
};

// The memberships of an entry, by port.
struct mdb_members {
	_Atomic uint32_t until[PORTS_MAX];  // they end in this tick
	_Atomic uint8_t version[PORTS_MAX]; // of the protocol of the last report
	// Leaves count from this tick on: a host of IGMPv1 was heard.
	_Atomic uint32_t old_until[PORTS_MAX];
	// Ports that left and are to be asked about it: for the first time, for the second time.
	portset asks[MDB_LAST_MEMBER_ASKS];
};

struct mdb_chain {
	_Atomic uint32_t first;   // its number + 1
	_Atomic uint32_t removed; // number of entries that were removed so far
};

struct mdb_querier {
	struct snoop_address source; // of the one that is elected; none: there is none
	uint32_t until;              // it is forgotten in this tick; 0: there is none
	uint8_t port;                // or MDB_SELF
	uint8_t version;
	uint32_t heard; // any querier: forgotten in this tick; 0: none was heard
};

struct mdb_vlan {
	// What forwarding reads:
	_Alignas(64) _Atomic portset routers; // ports with a multicast router
	_Atomic portset over;                 // ports beyond their limit
	_Atomic portset closed[SNOOP_FAMILIES], asked[SNOOP_FAMILIES];
	_Atomic uint64_t invalid; // messages that were not believed
	// Under the lock:
	struct mdb_querier querier[SNOOP_FAMILIES];
	_Atomic uint32_t router_until[PORTS_MAX], over_until[PORTS_MAX];
	_Atomic uint32_t answers_until[SNOOP_FAMILIES][PORTS_MAX]; // of those that were asked
};

struct mdb {
	struct mdb_entry *entry;
	struct mdb_members *member; // of each entry
	struct mdb_chain *chain;
	struct mdb_vlan *vlan; // [VID_SPACE]
	uint64_t seed[2];
	rte_spinlock_t lock;
	uint32_t free, used;               // first free entry + 1; entries that were ever used
	_Atomic uint32_t count[PORTS_MAX]; // memberships
	_Atomic uint32_t groups;
	_Atomic uint32_t due;                    // nothing ends before this tick
	_Atomic uint64_t active[VID_SPACE / 64]; // VLANs that may have a state
};

// A membership as it is shown.
struct mdb_membership {
	struct snoop_address group;
	uint16_t vid;
	uint8_t port;
	uint8_t version;
	uint32_t until;
};

// What became of a join.
enum mdb_join {
	MDB_KNOWN,
	MDB_JOINED,
	MDB_OVER,       // the port is at its limit, and gets every group from now on
	MDB_STILL_OVER, // the same, and it did so already
};

// Creates a table. The seed must be secret if guests can be hostile. -ENOMEM.
int mdb_create(struct mdb **m, uint64_t seed);
void mdb_destroy(struct mdb *m);

// Creates a copy. -ENOMEM.
int mdb_copy(struct mdb **copy, struct mdb *m);

// The ports that asked for a group.
portset mdb_members(const struct mdb *m, uint16_t vid, struct snoop_address group);

static inline struct mdb_vlan *mdb_vlan(const struct mdb *m, uint16_t vid)
{
	return &m->vlan[vid];
}

static inline portset mdb_load(const _Atomic portset *s)
{
	return atomic_load_explicit(s, memory_order_relaxed);
}

// Whether a VLAN may have a state.
static inline bool mdb_is_active(const struct mdb *m, unsigned vid)
{
	return atomic_load_explicit(&m->active[vid / 64], memory_order_relaxed) >> vid % 64 & 1;
}

// No membership, router or querier ends before this tick.
static inline uint32_t mdb_due(const struct mdb *m)
{
	return atomic_load_explicit(&m->due, memory_order_relaxed);
}

// The number of memberships of a port.
static inline uint32_t mdb_count(const struct mdb *m, unsigned port)
{
	return atomic_load_explicit(&m->count[port], memory_order_relaxed);
}

// A port asks for a group, or renews its membership.
enum mdb_join mdb_join(struct mdb *m, const struct mdb_membership *who, uint32_t limit,
		       uint32_t tick);

// A port leaves a group: its membership ends after MDB_LAST_MEMBER_S unless it is renewed; at once
// if `fast`. True: it has ended.
bool mdb_leave(struct mdb *m, const struct mdb_membership *who, bool fast, uint32_t tick);

// A general query, which reached these ports.
struct mdb_query {
	struct snoop_address source;
	enum snoop_family family;
	uint16_t vid;
	uint8_t port; // or MDB_SELF
	uint8_t version;
	uint32_t response_ms;
	portset reached;
};

// Whether the sender of a query wins against a querier: the lowest address does (RFC 3376 6.6.2,
// RFC 3810 7.6.2). Source 0.0.0.0 never does (RFC 4541 2.1.1). A querier may change its port, but
// nobody takes the place of the switch with the switch's address, because it may be an echo.
bool mdb_wins(const struct mdb_query *by, const struct mdb_querier *q);

// True: its sender is elected as the querier in place of another one, or of none.
bool mdb_hear_query(struct mdb *m, const struct mdb_query *q, uint32_t tick);

// A port has a multicast router.
void mdb_hear_router(struct mdb *m, uint16_t vid, unsigned port, uint32_t tick);

// A copy of the querier of a VLAN.
struct mdb_querier mdb_get_querier(struct mdb *m, uint16_t vid, enum snoop_family f);

// The switch is no querier of a VLAN any more. True: it was the elected one.
bool mdb_resign(struct mdb *m, uint16_t vid, enum snoop_family f);

// Makes mdb_due() name a tick, or an earlier one.
void mdb_wake(struct mdb *m, uint32_t tick);

enum mdb_news {
	MDB_LEFT,
	MDB_QUERIER_GONE, // that of this family; the membership has its VLAN, port and address
	MDB_ASK,          // the switch is the querier, and has to ask for this group on this port
};

// What happened to a membership.
typedef void (*mdb_news_fn)(void *arg, const struct mdb_membership *who, enum mdb_news what);

// Ends what is due in this tick. Returns the next tick in which something may end, MDB_NEVER if
// there is none.
uint32_t mdb_sweep(struct mdb *m, uint32_t tick, mdb_news_fn tell, void *arg);

// Selects memberships; -1, 0 and none match any.
struct mdb_filter {
	int port;
	uint16_t vid;
	struct snoop_address group;
};

// Calls visit() for each membership of a filter. True ends it. A membership that begins or ends
// meanwhile may be missed.
typedef bool (*mdb_visit_fn)(void *arg, const struct mdb_membership *who);
void mdb_walk(struct mdb *m, const struct mdb_filter *f, mdb_visit_fn visit, void *arg);

// The ports that are to be forgotten in a VLAN.
typedef portset (*mdb_gone_fn)(const void *of, uint16_t vid);

// An mdb_gone_fn: *of is a portset, the same in each VLAN.
portset mdb_in_each_vlan(const void *of, uint16_t vid);

// Forgets everything about ports: memberships and queriers behind them, which tell() is told,
// routers, and that the ports were asked. One pass, whatever the number of ports and VLANs.
void mdb_forget(struct mdb *m, mdb_gone_fn gone, const void *of, mdb_news_fn tell, void *arg);
