// SPDX-License-Identifier: BSD-3-Clause
// eventtypes: the names and meanings of events, for JSON, help and manual.
#pragma once

#include <stdio.h>

#include "dataplane/eventtype.h"

extern const char *const event_type_names[EVENT_TYPES];

// Finds a type by its name. -1: there is none.
int event_type_find(const char *name);

// Prints every type with its meaning and its members.
void event_types_print(FILE *out);
