// SPDX-License-Identifier: BSD-3-Clause
// portconf: what forwarding needs to know about every port and VLAN, compiled from the
// configuration.
//
// Model     A VLAN's row names its members and how they take part; a port's row says how the port
//           admits frames and learns addresses. The state of a port is not here, because it changes
//           without a configuration (link, violation). See `up` and `err_disabled` of struct
//           forwarding.
// Threads   Immutable once published. Control builds a new one, publishes its pointer, waits until
//           every worker has passed a quiescent point, then frees the old one.
#pragma once

#include "dataplane/binding.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/meter.h"
#include "dataplane/portset.h"
#include "dataplane/spoof.h"
#include "dataplane/vxlan.h"

// Classes of frames whose number a second can be limited.
enum storm_class { STORM_BROADCAST, STORM_MULTICAST, STORM_UNKNOWN_UNICAST, STORM_CLASSES };

enum bpdu_action { BPDU_DROP, BPDU_PASS, BPDU_SHUTDOWN };

// Which frames to reserved group addresses other than those of BPDUs pass. PAUSE never does.
enum link_local_action { LINK_LOCAL_DROP, LINK_LOCAL_LLDP, LINK_LOCAL_PASS };

// The MACs that are equal to `mac` in the bits of `mask`.
struct mac_range {
	uint64_t mac, mask;
};

// What a violation does besides the drop.
enum violation_action { VIOLATION_EVENT, VIOLATION_NOTHING, VIOLATION_SHUTDOWN };

// Rules about the frames that a port receives.
struct rules {
	bool own_mac_only;             // forged-transmits: reject
	bool drops_at_limit;           // mac-limit-policy: drop
	uint8_t guards;                // GUARD_… of the kinds of frames that are dropped
	enum spoof_level spoof;        // which claims of addresses are checked
	uint32_t storm[STORM_CLASSES]; // frames/s; 0: no limit
	struct meter_conf ingress;
};

struct portconf {
	uint64_t mac;  // effective MAC; 0: none
	portset reach; // ports this one exchanges frames with: not itself, not its isolation group,
		       // from an uplink to no uplink
	portset mirror_rx;     // mirror destinations that get what it receives,
	portset mirror_tx;     // and what it sends
	uint16_t untagged_vid; // VLAN of untagged and priority-tagged frames; 0: they are dropped
	bool takes_tags;       // trunk: frames with the VID of one of its VLANs come in
	bool looks_closely; // rules.guards, rules.own_mac_only, rules.spoof, or one of these two:
	bool learns_leases; // spoof-guard-learn: dhcp
	bool serves_dhcp;   // another port learns, from the answers of a server here
	bool on_trial;      // audit: on
	uint8_t allowed_count;
	uint16_t allowed_first;        // in swconf.range: sources besides `mac` under own_mac_only
	const struct binding *binding; // sorted
	unsigned binding_count;
	enum bpdu_action bpdu;
	enum link_local_action link_local;
	enum violation_action violation;
	uint32_t recovery_s; // an err-disabled port comes back after that; 0: only by command
	struct rules rules;  // in force; none if they are on trial
	struct rules trial;  // what they drop is counted and reported, but forwarded
	uint32_t groups_max; // memberships in groups
	struct meter_conf egress;
	struct fdb_learner learner; // drops_at_limit is that of `rules`
};

// What a frame carries: no tag, a tag that names its VLAN, a tag with a priority alone.
enum tag_form { FORM_UNTAGGED, FORM_TAGGED, FORM_PRIORITY, TAG_FORMS };

// One row is one cache line: all that a frame's VLAN says about it.
struct vlanconf {
	// Derived from the rest, both empty where the VLAN has promiscuous members:
	portset as_it_is[TAG_FORMS]; // members to which delivery is no more than handing over a
				     // frame of that form
	portset direct; // members that a frame for one of them goes to and to nobody else, tag and
			// rate permitting
	portset member;
	portset unknown;  // members to which unknown unicast is flooded
	portset promisc;  // members that get a copy of everything
	portset untagged; // members that send this VLAN without a tag
} __attribute__((aligned(64)));

// How a VLAN handles group frames, besides flooding.
enum {
	SNOOP_ON = 1,
	SNOOP_PRUNES_UNREGISTERED = 2,
	SNOOP_FINDS_NEIGHBOURS = 4,
	SNOOP_HAS_STATIC = 8,
};

// The station that an address is bound to by the configuration.
struct owner {
	struct ip_address ip;
	uint64_t mac;
	uint16_t vid; // 0: any
	uint8_t port;
};

// The ports that the configuration gives a group.
struct static_group {
	uint64_t key;
	portset ports;
};

struct swconf {
	struct portconf port[PORTS_MAX];
	struct vlanconf vlan[VID_SPACE];
	portset blocked;     // mac-changes: reject while the effective MAC is not the assigned one:
			     // nothing is delivered
	portset mirror_only; // destinations of mirrors: in no VLAN, what they receive is dropped
	portset mirrored;    // what is sent to them is sent to others as well
	portset no_broadcast, no_multicast; // no such frames are flooded to them
	bool snoops;                        // some VLAN does more with group frames than to flood
	bool finds_neighbours;              // some VLAN has SNOOP_FINDS_NEIGHBOURS
	const struct owner *owner;          // sorted by address
	unsigned owner_count;
	portset trunks;  // they send a second tag only behind a first one
	portset careful; // blocked, mirrored, or with an egress rate: delivery is more than handing
			 // over the frame
	portset routers_always, routers_never; // ports that are said to lead to multicast routers
	portset fast_leave;                    // a leave ends a membership there at once
	uint8_t snoop[VID_SPACE];              // SNOOP_…
	const struct static_group *group;      // sorted by key
	unsigned group_count;
	struct vxlan *vxlan; // NULL: there are no tunnels
	struct mac_range range[];
};
