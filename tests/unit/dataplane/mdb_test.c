// SPDX-License-Identifier: BSD-3-Clause

#include "dataplane/mdb.h"

#include <string.h>

#include "tests/unit/kit.h"

enum {
	LIMIT = 4,
	TICK = 1000,
	PORTS = 4,
	GROUPS = 6,
	STEPS = 20000,
};

static struct mdb *mdb;
static unsigned ended_members, ended_queriers, asked;

static int set_up(void **state)
{
	(void)state;
	ended_members = ended_queriers = asked = 0;
	return mdb_create(&mdb, 7);
}

static int tear_down(void **state)
{
	(void)state;
	mdb_destroy(mdb);
	return 0;
}

static void count_ended(void *arg, const struct mdb_membership *who, enum mdb_news what)
{
	(void)arg, (void)who;
	ended_members += what == MDB_LEFT;
	ended_queriers += what == MDB_QUERIER_GONE;
	asked += what == MDB_ASK;
}

static void forget(unsigned port)
{
	portset gone = portset_of(port);

	mdb_forget(mdb, mdb_in_each_vlan, &gone, count_ended, NULL);
}

static struct mdb_membership member(unsigned port, uint32_t group)
{
	return (struct mdb_membership){.vid = 10,
				       .port = (uint8_t)port,
				       .group = snoop_ipv4(0xef000000 + group),
				       .version = 3};
}

static enum mdb_join join(unsigned port, uint32_t group, uint32_t tick)
{
	struct mdb_membership who = member(port, group);

	return mdb_join(mdb, &who, LIMIT, tick);
}

static portset members(uint32_t group)
{
	return mdb_members(mdb, 10, snoop_ipv4(0xef000000 + group));
}

static void query(uint32_t source, unsigned port, portset reached, uint32_t tick, bool changes)
{
	struct mdb_query q = {.source = snoop_ipv4(source),
			      .vid = 10,
			      .port = (uint8_t)port,
			      .version = 3,
			      .response_ms = 10000,
			      .reached = reached};

	assert_int_equal(mdb_hear_query(mdb, &q, tick), changes);
}

static void members_come_and_go(void **state)
{
	(void)state;
	assert_int_equal(join(1, 1, TICK), MDB_JOINED);
	assert_int_equal(join(2, 1, TICK), MDB_JOINED);
	assert_int_equal(join(1, 1, TICK + 10), MDB_KNOWN);
	assert_int_equal(members(1), portset_of(1) | portset_of(2));
	assert_int_equal(mdb_members(mdb, 11, snoop_ipv4(0xef000001)), 0); // another VLAN
	assert_int_equal(mdb_due(mdb), TICK + 521);
	mdb_sweep(mdb, TICK + 520, count_ended, NULL);
	assert_int_equal(members(1), portset_of(1) | portset_of(2));
	assert_int_equal(mdb_sweep(mdb, TICK + 521, count_ended, NULL), TICK + 531);
	assert_int_equal(members(1), portset_of(1));
	assert_int_equal(mdb_sweep(mdb, TICK + 531, count_ended, NULL), MDB_NEVER);
	assert_int_equal(members(1), 0);
	assert_int_equal(ended_members, 2);
	assert_int_equal(mdb_count(mdb, 1) + mdb_count(mdb, 2), 0);
}

static void leaves(void **state)
{
	struct mdb_membership who = member(1, 1);

	(void)state;
	join(1, 1, TICK);
	assert_false(mdb_leave(mdb, &who, false, TICK + 10));
	mdb_sweep(mdb, TICK + 14, count_ended, NULL);
	assert_int_equal(members(1), portset_of(1));
	mdb_sweep(mdb, TICK + 15, count_ended, NULL); // 2 s, and at most half a second more
	assert_int_equal(members(1), 0);
	join(1, 1, TICK + 20);
	mdb_leave(mdb, &who, false, TICK + 21);
	join(1, 1, TICK + 22); // another guest of the port is a member
	mdb_sweep(mdb, TICK + 40, count_ended, NULL);
	assert_int_equal(members(1), portset_of(1));
	assert_true(mdb_leave(mdb, &who, true, TICK + 41));
	assert_int_equal(members(1), 0);
	assert_false(mdb_leave(mdb, &who, true, TICK + 41));
}

