// SPDX-License-Identifier: BSD-3-Clause
// telemetry: ports, table and workers for DPDK's telemetry socket (dpdk-telemetry.py, Telegraf).
//
// Model    Commands /nestswitch/…, each answered with what describe.h says: whole numbers and
//          texts, one level deep.
// Threads  DPDK asks in threads of its own. A question is handed to the control thread's event
//          loop, one at a time, and waits for the answer there, TELEMETRY_PATIENCE_S at most. The
//          control thread opens and closes.
// Limits   DPDK's: 10 clients, 256 members.
#pragma once

#include <event2/event.h>

#include "control/api/control.h"
#include "control/common/error.h"

enum { TELEMETRY_PATIENCE_S = 2 };

bool telemetry_open(struct event_base *base, const struct control *k, struct error *e);

// Who waits for an answer is told that there is none; so is who asks later.
void telemetry_close(void);
