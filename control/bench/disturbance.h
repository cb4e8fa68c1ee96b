// SPDX-License-Identifier: BSD-3-Clause
// disturbance: how long others kept this process from its cores.
//
// Model   Time that threads of this process waited for a core (the second figure of each
//         /proc/self/task/…/schedstat: Linux, Documentation/scheduler/sched-stats.rst), and time
//         that the hypervisor took (`steal` of /proc/stat, as a share of all cores). Children do
//         not count.
// Threads Any one.
// Limits  A kernel without schedstat, or a hypervisor that hides its steal, shows none of it.
#pragma once

#include <stdint.h>

struct disturbance {
	double waited_s, stolen_s, now_s;
};

// Begins to count.
void disturbance_begin(struct disturbance *d);

// The share of the time since then; above 1 if several threads waited.
double disturbance_share(const struct disturbance *d);
