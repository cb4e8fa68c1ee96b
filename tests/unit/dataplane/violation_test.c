// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/violation.h"
#include "tests/unit/kit.h"

#define SECOND UINT64_C(1000000000)

static void check(const struct event *e, enum outcome reason, uint64_t key, uint64_t ns,
		  uint32_t count)
{
	assert_int_equal(e->type, EVENT_VIOLATION);
	assert_int_equal(e->port, 3);
	assert_int_equal(e->reason, reason);
	assert_int_equal(e->key, key);
	assert_int_equal(e->ns, ns);
	assert_int_equal(e->count, count);
}

// One message per reason and second, reported at the end of the second, with time and MAC of the
// first violation.
static void summed_by_second_and_reason(void **state)
{
	struct violations v = {.lock = RTE_SPINLOCK_INITIALIZER};
	struct event e[VIOLATION_SUMS];

	(void)state;
	assert_false(violation_note(&v, 3, OUT_MAC_LIMIT, false, 100, 5, &e[0]));
	assert_false(violation_note(&v, 3, OUT_MAC_LIMIT, false, 101, SECOND - 1, &e[0]));
	assert_false(violation_note(&v, 3, OUT_FORGED_TRANSMIT, false, 102, 7, &e[0]));
	assert_int_equal(violation_collect(&v, 3, SECOND - 1, e), 0);
	assert_true(violation_note(&v, 3, OUT_MAC_LIMIT, false, 103, SECOND, &e[0])); // tells of
										      // the second
										      // before
	check(&e[0], OUT_MAC_LIMIT, 100, 5, 2);
	assert_int_equal(violation_collect(&v, 3, SECOND, e), 1);
	check(&e[0], OUT_FORGED_TRANSMIT, 102, 7, 1);
	assert_int_equal(violation_collect(&v, 3, SECOND, e), 0);
	assert_int_equal(violation_collect(&v, 3, UINT64_MAX, e), 1);
	check(&e[0], OUT_MAC_LIMIT, 103, SECOND, 1);
	assert_int_equal(violation_collect(&v, 3, UINT64_MAX, e), 0);
}

// A rule on trial has sums of its own, which say so.
static void every_reason(void **state)
{
	static const struct {
		enum outcome reason;
		bool on_trial;
	} sums[] = {{OUT_BPDU, false},           {OUT_FORGED_TRANSMIT, false},
		    {OUT_SPOOFED, false},        {OUT_MAC_CONFLICT, false},
		    {OUT_MAC_LIMIT, false},      {OUT_FORGED_TRANSMIT, true},
		    {OUT_DHCP_SERVER, true},     {OUT_ROUTER_ADVERT, true},
		    {OUT_SPOOFED, true},         {OUT_RATE_LIMIT, true},
		    {OUT_MAC_LIMIT, true},       {OUT_STORM_BROADCAST, true},
		    {OUT_STORM_MULTICAST, true}, {OUT_STORM_UNKNOWN_UNICAST, true}};
	struct violations v = {.lock = RTE_SPINLOCK_INITIALIZER};
	struct event e[VIOLATION_SUMS];

	(void)state;
	assert_int_equal(COUNT(sums), VIOLATION_SUMS);
	for (size_t i = 0; i < COUNT(sums); i++)
		for (size_t n = 0; n <= i; n++)
			assert_false(violation_note(&v, 3, sums[i].reason, sums[i].on_trial, 10 + i,
						    1 + n, &e[0]));
	assert_int_equal(violation_collect(&v, 3, UINT64_MAX, e), VIOLATION_SUMS);
	for (uint32_t i = 0; i < COUNT(sums); i++) {
		check(&e[i], sums[i].reason, 10 + i, 1, i + 1);
		assert_int_equal(e[i].from, sums[i].on_trial);
	}
}

RUN_TESTS(TEST(summed_by_second_and_reason), TEST(every_reason))
