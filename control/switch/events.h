// SPDX-License-Identifier: BSD-3-Clause
// events: passes the workers' events to the switch's on_event.
//
// Threads  The control thread.
#pragma once

#include "control/switch/state.h"
#include "dataplane/portset.h"

// Passes on all pending events. Those of one worker keep their order.
void events_drain(struct vswitch *sw);

// Passes on the violations of completed seconds, the earliest first. For the ports in `all` it
// includes those of the current second.
void events_collect_violations(struct vswitch *sw, portset all);
