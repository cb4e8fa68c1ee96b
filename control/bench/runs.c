// SPDX-License-Identifier: BSD-3-Clause
#include "control/bench/runs.h"

#include <rte_cycles.h>

double lane_mpps(uint64_t frames, const struct lane *lane)
{
	return frames ? (double)frames * (double)rte_get_tsc_hz() /
				(double)(lane->end - lane->start) / 1e6
		      : 0;
}

double runs_mpps(const struct lane *lane)
{
	return lane_mpps(lane->frames, lane);
}

double runs_cycles(const struct lane *lane)
{
	return lane->frames ? (double)lane->cycles / (double)lane->frames : 0;
}

json_t *runs_json(const struct runs *r, runs_fn figure, double factor, double less)
{
	double value[BENCH_REPEATS];

	for (unsigned i = 0; i < r->count; i++)
		value[i] = figure(&r->lane[i]) * factor - less;
	return bench_measured(value, r->count);
}

double runs_median(const struct runs *r, runs_fn figure)
{
	double value[BENCH_REPEATS];

	for (unsigned i = 0; i < r->count; i++)
		value[i] = figure(&r->lane[i]);
	return bench_median(value, r->count);
}

struct counters runs_counters(const struct vswitch *sw, portset ports)
{
	struct counters all = {0}, c;
	unsigned port;

	PORTSET_FOREACH(port, ports) {
		switch_counters(sw, port, &c);
		for (size_t k = 0; k < sizeof c / sizeof(uint64_t); k++)
			((uint64_t *)&all)[k] += ((uint64_t *)&c)[k];
	}
	return all;
}
