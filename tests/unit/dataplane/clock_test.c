// SPDX-License-Identifier: BSD-3-Clause
// The clock never goes back, whatever the TSC does.
#include "dataplane/clock.h"
#include "tests/unit/kit.h"

#define SECOND UINT64_C(1000000000)

// A TSC of 1 GHz: one cycle is a nanosecond.
static struct clock clock_at(uint64_t epoch)
{
	return (struct clock){.epoch = epoch, .scale = UINT64_C(1) << 32};
}

static void it_counts(void **state)
{
	struct clock c = clock_at(5000);

	(void)state;
	assert_int_equal(clock_ns(&c, 5000), 0);
	assert_int_equal(clock_ns(&c, 6000), 1000);
	assert_int_equal(clock_ns(&c, 5000 + 100 * SECOND), 100 * SECOND);
}

// Another core is some cycles behind: the clock stands still, then agrees with the TSC again.
static void another_core(void **state)
{
	struct clock c = clock_at(0);

	(void)state;
	assert_int_equal(clock_ns(&c, 10 * SECOND), 10 * SECOND);
	assert_int_equal(clock_ns(&c, 10 * SECOND - 500), 10 * SECOND);
	assert_int_equal(clock_ns(&c, 10 * SECOND + 500), 10 * SECOND + 500);
}

// A restored machine starts with a TSC of 0, before the epoch and after it.
static void a_restored_machine(void **state)
{
	(void)state;
	for (uint64_t epoch = 0; epoch <= 1000 * SECOND; epoch += 500 * SECOND) {
		struct clock c = clock_at(epoch);
		assert_int_equal(clock_ns(&c, epoch + 90 * SECOND), 90 * SECOND);
		assert_int_equal(clock_ns(&c, 0), 90 * SECOND);
		assert_int_equal(clock_ns(&c, SECOND), 91 * SECOND);
		assert_int_equal(clock_ns(&c, SECOND / 2), 91 * SECOND);
		assert_int_equal(clock_ns(&c, SECOND), 91 * SECOND + SECOND / 2);
	}
}

static void any_tsc(void **state)
{
	uint64_t seed = 7, before = 0;
	struct clock c = clock_at(0);

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		// All magnitudes, so that small and great steps occur in both directions.
		uint64_t tsc = rnd(&seed) >> (1 + rnd_below(&seed, 62)), ns = clock_ns(&c, tsc);
		CHECK(ns >= before, "step %d: %lu after %lu", i, ns, before);
		before = ns;
	}
}

RUN_TESTS(TEST(it_counts), TEST(another_core), TEST(a_restored_machine), TEST(any_tsc))
