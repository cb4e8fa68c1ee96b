// SPDX-License-Identifier: BSD-3-Clause
// The kept events: those that guests cause in masses do not drive out the others.

#include <string.h>

#include "control/api/recent.h"
#include "control/common/eventtypes.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

static struct vswitch *sw;
static struct recent *recent;

static int open_switch(void **state)
{
	(void)state;
	sw = test_switch("ports: [{name: a}, {name: b}]", SWITCH_REPLAY);
	recent = recent_create();
	return !recent;
}

static int close_switch(void **state)
{
	(void)state;
	recent_destroy(recent);
	switch_destroy(sw);
	return 0;
}

static void add(enum event_type type, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		recent_add(recent, sw,
			   &(struct event){.type = (uint8_t)type, .ns = sw->replay_ns++});
}

// Checks how many events of a type are among the last `count`, and their order.
static void check(unsigned count, enum event_type type, unsigned wanted)
{
	json_t *all = recent_json(recent, count), *event;
	double before = 0;
	unsigned found = 0;
	size_t i;

	CHECK(json_array_size(all) <= count, "%zu of %u events", json_array_size(all), count);
	json_array_foreach(all, i, event) {
		double time = json_real_value(json_object_get(event, "time"));
		CHECK(time >= before, "event %zu is older than the one before", i);
		before = time;
		found += !strcmp(json_string_value(json_object_get(event, "type")),
				 event_type_names[type]);
	}
	CHECK(found == wanted, "%u of type %d among %u, should be %u", found, type, count, wanted);
	json_decref(all);
}

static void a_flood_of_moves(void **state)
{
	(void)state;
	add(EVENT_PORT_DOWN, 3);
	add(EVENT_MAC_MOVED, 100000);
	check(RECENT_EVENTS, EVENT_PORT_DOWN, 3);
	check(RECENT_EVENTS, EVENT_MAC_MOVED, RECENT_EVENTS / 2);
	check(10, EVENT_PORT_DOWN, 3);
	check(10, EVENT_MAC_MOVED, 7);
	check(4, EVENT_PORT_DOWN, 2);
	check(1, EVENT_MAC_MOVED, 1);
	assert_int_equal(recent_count(recent, EVENT_MAC_MOVED), 100000);
}

static void a_flapping_link(void **state)
{
	(void)state;
	add(EVENT_MAC_MOVED, 3);
	add(EVENT_PORT_DOWN, 10000);
	check(RECENT_EVENTS, EVENT_MAC_MOVED, 3);
	check(RECENT_EVENTS, EVENT_PORT_DOWN, RECENT_EVENTS / 2);
	check(10, EVENT_PORT_DOWN, 10);
}

static void a_flapping_link_hides_nothing_rare(void **state)
{
	(void)state;
	add(EVENT_PORT_ERR_DISABLED, 4);
	add(EVENT_PORT_DOWN, 10000);
	add(EVENT_MAC_MOVED, 10000);
	check(RECENT_EVENTS, EVENT_PORT_ERR_DISABLED, 4);
	check(RECENT_EVENTS, EVENT_PORT_DOWN, RECENT_EVENTS / 2 - 4);
	check(RECENT_EVENTS, EVENT_MAC_MOVED, RECENT_EVENTS / 2);
	check(8, EVENT_PORT_ERR_DISABLED, 2);
	check(8, EVENT_PORT_DOWN, 2);
	check(8, EVENT_MAC_MOVED, 4);
}

static void the_latest(void **state)
{
	(void)state;
	check(5, EVENT_PORT_DOWN, 0);
	for (int i = 0; i < 4; i++) {
		add(EVENT_MAC_MOVED, 1);
		add(EVENT_PORT_DOWN, 1);
	}
	check(8, EVENT_MAC_MOVED, 4);
	check(3, EVENT_PORT_DOWN, 2);
	check(3, EVENT_MAC_MOVED, 1);
	check(1, EVENT_PORT_DOWN, 1);
}

#define WITH_SWITCH(test) cmocka_unit_test_setup_teardown(test, open_switch, close_switch)

RUN_TESTS(WITH_SWITCH(a_flood_of_moves), WITH_SWITCH(a_flapping_link),
	  WITH_SWITCH(a_flapping_link_hides_nothing_rare), WITH_SWITCH(the_latest))
