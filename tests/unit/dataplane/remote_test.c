// SPDX-License-Identifier: BSD-3-Clause
// The addresses at other machines beside a naive list, and lookups while they change.
#include "dataplane/remote.h"

#include <errno.h>
#include <pthread.h>

#include "dataplane/key.h"
#include "tests/unit/kit.h"

enum { STEPS = 50000, IPS = 200, VLANS = 2, MACS = 50, READS = 200000 };

static struct remotes *table;
static uint64_t seed = 1;

static unsigned pick(unsigned n)
{
	return (unsigned)(rnd(&seed) >> 20) % n;
}

static int setup(void **state)
{
	(void)state;
	return remote_create(&table, 7);
}

static int teardown(void **state)
{
	(void)state;
	remote_destroy(table);
	return 0;
}

static struct ip_address ip_of(unsigned n)
{
	return (struct ip_address){n % 2 ? UINT64_C(0xfd00) << 48 : 0, n};
}

static void equals_a_naive_list(void **state)
{
	static uint64_t naive[VLANS][IPS];
	unsigned count = 0;

	(void)state;
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned vlan = pick(VLANS), ip = pick(IPS);
		uint64_t *is = &naive[vlan][ip],
			 key = key_make((uint16_t)(1 + vlan), 1 + pick(MACS));
		if (pick(3)) {
			assert_int_equal(remote_put(table, key, ip_of(ip)), 0);
			count += !*is;
			*is = key;
		} else {
			assert_int_equal(remote_del(table, (uint16_t)(1 + vlan), ip_of(ip)),
					 *is ? 0 : -ENOENT);
			count -= !!*is;
			*is = 0;
		}
		vlan = pick(VLANS);
		ip = pick(IPS);
		assert_int_equal(remote_find(table, (uint16_t)(1 + vlan), ip_of(ip)),
				 naive[vlan][ip]);
		assert_int_equal(table->count, count);
	}
}

static void takes_no_more_than_there_is_room_for(void **state)
{
	(void)state;
	for (unsigned n = 0; n < REMOTE_MAX; n++)
		assert_int_equal(remote_put(table, key_make(1, 1 + n), ip_of(n)), 0);
	assert_int_equal(remote_put(table, key_make(1, 1), ip_of(REMOTE_MAX)), -ENOSPC);
	assert_int_equal(remote_put(table, key_make(1, 7), ip_of(3)), 0); // it is there
	assert_int_equal(remote_del(table, 1, ip_of(3)), 0);
	assert_int_equal(remote_put(table, key_make(1, 1), ip_of(REMOTE_MAX)), 0);
	assert_int_equal(remote_find(table, 1, ip_of(REMOTE_MAX)), key_make(1, 1));
	assert_int_equal(remote_find(table, 1, ip_of(3)), 0);
}

// One address stays all the time. Others of its chains come and go.
static void *look(void *missed)
{
	for (unsigned i = 0; i < READS; i++)
		*(unsigned *)missed += remote_find(table, 1, ip_of(0)) != key_make(1, 9);
	return NULL;
}

static void a_lookup_finds_what_stays(void **state)
{
	unsigned missed = 0;
	pthread_t thread;

	(void)state;
	for (unsigned n = 0; n < REMOTE_MAX / 2; n++)
		remote_put(table, key_make(1, n ? 1 : 9), ip_of(n));
	assert_int_equal(pthread_create(&thread, NULL, look, &missed), 0);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned n = 1 + pick(REMOTE_MAX - 1);
		if (pick(2))
			remote_put(table, key_make(1, 1), ip_of(n));
		else
			remote_del(table, 1, ip_of(n));
	}
	pthread_join(thread, NULL);
	assert_int_equal(missed, 0);
}

#define REMOTE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

RUN_TESTS(REMOTE_TEST(equals_a_naive_list), REMOTE_TEST(takes_no_more_than_there_is_room_for),
	  REMOTE_TEST(a_lookup_finds_what_stays))
