// SPDX-License-Identifier: BSD-3-Clause
// pool: starts DPDK as a replay does, without huge pages and devices, with a small pool of buffers.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "dataplane/pool.h"
#include "tests/unit/kit.h"

static inline struct rte_mempool *test_pool(uint64_t memory)
{
	struct config *c = config_new();
	struct error e;

	CHECK(c && eal_start(c, EAL_REPLAY, NULL, &e), "%s", e.text);
	config_free(c);
	struct rte_mempool *pool = pool_create(memory);
	assert_non_null(pool);
	return pool;
}
