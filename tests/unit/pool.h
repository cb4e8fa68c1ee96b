// SPDX-License-Identifier: BSD-3-Clause
// pool: starts DPDK with its drivers and without huge pages, with a small pool of buffers.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "dataplane/pool.h"
#include "tests/unit/kit.h"

enum { TEST_MEMORY_MIB = 64 };

static inline struct rte_mempool *test_pool(uint64_t memory)
{
	struct config *c = config_new();
	struct error e;

	assert_non_null(c);
	c->dataplane.hugepages = HUGEPAGES_OFF;
	c->dataplane.memory_mib = TEST_MEMORY_MIB;
	CHECK(eal_start(c, EAL_BENCH, NULL, &e), "%s", e.text);
	config_free(c);
	struct rte_mempool *pool = pool_create(memory);
	assert_non_null(pool);
	return pool;
}
