// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/audit.h"

#include "tests/unit/kit.h"

static const struct audit_entry *find(const struct audit_entry *e, unsigned n, uint64_t key,
				      enum outcome reason)
{
	for (unsigned i = 0; i < n; i++)
		if (e[i].key == key && e[i].reason == reason)
			return &e[i];
	return NULL;
}

static void counts_by_mac_and_reason(void **state)
{
	struct audit a = {.lock = RTE_SPINLOCK_INITIALIZER};
	struct audit_entry e[AUDIT_MACS];

	(void)state;
	audit_note(&a, OUT_FORGED_TRANSMIT, 7, 100);
	audit_note(&a, OUT_FORGED_TRANSMIT, 7, 200);
	audit_note(&a, OUT_DHCP_SERVER, 7, 300);
	assert_int_equal(audit_read(&a, e), 2);
	assert_int_equal(find(e, 2, 7, OUT_FORGED_TRANSMIT)->frames, 2);
	assert_int_equal(find(e, 2, 7, OUT_FORGED_TRANSMIT)->ns, 200);
	assert_int_equal(find(e, 2, 7, OUT_DHCP_SERVER)->frames, 1);
	audit_clear(&a);
	assert_int_equal(audit_read(&a, e), 0);
}

// A guest that changes its MAC with each frame does not hide a station that sends one frame in 32.
static void a_flood_of_macs_hides_no_station(void **state)
{
	struct audit a = {.lock = RTE_SPINLOCK_INITIALIZER};
	struct audit_entry e[AUDIT_MACS];
	uint64_t frames = 0;

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		bool honest = i % 32 == 0;
		frames += honest;
		audit_note(&a, OUT_FORGED_TRANSMIT, honest ? 1 : 1000 + i, i);
	}
	unsigned n = audit_read(&a, e);
	assert_int_equal(n, AUDIT_MACS);
	const struct audit_entry *station = find(e, n, 1, OUT_FORGED_TRANSMIT);
	assert_non_null(station);
	assert_in_range(frames, station->frames - station->error, station->frames);
	uint64_t all = 0;
	for (unsigned i = 0; i < n; i++)
		all += e[i].frames;
	assert_int_equal(all, 100000);
}

RUN_TESTS(TEST(counts_by_mac_and_reason), TEST(a_flood_of_macs_hides_no_station))
