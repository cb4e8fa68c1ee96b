// SPDX-License-Identifier: BSD-3-Clause
// eventtypes: the names and meanings of events, for JSON, help and manual.
#pragma once

#include <stdio.h>

#include "dataplane/eventtype.h"

extern const char *const event_type_names[EVENT_TYPES];

// Finds a type by its name. -1: there is none.
int event_type_find(const char *name);

// How many events of a type a guest can cause. An event must not be lost among those of a more
// frequent class.
enum event_class {
	EVENTS_FREQUENT, // with each frame, or each second
	EVENTS_LINK,     // as often as it takes its NIC up and down
	EVENTS_RARE,
	EVENT_CLASSES
};
enum event_class event_type_class(enum event_type type);

// Prints every type with its meaning and its members.
void event_types_print(FILE *out);
