// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/recent.h"

#include <stdlib.h>
#include <string.h>

#include "control/api/event_json.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"

struct kept {
	struct event event;
	uint64_t unix_ms;
	char port[PORT_NAME], from[PORT_NAME];
};

struct recent {
	uint64_t seen[EVENT_TYPES];
	uint64_t count; // of all events ever kept
	struct kept ring[RECENT_EVENTS];
};

struct recent *recent_create(void)
{
	return calloc(1, sizeof(struct recent));
}

void recent_destroy(struct recent *r)
{
	free(r);
}

// Entries that come and go would drive out all else.
static bool is_routine(const struct event *e)
{
	return e->type == EVENT_MAC_LEARNED || e->type == EVENT_MAC_AGED ||
	       e->type == EVENT_MAC_ADDED || e->type == EVENT_MAC_REMOVED ||
	       e->type == EVENT_MAC_FLUSHED;
}

void recent_add(struct recent *r, const struct vswitch *sw, const struct event *e)
{
	struct kept *k = &r->ring[r->count % RECENT_EVENTS];

	r->seen[e->type] += e->type == EVENT_LOST ? e->count : 1;
	if (is_routine(e))
		return;
	k->event = *e;
	k->unix_ms = event_unix_ms(sw, e);
	strcpy(k->port, sw->port[e->port].name);
	strcpy(k->from, sw->port[e->from].name);
	r->count++;
}

static json_t *kept_json(const struct kept *k)
{
	char date[DATE_TEXT];
	json_t *o = event_json_named(&k->event, k->from, k->port);

	text_put_date(k->unix_ms, date);
	json_object_set_new(o, "date", json_string(date));
	return o;
}

json_t *recent_json(const struct recent *r, unsigned count)
{
	json_t *all = json_array();
	uint64_t there = RTE_MIN(r->count, (uint64_t)RECENT_EVENTS);

	for (uint64_t i = r->count - RTE_MIN(there, count); i < r->count; i++)
		json_array_append_new(all, kept_json(&r->ring[i % RECENT_EVENTS]));
	return all;
}

uint64_t recent_count(const struct recent *r, enum event_type type)
{
	return r->seen[type];
}
