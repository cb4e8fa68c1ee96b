// SPDX-License-Identifier: BSD-3-Clause
// fabric: one network with other machines, as FRR has it in the kernel.
//
// Model     Keeps a shadow for each VNI, and mirrors MACs between it and the switch. Finds the next
//           hop of each VTEP, and follows the news of routes, neighbours, addresses and interfaces.
//           A shadow that cannot be made, or was deleted, is tried again.
// Threads   The control thread, in its event loop. Nothing waits for the kernel: rows are read and
//           written in slices, and shadows are made one at a time.
// Ownership fabric_create() to fabric_destroy(), which removes the shadows: FRR then withdraws.
// Time      fabric_now_ms() counts milliseconds.
// Errors    struct error at the start. Later a VNI is `down`, with a reason, and the log has it.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/common/error.h"
#include "control/evpn/host.h"
#include "control/evpn/mirror.h"
#include "control/evpn/neighbours.h"

enum { FABRIC_TWIN = 16, FABRIC_REASON = 160, FABRIC_NEWS_BYTES = 64 << 20 };

struct fabric_vlan {
	uint16_t vid;
	uint32_t vni;
};

struct fabric_settings {
	uint32_t source; // 0: the first address of the twin
	uint16_t udp_port;
	char twin[FABRIC_TWIN];
	uint32_t hold_ms, sync_rate;
	int news_bytes; // of the socket that hears the kernel; 0: FABRIC_NEWS_BYTES
	const struct fabric_vlan *vlan;
	size_t count;
};

#define FABRIC_VTEP_STATE_LIST(X) \
	X(UP, "up") \
	X(UNRESOLVED, "unresolved") \
	X(NO_ROUTE, "no-route") \
	X(HELD, "held")

enum fabric_vtep_state {
#define X(id, name) FABRIC_VTEP_##id,
	FABRIC_VTEP_STATE_LIST(X)
#undef X
		FABRIC_VTEP_STATES,
};

extern const char *const fabric_vtep_state_names[FABRIC_VTEP_STATES];

enum fabric_vni_state { FABRIC_VNI_UP, FABRIC_VNI_ALONE, FABRIC_VNI_DOWN, FABRIC_VNI_STATES };
extern const char *const fabric_vni_state_names[FABRIC_VNI_STATES];

struct fabric_vni {
	struct mirror_vni mirror;
	enum fabric_vni_state state;
	const char *reason; // FABRIC_VNI_DOWN
};

struct fabric_vtep {
	struct mirror_vtep mirror;
	enum fabric_vtep_state state;
	uint32_t next_hop; // 0: none
	uint64_t next_hop_mac;
	const char *interface; // empty: none
	double since;          // seconds in its state
};

struct fabric_status {
	uint32_t source; // 0: none yet
	struct mirror_stats sync;
	struct neighbours_stats neighbours;
	uint64_t resyncs;
};

struct fabric;

// Opens what it needs of the kernel and checks that it may make devices, and that there are none of
// others in the way.
struct fabric *fabric_create(struct event_base *base, const struct fabric_host *host,
			     const struct fabric_settings *s, struct error *e);

// NULL is allowed.
void fabric_destroy(struct fabric *v);

// Follows changed settings.
void fabric_configure(struct fabric *v, const struct fabric_settings *s);

// The switch's entry of a key has changed; any entry may have changed.
void fabric_touch(struct fabric *v, uint64_t key);
void fabric_compare(struct fabric *v);

// Bindings have changed; with `all`, settings of VLANs have, too.
void fabric_compare_owners(struct fabric *v, bool all);

// Reads the kernel again. hard: has zebra tell everything anew as well.
void fabric_resync(struct fabric *v, bool hard);

void fabric_status(const struct fabric *v, struct fabric_status *s);

// The addresses at other machines that the switch was told.
void fabric_walk_neighbours(const struct fabric *v, neighbours_visit_fn visit, void *arg);
size_t fabric_vni_count(const struct fabric *v);
void fabric_vni(const struct fabric *v, size_t i, struct fabric_vni *out);

// False: there is no VTEP with this number, from 0 to MIRROR_VTEPS - 1.
bool fabric_vtep(const struct fabric *v, unsigned number, struct fabric_vtep *out);
