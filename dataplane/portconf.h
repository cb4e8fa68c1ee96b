// SPDX-License-Identifier: BSD-3-Clause
// portconf: what forwarding needs to know of every port and VLAN, compiled from the configuration.
//
// Model     Ports are numbers below PORTS_MAX, sets of ports are one 64-bit word. A VLAN's row says who takes part in
//           it and how; a port's row says how it admits and learns. Whether a port is up is not here: that changes
//           without a configuration (link, violation) and is the atomic set `up` of struct forwarding.
// Threads   Immutable once published. Control builds a new one, publishes its pointer, waits until every worker has
//           passed a quiescent point, then frees the old one.
// Limits    64 ports, twice of what Debian's DPDK can open.
#pragma once

#include "fdb.h"
#include "key.h"

enum { PORTS_MAX = FDB_PORTS_MAX };

typedef uint64_t portset;

static inline portset portset_of(unsigned port)
{
	return UINT64_C(1) << port;
}

static inline bool portset_has(portset s, unsigned port)
{
	return s >> port & 1;
}

// The lowest port of a set that is not empty.
static inline unsigned portset_first(portset s)
{
	return (unsigned)__builtin_ctzll(s);
}

#define PORTSET_FOREACH(port, set) \
	for (portset rest_ = (set); rest_ && ((port) = portset_first(rest_), true); rest_ &= rest_ - 1)

struct portconf {
	uint64_t mac;          // effective MAC; 0: none
	portset reach;         // ports this one exchanges frames with: not itself, not its isolation group
	uint16_t untagged_vid; // VLAN of untagged and priority-tagged frames; 0: they are dropped
	bool takes_tags;       // trunk: frames with the VID of one of its VLANs come in
	bool own_mac_only;     // forged-transmits: reject
	bool bpdu_forward;
	bool link_local_forward;
	bool drop_at_limit; // mac-limit-policy: drop
	struct fdb_learner learner;
};

// One row of 32 bytes: what a frame's VLAN needs is one cache line away.
struct vlanconf {
	portset member;
	portset unknown;  // members to which unknown unicast is flooded
	portset promisc;  // members that get a copy of everything
	portset untagged; // members that send this VLAN without a tag
};

struct swconf {
	struct portconf port[PORTS_MAX];
	struct vlanconf vlan[VID_SPACE];
	portset blocked; // mac-changes: reject while the effective MAC is not the assigned one: nothing is delivered
};
