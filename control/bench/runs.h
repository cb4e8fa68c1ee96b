// SPDX-License-Identifier: BSD-3-Clause
// runs: the repeats of one measurement, and the figures that are computed from them.
//
// Errors  None: there is room for all repeats that an option can ask for.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "control/bench/bench.h"
#include "control/bench/load.h"
#include "control/switch/state.h"
#include "dataplane/counters.h"
#include "dataplane/portset.h"

struct runs {
	unsigned count;
	struct lane lane[BENCH_REPEATS]; // of all workers, or of one
};

// Computes a figure of a run.
typedef double (*runs_fn)(const struct lane *lane);

double runs_cycles(const struct lane *lane); // a frame
double runs_mpps(const struct lane *lane);

// So many of the run's frames, in millions a second.
double lane_mpps(uint64_t frames, const struct lane *lane);

// A figure of all repeats, times `factor`, minus `less`.
json_t *runs_json(const struct runs *r, runs_fn figure, double factor, double less);
double runs_median(const struct runs *r, runs_fn figure);

// The sum of the counters of some ports since they were cleared.
struct counters runs_counters(const struct vswitch *sw, portset ports);
