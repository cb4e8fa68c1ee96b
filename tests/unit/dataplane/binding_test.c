// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/binding.h"

#include <stdlib.h>

#include "tests/unit/kit.h"

#define MAPPED UINT64_C(0xffff00000000)

enum { ALONE = 7, GUEST = 9, STRANGER = 8 };

// 10.0.0.7 for one MAC, 10.1.0.0/16 for another one in VLAN 10, 2001:db8::/64 for each.
static struct binding all[] = {
	{GUEST, {0, MAPPED | 0x0a010000}, {UINT64_MAX, UINT64_C(0xffffffffffff0000)}, 10},
	{ALONE, {0, MAPPED | 0x0a000007}, {UINT64_MAX, UINT64_MAX}, 0},
	{0, {UINT64_C(0x20010db800000000), 0}, {UINT64_MAX, 0}, 0},
};

static bool holds(uint64_t mac, uint16_t vid, uint64_t high, uint64_t low)
{
	return binding_holds(all, COUNT(all), mac, vid, (struct ip_address){high, low});
}

static void by_mac_vlan_and_prefix(void **state)
{
	(void)state;
	qsort(all, COUNT(all), sizeof *all, binding_compare);
	assert_true(holds(ALONE, 1, 0, MAPPED | 0x0a000007));
	assert_true(holds(ALONE, 10, 0, MAPPED | 0x0a000007));
	assert_false(holds(ALONE, 1, 0, MAPPED | 0x0a000008));
	assert_false(holds(STRANGER, 1, 0, MAPPED | 0x0a000007));
	assert_true(holds(GUEST, 10, 0, MAPPED | 0x0a01ffff));
	assert_false(holds(GUEST, 10, 0, MAPPED | 0x0a020000));
	assert_false(holds(GUEST, 1, 0, MAPPED | 0x0a010001));
	assert_false(holds(GUEST, 10, 0, 0x0a010001)); // no IPv4 address
	for (uint64_t mac = ALONE; mac <= GUEST; mac++) {
		assert_true(holds(mac, 5, UINT64_C(0x20010db800000000), 77));
		assert_false(holds(mac, 5, UINT64_C(0x20010db800000001), 77));
	}
	assert_false(binding_holds(all, 0, ALONE, 1, (struct ip_address){0, MAPPED | 0x0a000007}));
}

RUN_TESTS(TEST(by_mac_vlan_and_prefix))
