// SPDX-License-Identifier: BSD-3-Clause

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>

#include "dataplane/counters.h"
#include "tests/unit/kit.h"

static void check_names(const char *const *names, int count)
{
	for (int i = 0; i < count; i++) {
		assert_non_null(names[i]);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
	}
}

static void every_outcome_has_a_name(void **state)
{
	(void)state;
	check_names(outcome_names, OUTCOMES);
	check_names(tx_drop_names, TX_DROPS);
	assert_string_equal(outcome_names[OUT_FORWARDED], "forwarded");
	assert_string_equal(outcome_names[OUT_FIRST_DROP], "malformed");
	assert_string_equal(outcome_names[OUTCOMES - 1], "no_destination");
	assert_string_equal(tx_drop_names[TX_QUEUE_FULL], "queue_full");
}

// Two bursts on each of two blocks: every field is added to the right sum.
static void sums(void **state)
{
	static struct counter_block block[2];
	const struct tally once = {.packets = 100,
				   .bytes = 6000,
				   .unknown = 2,
				   .not_learned = 3,
				   .mac_moves = 4},
			   none = {0};
	struct counters sum = {.rx_packets = 1000};

	(void)state;
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < 2; k++) {
			struct tally t = once;
			for (unsigned o = 0; o < OUTCOMES; o++)
				for (unsigned frames = 0; frames <= o; frames++)
					tally_outcome(&t, o);
			counters_add_burst(&block[i], &t);
			assert_memory_equal(&t, &none, sizeof t); // ready for the next burst
		}
		counter_add(&block[i].truncated, 5);
		counter_add(&block[i].tx_packets, 6);
		counter_add(&block[i].tx_bytes, 7);
		for (unsigned k = 0; k < TX_DROPS; k++)
			counter_add(&block[i].tx_drop[k], k + 8);
		counters_read(&block[i], &sum);
	}
	assert_int_equal(sum.rx_packets, 1000 + 4 * 100); // added to the previous value
	assert_int_equal(sum.rx_bytes, 4 * 6000);
	assert_int_equal(sum.unknown, 4 * 2);
	assert_int_equal(sum.not_learned, 4 * 3);
	assert_int_equal(sum.mac_moves, 4 * 4);
	for (unsigned i = 0; i < OUTCOMES; i++)
		assert_int_equal(sum.outcome[i], 4 * (i + 1));
	assert_int_equal(sum.truncated, 2 * 5);
	assert_int_equal(sum.tx_packets, 2 * 6);
	assert_int_equal(sum.tx_bytes, 2 * 7);
	for (unsigned k = 0; k < TX_DROPS; k++)
		assert_int_equal(sum.tx_drop[k], 2 * (k + 8));
}

enum { READS = 200000, READS_AT_A_TIME = 1000 };

static struct counter_block busy;
static _Atomic bool stop;

static void *add_bursts(void *unused)
{
	uint64_t seed = 3;

	while (!stop) {
		struct tally t = {.packets = 1 + rnd_below(&seed, 256)};
		t.bytes = t.packets * 60;
		for (uint32_t i = 0; i < t.packets; i++)
			tally_outcome(&t, rnd_below(&seed, OUTCOMES));
		counters_add_burst(&busy, &t);
	}
	return unused;
}

// A reader sees only states between two bursts.
static void a_reader_never_sees_half_a_burst(void **state)
{
	pthread_t writer;
	unsigned torn = 0;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, add_bursts, NULL), 0);
	while (!busy.version)
		sched_yield();
	for (int i = 0; i < READS; i++) {
		struct counters c = {0};
		uint64_t ended = 0;
		if (i % READS_AT_A_TIME == 0)
			sched_yield(); // the machine may have one core
		counters_read(&busy, &c);
		for (int o = 0; o < OUTCOMES; o++)
			ended += c.outcome[o];
		torn += c.rx_packets != ended || c.rx_bytes != 60 * ended;
	}
	stop = true;
	pthread_join(writer, NULL);
	assert_int_equal(torn, 0);
}

RUN_TESTS(TEST(every_outcome_has_a_name), TEST(sums), TEST(a_reader_never_sees_half_a_burst))
