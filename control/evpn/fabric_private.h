// SPDX-License-Identifier: BSD-3-Clause
// fabric_private: what the parts of EVPN share.
#pragma once

#include "control/evpn/fabric.h"
#include "control/evpn/host.h"
#include "control/evpn/mirror.h"
#include "control/evpn/nexthop.h"
#include "control/evpn/rtnl.h"
#include "control/evpn/shadow.h"
#include "dataplane/event.h"

struct mirror;
struct neighbours;

// A VNI and its devices.
struct own_vni {
	uint16_t vid;
	uint32_t vni;
	bool made;
	struct shadow shadow;
	uint64_t retry_ms;
	char reason[FABRIC_REASON]; // not made
};

// A VTEP and its next hop.
struct own_vtep {
	uint32_t address; // 0: none
	struct nexthop hop;
	bool told; // the switch knows told_mac
	uint64_t told_mac;
	enum fabric_vtep_state state;
	uint64_t since_ms;
	char interface[FABRIC_TWIN];
};

struct fabric {
	struct event_base *base;
	struct fabric_host host;
	struct rtnl talk;   // requests that are answered at once
	struct rtnl writer; // rows
	struct rtnl news;   // groups and dumps
	struct mirror *mirror;
	struct neighbours *neighbours;
	struct event *read, *turn, *build;
	bool armed; // turn is to run at once
	uint32_t wanted_source, source;
	uint16_t udp_port;
	char twin[FABRIC_TWIN];
	int twin_index;
	struct own_vni *vni;
	size_t vnis;
	struct own_vtep vtep[MIRROR_VTEPS];
	bool links_changed;  // interfaces, addresses
	bool routes_changed; // or neighbours
	uint64_t look_ms;    // when unresolved VTEPs were looked at
	bool dump_wanted, dump_runs, dump_torn;
	uint8_t dump_family; // AF_BRIDGE, and then AF_UNSPEC: neighbours
	uint32_t dump_sequence;
	uint64_t heard_ms; // when a message was read last
	int news_bytes;
	int resync_reason; // of a dump that is told when it ends; -1: it is not
	uint64_t resyncs;
};

uint64_t fabric_now_ms(void);

// Has the turn run soon, in this round of the event loop.
void fabric_arm(struct fabric *v);

// VNIs and their shadows.

// Follows the settings. False: no memory.
bool vnis_configure(struct fabric *v, const struct fabric_settings *s);

// Makes shadows that are missing, one in each round of the event loop.
void vnis_build(struct fabric *v);

// An interface has gone.
void vnis_link_gone(struct fabric *v, int index);

// Removes all shadows; they are made again when there is a source.
void vnis_remove_all(struct fabric *v);
void vnis_bounce_all(struct fabric *v);

// Next hops.

// Finds the source and the next hop of each VTEP, and tells the switch what changed.
void vteps_follow(struct fabric *v);
