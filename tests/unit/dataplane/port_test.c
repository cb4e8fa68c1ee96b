// SPDX-License-Identifier: BSD-3-Clause

#include <rte_malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/device/open.h"
#include "dataplane/port.h"
#include "tests/unit/kit.h"
#include "tests/unit/pool.h"

enum { WORKERS = 3, ROUNDS = 4 };

static size_t used(void)
{
	struct rte_malloc_socket_stats s;

	assert_int_equal(rte_malloc_get_socket_stats(0, &s), 0);
	return s.heap_allocsz_bytes;
}

// Opening and closing a device leaves no DPDK memory behind.
static void nothing_is_left(void **state)
{
	struct rte_mempool *pool = test_pool(1 << 20);
	char folder[] = "/tmp/port_testXXXXXX", args[128];
	size_t before = 0;
	struct port p;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(args, sizeof args, "net_memif_0,role=server,socket-abstract=no,socket=%s/m",
		 folder);
	for (int round = 0; round < ROUNDS; round++) {
		const char *const parts[] = {args, NULL};
		struct port_options options = {.rx_queues = 1, .workers = WORKERS, .pool = pool};
		struct port_error e;
		int rc = port_open(&p, parts, &options, &e);
		CHECK(!rc, "%s: %d", e.step, rc);
		assert_int_equal(p.tx_queues, WORKERS);
		device_close(&p);
		if (!round)
			before = used(); // includes memory that the driver takes only once
	}
	assert_int_equal(used(), before);
	rmdir(folder);
	rte_mempool_free(pool);
}

RUN_TESTS(TEST(nothing_is_left))
