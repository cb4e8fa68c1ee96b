// SPDX-License-Identifier: BSD-3-Clause
// One small, nearly full table, and threads that concurrently learn, move, look up, age, flush,
// sweep, put and delete. The lookups check the invariants. When all threads have ended, the test
// checks the final state.

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"
#include "tests/unit/kit.h"

enum {
	KEYS = 640, // more than there are slots
	VLANS = 4,
	PORTS = 6,
	STICKY_PORT = 5,
	RESIDENT_PORT = 7,
	FIXED_PORT = 8,
#ifdef __SANITIZE_THREAD__
	ROUNDS = 60000, // per thread
#else
	ROUNDS = 600000,
#endif
};

static const uint32_t limits[PORTS] = {0, 1, 60, 90, 150, 120};

static const uint32_t capacities[] = {256, 64, 16}; // the tables have twice as many slots

static struct fdb *f;
static uint32_t frames;    // per learner; fewer where most of them displace entries
static uint32_t residents; // keys that are static during the whole test
static _Atomic uint32_t clock_tick = 1;
static _Atomic unsigned running;
static _Atomic uint32_t results[FDB_HELD + 1];
static _Atomic(const char *) failure; // the first error; cmocka's asserts work in one thread only

static void expect(bool good, const char *what)
{
	const char *none = NULL;

	if (!good)
		atomic_compare_exchange_strong(&failure, &none, what);
}

static uint64_t key_of(uint32_t i)
{
	return key_make((uint16_t)(1 + i % VLANS), UINT64_C(0x020000000000) + i / VLANS);
}

static uint32_t index_of(uint64_t key)
{
	return (uint32_t)(key_mac(key) - UINT64_C(0x020000000000)) * VLANS + key_vid(key) - 1;
}

static uint64_t resident(uint32_t i)
{
	return key_make(4000, UINT64_C(0x060000000000) + i);
}

static bool is_plausible(unsigned port, enum fdb_type type)
{
	switch (type) {
	case FDB_DYNAMIC:
		return port < STICKY_PORT;
	case FDB_STICKY:
		return port == STICKY_PORT;
	default:
		return port == FIXED_PORT;
	}
}

static struct fdb_learner learner_on(unsigned port)
{
	return (struct fdb_learner){
		.port = (uint8_t)port,
		.learns = true,
		.sticky = port == STICKY_PORT,
		.move_limit = 3,
		.move_hold_s = 1,
		.limit = limits[port],
	};
}

static void *learn(void *seed)
{
	for (uint32_t i = 0; i < frames; i++) {
		struct fdb_learner who = learner_on(rnd_below(seed, PORTS));
		uint32_t tick = clock_tick;
		portset homes = rnd_below(seed, 1 << PORTS);
		struct fdb_seen_result r = fdb_seen(f, key_of(rnd_below(seed, KEYS)), &who, homes,
						    tick, tick * UINT64_C(500000000));
		results[r.what]++;
		expect(who.limit || (r.what != FDB_LEARNED && r.what != FDB_HAS_MOVED),
		       "learned on a port whose limit is 0");
		expect(r.what != FDB_CONFLICT || r.from >= STICKY_PORT,
		       "a conflict with a dynamic entry");
		expect(r.what != FDB_HAS_MOVED || r.from < STICKY_PORT, "a fixed entry moved");
	}
	running--;
	return NULL;
}

static void look_at(uint64_t key)
{
	struct fdb_now now = fdb_now(f, clock_tick);
	uint64_t value = fdb_find(f, fdb_first_slot(&f->map, key), key, &now);
	struct fdb_entry e;

	expect(!value || is_plausible(fdb_value_port(value), fdb_value_type(value)),
	       "a value that was never written");
	if (!fdb_lookup(f, key, now.tick, &e))
		return;
	expect(e.key == key, "the entry of another key");
	expect(is_plausible(e.port, (enum fdb_type)e.type), "an entry that was never made");
	expect(e.type != FDB_DYNAMIC || e.seen <= clock_tick, "seen in the future");
}

static void look_for_resident(uint64_t key)
{
	struct fdb_now now = fdb_now(f, clock_tick);
	uint64_t value = fdb_find(f, fdb_first_slot(&f->map, key), key, &now);

	expect(value && fdb_value_port(value) == RESIDENT_PORT &&
		       fdb_value_type(value) == FDB_STATIC,
	       "a static entry was not found");
}

static void *look(void *seed)
{
	while (running) {
		look_at(key_of(rnd_below(seed, KEYS)));
		look_for_resident(resident(rnd_below(seed, residents)));
		for (unsigned port = 0; port < PORTS; port++)
			expect(fdb_count(f, port) <= limits[port],
			       "a port has more entries than its limit");
	}
	return NULL;
}

static void note_aged(void *arg, uint64_t key, unsigned port)
{
	(void)arg;
	expect(index_of(key) < KEYS && port < STICKY_PORT, "an entry aged that cannot");
}

static bool take_some(void *seed, const struct fdb_entry *e)
{
	return e->port != RESIDENT_PORT && rnd_below(seed, 8) == 0;
}

static void control_once(uint64_t *seed)
{
	uint32_t lines = fdb_lines(f), from = rnd_below(seed, lines),
		 count = rnd_below(seed, lines - from + 1);
	uint64_t key = key_of(rnd_below(seed, KEYS));

	switch (rnd_below(seed, 32)) {
	case 0:
		fdb_flush_port(f, rnd_below(seed, PORTS));
		break;
	case 1:
		fdb_flush_vlan(f, (uint16_t)(1 + rnd_below(seed, VLANS)));
		break;
	case 2:
		clock_tick++;
		break;
	case 3:
		fdb_walk(f, from, count, clock_tick, take_some, seed);
		break;
	case 4:
	case 5:
		fdb_sweep(f, from, count, clock_tick, note_aged, NULL);
		break;
	case 6:
	case 7:
		fdb_put(f, key, FIXED_PORT, FDB_STATIC);
		break;
	default:
		fdb_del(f, key, rnd_below(seed, 2) ? FDB_STATIC : FDB_STICKY);
	}
}

