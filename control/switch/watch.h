// SPDX-License-Identifier: BSD-3-Clause
// watch: detects workers that do not go round.
//
// Model    Control looks at each worker's cycles in every SWITCH_TICK_MS. A worker whose cycles
//          have not changed for WATCH_STUCK_LOOKS looks is stuck. Looks are counted, not time, so
//          that a process that was stopped as a whole has no stuck worker when it goes on.
// Threads  The control thread.
#pragma once

#include "control/switch/state.h"

enum { WATCH_STUCK_LOOKS = 100 }; // two seconds, as WORKER_ROUND_MAX_MS

// Looks at the workers, and passes on events of those that became stuck or turn again.
void watch_look(struct vswitch *sw);

// Whether all workers turn.
bool watch_all_turn(const struct vswitch *sw);

// Seconds since a worker was last seen to turn.
double watch_idle_s(const struct vswitch *sw, unsigned worker);

// The worker that was seen to turn the longest ago.
unsigned watch_slowest(struct vswitch *sw);