static void hosts_of_igmpv1_are_not_left(void **state)
{
	struct mdb_membership old = member(1, 1), leaver = member(1, 1);

	(void)state;
	old.version = 1;
	mdb_join(mdb, &old, LIMIT, TICK);
	join(1, 1, TICK + 20); // another guest of the port, of a later version
	mdb_leave(mdb, &leaver, false, TICK + 30);
	mdb_sweep(mdb, TICK + 40, count_ended, NULL);
	assert_int_equal(members(1), portset_of(1));
	mdb_leave(mdb, &leaver, false, TICK + 521); // the old host was not heard for 260 s
	mdb_sweep(mdb, TICK + 526, count_ended, NULL);
	assert_int_equal(members(1), 0);
	join(1, 1, TICK + 527); // the same entry, without an old host
	mdb_leave(mdb, &leaver, false, TICK + 528);
	mdb_sweep(mdb, TICK + 540, count_ended, NULL);
	assert_int_equal(members(1), 0);
	old.group = (struct snoop_address){UINT64_C(0xff05) << 48, 1}; // MLDv1 has no such hosts
	mdb_join(mdb, &old, LIMIT, TICK);
	mdb_leave(mdb, &old, false, TICK + 1);
	mdb_sweep(mdb, TICK + 10, count_ended, NULL);
	assert_int_equal(mdb_members(mdb, 10, old.group), 0);
	old.group = leaver.group;
	mdb_join(mdb, &old, LIMIT, TICK);
	assert_true(mdb_leave(mdb, &leaver, true, TICK)); // fast: the port has one guest
}

static portset two_in_vlan_10(const void *of, uint16_t vid)
{
	(void)of;
	return vid == 10 ? portset_of(1) | portset_of(2) : 0;
}

static void several_ports_are_forgotten_at_once(void **state)
{
	struct mdb_membership other = member(1, 1);

	(void)state;
	other.vid = 20;
	for (unsigned port = 1; port <= 3; port++)
		join(port, 1, TICK);
	mdb_join(mdb, &other, LIMIT, TICK);
	mdb_forget(mdb, two_in_vlan_10, NULL, count_ended, NULL);
	assert_int_equal(ended_members, 2);
	assert_int_equal(members(1), portset_of(3));
	assert_int_equal(mdb_members(mdb, 20, other.group), portset_of(1));
}

static void limits(void **state)
{
	const struct mdb_vlan *v = mdb_vlan(mdb, 10);

	(void)state;
	join(2, 100, TICK);
	for (uint32_t g = 0; g < LIMIT; g++)
		assert_int_equal(join(1, g, TICK), MDB_JOINED);
	assert_int_equal(join(1, LIMIT, TICK), MDB_OVER);
	for (uint32_t g = LIMIT; g < 10000; g++)
		assert_int_equal(join(1, g, TICK), MDB_STILL_OVER);
	assert_int_equal(join(1, 0, TICK + 1), MDB_KNOWN);
	assert_int_equal(mdb_load(&v->over), portset_of(1));
	assert_int_equal(mdb_count(mdb, 1), LIMIT);
	assert_int_equal(members(100), portset_of(2));
	mdb_sweep(mdb, TICK + 521, count_ended, NULL);
	assert_int_equal(mdb_load(&v->over), 0);
}

static void ports_close_after_answers(void **state)
{
	const struct mdb_vlan *v = mdb_vlan(mdb, 10);

	(void)state;
	query(0x0a000005, 0, 0xf, TICK, true);
	assert_int_equal(mdb_load(&v->closed[SNOOP_IPV4]), 0);
	assert_int_equal(mdb_load(&v->asked[SNOOP_IPV4]), 0xf);
	mdb_sweep(mdb, TICK + 22, count_ended, NULL);
	assert_int_equal(mdb_load(&v->closed[SNOOP_IPV4]), 0);
	mdb_sweep(mdb, TICK + 23, count_ended, NULL); // 10 s + 1 s, and at most half a second more
	assert_int_equal(mdb_load(&v->closed[SNOOP_IPV4]), 0xf);
	assert_int_equal(mdb_load(&v->closed[SNOOP_IPV6]), 0);
	forget(2);
	assert_int_equal(mdb_load(&v->closed[SNOOP_IPV4]), 0xb);
	query(0x0a000005, 0, 0xf, TICK + 100, false);
	mdb_sweep(mdb, TICK + 123, count_ended, NULL);
	assert_int_equal(mdb_load(&v->closed[SNOOP_IPV4]), 0xf);
	mdb_sweep(mdb, TICK + 100 + 511, count_ended, NULL);
	assert_int_equal(mdb_load(&v->closed[SNOOP_IPV4]), 0);
	assert_int_equal(ended_queriers, 1);
}

