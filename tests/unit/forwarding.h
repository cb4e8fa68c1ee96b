// SPDX-License-Identifier: BSD-3-Clause
// forwarding: a switch without devices, whose only forwarder the test feeds. A test has one at a
// time.
#pragma once

#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/forward.h"
#include "dataplane/txbatch.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

static struct vswitch *sw;
static struct forwarder *fwd;

// Frames that leave go to `send`.
static inline void test_open(const char *text, enum switch_use use, txbatch_send_fn send)
{
	sw = test_switch(text, use);
	fwd = &sw->worker[0]->forwarder;
	fwd->tx.send = send;
	forwarder_set_clock(fwd, 0);
}

// The teardown of a test. A failed test leaves its switch behind.
static inline int test_end(void **state)
{
	(void)state;
	switch_destroy(sw);
	sw = NULL;
	return 0;
}

static inline void test_close(void)
{
	assert_int_equal(rte_mempool_in_use_count(sw->pool), 0);
	test_end(NULL);
}
