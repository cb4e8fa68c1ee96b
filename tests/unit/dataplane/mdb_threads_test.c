// SPDX-License-Identifier: BSD-3-Clause
// Threads look up groups without a lock while others join, leave and sweep, so that entries are
// removed and used again. A member that stays is found by each lookup, and a lookup never finds
// the member of another group.

#include <pthread.h>

#include "dataplane/mdb.h"
#include "tests/unit/kit.h"

enum {
	WRITERS = 2,
	READERS = 2,
	STEPS = 400000,
	PORTS = 32,     // those of the writers
	GROUPS = 32000, // so many that chains have several
	STEADY = 1000,  // more groups, each with a member that stays
	STEADY_PORT = 60,
	LIMIT = 1024,
	VLAN = 10,
	STEPS_PER_TICK = 1000,
};

static struct mdb *mdb;
static _Atomic bool done;
static _Atomic unsigned wrong;

static struct snoop_address group_of(uint32_t n)
{
	return snoop_ipv4(0xef000000 + n);
}

// The only port that can be a member of a group.
static uint8_t port_of(uint32_t group)
{
	return group < GROUPS ? (uint8_t)(group % PORTS) : STEADY_PORT;
}

static struct mdb_membership member(uint32_t group)
{
	return (struct mdb_membership){
		.group = group_of(group), .vid = VLAN, .port = port_of(group), .version = 3};
}

static void ignore_ended(void *arg, const struct mdb_membership *who, enum mdb_news what)
{
	(void)arg, (void)who, (void)what;
}

// A writer has the groups whose numbers leave the same rest.
static void *write_groups(void *arg)
{
	uint32_t rest = (uint32_t)(uintptr_t)arg;
	uint64_t seed = rest + 1;

	for (uint32_t i = 0; i < STEPS; i++) {
		struct mdb_membership who = member(rnd_below(&seed, GROUPS / WRITERS) * WRITERS +
						   rest);
		if (i % STEPS_PER_TICK == 0)
			mdb_sweep(mdb, i / STEPS_PER_TICK, ignore_ended, NULL);
		else if (i & 1)
			mdb_join(mdb, &who, LIMIT, i / STEPS_PER_TICK);
		else
			mdb_leave(mdb, &who, true, i / STEPS_PER_TICK);
	}
	return NULL;
}

static void *read_groups(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 100;

	while (!done) {
		uint32_t group = rnd_below(&seed, STEADY) + (rnd(&seed) & 7 ? GROUPS : 0);
		portset found = mdb_members(mdb, VLAN, group_of(group));
		wrong += (found & ~portset_of(port_of(group))) != 0;
		wrong += group >= GROUPS && !found;
	}
	return NULL;
}

static void lookups_meet_changes(void **state)
{
	pthread_t writer[WRITERS], reader[READERS];

	(void)state;
	assert_int_equal(mdb_create(&mdb, 3), 0);
	for (uint32_t g = GROUPS; g < GROUPS + STEADY; g++) {
		struct mdb_membership who = member(g);
		// Its time is that of the last step.
		assert_int_equal(mdb_join(mdb, &who, LIMIT, STEPS / STEPS_PER_TICK), MDB_JOINED);
	}
	for (uintptr_t i = 0; i < READERS; i++)
		pthread_create(&reader[i], NULL, read_groups, (void *)i);
	for (uintptr_t i = 0; i < WRITERS; i++)
		pthread_create(&writer[i], NULL, write_groups, (void *)i);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writer[i], NULL);
	done = true;
	for (int i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(mdb_count(mdb, STEADY_PORT), STEADY);
	mdb_destroy(mdb);
}

RUN_TESTS(TEST(lookups_meet_changes))
