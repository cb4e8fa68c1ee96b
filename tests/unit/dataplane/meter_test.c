// SPDX-License-Identifier: BSD-3-Clause

#include <pthread.h>

#include "dataplane/meter.h"
#include "tests/unit/kit.h"

#define SECOND UINT64_C(1000000000)

static void storms(void **state)
{
	struct storm s = {0};

	(void)state;
	for (uint32_t second = 0; second < 5; second += 2) {
		for (int i = 0; i < 3; i++)
			assert_true(storm_admits(&s, 3, second));
		for (int i = 0; i < 3; i++)
			assert_false(storm_admits(&s, 3, second));
	}
	assert_false(storm_admits(&s, 3, 3)); // a slow clock opens no window
	assert_true(storm_admits(&s, 4, 4));  // a raised limit takes effect at once
	assert_true(storm_admits(&s, 1, UINT32_MAX));
	assert_false(storm_admits(&s, 1, UINT32_MAX));
}

static void default_depth(void **state)
{
	(void)state;
	assert_int_equal(meter_default_depth(1), 16384);
	assert_int_equal(meter_default_depth(13107), 16384);
	assert_int_equal(meter_default_depth(100000), 125000); // 10 ms
	assert_int_equal(meter_default_depth(UINT32_MAX), UINT64_C(5368709118));
}

// The bytes that pass in a burst and ten seconds at twice the rate.
static uint64_t passed(const struct meter_conf *c, uint32_t len)
{
	struct meter m = {.lock = RTE_SPINLOCK_INITIALIZER};
	uint64_t bytes = 0, every_ns = len * UINT64_C(4000000) / c->rate_kbps;

	while (meter_admits(&m, c, len, 0))
		bytes += len;
	for (uint64_t ns = 0; ns < 10 * SECOND; ns += every_ns)
		bytes += meter_admits(&m, c, len, ns) ? len : 0;
	return bytes;
}

static void rates(void **state)
{
	static const uint32_t sizes[] = {60, 64, 1514, 9000}, kbps[] = {1, 64, 1000, 100000};

	(void)state;
	for (size_t r = 0; r < COUNT(kbps); r++)
		for (size_t s = 0; s < COUNT(sizes); s++) {
			struct meter_conf c = {.rate_kbps = kbps[r], .depth = 16384};
			uint64_t wanted = 10 * UINT64_C(125) * kbps[r] + c.depth,
				 got = passed(&c, sizes[s]);
			// Tokens for less than a frame, and those of the last interval, stay
			// unused.
			CHECK(got <= wanted && got + 2 * sizes[s] >= wanted,
			      "%u kbit/s in %u bytes: %ju, not %ju", kbps[r], sizes[s],
			      (uintmax_t)got, (uintmax_t)wanted);
		}
}

// A burst as large as the bucket passes at once, then frames at the average rate. A peak rate
// spreads the burst.
static void bursts(void **state)
{
	struct meter_conf c = {.rate_kbps = 8000, .depth = 10000};
	struct meter m = {.lock = RTE_SPINLOCK_INITIALIZER},
		     peak = {.lock = RTE_SPINLOCK_INITIALIZER};

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(meter_admits(&m, &c, 1000, 0));
	assert_false(meter_admits(&m, &c, 1, 0));
	assert_false(meter_admits(&m, &c, 1000, SECOND / 1000 - 1)); // 1000 bytes a millisecond
	assert_true(meter_admits(&m, &c, 1000, SECOND / 1000));
	assert_false(meter_admits(&m, &c, 1, SECOND / 1000));
	assert_false(meter_admits(&m, &c, 1, 0));                // a slow clock
	assert_false(meter_admits(&m, &c, 10001, 100 * SECOND)); // more than the bucket can hold
	assert_true(meter_admits(&m, &c, 10000, 100 * SECOND));
	c.peak_kbps = 16000;
	c.peak_depth = 2000;
	assert_true(meter_admits(&peak, &c, 1000, 0));
	assert_true(meter_admits(&peak, &c, 1000, 0));
	assert_false(meter_admits(&peak, &c, 1000, 0));
	assert_false(meter_admits(&peak, &c, 1000, SECOND / 2000 - 1));
	assert_true(meter_admits(&peak, &c, 1000, SECOND / 2000));
}

