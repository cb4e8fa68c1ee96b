// SPDX-License-Identifier: BSD-3-Clause
// worker: the only polling loop: takes bursts from its ports, forwards them, sends what comes out.
//
// Model     A worker polls the ports of its plan in turn. Between two rounds it passes a quiescent point: what control
//           had published before, it then no longer uses.
// Threads   One thread runs worker_run(); control publishes plans and reads the load.
// Time      The clock is read once a round.
#pragma once

#include <rte_rcu_qsbr.h>

#include "clock.h"
#include "forward.h"
#include "port.h"

struct worker_plan {
	uint8_t count;
	uint8_t port[PORTS_MAX]; // polled by this worker
};

struct worker {
	struct forwarder forwarder;
	unsigned id; // 0, 1, …: its egress queue, its number for qsbr
	unsigned lcore;
	struct port *ports; // [PORTS_MAX], control owns them; those in a plan or in a published configuration are open
	struct rte_rcu_qsbr *qsbr;
	struct clock clock;
	_Atomic(const struct worker_plan *) plan; // control writes
	_Atomic bool stop;                        // control writes
	// The worker writes, control reads: cycles spent on rounds that had frames, and on all.
	_Atomic uint64_t busy_cycles, cycles;
};

// Runs until `stop`; a lcore function for rte_eal_remote_launch().
int worker_run(void *worker);
