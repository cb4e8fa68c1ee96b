// SPDX-License-Identifier: BSD-3-Clause
// A packet socket whose kernel cannot describe a segment, as Linux before 6.2 with those of UDP.
// The answer of such a kernel is made up here; the veth is real.
#define _GNU_SOURCE

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "control/config/config.h"
#include "control/device/open.h"
#include "dataplane/interface.h"
#include "dataplane/port.h"
#include "tests/unit/kit.h"
#include "tests/unit/pool.h"

static bool refuses;

// Takes the place of libc's. No other frame comes in here.
int recvmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags, struct timespec *timeout)
{
	(void)fd, (void)messages, (void)n, (void)flags, (void)timeout;
	errno = refuses ? EINVAL : EAGAIN;
	refuses = false;
	return -1;
}

// Whether an interface leaves the segmentation of TCP to its device.
static bool offloads(const char *name)
{
	struct ethtool_value v = {.cmd = ETHTOOL_GTSO};

	assert_int_equal(
		interface_ioctl(name, SIOCETHTOOL, &(struct ifreq){.ifr_data = (char *)&v}), 0);
	return v.data;
}

static void guards_a_veth(void **state)
{
	struct rte_mempool *pool = test_pool(1 << 20);
	struct config_port p = {.name = "a", .device = "af_packet:v0"};
	struct rte_mbuf *frame[32];
	struct port port;
	struct error e;

	(void)state;
	if (unshare(CLONE_NEWNET)) { // cmocka's skip() is "not ok" in TAP, which meson takes for a
				     // failure
		print_message("# skipped: only root has a network namespace of its own\n");
		return;
	}
	assert_int_equal(system("ip link add v0 up type veth peer name v1"), 0);
	CHECK(device_open(&port, &p, 0, 1, pool, &e), "%s", e.text);
	assert_int_equal(port_rx(&port, 0, frame, COUNT(frame)), 0);
	device_check_segments(&port, &p);
	assert_true(offloads("v1"));
	for (int round = 0; round < 2; round++) {
		refuses = true;
		assert_int_equal(port_rx(&port, 0, frame, COUNT(frame)), 1);
		assert_int_equal(rte_pktmbuf_pkt_len(frame[0]), 0);
		rte_pktmbuf_free(frame[0]);
		device_check_segments(&port, &p);
		assert_false(offloads("v1"));
		assert_int_equal(port.guards, 1);
	}
	assert_int_equal(port_rx(&port, 0, frame, COUNT(frame)), 0);
	device_close(&port);
	assert_true(offloads("v1"));
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
}

RUN_TESTS(TEST(guards_a_veth))