// If one bucket refuses a frame, the other bucket keeps its tokens.
static void a_refused_frame_is_free(void **state)
{
	struct meter_conf c = {
		.rate_kbps = 8000, .depth = 10000, .peak_kbps = 16000, .peak_depth = 1000};
	struct meter m = {.lock = RTE_SPINLOCK_INITIALIZER};

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(meter_admits(&m, &c, 1000, 0), i == 0);
	for (uint64_t i = 1; i <= 9; i++)
		CHECK(meter_admits(&m, &c, 1000, i * SECOND / 2000), "frame %ju", (uintmax_t)i);
}

// No rounding error and no overflow in a year of the slowest and the fastest rate.
static void extremes(void **state)
{
	struct meter_conf fast = {.rate_kbps = UINT32_MAX,
				  .depth = UINT64_C(1) << 39,
				  .peak_kbps = UINT32_MAX,
				  .peak_depth = 1 << 20};
	struct meter_conf slow = {.rate_kbps = 1, .depth = 9000};
	struct meter_conf round = {.rate_kbps = UINT32_C(1) << 31, .depth = 1000}; // 2^64 tokens in
										   // 2^33 ns
	struct meter m = {.lock = RTE_SPINLOCK_INITIALIZER}, n = m, o = m;
	uint64_t year = 365 * 86400 * SECOND;

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_true(meter_admits(&m, &fast, 1 << 20, (uint64_t)i * year));
		assert_false(meter_admits(&m, &fast, 1 << 20, (uint64_t)i * year));
		assert_true(meter_admits(&n, &slow, 9000, (uint64_t)i * year));
		assert_false(meter_admits(&n, &slow, 9000, (uint64_t)i * year + 72 * SECOND - 1));
		assert_true(meter_admits(&n, &slow, 9000, (uint64_t)i * year + 72 * SECOND));
	}
	assert_true(meter_admits(&o, &round, 1000, 0));
	assert_true(meter_admits(&o, &round, 1000, UINT64_C(1) << 33));
}

// A meter with one user, which takes tokens in advance, gives the same answers to the frame.
static void a_lone_user_is_treated_alike(void **state)
{
	struct meter_conf confs[] = {
		{.rate_kbps = 100000, .depth = 16384},
		{.rate_kbps = 100000, .depth = 16384, .peak_kbps = 300000, .peak_depth = 4000}};
	unsigned passed = 0;

	(void)state;
	for (size_t c = 0; c < COUNT(confs); c++) {
		struct meter lone = {.one_user = true}, shared = {.lock = RTE_SPINLOCK_INITIALIZER};
		uint64_t ns = 0, random = 1;
		for (unsigned i = 0; i < 200000; i++) {
			random = random * UINT64_C(6364136223846793005) + 1;
			uint32_t len = 60 + (uint32_t)(random >> 40) % 1455;
			ns += random >> 61 ? 0 : (random >> 33) % 600000; // bursts of some eight
			uint64_t at = random >> 56 & 31 ? ns : ns / 2;    // a clock that goes back
			bool pass = meter_admits(&shared, &confs[c], len, at);
			CHECK(meter_admits(&lone, &confs[c], len, at) == pass, "frame %u of %zu", i,
			      c);
			passed += pass;
		}
	}
	CHECK(passed > 100000 && passed < 300000, "%u of 400000 frames passed", passed);
}

enum { OFFERS = 100000, STORM_LIMIT = 70000, FRAME = 100 };

static struct storm shared_storm;
static struct meter shared_meter = {.lock = RTE_SPINLOCK_INITIALIZER};
static const struct meter_conf shared_conf = {.rate_kbps = 1, .depth = FRAME * UINT64_C(60000)};

struct tally {
	uint32_t storm, meter;
};

static void *offer(void *arg)
{
	struct tally *t = arg;

	for (int i = 0; i < OFFERS; i++) {
		t->storm += storm_admits(&shared_storm, STORM_LIMIT, 1);
		t->meter += meter_admits(&shared_meter, &shared_conf, FRAME, 0);
	}
	return NULL;
}

static void exact_under_two_workers(void **state)
{
	pthread_t thread[2];
	struct tally t[2] = {0};

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, offer, &t[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(t[0].storm + t[1].storm, STORM_LIMIT);
	assert_int_equal(t[0].meter + t[1].meter, 60000);
}

RUN_TESTS(TEST(storms), TEST(default_depth), TEST(rates), TEST(bursts),
	  TEST(a_refused_frame_is_free), TEST(extremes), TEST(a_lone_user_is_treated_alike),
	  TEST(exact_under_two_workers))
