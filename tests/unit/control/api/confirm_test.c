// SPDX-License-Identifier: BSD-3-Clause
// Rollback of unconfirmed configurations. The test sets the clock of the switch and runs due
// timers.

#include <event2/event.h>
#include <string.h>

#include "control/api/confirm.h"
#include "control/config/config.h"
#include "control/config/history.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/portset.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

enum { RETRY_S = 5 };

#define SECOND UINT64_C(1000000000)

static struct event_base *base;
static struct vswitch *sw;
static struct history *history;
static struct confirm *confirm;
static unsigned told[EVENT_TYPES];
static uint32_t number_told;

static void note_event(void *arg, const struct event *e)
{
	(void)arg;
	told[e->type]++;
	number_told = e->count;
}

static int set_up(void **state)
{
	(void)state;
	sw = test_switch("ports: [{name: first}]", SWITCH_REPLAY);
	sw->on_event = note_event;
	base = event_base_new();
	history = history_create("/etc/lab.yaml", sw->config);
	confirm = confirm_create(base, sw, history);
	memset(told, 0, sizeof told);
	return !confirm;
}

static int tear_down(void **state)
{
	(void)state;
	confirm_destroy(confirm);
	history_destroy(history);
	switch_destroy(sw);
	event_base_free(base);
	return 0;
}

static void apply(const char *text)
{
	test_apply(sw, text);
	history_note(history, sw->config, "change");
}

// Does the same as a change with confirmation.
static void apply_for(const char *text, unsigned seconds)
{
	struct config *former = config_copy(sw->config);
	unsigned number = history_newest(history)->number;

	apply(text);
	confirm_expect(confirm, former, number, seconds);
}

