// SPDX-License-Identifier: BSD-3-Clause
// clock: the clock of a live switch, in nanoseconds since it started, derived from the TSC.
#pragma once

#include <rte_cycles.h>
#include <stdint.h>

struct clock {
	uint64_t epoch; // TSC at 0 ns
	uint64_t scale; // nanoseconds per cycle as a 32.32 number, so that reading needs no
			// division
};

static inline struct clock clock_start(void)
{
	return (struct clock){.epoch = rte_rdtsc(),
			      .scale = (UINT64_C(1000000000) << 32) / rte_get_tsc_hz()};
}

static inline uint64_t clock_ns(const struct clock *c, uint64_t tsc)
{
	return (uint64_t)((unsigned __int128)(tsc - c->epoch) * c->scale >> 32);
}
