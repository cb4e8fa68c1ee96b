// SPDX-License-Identifier: BSD-3-Clause
// eventtypes: the types of events as people know them: names and meanings, for JSON, help and
// manual.
#pragma once

#include <stdio.h>

#include "dataplane/eventtype.h"

extern const char *const event_type_names[EVENT_TYPES];

// The type of this name, -1 for none.
int event_type_find(const char *name);

// Every type with its meaning and its members.
void event_types_print(FILE *out);
