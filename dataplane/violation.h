// SPDX-License-Identifier: BSD-3-Clause
// violation: breaches of a port's policy, summed up: of each port and reason one message a second.
//
// Model     The first violation in a whole second of the clock opens a sum, later ones add to it.
//           It is told when its second is over: by control, which looks regularly, or by the next
//           violation, whichever comes first.
// Threads   Any worker notes, control collects; a lock for each port, on a path that drops its
//           frame anyway.
#pragma once

#include <rte_spinlock.h>

#include "dataplane/counters.h"
#include "dataplane/event.h"

enum { VIOLATION_REASONS = 4 };

struct violation_sum {
	uint64_t ns; // of the first one
	uint64_t key;
	uint32_t count; // 0: none
};

struct violations {
	rte_spinlock_t lock;
	struct violation_sum sum[VIOLATION_REASONS];
};

// Whether a reason is one at all. Of OUT_BPDU the port's `bpdu` says whether it is.
bool violation_is(enum outcome reason);

// Notes one; true: *told is the sum of an earlier second, to be told now.
bool violation_note(struct violations *v, uint8_t port, enum outcome reason, uint64_t key,
		    uint64_t ns, struct event *told);

// Takes the sums whose second is over at ns (UINT64_MAX: all) out, as events; returns their number.
unsigned violation_collect(struct violations *v, uint8_t port, uint64_t ns,
			   struct event told[VIOLATION_REASONS]);
