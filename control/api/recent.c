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
	uint64_t number; // orders the events of all rings
	uint64_t unix_ms;
	char port[PORT_NAME], from[PORT_NAME];
};

struct ring {
	uint64_t count; // of all events ever kept
	struct kept kept[RING_EVENTS];
};

struct recent {
	uint64_t seen[EVENT_TYPES];
	uint64_t count;
	struct ring ring[EVENT_CLASSES];
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
	struct ring *ring = &r->ring[event_type_class((enum event_type)e->type)];
	struct kept *k = &ring->kept[ring->count % RING_EVENTS];

	r->seen[e->type] += e->type == EVENT_LOST ? e->count : 1;
	if (is_routine(e))
		return;
	k->event = *e;
	k->number = r->count++;
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

// How many of the last `count` events of this class and rarer ones are of this class.
static uint64_t count_class(const struct recent *r, unsigned class, uint64_t count)
{
	uint64_t found[EVENT_CLASSES] = {0};

	while (count--) {
		unsigned newest = EVENT_CLASSES;
		const struct kept *best = NULL;
		for (unsigned c = class; c < EVENT_CLASSES; c++) {
			const struct kept *k = nth_last(&r->ring[c], found[c] + 1);
			if (!k || (best && k->number < best->number))
				continue;
			best = k;
			newest = c;
		}
		if (!best)
			break;
		found[newest]++;
	}
	return found[class];
}

static uint64_t count_rarer(const struct recent *r, unsigned class)
{
	uint64_t sum = 0;

	while (++class < EVENT_CLASSES)
		sum += RTE_MIN(r->ring[class].count, (uint64_t)RING_EVENTS);
	return sum;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = (*(const struct kept *const *)a)->number,
		 y = (*(const struct kept *const *)b)->number;

	return x < y ? -1 : x > y;
}

json_t *recent_json(const struct recent *r, unsigned count)
{
	const struct kept *list[RECENT_EVENTS];
	uint64_t left = RTE_MIN(count, (unsigned)RECENT_EVENTS);
	json_t *all = json_array();
	size_t n = 0;

	for (unsigned c = 0; c < EVENT_CLASSES; c++) {
		uint64_t rarer = count_rarer(r, c);
		uint64_t take = RTE_MIN(count_class(r, c, left), left - RTE_MIN(rarer, left / 2));
		left -= take;
		for (; take; take--)
			list[n++] = nth_last(&r->ring[c], take);
	}
	qsort(list, n, sizeof *list, by_number);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, kept_json(list[i]));
	return all;
}

uint64_t recent_count(const struct recent *r, enum event_type type)
{
	return r->seen[type];
}