static void each_port_has_time_of_its_own(void **state)
{
	const struct mdb_vlan *v = mdb_vlan(mdb, 10);

	(void)state;
	query(0x0a000005, 0, 1, TICK, true);
	query(0x0a000005, 0, 3, TICK + 10, false); // port 0 keeps its time
	mdb_sweep(mdb, TICK + 23, count_ended, NULL);
	assert_int_equal(mdb_load(&v->closed[SNOOP_IPV4]), 1);
	mdb_sweep(mdb, TICK + 32, count_ended, NULL);
	assert_int_equal(mdb_load(&v->closed[SNOOP_IPV4]), 1);
	mdb_sweep(mdb, TICK + 33, count_ended, NULL);
	assert_int_equal(mdb_load(&v->closed[SNOOP_IPV4]), 3);
}

static void the_switch_takes_part_in_the_election(void **state)
{
	(void)state;
	query(0x0a000005, MDB_SELF, 1, TICK, true);
	query(0x0a000005, 3, 1, TICK + 1, false);       // an echo
	query(0x0a000007, MDB_SELF, 1, TICK + 2, true); // its address has changed
	query(0x0a000006, 3, 1, TICK + 3, true);
	query(0x0a000007, MDB_SELF, 1, TICK + 4, false);
	assert_false(mdb_resign(mdb, 10, SNOOP_IPV4));
	forget(3);
	assert_int_equal(mdb_due(mdb), 0); // its place is free at once
	query(0x0a000007, MDB_SELF, 1, TICK + 5, true);
	forget(0);
	assert_true(mdb_resign(mdb, 10, SNOOP_IPV4));
	assert_int_equal(mdb_get_querier(mdb, 10, SNOOP_IPV4).until, 0);
}

static void the_querier_asks_before_a_leave_counts(void **state)
{
	struct mdb_membership who = member(1, 5);

	(void)state;
	query(0x0a000005, MDB_SELF, 1, TICK, true);
	join(1, 5, TICK + 10);
	join(2, 5, TICK + 10);
	assert_false(mdb_leave(mdb, &who, false, TICK + 20));
	assert_int_equal(mdb_due(mdb), TICK + 21);
	mdb_sweep(mdb, TICK + 20, count_ended, NULL);
	assert_int_equal(asked, 0);
	mdb_sweep(mdb, TICK + 21, count_ended, NULL);
	mdb_sweep(mdb, TICK + 22, count_ended, NULL);
	assert_int_equal(asked, 1);
	mdb_sweep(mdb, TICK + 23, count_ended, NULL);
	assert_int_equal(asked, 2);
	mdb_sweep(mdb, TICK + 24, count_ended, NULL);
	assert_int_equal(members(5), portset_of(1) | portset_of(2));
	mdb_sweep(mdb, TICK + 25, count_ended, NULL);
	assert_int_equal(members(5), portset_of(2));
	assert_int_equal(asked, 2);
}

static void an_answer_saves_the_second_question(void **state)
{
	struct mdb_membership who = member(1, 5);

	(void)state;
	query(0x0a000005, MDB_SELF, 1, TICK, true);
	join(1, 5, TICK + 10);
	mdb_leave(mdb, &who, false, TICK + 20);
	mdb_sweep(mdb, TICK + 21, count_ended, NULL);
	join(1, 5, TICK + 22);
	mdb_sweep(mdb, TICK + 30, count_ended, NULL);
	assert_int_equal(asked, 1);
	assert_int_equal(members(5), portset_of(1));
	query(0x0a000004, 2, 1, TICK + 40, true); // another one asks now
	mdb_leave(mdb, &who, false, TICK + 41);
	mdb_sweep(mdb, TICK + 46, count_ended, NULL);
	assert_int_equal(asked, 1);
	assert_int_equal(members(5), 0);
}

static void a_late_question_leaves_time_for_answers(void **state)
{
	struct mdb_membership who = member(1, 5);

	(void)state;
	query(0x0a000005, MDB_SELF, 1, TICK, true);
	join(1, 5, TICK + 10);
	mdb_leave(mdb, &who, false, TICK + 20);
	mdb_sweep(mdb, TICK + 28, count_ended, NULL); // control was stopped for a while
	assert_int_equal(asked, 1);
	mdb_sweep(mdb, TICK + 31, count_ended, NULL);
	assert_int_equal(members(5), portset_of(1));
	assert_int_equal(asked, 2);
	mdb_sweep(mdb, TICK + 32, count_ended, NULL);
	assert_int_equal(members(5), 0);
}

