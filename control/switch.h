// SPDX-License-Identifier: BSD-3-Clause
// switch: the whole of it: configuration, ports, table, workers. The only writer of what workers read.
//
// Model     A switch is made from a validated configuration and changed by applying another one: what differs is done,
//           all of it or nothing. A live switch has devices and worker threads; one for replay has neither, its single
//           forwarder is fed by the caller. One for bench is live but for that: its workers are fed by the caller's
//           threads, which register with qsbr while they forward.
// Threads   One control thread calls everything here. Workers forward meanwhile.
// Ownership The switch owns its configuration from switch_create() or a successful switch_apply() on.
// Time      switch_now() is the clock: since the start of a live switch, or what the caller of a replay last set.
// Errors    struct config_error.
#pragma once

#include "compile.h"
#include "config.h"
#include "../dataplane/worker.h"

enum switch_use { SWITCH_REPLAY, SWITCH_LIVE, SWITCH_BENCH };

enum port_state { PORT_UP, PORT_DOWN, PORT_DISABLED, PORT_ERR_DISABLED, PORT_STATES };
extern const char *const port_state_names[PORT_STATES];

struct switch_port {
	char name[PORT_NAME];
	bool link;
	uint64_t patience_ns; // until then a device that was just opened is given time to find its peer
	struct counters cleared; // what `stats clear` subtracts from now on
};

// How busy a worker was between the last two looks at it.
struct worker_load {
	uint64_t busy, all; // cycles up to the last look
	double share;       // 0 to 1
};

typedef void (*switch_event_fn)(void *arg, const struct event *e);

// The ports of these numbers are gone, no worker knows of them; their names still stand. Those that have come are not up yet.
typedef void (*switch_ports_fn)(void *arg, portset gone);

struct vswitch {
	struct config *config;
	bool live;    // the clock runs, workers forward
	bool devices; // and they do so between devices
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
	struct recent *recent;   // what events.show shows; NULL: nothing is kept
	uint64_t applied;        // how often a configuration was
	struct history *history; // what `run` keeps of configurations; NULL: nobody does
	struct confirm *confirm;
};

// Makes a switch; a live one opens its devices and starts its workers. DPDK is up. The configuration becomes the
// switch's only if this succeeds.
bool switch_create(struct vswitch **sw, struct config *c, enum switch_use use, struct config_error *e);
void switch_destroy(struct vswitch *sw);

// Replaces the configuration, with forwarding going on: devices of ports that come are opened before anything changes,
// those of ports that go are closed at the end. On refusal nothing has changed and c stays the caller's.
bool switch_apply(struct vswitch *sw, struct config *c, struct config_error *e);

uint64_t switch_now(const struct vswitch *sw);

// Hands an event to on_event.
void switch_tell(struct vswitch *sw, const struct event *e);

// Waits until no worker uses what was published before.
void switch_settle(struct vswitch *sw);

// Number of a port, -1 for none; its part of the configuration.
int switch_port(const struct vswitch *sw, const char *name);
const struct config_port *switch_port_config(const struct vswitch *sw, unsigned port);
enum port_state switch_port_state(const struct vswitch *sw, unsigned port);

// Counters of a port, all workers added up, since it is there or the last clear.
void switch_counters(const struct vswitch *sw, unsigned port, struct counters *c);
void switch_clear_counters(struct vswitch *sw, portset which);

// Works out the workers' load since the last call.
void switch_note_load(struct vswitch *sw);

// Looks after the table: `count` lines of the sweep, round and round. A live switch does a slice every SWITCH_TICK_MS: the
// whole table in about a quarter of a second, so that entries go within a second of their time. The sweep of all returns
// the next tick at which an entry can expire, UINT32_MAX for none.
enum { SWITCH_TICK_MS = 20, SWITCH_SWEEP_TICKS = 12 };
void switch_sweep(struct vswitch *sw, uint32_t count);
uint32_t switch_sweep_all(struct vswitch *sw);

// Learned entries to forget: those of a port, a VLAN, a MAC, a type; -1 or 0: any.
struct fdb_filter {
	int port;
	uint16_t vid;
	uint64_t mac;
	int type; // enum fdb_type
};

bool fdb_filter_takes(const struct fdb_filter *f, const struct fdb_entry *e);

// Forgets dynamic entries, or those of the filter's type; returns how many.
uint32_t switch_flush(struct vswitch *sw, const struct fdb_filter *f);

// Asks the devices for their link; what went down is flushed.
void switch_poll_links(struct vswitch *sw);

// Ends err-disabled: of a port, of all ports whose recovery time has come. The latter returns when the next one's comes,
// UINT64_MAX: none.
void switch_clear_error(struct vswitch *sw, unsigned port);
uint64_t switch_recover(struct vswitch *sw);

// Hands the violations of the whole seconds before now (of these ports all) to on_event, the earliest first.
void switch_collect_violations(struct vswitch *sw, portset all);

// Hands all news of the workers to on_event, in the order of each worker.
void switch_drain_events(struct vswitch *sw);
