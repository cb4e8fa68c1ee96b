// SPDX-License-Identifier: BSD-3-Clause
// Every drop reason has a meaning; its keys are keys of policy.

#include <string.h>

#include "control/common/policykeys.h"
#include "control/common/reasons.h"
#include "dataplane/counters.h"
#include "tests/unit/kit.h"

static void check(const struct reason_row *r, int reason)
{
	CHECK(r->meaning && r->meaning[strlen(r->meaning) - 1] == '.',
	      "reason %d has no meaning that is a sentence", reason);
	CHECK(r->advice, "reason %d has no advice", reason);
	CHECK(r->key_count <= REASON_KEYS, "reason %d has %u keys", reason, r->key_count);
	for (unsigned i = 0; i < REASON_KEYS; i++)
		CHECK(i < r->key_count ? r->key[i] < POLICY_KEYS : !r->key[i],
		      "key %u of reason %d", i, reason);
}

static void test_every_reason_has_a_meaning(void **state)
{
	(void)state;
	for (int i = OUT_FIRST_DROP; i < OUTCOMES; i++)
		check(&reason_rows[i], i);
	for (int i = 0; i < TX_DROPS; i++)
		check(&tx_reason_rows[i], i);
}

static void test_reasons_are_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(reason_find("forged_transmit"), &reason_rows[OUT_FORGED_TRANSMIT]);
	assert_ptr_equal(reason_find("rate_limit"), &reason_rows[OUT_RATE_LIMIT]);
	assert_ptr_equal(reason_find_tx("rate_limit"), &tx_reason_rows[TX_RATE_LIMIT]);
	assert_null(reason_find("forwarded"));
	assert_null(reason_find("queue_full"));
	assert_null(reason_find_tx("malformed"));
}

RUN_TESTS(TEST(test_every_reason_has_a_meaning), TEST(test_reasons_are_found_by_name))