static void *control(void *seed)
{
	while (running)
		control_once(seed);
	return NULL;
}

struct tally {
	uint32_t port[PORTS_MAX];
	uint32_t entries;
	bool seen[KEYS];
};

static bool tally_visit(void *arg, const struct fdb_entry *e)
{
	struct tally *t = arg;
	struct fdb_entry found;

	t->entries++;
	CHECK(fdb_lookup(f, e->key, clock_tick, &found) && found.port == e->port,
	      "lookup does not find %jx", (uintmax_t)e->key);
	if (e->port == RESIDENT_PORT)
		return false;
	CHECK(!t->seen[index_of(e->key)], "%jx is there twice", (uintmax_t)e->key);
	t->seen[index_of(e->key)] = true;
	t->port[e->port] += e->type == FDB_DYNAMIC || e->type == FDB_STICKY;
	return false;
}

static uint32_t slots_in_use(void)
{
	uint32_t n = 0;

	for (uint32_t l = 0; l < fdb_lines(f); l++)
		for (int i = 0; i < FDB_WAYS; i++) {
			n += f->map.line[l].slot[i].key != 0;
			assert_true(!f->map.line[l].slot[i].key == !f->map.line[l].slot[i].value);
		}
	return n;
}

// After a sweep the table has only live entries, and a credit for each learned entry.
static void check_quiet_table(void)
{
	struct tally t = {0};

	fdb_sweep(f, 0, fdb_lines(f), clock_tick, note_aged, NULL);
	fdb_walk(f, 0, fdb_lines(f), clock_tick, tally_visit, &t);
	assert_int_equal(slots_in_use(), t.entries);
	assert_int_equal(f->displaced % 2, 0);
	for (unsigned port = 0; port < PORTS; port++) {
		assert_int_equal(fdb_count(f, port), t.port[port]);
		assert_in_range(t.port[port], 0, limits[port]);
	}
	for (uint32_t i = 0; i < residents; i++)
		look_for_resident(resident(i));
}

static bool take_learned(void *arg, const struct fdb_entry *e)
{
	(void)arg;
	return e->type == FDB_DYNAMIC || e->type == FDB_STICKY;
}

static void check_all_credits_come_back(void)
{
	fdb_walk(f, 0, fdb_lines(f), clock_tick, take_learned, NULL);
	for (unsigned port = 0; port < PORTS; port++)
		assert_int_equal(fdb_count(f, port), 0);
}

static void run_threads(uint64_t round)
{
	static void *(*const work[])(void *) = {learn, learn, learn, look, control, control};
	pthread_t thread[COUNT(work)];
	uint64_t seed[COUNT(work)];

	running = 3; // learners
	for (size_t i = 0; i < COUNT(work); i++) {
		seed[i] = 1000 * round + i + 1;
		assert_int_equal(pthread_create(&thread[i], NULL, work[i], &seed[i]), 0);
	}
	for (size_t i = 0; i < COUNT(work); i++)
		pthread_join(thread[i], NULL);
}

// Checks that the test has seen all common results.
static void check_variety(void)
{
	static const enum fdb_seen common[] = {FDB_KNOWN,    FDB_LEARNED,  FDB_HAS_MOVED,
					       FDB_AT_LIMIT, FDB_CONFLICT, FDB_FLAP,
					       FDB_HELD};

	for (size_t i = 0; i < COUNT(common); i++)
		CHECK(results[common[i]], "result %d was never seen", common[i]);
	assert_true(f->displaced);
}

static void all_at_once(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < COUNT(capacities); round++) {
		residents = capacities[round] / 8;
		frames = ROUNDS / capacities[0] * capacities[round];
		assert_int_equal(fdb_create(&f, capacities[round], 0, round), 0);
		for (unsigned port = 0; port < PORTS; port++)
			fdb_set_aging(f, port, 1 + port);
		for (uint32_t i = 0; i < residents; i++)
			assert_int_equal(fdb_put(f, resident(i), RESIDENT_PORT, FDB_STATIC), 0);
		run_threads(round);
		check_variety();
		check_quiet_table();
		check_all_credits_come_back();
		if (failure)
			fail_msg("%s", failure);
		fdb_destroy(f);
	}
}

// Learners of one port race for the last credits. They get exactly as many entries as the limit.
static void *flood(void *seed)
{
	struct fdb_learner who = {.port = 2, .learns = true, .limit = 5000};

	for (int i = 0; i < ROUNDS; i++) {
		fdb_seen(f, key_make(1, UINT64_C(0x020000000000) + rnd_below(seed, 20000)), &who, 0,
			 1, 0);
		expect(fdb_count(f, 2) <= 5000, "a port has more entries than its limit");
	}
	return NULL;
}

static void limits_are_exact(void **state)
{
	pthread_t thread[4];
	uint64_t seed[COUNT(thread)];

	(void)state;
	assert_int_equal(fdb_create(&f, 5000, 0, 1), 0);
	for (size_t i = 0; i < COUNT(thread); i++) {
		seed[i] = i + 1;
		assert_int_equal(pthread_create(&thread[i], NULL, flood, &seed[i]), 0);
	}
	for (size_t i = 0; i < COUNT(thread); i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(fdb_count(f, 2), 5000);
	assert_int_equal(slots_in_use(), 5000);
	if (failure)
		fail_msg("%s", failure);
	fdb_destroy(f);
}

RUN_TESTS(TEST(all_at_once), TEST(limits_are_exact))
