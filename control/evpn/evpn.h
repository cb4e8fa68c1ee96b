// SPDX-License-Identifier: BSD-3-Clause
// evpn: one network with other machines, as FRR has it in the kernel.
//
// Model     Keeps a shadow for each VNI, and mirrors MACs between it and the switch. Finds the next
//           hop of each VTEP, and follows the news of routes, neighbours, addresses and interfaces.
//           A shadow that cannot be made, or was deleted, is tried again.
// Threads   The control thread, in its event loop. Nothing waits for the kernel: rows are read and
//           written in slices, and shadows are made one at a time.
// Ownership evpn_create() to evpn_destroy(), which removes the shadows: FRR then withdraws.
// Time      evpn_ms() counts milliseconds.
// Errors    struct error at the start. Later a VNI is `down`, with a reason, and the log has it.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/common/error.h"
#include "control/evpn/host.h"
#include "control/evpn/mirror.h"

enum { EVPN_TWIN = 16, EVPN_REASON = 160, EVPN_NEWS_BYTES = 64 << 20 };

struct evpn_vlan {
	uint16_t vid;
	uint32_t vni;
};

struct evpn_settings {
	uint32_t source; // 0: the first address of the twin
	uint16_t udp_port;
	char twin[EVPN_TWIN];
	uint32_t hold_ms, sync_rate;
	int news_bytes; // of the socket that hears the kernel; 0: EVPN_NEWS_BYTES
	const struct evpn_vlan *vlan;
	size_t count;
};

#define EVPN_VTEP_STATE_LIST(X) \
	X(UP, "up") \
	X(UNRESOLVED, "unresolved") \
	X(NO_ROUTE, "no-route") \
	X(HELD, "held")

enum evpn_vtep_state {
#define X(id, name) EVPN_VTEP_##id,
	EVPN_VTEP_STATE_LIST(X)
#undef X
		EVPN_VTEP_STATES,
};

extern const char *const evpn_vtep_state_names[EVPN_VTEP_STATES];

enum evpn_vni_state { EVPN_VNI_UP, EVPN_VNI_ALONE, EVPN_VNI_DOWN, EVPN_VNI_STATES };
extern const char *const evpn_vni_state_names[EVPN_VNI_STATES];

struct evpn_vni {
	struct mirror_vni mirror;
	enum evpn_vni_state state;
	const char *reason; // EVPN_VNI_DOWN
};

struct evpn_vtep {
	struct mirror_vtep mirror;
	enum evpn_vtep_state state;
	uint32_t next_hop; // 0: none
	uint64_t next_hop_mac;
	const char *interface; // empty: none
	double since;          // seconds in its state
};

struct evpn_status {
	uint32_t source; // 0: none yet
	struct mirror_stats sync;
	uint64_t resyncs;
};

struct evpn;

// Opens what it needs of the kernel and checks that it may make devices, and that there are none of
// others in the way.
struct evpn *evpn_create(struct event_base *base, const struct evpn_host *host,
			 const struct evpn_settings *s, struct error *e);

// NULL is allowed.
void evpn_destroy(struct evpn *v);

// Follows changed settings.
void evpn_configure(struct evpn *v, const struct evpn_settings *s);

// The switch's entry of a key has changed; any entry may have changed.
void evpn_touch(struct evpn *v, uint64_t key);
void evpn_compare(struct evpn *v);

// Reads the kernel again. hard: has zebra tell everything anew as well.
void evpn_resync(struct evpn *v, bool hard);

void evpn_status(const struct evpn *v, struct evpn_status *s);
size_t evpn_vni_count(const struct evpn *v);
void evpn_vni(const struct evpn *v, size_t i, struct evpn_vni *out);

// False: there is no VTEP with this number, from 0 to MIRROR_VTEPS - 1.
bool evpn_vtep(const struct evpn *v, unsigned number, struct evpn_vtep *out);
