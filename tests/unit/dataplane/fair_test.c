// SPDX-License-Identifier: BSD-3-Clause
// Time passes in these tests only as far as they say: a poll began so many cycles ago.

#include <inttypes.h>

#include "dataplane/fair.h"
#include "tests/unit/kit.h"

enum { CHEAP, DEAR, ROUNDS = 20000, SLACK = 3 }; // SLACK: per cent, for the time of the test itself

static struct fair f;

// Polls a port that has a burst, if it may be polled.
static bool poll_busy(unsigned port, uint64_t cycles)
{
	if (!fair_admits(&f, port))
		return false;
	fair_poll(&f, port);
	fair_charge(&f, port, rte_rdtsc() - cycles);
	return true;
}

static bool poll_idle(unsigned port)
{
	if (!fair_admits(&f, port))
		return false;
	fair_poll(&f, port);
	fair_idle(&f, port);
	return true;
}

static void check_share(uint64_t a, uint64_t b)
{
	CHECK(a * 100 < b * (100 + SLACK) && b * 100 < a * (100 + SLACK),
	      "the ports got %" PRIu64 " and %" PRIu64 " cycles", a, b);
}

// Ports whose bursts cost differently get the same time.
static void shares_time(void **state)
{
	static const uint64_t costs[][2] = {
		{5000, 5000}, {5000, 15000}, {5000, 150000}, {90000, 199000}};

	(void)state;
	for (size_t i = 0; i < COUNT(costs); i++) {
		uint64_t got[2] = {0};
		fair_init(&f);
		for (unsigned round = 0; round < ROUNDS; round++) {
			fair_begin(&f);
			for (unsigned port = CHEAP; port <= DEAR; port++)
				got[port] += poll_busy(port, costs[i][port]) ? costs[i][port] : 0;
		}
		check_share(got[CHEAP], got[DEAR]);
	}
}

// A port that is alone waits for one round at most, whatever it has paid.
static void wastes_nothing(void **state)
{
	unsigned polls = 0;

	(void)state;
	fair_init(&f);
	for (unsigned round = 0; round < 100; round++) {
		fair_begin(&f);
		poll_busy(CHEAP, 5000);
		poll_busy(DEAR, 10000000);
	}
	for (unsigned round = 0; round < 100; round++) {
		fair_begin(&f);
		poll_idle(CHEAP);
		polls += poll_busy(DEAR, 10000000);
	}
	assert_in_range(polls, 99, 100);
}

// A port that was idle is not ahead of the others when it has frames again, and not behind.
static void saves_nothing_up(void **state)
{
	uint64_t got[2] = {0};

	(void)state;
	fair_init(&f);
	for (unsigned round = 0; round < ROUNDS; round++) {
		fair_begin(&f);
		poll_idle(CHEAP);
		poll_busy(DEAR, 50000);
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		fair_begin(&f);
		got[CHEAP] += poll_busy(CHEAP, 5000) ? 5000 : 0;
		got[DEAR] += poll_busy(DEAR, 50000) ? 50000 : 0;
	}
	check_share(got[CHEAP], got[DEAR]);
}

// The time of a poll is taken for busy ports only.
static void polls_of_idle_ports_cost_nothing(void **state)
{
	(void)state;
	fair_init(&f);
	fair_begin(&f);
	assert_int_equal(fair_poll(&f, CHEAP), f.began);
	fair_idle(&f, CHEAP);
	assert_int_equal(fair_poll(&f, DEAR), 0);
	fair_charge(&f, DEAR, rte_rdtsc());
	assert_int_equal(fair_poll(&f, CHEAP), f.now); // follows at once
	fair_idle(&f, CHEAP);
	assert_int_not_equal(fair_poll(&f, DEAR), 0);
}

// A long burst counts, unless another thread had the core since the last one.
static void leaves_out_preemption(void **state)
{
	unsigned whole = 0;

	(void)state;
	fair_init(&f);
	for (int i = 0; i < 1000; i++) {
		uint64_t cost = fair_long_cost(&f, 5000000);
		whole += cost == 5000000;
		CHECK(cost == 5000000 || cost == FAIR_LONG, "a burst costs %" PRIu64, cost);
	}
	assert_true(whole > 500);
	f.preemptions--;
	assert_int_equal(fair_long_cost(&f, 5000000), FAIR_LONG);
}

RUN_TESTS(TEST(shares_time), TEST(wastes_nothing), TEST(saves_nothing_up),
	  TEST(polls_of_idle_ports_cost_nothing), TEST(leaves_out_preemption))
