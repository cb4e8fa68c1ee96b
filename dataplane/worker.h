// SPDX-License-Identifier: BSD-3-Clause
// worker: the only polling loop: takes bursts from its ports, forwards them, sends what comes out.
//
// Model     A worker polls its queues of ports in turn. Between two rounds it passes a quiescent
//           point: what control had published before, it then no longer uses. One that may sleep
//           does so for a part of the time that it has found nothing: a frame waits by that part
//           longer than for the one before it, WORKER_PAUSE_MAX_NS at most. Asleep it holds up
//           nobody. Ports that cost a system call to ask are, while they have nothing and others
//           have frames, asked every WORKER_QUIET_NS.
// Threads   One thread runs worker_run(); control says which ports and reads the load.
// Time      The clock is read once a round.
#pragma once

#include <rte_rcu_qsbr.h>

#include "dataplane/clock.h"
#include "dataplane/forward.h"
#include "dataplane/port.h"
#include "dataplane/portset.h"

enum { WORKER_PAUSE_MAX_NS = 250000, WORKER_QUIET_NS = 100000 };

struct worker {
	struct forwarder forwarder;
	unsigned id; // 0, 1, …: its egress queue, its number for qsbr
	unsigned lcore;
	struct port *ports; // [PORTS_MAX], control owns them; those polled or in a published
			    // configuration are open
	struct rte_rcu_qsbr *qsbr;
	struct clock clock;
	portset quiet[PORT_QUEUES_MAX]; // ports that are not asked every round, as their queue had
					// nothing
	uint64_t asked_ns;              // when they were
	bool sleeps;                    // when there is nothing to do
	_Atomic portset polled[PORT_QUEUES_MAX]; // ports that it polls this queue of; control
						 // writes
	_Atomic bool stop;                       // control writes
	// The worker writes, control reads: cycles spent on rounds that had frames, and on all.
	_Atomic uint64_t busy_cycles, cycles;
};

// Runs until `stop`; a lcore function for rte_eal_remote_launch().
int worker_run(void *worker);