static void run_timers(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static void expect_waiting(unsigned seconds, unsigned number)
{
	unsigned left, back;

	assert_true(confirm_waits(confirm, &left, &back));
	assert_int_equal(left, seconds);
	assert_int_equal(back, number);
}

static void expect_rest(void)
{
	unsigned seconds, number;

	assert_false(confirm_waits(confirm, &seconds, &number));
	json_t *o = confirm_describe(confirm);
	assert_true(json_is_null(o));
	json_decref(o);
	assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
}

static bool runs(const char *port)
{
	return switch_port(sw, port) >= 0;
}

static void nothing_waits(void **state)
{
	(void)state;
	expect_rest();
	assert_false(confirm_end(confirm));
	json_t *o = confirm_describe(NULL);
	assert_true(json_is_null(o));
	json_decref(o);
}

static void confirmed(void **state)
{
	(void)state;
	apply_for("ports: [{name: second}]", 60);
	expect_waiting(60, 1);
	assert_true(confirm_end(confirm));
	expect_rest();
	assert_false(confirm_end(confirm));
	run_timers();
	assert_true(runs("second"));
	assert_int_equal(told[EVENT_CONFIG_ROLLED_BACK], 0);
}

static void the_time_runs(void **state)
{
	static const struct {
		uint64_t ns;
		unsigned left;
	} cases[] = {{0, 60},          {1, 60}, // a started second counts
		     {SECOND, 59},     {59 * SECOND, 1}, {60 * SECOND - 1, 1},
		     {60 * SECOND, 0}, {100 * SECOND, 0}};

	(void)state;
	sw->replay_ns = 7 * SECOND;
	apply_for("ports: [{name: second}]", 60);
	for (size_t i = 0; i < COUNT(cases); i++) {
		sw->replay_ns = 7 * SECOND + cases[i].ns;
		expect_waiting(cases[i].left, 1);
		json_t *o = confirm_describe(confirm);
		assert_int_equal(json_integer_value(json_object_get(o, "seconds_left")),
				 cases[i].left);
		assert_int_equal(json_integer_value(json_object_get(o, "number")), 1);
		assert_true(json_is_null(json_object_get(o, "problem")));
		json_decref(o);
	}
	run_timers(); // timers of the real clock are far from due
	expect_waiting(0, 1);
}

static void not_confirmed(void **state)
{
	(void)state;
	apply_for("ports: [{name: second}]", 0);
	assert_true(runs("second"));
	run_timers();
	assert_true(runs("first") && !runs("second"));
	expect_rest();
	assert_int_equal(told[EVENT_CONFIG_ROLLED_BACK], 1);
	assert_int_equal(number_told, 3);
	assert_int_equal(history_newest(history)->number, 3);
	assert_string_equal(history_newest(history)->text, history_find(history, 1)->text);
	run_timers();
	assert_int_equal(told[EVENT_CONFIG_ROLLED_BACK], 1);
}

// The rollback returns to the configuration before the first change and includes later changes.
static void several_changes(void **state)
{
	(void)state;
	apply_for("ports: [{name: second}]", 60);
	apply_for("ports: [{name: third}]", 30);
	expect_waiting(30, 1);
	apply("ports: [{name: fourth}]");
	expect_waiting(30, 1);
	apply_for("ports: [{name: fifth}]", 0);
	run_timers();
	assert_true(runs("first"));
	assert_int_equal(sw->config->port_count, 1);
	expect_rest();
}

static void the_next_one_begins_anew(void **state)
{
	(void)state;
	apply_for("ports: [{name: second}]", 60);
	assert_true(confirm_end(confirm));
	apply_for("ports: [{name: third}]", 0);
	expect_waiting(0, 2);
	run_timers();
	assert_true(runs("second"));
}

static const char *problem(void)
{
	static char text[1024];
	json_t *o = confirm_describe(confirm);
	const char *why = json_string_value(json_object_get(o, "problem"));

	snprintf(text, sizeof text, "%s", why ? why : "");
	json_decref(o);
	return text;
}

static const char *many_ports(unsigned n)
{
	static char text[4096];

	strcpy(text, "policy: {mac-limit: 1}\nports: [");
	for (unsigned i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s{name: p%u}", i ? ", " : "", i);
	return strcat(text, "]");
}

// All port numbers are in use, so that the former port has no room.
static void apply_full(unsigned seconds)
{
	apply_for(many_ports(PORTS_MAX - 1), seconds);
	apply(many_ports(PORTS_MAX));
}

static void it_cannot_come_back(void **state)
{
	(void)state;
	apply_full(0);
	run_timers();
	assert_true(runs("p63") && !runs("first"));
	assert_int_equal(told[EVENT_CONFIG_ROLLBACK_FAILED], 1);
	assert_int_equal(number_told, 3);
	expect_waiting(RETRY_S, 1);
	assert_non_null(strstr(problem(), "'first'"));
	confirm_expect(confirm, NULL, 9, 0); // the same error again is logged once
	assert_string_equal(problem(), "");
	run_timers();
	assert_non_null(strstr(problem(), "'first'"));
	expect_waiting(RETRY_S, 1);
	apply("ports: [{name: p1}]");
	confirm_expect(confirm, NULL, 9, 0);
	run_timers();
	assert_true(runs("first") && !runs("p1"));
	assert_int_equal(told[EVENT_CONFIG_ROLLED_BACK], 1);
	expect_rest();
}

static void confirmed_after_it_could_not_come_back(void **state)
{
	(void)state;
	apply_full(0);
	run_timers();
	assert_true(confirm_end(confirm));
	expect_rest();
	assert_true(runs("p63"));
}

// The timer retries some seconds later.
static void it_is_tried_again(void **state)
{
	(void)state;
	apply_full(0);
	run_timers();
	apply("ports: [{name: p1}]");
	event_base_loop(base, EVLOOP_ONCE); // waits for the timer
	assert_true(runs("first"));
	expect_rest();
}

#define CONFIRM_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

RUN_TESTS(CONFIRM_TEST(nothing_waits), CONFIRM_TEST(confirmed), CONFIRM_TEST(the_time_runs),
	  CONFIRM_TEST(not_confirmed), CONFIRM_TEST(several_changes),
	  CONFIRM_TEST(the_next_one_begins_anew), CONFIRM_TEST(it_cannot_come_back),
	  CONFIRM_TEST(confirmed_after_it_could_not_come_back), CONFIRM_TEST(it_is_tried_again))