static void questions_on_a_port_are_spread(void **state)
{
	enum { LEFT = 200, MOST = 64 };

	(void)state;
	query(0x0a000005, MDB_SELF, 1, TICK, true);
	for (unsigned i = 0; i < LEFT; i++) {
		struct mdb_membership who = member(1, i);
		assert_int_equal(mdb_join(mdb, &who, LEFT, TICK + 10), MDB_JOINED);
		mdb_leave(mdb, &who, false, TICK + 20);
	}
	for (uint32_t tick = 21; tick < 40; tick++) {
		unsigned before = asked;
		mdb_sweep(mdb, TICK + tick, count_ended, NULL);
		assert_true(asked - before <= MOST);
	}
	assert_int_equal(asked, 2 * LEFT);
	assert_int_equal(ended_members, LEFT);
}

static void lowest_address_is_elected(void **state)
{
	(void)state;
	query(0x0a000005, 0, 1, TICK, true);
	query(0x0a000009, 1, 1, TICK + 1, false);
	query(0x0a000003, 2, 1, TICK + 2, true);
	query(0, 5, 1, TICK + 3, false);
	query(0x0a000005, 0, 1, TICK + 400, false);
	mdb_sweep(mdb, TICK + 2 + 511, count_ended, NULL); // the lowest one is silent
	assert_int_equal(ended_queriers, 1);
	query(0x0a000005, 0, 1, TICK + 600, true);
	forget(0); // its port goes down
	assert_int_equal(ended_queriers, 2);
	query(0, 5, 1, TICK + 601, true);
	query(0x0a0000ff, 3, 1, TICK + 602, true); // any address is elected against 0.0.0.0
}

// Random operations beside a naive table.
static void random_operations(void **state)
{
	static uint32_t until[GROUPS][PORTS];
	uint64_t seed = 11;

	(void)state;
	memset(until, 0, sizeof until);
	for (uint32_t i = 0; i < STEPS; i++) {
		uint32_t tick = TICK + i / 4, g = rnd_below(&seed, GROUPS),
			 port = rnd_below(&seed, PORTS);
		struct mdb_membership who = member(port, g);
		unsigned have = 0;
		mdb_sweep(mdb, tick, count_ended, NULL);
		for (int k = 0; k < GROUPS; k++)
			for (int p = 0; p < PORTS; p++) {
				until[k][p] = until[k][p] > tick ? until[k][p] : 0;
				have += (unsigned)p == port && until[k][p];
			}
		switch (rnd_below(&seed, 40)) {
		case 0:
			forget(port);
			for (int k = 0; k < GROUPS; k++)
				until[k][port] = 0;
			break;
		case 1 ... 8:
			if (mdb_leave(mdb, &who, false, tick))
				fail();
			if (until[g][port] > tick + 5)
				until[g][port] = tick + 5;
			break;
		case 9 ... 12:
			assert_int_equal(mdb_leave(mdb, &who, true, tick), until[g][port] != 0);
			until[g][port] = 0;
			break;
		default:
			mdb_join(mdb, &who, LIMIT, tick);
			if (until[g][port] || have < LIMIT)
				until[g][port] = tick + 521;
		}
		for (uint32_t k = 0; k < GROUPS; k++) {
			portset want = 0;
			for (unsigned p = 0; p < PORTS; p++)
				want |= until[k][p] ? portset_of(p) : 0;
			CHECK(members(k) == want, "step %u, group %u: %lx, not %lx", i, k,
			      (unsigned long)members(k), (unsigned long)want);
		}
	}
}

#define TABLE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

RUN_TESTS(TABLE_TEST(members_come_and_go), TABLE_TEST(leaves), TABLE_TEST(limits),
	  TABLE_TEST(hosts_of_igmpv1_are_not_left), TABLE_TEST(several_ports_are_forgotten_at_once),
	  TABLE_TEST(ports_close_after_answers), TABLE_TEST(each_port_has_time_of_its_own),
	  TABLE_TEST(the_switch_takes_part_in_the_election),
	  TABLE_TEST(the_querier_asks_before_a_leave_counts),
	  TABLE_TEST(an_answer_saves_the_second_question),
	  TABLE_TEST(a_late_question_leaves_time_for_answers),
	  TABLE_TEST(questions_on_a_port_are_spread), TABLE_TEST(lowest_address_is_elected),
	  TABLE_TEST(random_operations))
