// SPDX-License-Identifier: BSD-3-Clause
// switch: makes a real switch from the text of a configuration.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/portset.h"
#include "tests/unit/config.h"
#include "tests/unit/kit.h"

// The first switch of a process starts DPDK. Live switches need as many workers as the first one.
static inline struct vswitch *test_switch(const char *text, enum switch_use use)
{
	struct config *c = test_config(text);
	struct vswitch *sw;
	struct error e;

	CHECK(eal_start(c, use == SWITCH_REPLAY ? EAL_REPLAY : EAL_BENCH, NULL, &e), "%s", e.text);
	CHECK(switch_create(&sw, c, use, &e), "%s", e.text);
	if (use == SWITCH_LIVE)
		switch_launch(sw);
	return sw;
}

static inline void test_apply(struct vswitch *sw, const char *text)
{
	struct error e;

	CHECK(switch_apply(sw, test_config(text), &e), "%s", e.text);
}

static inline unsigned test_port(const struct vswitch *sw, const char *name)
{
	int n = switch_port(sw, name);

	CHECK(n >= 0, "no port %s", name);
	return (unsigned)n % PORTS_MAX; // compilers do not know that CHECK() ends the test
}
