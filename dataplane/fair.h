// SPDX-License-Identifier: BSD-3-Clause
// fair: shares of a worker's time for its ports.
//
// Model   A port pays for what its frames cost: the cycles from their poll to their delivery. It is
//         not polled while it has paid more, by FAIR_LEAD, than the busy port that has paid least.
//         So busy ports get equal times, whatever a frame of theirs costs, and no cycle is wasted
//         while another port is idle. An idle port saves nothing up (start-time fair queueing:
//         Goyal, Vin and Cheng, 1997). Polls of idle ports cost no look at the clock.
// Limits  A port may be ahead by FAIR_LEAD and one burst. Several queues of a port share its time.
#pragma once

#include <rte_cycles.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/portset.h"

enum {
	FAIR_LEAD = 20000,  // cycles: several bursts a round, and less than a ping notices
	FAIR_LONG = 200000, // a longer burst may contain time in which another thread had the core
};

struct fair {
	uint64_t paid[PORTS_MAX]; // cycles, from a common start
	uint64_t floor;           // of the busy port that had paid least in the last round
	uint64_t least;           // the same, in this round so far
	uint64_t began;           // the round, in cycles
	uint64_t now;             // cycles, if known; else 0
	portset busy;             // ports that had frames at their last poll
	long preemptions;         // of this thread
};

void fair_init(struct fair *f);

// What a port pays for a burst of FAIR_LONG or more cycles.
uint64_t fair_long_cost(struct fair *f, uint64_t cycles);

// Begins a round, in which each port is polled or not admitted.
static inline void fair_begin(struct fair *f)
{
	if (f->least != UINT64_MAX)
		f->floor = f->least;
	f->least = UINT64_MAX;
	f->began = f->now = rte_rdtsc();
}

// Whether a port may be polled.
static inline bool fair_admits(struct fair *f, unsigned port)
{
	uint64_t paid = f->paid[port];

	if (__builtin_expect(paid <= f->floor + FAIR_LEAD, 1))
		return true;
	f->least = paid < f->least ? paid : f->least;
	return false;
}

// Begins a poll. Returns its time, 0 for a port that was idle.
static inline uint64_t fair_poll(struct fair *f, unsigned port)
{
	if (!f->now && portset_has(f->busy, port))
		f->now = rte_rdtsc();
	return f->now;
}

// Ends a poll without frames.
static inline void fair_idle(struct fair *f, unsigned port)
{
	f->busy &= ~portset_of(port);
	f->now = 0;
}

// Ends a poll that began at `start`, and what followed of it.
static inline void fair_charge(struct fair *f, unsigned port, uint64_t start)
{
	uint64_t paid = f->paid[port] > f->floor ? f->paid[port] : f->floor;

	f->now = rte_rdtsc();
	uint64_t cycles = f->now - start;
	paid += __builtin_expect(cycles < FAIR_LONG, 1) ? cycles : fair_long_cost(f, cycles);
	f->paid[port] = paid;
	f->least = paid < f->least ? paid : f->least;
	f->busy |= portset_of(port);
}
