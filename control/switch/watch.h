// SPDX-License-Identifier: BSD-3-Clause
// watch: detects workers that do not go round.
//
// Model    Control looks at each worker's cycles in every SWITCH_TICK_MS. For a worker whose cycles
//          have not changed, the kernel says what its thread does. Time counts against the worker
//          while it runs, and while it is stopped or waits for something other than a core. After
//          WORKER_ROUND_MAX_MS of such time it is stuck. A worker that waits for its core is
//          starved: other programs have the core, and the worker is not to blame.
//          Looks are counted, not the clock, so that a process that was stopped as a whole has no
//          stuck worker when it goes on.
// Threads  The control thread.
// Errors   Where /proc does not tell, a worker counts as one that could go round.
#pragma once

#include "control/switch/state.h"

// Looks at the workers, and passes on events of those that became stuck or turn again.
void watch_look(struct vswitch *sw);

// Whether all workers turn, or could if they had their cores.
bool watch_all_turn(const struct vswitch *sw);

// Whether a worker has waited for its core for WATCH_STARVED_MS or longer, and still does.
enum { WATCH_STARVED_MS = 1000 };
bool watch_is_starved(const struct vswitch *sw, unsigned worker);

// How long control has waited for workers: the time in which none waited for its core, and all.
struct watch_patience {
	unsigned counted_ms, all_ms;
};

// Call it after each SWITCH_TICK_MS of waiting. It looks at the workers. False: the wait was long
// enough: WORKER_ROUND_MAX_MS that count, or WATCH_PATIENCE_MAX_MS in all.
enum { WATCH_PATIENCE_MAX_MS = 6000 };
bool watch_waits(struct vswitch *sw, struct watch_patience *p);

// Seconds since a worker was last seen to turn.
double watch_idle_s(const struct vswitch *sw, unsigned worker);

// The worker that was seen to turn the longest ago.
unsigned watch_slowest(struct vswitch *sw);
