// SPDX-License-Identifier: BSD-3-Clause
// state: the state of a switch, and functions that read it.
//
// Model     Only the folder switch/ writes struct vswitch. Other folders read it, through the
//           functions here if there is one.
// Threads   One control thread calls everything here. Workers forward meanwhile and read `shared`
//           and `conf`.
// Time      switch_now() is the clock. A live switch counts from its start; the caller of a replay
//           sets the time.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/compile.h"
#include "dataplane/clock.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/forward.h"
#include "dataplane/lastdrop.h"
#include "dataplane/link.h"
#include "dataplane/port.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/worker.h"

enum { SWITCH_TICK_MS = 20 }; // how often control looks after a live switch

enum port_state {
	PORT_UP,
	PORT_DOWN,
	PORT_ABSENT, // its NIC is not in the machine
	PORT_DISABLED,
	PORT_ERR_DISABLED,
	PORT_STATES
};
extern const char *const port_state_names[PORT_STATES];
extern const char *const link_names[LINKS];

// What QEMU says of the NIC of a port's guest.
struct switch_guest {
	char qmp[QMP_PATH]; // that said it; empty: nothing was said
	uint64_t mac;
	bool promiscuous;
	uint32_t unicast, multicast; // number of MACs in its filter
};

struct switch_port {
	char name[PORT_NAME];
	enum link link;
	uint64_t peer_deadline_ns; // an opened device has until then to find its peer
	char problem[ERROR_TEXT];  // why the last attempt to open its NIC failed; "": it did not
	unsigned failures;         // attempts that failed since the NIC is there
	struct switch_guest guest;
	uint64_t named_ns;          // when the port got its number
	struct counters cleared;    // values at the last `stats clear`, which are subtracted
	uint64_t lost[PORT_LOSSES]; // by former devices of the port
	uint64_t lost_cleared[PORT_LOSSES];
};

// How busy a worker was between the last two calls of switch_note_load().
struct worker_load {
	uint64_t busy, all; // cycles up to the last call
	double share;       // 0 to 1
};

// Whether a worker goes round: see watch.h.
struct worker_watch {
	uint64_t cycles;    // at the last look that found them changed
	uint64_t turned_ns; // when that was
	bool missed;        // whether a look since then found them unchanged
	uint64_t ran_ms;    // at the last look: the time of its thread on cores
	unsigned could_ms;  // time since turned_ns in which it could have turned
	bool starves;       // at the last look: it waited for its core since the look before
	bool stuck;
};

typedef void (*switch_event_fn)(void *arg, const struct event *e);

// Called while a change is published. Workers no longer use the ports in `gone`, which still have
// their names. New ports are not up yet.
typedef void (*switch_ports_fn)(void *arg, portset gone);

// Takes a frame of the switch itself to the ports that it names. False: there is no room for it
// now.
typedef bool (*switch_own_fn)(void *arg, const struct own_frame *own);

struct querier;
struct tunnels;
struct vswitch;
typedef void (*switch_retire_fn)(struct vswitch *sw, void *what);

struct vswitch {
	struct config *config;
	bool live;     // the clock runs and workers forward
	bool devices;  // workers forward between devices
	portset ports; // the numbers in use
	struct forwarding shared;
	struct swconf *conf; // the published compiled configuration
	struct fixed_mac *fixed;
	size_t fixed_count, fixed_room;
	uint32_t table_size;
	struct switch_port port[PORTS_MAX];
	struct port device[PORTS_MAX];
	struct worker *worker[CONFIG_WORKERS_MAX];
	struct worker_load load[CONFIG_WORKERS_MAX];
	struct worker_watch watch[CONFIG_WORKERS_MAX];
	unsigned workers;
	struct rte_rcu_qsbr *qsbr;
	uint64_t unsettled;      // since this token of qsbr a worker is stuck; 0: none is
	struct retired *retired; // kept until the switch is settled: settle.h
	unsigned retired_count;
	struct rte_mempool *pool;
	struct clock *clock; // the control thread's
	uint64_t replay_ns;
	uint32_t sweep_at; // the next line to sweep
	switch_event_fn on_event;
	void *event_arg;
	switch_ports_fn on_ports;
	void *ports_arg;
	struct querier *querier; // querier.h
	struct tunnels *tunnels; // tunnels.h
	switch_own_fn send_own;
	void *own_arg;
	uint64_t applied; // number of configurations published
};

uint64_t switch_now(const struct vswitch *sw);

// The time in ticks of the MAC table.
uint32_t switch_tick(const struct vswitch *sw);

// Passes an event to on_event.
void switch_emit(struct vswitch *sw, const struct event *e);

// The number of a port, -1 if there is no such port.
int switch_port(const struct vswitch *sw, const char *name);

// The newest frame that was dropped on a port. False: there is none.
bool switch_last_drop(const struct vswitch *sw, unsigned port, struct lastdrop *d);

// The configuration of a port.
const struct config_port *switch_port_config(const struct vswitch *sw, unsigned port);
enum port_state switch_port_state(const struct vswitch *sw, unsigned port);

// Sums the counters of a port over all workers, since the port was added or its counters were
// cleared.
void switch_counters(const struct vswitch *sw, unsigned port, struct counters *c);

// What the device of a port has lost, likewise, when ports_read_losses() last read it.
void switch_losses(const struct vswitch *sw, unsigned port, uint64_t lost[PORT_LOSSES]);
void switch_clear_counters(struct vswitch *sw, portset which);

// Computes each worker's load since the last call.
void switch_note_load(struct vswitch *sw);
