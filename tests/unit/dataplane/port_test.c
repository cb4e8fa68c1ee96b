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

// A capture of one frame of zeros.
static void write_capture(const char *path)
{
	static const uint32_t header[] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1, 0, 0, 60, 60};
	static const uint8_t frame[60];
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(header, sizeof header, 1, f), 1);
	assert_int_equal(fwrite(frame, sizeof frame, 1, f), 1);
	assert_int_equal(fclose(f), 0);
}

// What the driver of a device could not receive is counted.
static void losses(void **state)
{
	struct rte_mempool *pool = test_pool(1 << 20);
	char path[] = "/tmp/port_testXXXXXX", args[128];
	const char *const parts[] = {args, NULL};
	struct port_options options = {.rx_queues = 1, .workers = 1, .pool = pool};
	struct rte_mbuf *hoard = NULL, *m;
	struct port_error e;
	struct port p;

	(void)state;
	close(mkstemp(path));
	write_capture(path);
	snprintf(args, sizeof args, "net_pcap_1,rx_pcap=%s", path);
	assert_int_equal(port_open(&p, parts, &options, &e), 0);
	port_read_losses(&p);
	for (int i = 0; i < PORT_LOSSES; i++)
		CHECK(!p.lost[i], "%s: %ju", port_loss_names[i], (uintmax_t)p.lost[i]);
	for (; (m = rte_pktmbuf_alloc(pool)); hoard = m)
		m->next = hoard;
	assert_int_equal(port_rx(&p, 0, &m, 1), 0);
	port_read_losses(&p);
	assert_int_equal(p.lost[PORT_LOSS_RX_NO_BUFFER], 1);
	for (; hoard; hoard = m) {
		m = hoard->next;
		hoard->next = NULL;
		rte_pktmbuf_free(hoard);
	}
	device_close(&p);
	unlink(path);
	rte_mempool_free(pool);
}

RUN_TESTS(TEST(nothing_is_left), TEST(losses))
