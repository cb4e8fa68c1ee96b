// SPDX-License-Identifier: BSD-3-Clause
// confirm: rolls back changes that nobody confirms in time.
//
// Model     The configuration before the first unconfirmed change is kept. When the time is over,
//           it replaces the running configuration as a whole, including all changes made meanwhile.
//           Another change that needs confirmation starts the time again. The rollback fails if,
//           for example, a device is missing. Then it is tried again every 5 s, until it works or
//           you confirm the running configuration.
// Threads   The control thread's event loop.
// Errors    A failed rollback is logged and reported as an event.
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

// Expects a confirmation. Takes `former`, the configuration before the change, with its number.
void confirm_expect(struct confirm *k, struct config *former, unsigned number, unsigned seconds);

// Confirms the running configuration. False: no confirmation is pending.
bool confirm_end(struct confirm *k);

// Whether a confirmation is pending, the time left, and the number of the rollback.
bool confirm_waits(const struct confirm *k, unsigned *seconds, unsigned *number);

// {"seconds_left", "number", "problem"}, or null if no confirmation is pending. problem: why the
// last rollback failed, or null.
json_t *confirm_describe(const struct confirm *k);
