// SPDX-License-Identifier: BSD-3-Clause
// state: everything that a switch is, and what can be read of it.
//
// Model     Folder switch/ alone writes struct vswitch; every other folder reads it, through the
//           functions here where there is one.
// Threads   One control thread calls everything here. Workers forward meanwhile: what they read is
//           in `shared` and `conf`.
// Time      switch_now() is the clock: since the start of a live switch, or what the caller of a
//           replay last set.
#pragma once

#include "control/config/config.h"
#include "control/switch/compile.h"
#include "dataplane/clock.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/forward.h"
#include "dataplane/port.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/worker.h"

enum port_state { PORT_UP, PORT_DOWN, PORT_DISABLED, PORT_ERR_DISABLED, PORT_STATES };
extern const char *const port_state_names[PORT_STATES];

struct switch_port {
	char name[PORT_NAME];
	bool link;
	uint64_t patience_ns; // until then a device that was just opened is given time to find its
			      // peer
	struct counters cleared; // what `stats clear` subtracts from now on
};

// How busy a worker was between the last two looks at it.
struct worker_load {
	uint64_t busy, all; // cycles up to the last look
	double share;       // 0 to 1
};

typedef void (*switch_event_fn)(void *arg, const struct event *e);

// The ports of these numbers are gone, no worker knows of them; their names still stand. Those that
// have come are not up yet.
typedef void (*switch_ports_fn)(void *arg, portset gone);

struct vswitch {
	struct config *config;
	bool live;     // the clock runs, workers forward
	bool devices;  // and they do so between devices
	portset ports; // the numbers that are ports
	struct forwarding shared;
	struct swconf *conf; // the published one
	struct fixed_mac *fixed;
	size_t fixed_count, fixed_room;
	uint32_t table_size;
	struct switch_port port[PORTS_MAX];
	struct port device[PORTS_MAX];
	struct worker *worker[CONFIG_WORKERS_MAX];
	struct worker_load load[CONFIG_WORKERS_MAX];
	unsigned workers;
	struct rte_rcu_qsbr *qsbr;
	struct rte_mempool *pool;
	struct clock clock;
	uint64_t replay_ns;
	uint32_t sweep_at; // the next line to sweep
	switch_event_fn on_event;
	void *event_arg;
	switch_ports_fn on_ports;
	void *ports_arg;
	uint64_t applied; // how many configurations were published
};

uint64_t switch_now(const struct vswitch *sw);

// The same in ticks of the MAC table.
uint32_t switch_tick(const struct vswitch *sw);

// Hands an event to on_event.
void switch_tell(struct vswitch *sw, const struct event *e);

// Waits until each worker has passed a quiescent point: then none uses anything that was published
// before.
void switch_settle(struct vswitch *sw);

// Number of a port, -1 for none; its part of the configuration.
int switch_port(const struct vswitch *sw, const char *name);
const struct config_port *switch_port_config(const struct vswitch *sw, unsigned port);
enum port_state switch_port_state(const struct vswitch *sw, unsigned port);

// Counters of a port, all workers added up, since it was added or the counters were cleared.
void switch_counters(const struct vswitch *sw, unsigned port, struct counters *c);
void switch_clear_counters(struct vswitch *sw, portset which);

// Works out each worker's load since the last call.
void switch_note_load(struct vswitch *sw);
