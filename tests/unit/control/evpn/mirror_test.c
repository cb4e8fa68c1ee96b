// SPDX-License-Identifier: BSD-3-Clause
// What the mirror makes of the kernel's rows, without a kernel that has them.
#include "control/evpn/mirror.h"

#include "control/evpn/host.h"
#include "control/evpn/rtnl.h"
#include "dataplane/key.h"
#include "tests/unit/kit.h"

enum { VXLAN = 1000001, TAP = 1000002, VID = 10, VNI = 500, WAIT_MS = 300 };

#define VTEP(n) (UINT32_C(0x0a090000) + (n))
#define MAC UINT64_C(0x020000000001)

// The switch: one MAC.
static uint32_t at; // 0: nowhere
static struct rtnl writer;
static struct mirror *m;
static uint64_t now_ms;

static bool set_vtep(void *arg, uint32_t vtep, const uint32_t *vnis, size_t count)
{
	(void)arg, (void)vtep, (void)vnis, (void)count;
	return true;
}

static bool publish(void *arg)
{
	(void)arg;
	return true;
}

static int place(void *arg, uint32_t vtep, uint64_t key, bool sticky)
{
	(void)arg, (void)key, (void)sticky;
	at = vtep;
	return 0;
}

static void take_out(void *arg, uint32_t vtep, uint64_t key)
{
	(void)arg, (void)vtep, (void)key;
	at = 0;
}

static void find(void *arg, uint64_t key, struct host_entry *e)
{
	(void)arg, (void)key;
	*e = (struct host_entry){.where = at ? HOST_REMOTE : HOST_NOWHERE, .vtep = at};
}

static void walk(void *arg, host_visit_fn visit, void *visit_arg)
{
	(void)arg, (void)visit, (void)visit_arg;
}

static void tell(void *arg, enum host_news what, uint32_t vtep, uint32_t count)
{
	(void)arg, (void)what, (void)vtep, (void)count;
}

static void flood_row(uint32_t vtep)
{
	mirror_take(m, &(struct mirror_row){.interface = VXLAN, .own = true, .destination = vtep},
		    now_ms);
}

static void master_row(bool gone)
{
	mirror_take(m, &(struct mirror_row){.interface = VXLAN, .mac = MAC, .gone = gone}, now_ms);
}

static void own_row(uint32_t vtep, uint32_t nexthop)
{
	mirror_take(m,
		    &(struct mirror_row){.interface = VXLAN,
					 .mac = MAC,
					 .own = true,
					 .destination = vtep,
					 .nexthop = nexthop},
		    now_ms);
}

static void turn(uint64_t wait_ms)
{
	now_ms += wait_ms;
	mirror_turn(m, now_ms);
}

static int open_mirror(void **state)
{
	static const struct fabric_host host = {.set_vtep = set_vtep,
						.publish = publish,
						.place = place,
						.remove = take_out,
						.find = find,
						.walk = walk,
						.tell = tell};

	(void)state;
	at = 0;
	now_ms = 1000;
	if (rtnl_open(&writer, 0))
		return -1;
	m = mirror_create(&host, &writer);
	mirror_configure(m, 1000, 5000);
	return mirror_set_vni(m, VID, VNI, VXLAN, TAP) ? 0 : -1;
}

static int close_mirror(void **state)
{
	(void)state;
	mirror_destroy(m);
	rtnl_close(&writer);
	return 0;
}

static void a_pair_of_rows_is_a_remote_mac(void **state)
{
	(void)state;
	flood_row(VTEP(2));
	own_row(VTEP(2), 0);
	turn(0);
	assert_int_equal(at, 0);
	master_row(false);
	turn(1);
	assert_int_equal(at, VTEP(2));
	master_row(true);
	turn(1);
	assert_int_equal(at, VTEP(2)); // its VTEP may only have restarted
	turn(WAIT_MS);
	assert_int_equal(at, 0);
	// The destination that zebra left behind was deleted.
	master_row(false);
	turn(1);
	assert_int_equal(at, 0);
}

// An overrun can swallow one row of a pair. The other one is no leftover.
static void half_a_pair_stays_while_news_are_lost(void **state)
{
	(void)state;
	flood_row(VTEP(2));
	mirror_news_lost(m);
	own_row(VTEP(2), 0);
	turn(0);
	turn(WAIT_MS);
	turn(WAIT_MS);
	master_row(false);
	turn(1);
	assert_int_equal(at, VTEP(2));
}

static void a_dump_without_a_row_removes_it(void **state)
{
	(void)state;
	flood_row(VTEP(2));
	own_row(VTEP(2), 0);
	master_row(false);
	turn(1);
	mirror_news_lost(m);
	master_row(true);
	turn(WAIT_MS);
	assert_int_equal(at, VTEP(2));
	mirror_dump_begin(m);
	flood_row(VTEP(2));
	own_row(VTEP(2), 0);
	mirror_dump_end(m, now_ms);
	turn(1);
	turn(WAIT_MS);
	assert_int_equal(at, 0);
}

static void rows_with_a_next_hop_are_counted(void **state)
{
	struct mirror_stats s;

	(void)state;
	flood_row(VTEP(2));
	own_row(VTEP(2), 77);
	master_row(false);
	turn(1);
	mirror_stats(m, &s);
	assert_int_equal(s.nexthop_rows, 1);
	assert_int_equal(at, VTEP(2));
}

#define MIRROR_TEST(function) cmocka_unit_test_setup_teardown(function, open_mirror, close_mirror)

RUN_TESTS(MIRROR_TEST(a_pair_of_rows_is_a_remote_mac),
	  MIRROR_TEST(half_a_pair_stays_while_news_are_lost),
	  MIRROR_TEST(a_dump_without_a_row_removes_it),
	  MIRROR_TEST(rows_with_a_next_hop_are_counted))
