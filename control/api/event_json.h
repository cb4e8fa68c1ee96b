// SPDX-License-Identifier: BSD-3-Clause
// event_json: news as JSON objects.
#pragma once

#include <jansson.h>

#include "control/switch/state.h"
#include "dataplane/event.h"

// {"time", "type", …}; the port names are those of the switch, or those given. NULL: no memory.
json_t *event_json(const struct vswitch *sw, const struct event *e);
json_t *event_json_named(const struct event *e, const char *from, const char *port);

// When it was, by the calendar: milliseconds since 1970.
uint64_t event_unix_ms(const struct vswitch *sw, const struct event *e);
