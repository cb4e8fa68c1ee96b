// SPDX-License-Identifier: BSD-3-Clause
// eventtypes: the names and meanings of events, for JSON, help and manual.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "dataplane/eventtype.h"

extern const char *const event_type_names[EVENT_TYPES];

// Finds a type by its name. -1: there is none.
int event_type_find(const char *name);

// Whether guests can cause many events of a type. The others must not be lost among these.
bool event_type_is_frequent(enum event_type type);

// Prints every type with its meaning and its members.
void event_types_print(FILE *out);
