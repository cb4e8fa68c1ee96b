// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/recent.h"

#include <stdlib.h>
#include <string.h>

#include "control/api/event_json.h"
#include "control/common/eventtypes.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"

enum { RING_EVENTS = RECENT_EVENTS / 2 };

struct kept {
	struct event event;
	uint64_t number; // orders the events of both rings
	uint64_t unix_ms;
	char port[PORT_NAME], from[PORT_NAME];
};

struct ring {
	uint64_t count; // of all events ever kept
	struct kept kept[RING_EVENTS];
};

struct recent {
	uint64_t seen[EVENT_TYPES];
	struct ring frequent, rare;
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
	bool frequent = event_type_is_frequent((enum event_type)e->type);
	struct ring *ring = frequent ? &r->frequent : &r->rare;
	struct kept *k = &ring->kept[ring->count % RING_EVENTS];

	r->seen[e->type] += e->type == EVENT_LOST ? e->count : 1;
	if (is_routine(e))
		return;
	k->event = *e;
	k->number = r->frequent.count + r->rare.count;
	k->unix_ms = event_unix_ms(sw, e);
	strcpy(k->port, event_port_name(sw, e->port));
	strcpy(k->from, event_port_name(sw, e->from));
	ring->count++;
}

static json_t *kept_json(const struct kept *k)
{
	char date[DATE_TEXT];
	json_t *o = event_json_named(&k->event, k->from, k->port);

	text_put_date(k->unix_ms, date);
	json_object_set_new(o, "date", json_string(date));
	return o;
}

// The n-th last event; NULL if there were fewer, or it is not kept any more.
static const struct kept *nth_last(const struct ring *r, uint64_t n)
{
	return n && n <= RTE_MIN(r->count, (uint64_t)RING_EVENTS)
		       ? &r->kept[(r->count - n) % RING_EVENTS]
		       : NULL;
}

// Of how many frequent events the last `count` events consist.
static unsigned count_frequent(const struct recent *r, unsigned count)
{
	unsigned frequent = 0, rare = 0;

	while (frequent + rare < count) {
		const struct kept *f = nth_last(&r->frequent, frequent + 1),
				  *k = nth_last(&r->rare, rare + 1);
		if (!f && !k)
			break;
		if (f && (!k || f->number > k->number))
			frequent++;
		else
			rare++;
	}
	return frequent;
}

json_t *recent_json(const struct recent *r, unsigned count)
{
	uint64_t rare = RTE_MIN(r->rare.count, (uint64_t)RING_EVENTS),
		 frequent = RTE_MIN(count_frequent(r, count),
				    count - RTE_MIN(rare, (uint64_t)count / 2));
	json_t *all = json_array();

	rare = RTE_MIN(rare, count - frequent);
	while (frequent || rare) {
		const struct kept *f = nth_last(&r->frequent, frequent),
				  *k = nth_last(&r->rare, rare);
		bool first = f && (!k || f->number < k->number);
		json_array_append_new(all, kept_json(first ? f : k));
		frequent -= first;
		rare -= !first;
	}
	return all;
}

uint64_t recent_count(const struct recent *r, enum event_type type)
{
	return r->seen[type];
}
