// SPDX-License-Identifier: BSD-3-Clause
// events: news as JSON objects.
#pragma once

#include <jansson.h>

#include "switch.h"

extern const char *const event_type_names[EVENT_TYPES];

// {"time", "type", …}; the port names are those of the switch. NULL: no memory.
json_t *event_json(const struct vswitch *sw, const struct event *e);

// The type of this name, -1 for none.
int event_type_find(const char *name);
