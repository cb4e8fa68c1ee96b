// SPDX-License-Identifier: BSD-3-Clause
// event_json: the members of an event, and an event as a JSON object.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "control/common/text.h"
#include "control/switch/state.h"
#include "dataplane/event.h"

enum { EVENT_MEMBERS = 6 };

struct event_member {
	const char *name;
	const char *word; // NULL: the value is the number, or null if that is 0
	uint32_t number;
	bool is_bool;   // the value is a truth value, which the word says
	bool is_number; // the value is the number, also if that is 0
};

// The members of an event besides "time" and "type".
struct event_members {
	struct event_member member[EVENT_MEMBERS];
	unsigned count;
	char mac[MAC_TEXT];        // the word of member "mac"
	char address[PREFIX_TEXT]; // the word of members "group", "address" and "ip"
};

// Fills in the members of an event. from, port: the names of its ports.
void event_collect_members(struct event_members *all, const struct event *e, const char *from,
			   const char *port);

// The name of an event's port, "" of EVENT_PORT_ANY.
const char *event_port_name(const struct vswitch *sw, unsigned port);

// {"time", "type", …}. The names of the ports are those that the switch has now, or the given ones.
// NULL: no memory.
json_t *event_json(const struct vswitch *sw, const struct event *e);
json_t *event_json_named(const struct event *e, const char *from, const char *port);

// The time of an event in milliseconds since 1970.
uint64_t event_unix_ms(const struct vswitch *sw, const struct event *e);
