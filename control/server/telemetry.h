// SPDX-License-Identifier: BSD-3-Clause
// telemetry: answers DPDK's telemetry socket (dpdk-telemetry.py, Telegraf).
//
// Model    Commands /nestswitch/… return the descriptions of describe.h as whole numbers and texts,
//          one level deep.
// Threads  DPDK calls back in its own threads. They pass one question at a time to the control
//          thread's event loop, and wait at most TELEMETRY_PATIENCE_S for the answer. The control
//          thread opens and closes.
// Limits   Those of DPDK: 10 clients, 256 members.
#pragma once

#include <event2/event.h>

#include "control/api/control.h"
#include "control/common/error.h"

enum { TELEMETRY_PATIENCE_S = 2 };

bool telemetry_open(struct event_base *base, const struct control *k, struct error *e);

// Pending and later questions get no answer.
void telemetry_close(void);
