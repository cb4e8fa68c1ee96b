// SPDX-License-Identifier: BSD-3-Clause
// event_log: writes events to the log.
//
// Threads  The control thread.
// Limits   EVENT_LOG_MAX events a second of each class (eventtypes.h). The log says how many more
//          there were.
#pragma once

#include "control/switch/state.h"
#include "dataplane/event.h"

enum { EVENT_LOG_MAX = 20 };

void event_log(const struct vswitch *sw, const struct event *e);
