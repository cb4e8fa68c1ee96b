// SPDX-License-Identifier: BSD-3-Clause
// clock: the clock of a live switch, in nanoseconds since it started, derived from the TSC.
//
// Model    A clock never goes back. The TSC may: it differs by some cycles between cores, and a
//          virtual machine that is restored or migrated may get another one. After a small step
//          back the clock stands still until the TSC has caught up. After a greater one it goes on
//          from the latest time that it showed.
// Threads  A clock has one reader. Each thread has a copy of its own.
#pragma once

#include <rte_cycles.h>
#include <stdint.h>

// A greater step back is not a difference between cores.
#define CLOCK_SKEW_NS UINT64_C(100000000)

struct clock {
	uint64_t epoch;     // TSC at base_ns
	uint64_t base_ns;   // 0, or the time of the last great step back
	uint64_t latest_ns; // the time that was read last
	uint64_t scale;     // nanoseconds per cycle as a 32.32 number, so that reading needs no
			    // division
};

static inline struct clock clock_start(void)
{
	return (struct clock){.epoch = rte_rdtsc(),
			      .scale = (UINT64_C(1000000000) << 32) / rte_get_tsc_hz()};
}

static inline uint64_t clock_ns(struct clock *c, uint64_t tsc)
{
	int64_t cycles = (int64_t)(tsc - c->epoch);
	uint64_t since = cycles > 0 ? (uint64_t)cycles : 0,
		 ns = c->base_ns + (uint64_t)((unsigned __int128)since * c->scale >> 32);

	if (__builtin_expect(ns >= c->latest_ns, 1)) {
		c->latest_ns = ns;
	} else if (c->latest_ns - ns > CLOCK_SKEW_NS || cycles < 0) {
		c->base_ns = c->latest_ns;
		c->epoch = tsc;
	}
	return c->latest_ns;
}
