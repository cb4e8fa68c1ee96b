// SPDX-License-Identifier: BSD-3-Clause
// recent: keeps the last events with their dates, and counts all events.
//
// Model     Each class of events (eventtypes.h) has a ring, in which a new event replaces the
//           oldest one. Entries that come and go are counted only, because a busy table has too
//           many of them. Ports are kept by name, because their numbers are used again.
// Limits    RECENT_EVENTS / 2 of each class.
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

// The last `count` events, oldest first. Each class leaves half of the room to the rarer ones.
// Each is made by event_json(), with a "date". NULL: no memory.
json_t *recent_json(const struct recent *r, unsigned count);

// The number of events of a type, including those that are not kept. EVENT_LOST: the number of lost
// events.
uint64_t recent_count(const struct recent *r, enum event_type type);
