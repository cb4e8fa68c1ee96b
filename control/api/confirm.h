// SPDX-License-Identifier: BSD-3-Clause
// confirm: the way back from changes that nobody confirms in time.
//
// Model     What ran before the first change that wants confirmation is kept. When the time is over
//           it comes back as a whole, without anything that was changed meanwhile, by whatever
//           command; another change that wants confirmation sets the time anew. If it cannot come
//           back (a device is gone), what runs stays, and it is tried again every 5 s until that
//           works or somebody confirms what runs.
// Threads   The control thread's event loop.
// Errors    What goes wrong when the time is over is told to the log and as an event.
#pragma once

#include <event2/event.h>
#include <jansson.h>

#include "control/config/config.h"
#include "control/config/history.h"
#include "control/switch/state.h"

enum { CONFIRM_MAX_S = 86400 };

struct confirm;

// NULL: no memory.
struct confirm *confirm_create(struct event_base *base, struct vswitch *sw, struct history *h);
void confirm_destroy(struct confirm *k);

// Waits for a confirmation. former: what ran before, number `number`; it is the confirm's from now
// on.
void confirm_expect(struct confirm *k, struct config *former, unsigned number, unsigned seconds);

// Keeps what runs. False: nothing waits.
bool confirm_end(struct confirm *k);

// Whether a confirmation is waited for: for how long, the number that comes back else.
bool confirm_waits(const struct confirm *k, unsigned *seconds, unsigned *number);

// {"seconds_left", "number", "problem"}, or null where nothing waits. problem: why the former
// configuration did not come back when its time came, null before.
json_t *confirm_describe(const struct confirm *k);
