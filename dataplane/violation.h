// SPDX-License-Identifier: BSD-3-Clause
// violation: sums up violations of policy into one event per second for each port and reason. What
// a rule on trial would drop is a violation, too.
//
// Model     The first violation in a whole second of the clock begins a sum. Later violations add
//           to it. After its second, the sum is reported by control, which checks regularly, or by
//           the next violation, whichever is earlier.
// Threads   Any worker notes violations, and control collects them. Each port has a lock, which is
//           taken only for frames that are dropped anyway.
#pragma once

#include <rte_spinlock.h>

#include "dataplane/counters.h"
#include "dataplane/event.h"

// Reasons of frames that are dropped, and of those that rules on trial would drop.
enum {
	VIOLATION_DROPS = 5,
	VIOLATION_TRIALS = 9,
	VIOLATION_SUMS = VIOLATION_DROPS + VIOLATION_TRIALS
};

struct violation_sum {
	uint64_t ns; // time of the first violation
	uint64_t key;
	uint32_t count; // 0: none
};

struct violations {
	rte_spinlock_t lock;
	struct violation_sum sum[VIOLATION_SUMS];
};

// The reasons that rules on trial can have.
extern const enum outcome *const violation_trials; // [VIOLATION_TRIALS]

// Whether a reason is a violation. OUT_BPDU is one only if the port's `bpdu` is BPDU_SHUTDOWN.
bool violation_is(enum outcome reason);

// Notes a violation. If true, report *told, which is the sum of an earlier second.
bool violation_note(struct violations *v, uint8_t port, enum outcome reason, bool on_trial,
		    uint64_t key, uint64_t ns, struct event *told);

// Removes the sums of the seconds that are over at ns (UINT64_MAX: all sums) and writes them as
// events. Returns their number.
unsigned violation_collect(struct violations *v, uint8_t port, uint64_t ns,
			   struct event told[VIOLATION_SUMS]);
