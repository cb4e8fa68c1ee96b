// SPDX-License-Identifier: BSD-3-Clause
// events: the workers' events, handed to the switch's on_event.
//
// Threads  The control thread.
#pragma once

#include "control/switch/state.h"
#include "dataplane/portset.h"

// All that the workers have told, in the order of each worker.
void events_drain(struct vswitch *sw);

// Violations of the whole seconds before now (of the ports `all`: of any time), the earliest first.
void events_collect_violations(struct vswitch *sw, portset all);
