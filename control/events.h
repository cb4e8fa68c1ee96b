// SPDX-License-Identifier: BSD-3-Clause
// events: news as JSON objects.
#pragma once

#include <jansson.h>

#include "switch.h"

extern const char *const event_type_names[EVENT_TYPES];

// {"time", "type", …}; the port names are those of the switch, or those given. NULL: no memory.
json_t *event_json(const struct vswitch *sw, const struct event *e);
json_t *event_json_named(const struct event *e, const char *from, const char *port);

// When it was, by the calendar: milliseconds since 1970, and as a text such as 2024-02-29T12:00:00.000Z.
enum { EVENT_DATE = 25 };
uint64_t event_unix_ms(const struct vswitch *sw, const struct event *e);
void event_put_date(uint64_t unix_ms, char out[EVENT_DATE]);

// The type of this name, -1 for none.
int event_type_find(const char *name);
