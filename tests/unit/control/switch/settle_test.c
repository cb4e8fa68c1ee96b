// SPDX-License-Identifier: BSD-3-Clause
// A stuck worker: changes are refused, what it may use is kept, and is freed when it turns again.
// The test itself is the worker.

#include <rte_rcu_qsbr.h>
#include <string.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/settle.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/portset.h"
#include "tests/unit/config.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

static struct vswitch *sw;
static unsigned freed;

static int open_switch(void **state)
{
	(void)state;
	sw = test_switch("ports: [{name: a}, {name: b}]", SWITCH_BENCH);
	rte_rcu_qsbr_thread_register(sw->qsbr, 0);
	freed = 0;
	return 0;
}

static void begin_round(void)
{
	rte_rcu_qsbr_thread_online(sw->qsbr, 0);
}

static void end_round(void)
{
	rte_rcu_qsbr_thread_offline(sw->qsbr, 0);
}

static int close_switch(void **state)
{
	(void)state;
	end_round();
	rte_rcu_qsbr_thread_unregister(sw->qsbr, 0);
	switch_destroy(sw);
	return 0;
}

static void note_free(struct vswitch *of, void *what)
{
	assert_ptr_equal(of, sw);
	assert_ptr_equal(what, &freed);
	freed++;
}

static void a_settled_switch(void **state)
{
	struct error e;

	(void)state;
	assert_true(settle_begin(sw, &e));
	assert_true(switch_synchronize(sw));
	settle_retire(sw, note_free, &freed);
	assert_int_equal(freed, 1);
}

static void a_stuck_worker(void **state)
{
	struct config *c = test_config("ports: [{name: a}]");
	uint64_t applied = sw->applied;
	struct error e;

	(void)state;
	begin_round();
	assert_false(switch_apply(sw, c, &e));
	CHECK(strstr(e.text, "worker 0 is stuck in a round"), "%s", e.text);
	assert_int_equal(sw->applied, applied);
	assert_true(switch_port(sw, "b") >= 0);
	settle_retire(sw, note_free, &freed);
	settle_retire(sw, note_free, &freed);
	assert_false(settle_poll(sw));
	assert_int_equal(freed, 0);

	end_round();
	assert_true(settle_poll(sw));
	assert_int_equal(freed, 2);
	CHECK(switch_apply(sw, c, &e), "%s", e.text);
	assert_int_equal(switch_port(sw, "b"), -1);
}

// A worker that begins a new round after each change never holds what was withdrawn.
static void a_turning_worker(void **state)
{
	(void)state;
	begin_round();
	assert_false(switch_synchronize(sw));
	settle_retire(sw, note_free, &freed);
	rte_rcu_qsbr_quiescent(sw->qsbr, 0);
	assert_true(settle_poll(sw));
	assert_int_equal(freed, 1);
}

// More than the limit is kept for ever, and nothing is freed too early.
static void many_things(void **state)
{
	(void)state;
	begin_round();
	assert_false(switch_synchronize(sw));
	for (unsigned i = 0; i < RETIRED_MAX + 10; i++)
		settle_retire(sw, note_free, &freed);
	assert_int_equal(freed, 0);
	end_round();
	assert_true(settle_poll(sw));
	assert_int_equal(freed, RETIRED_MAX);
}

#define WITH_SWITCH(test) cmocka_unit_test_setup_teardown(test, open_switch, close_switch)

RUN_TESTS(WITH_SWITCH(a_settled_switch), WITH_SWITCH(a_stuck_worker), WITH_SWITCH(a_turning_worker),
	  WITH_SWITCH(many_things))
