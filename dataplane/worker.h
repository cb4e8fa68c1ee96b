// SPDX-License-Identifier: BSD-3-Clause
// worker: the only polling loop. It receives bursts from its ports, forwards them and sends them.
//
// Model     A worker polls its queues of ports in turn. After each round it passes a quiescent
//           point, and no longer uses any previously published configuration. An idle worker that
//           may sleep does so until a frame comes to one of our own devices, and for at most
//           WORKER_SLEEP_MAX_NS. Other devices cannot wake it: if it has any, it sleeps for a
//           fraction of its idle time, for at most WORKER_PAUSE_MAX_NS, and a frame waits for at
//           most that fraction of the time since the last frame. A sleeping worker counts as
//           quiescent. If polling a port is a system call, an idle port is polled every
//           WORKER_QUIET_NS while other ports have frames; and one of our own devices that was
//           idle for WORKER_WATCH_NS is asked for together with all others.
//           Busy ports get equal times, see fair.h. Frames of the switch itself, which control puts
//           into a ring of the first worker, are sent every WORKER_QUIET_NS, or after a sleep.
// Threads   One thread runs worker_run(). Control sets the ports and reads the load. `cycles`
//           changes in each round, which shows control that the worker goes round.
// Time      The clock is read once per round.
#pragma once

#include <rte_rcu_qsbr.h>
#include <rte_ring.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/clock.h"
#include "dataplane/fair.h"
#include "dataplane/forward.h"
#include "dataplane/idle.h"
#include "dataplane/port.h"
#include "dataplane/portset.h"

enum {
	WORKER_BURST = 64, // frames that it takes from a port at a time; with 32, each costs more
	WORKER_PAUSE_MAX_NS = 250000,
	WORKER_SLEEP_MAX_NS = 5000000,
	WORKER_QUIET_NS = 100000,
	WORKER_WATCH_NS = 1000000,
	WORKER_ROUND_MAX_MS = 2000,
};

struct worker {
	struct forwarder forwarder;
	unsigned id; // 0, 1, …: its egress queue and its number for qsbr
	unsigned lcore;
	struct port *ports; // [PORTS_MAX], owned by control; ports that are polled or in a
			    // published configuration are open
	struct rte_rcu_qsbr *qsbr;
	struct clock clock;
	portset quiet[PORT_QUEUES_MAX]; // idle ports that are not polled in every round
	uint64_t asked_ns;              // when they were last polled
	uint64_t heard_ns[PORT_QUEUES_MAX][PORTS_MAX]; // when such a port last had frames
	struct idle idle;
	bool woken; // a device has ended the last sleep; no frame has come since
	struct fair fair;
	bool sleeps;                             // whether it may sleep while it is idle
	_Atomic portset polled[PORT_QUEUES_MAX]; // ports by queue; control writes
	struct rte_ring *own; // of struct own_frame, from control; NULL: another worker sends them
	_Atomic bool stop;    // control writes
	_Atomic int tid;      // the worker writes: the kernel's number of its thread
	// The worker writes, control reads: cycles of rounds with frames, and of all rounds.
	_Atomic uint64_t busy_cycles, cycles;
};

// Runs until `stop` is set. It is an lcore function for rte_eal_remote_launch().
int worker_run(void *worker);

// Waits until each worker has passed a quiescent point since rte_rcu_qsbr_start() returned `token`.
// False: not in this time. A worker that takes longer than WORKER_ROUND_MAX_MS, although it has its
// core, is stuck.
bool worker_await_quiescent(struct rte_rcu_qsbr *workers, uint64_t token, unsigned ms);
