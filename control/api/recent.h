// SPDX-License-Identifier: BSD-3-Clause
// recent: what was before somebody began to look: the last events worth showing, with their dates,
// and how many there were.
//
// Model     A ring of RECENT_EVENTS; a new one takes the place of the oldest. What a busy table
//           tells all the time, stations learned and aged, is not kept. Ports are kept by name, as
//           their numbers may be others' later.
// Threads   The control thread calls everything.
#pragma once

#include <jansson.h>

#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"

enum { RECENT_EVENTS = 1000 };

struct recent;

// NULL: no memory.
struct recent *recent_create(void);
void recent_destroy(struct recent *r);

void recent_add(struct recent *r, const struct vswitch *sw, const struct event *e);

// The last `count` events, the oldest first, as event_json() makes them, with "date". NULL: no
// memory.
json_t *recent_json(const struct recent *r, unsigned count);

// How many there were of a type, also of those that are not kept; of EVENT_LOST how many were lost.
uint64_t recent_count(const struct recent *r, enum event_type type);
