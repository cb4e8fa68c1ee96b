// SPDX-License-Identifier: BSD-3-Clause
// Tunnels that are collected and published, and the MACs behind them: what a mirror of the kernel
// does.

#include <errno.h>
#include <string.h>

#include "control/common/error.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "control/switch/tunnels.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"
#include "dataplane/vxlan.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

#define MAC(n) (UINT64_C(0x020000000000) + (n))
#define VTEP(n) (UINT32_C(0x0a090000) + (n))

static struct vswitch *sw;
static struct error e;
static unsigned told[EVENT_TYPES], left_out;

static void note_event(void *arg, const struct event *event)
{
	(void)arg;
	told[event->type]++;
	if (event->type == EVENT_EVPN_TABLE_FULL)
		left_out = event->count;
}

static int open_switch(void **state)
{
	(void)state;
	sw = test_switch(
		"switch: {mac-table-size: 8200}\n"
		"ports: [{name: a}, {name: b, policy: {mac-sticky: on}}]\n"
		"static-macs: [{mac: 02:00:00:00:00:99, vlan: 10, port: a}]\n"
		"evpn: {source: 10.9.0.1, vnis: [{vlan: 10, vni: 500}, {vlan: 20, vni: 600}]}\n",
		SWITCH_REPLAY);
	sw->on_event = note_event;
	memset(told, 0, sizeof told);
	return 0;
}

static int close_switch(void **state)
{
	(void)state;
	switch_destroy(sw);
	sw = NULL;
	return 0;
}

static void put(uint32_t vtep, uint32_t vni)
{
	CHECK(tunnels_put(sw, vtep, &vni, 1, &e), "%s", e.text);
}

static void publish(void)
{
	CHECK(switch_publish_tunnels(sw, &e), "%s", e.text);
}

static int port_of(uint16_t vid, uint64_t mac)
{
	struct fdb_entry entry;

	return fdb_lookup(sw->shared.fdb, key_make(vid, mac), switch_tick(sw), &entry) ? entry.port
										       : -1;
}

static enum fdb_seen learn(const char *port, uint16_t vid, uint64_t mac)
{
	const struct fdb_learner *who = &sw->conf->port[test_port(sw, port)].learner;

	return fdb_seen(sw->shared.fdb, key_make(vid, mac), who, ~(portset)0, switch_tick(sw),
			switch_now(sw))
		.what;
}

static void nothing_is_in_force_before_it_is_published(void **state)
{
	uint64_t before = sw->applied;

	(void)state;
	put(VTEP(2), 500);
	put(VTEP(3), 600);
	assert_int_equal(tunnels_resolve(sw, VTEP(2), MAC(0xe2)), 0);
	assert_int_equal(tunnels_port(sw, VTEP(2)), -1);
	publish();
	publish();
	assert_int_equal(sw->applied, before + 1);
	int port = tunnels_port(sw, VTEP(2));
	assert_true(port >= 0 && tunnels_is_tunnel(sw, (unsigned)port));
	assert_int_equal(tunnels_vtep(sw, (unsigned)port), VTEP(2));
	assert_true(portset_has(sw->conf->vlan[10].member, (unsigned)port));
	assert_false(portset_has(sw->conf->vlan[20].member, (unsigned)port));
	assert_true(sw->conf->vxlan->resolved == portset_of((unsigned)port));
}

static void a_tunnel_keeps_its_port(void **state)
{
	(void)state;
	put(VTEP(2), 500);
	publish();
	int port = tunnels_port(sw, VTEP(2));
	put(VTEP(3), 500);
	put(VTEP(2), 600);
	publish();
	assert_int_equal(tunnels_port(sw, VTEP(2)), port);
	assert_false(portset_has(sw->conf->vlan[10].member, (unsigned)port));
	assert_true(portset_has(sw->conf->vlan[20].member, (unsigned)port));
	assert_int_equal(tunnels_remove(sw, VTEP(2)), 0);
	assert_int_equal(tunnels_remove(sw, VTEP(2)), -ENOENT);
	assert_int_equal(tunnels_resolve(sw, VTEP(2), MAC(1)), -ENOENT);
	publish();
	assert_int_equal(tunnels_port(sw, VTEP(2)), -1);
	assert_true(tunnels_port(sw, VTEP(3)) >= 0);
}

static void ports_run_out(void **state)
{
	uint32_t vtep = 2;

	(void)state;
	while (tunnels_put(sw, VTEP(vtep), &(uint32_t){500}, 1, &e))
		vtep++;
	assert_int_equal(vtep - 2, PORTS_MAX - 3); // two ports and the underlay
	assert_string_equal(e.text, "no port number left for VTEP 10.9.0.63 [64 in all]");
	publish();
	assert_int_equal(__builtin_popcountll(sw->conf->vxlan->tunnels), PORTS_MAX - 3);
}

static void macs_are_placed_and_removed(void **state)
{
	(void)state;
	put(VTEP(2), 500);
	publish();
	int port = tunnels_port(sw, VTEP(2));
	assert_int_equal(tunnels_place_mac(sw, VTEP(9), 10, MAC(1), false), -ENOENT);
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 20, MAC(1), false), -ENOTCONN);
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(1), false), 0);
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(1), false), 0);
	assert_int_equal(port_of(10, MAC(1)), port);
	assert_int_equal(told[EVENT_MAC_ADDED], 1);
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(1), true), 0);
	assert_int_equal(told[EVENT_MAC_ADDED], 2);
	assert_int_equal(fdb_count(sw->shared.fdb, (unsigned)port), 1);
	assert_int_equal(tunnels_remove_mac(sw, VTEP(2), 10, MAC(1)), 0);
	assert_int_equal(tunnels_remove_mac(sw, VTEP(2), 10, MAC(1)), -ENOENT);
	assert_int_equal(told[EVENT_MAC_REMOVED], 1);
	assert_int_equal(fdb_count(sw->shared.fdb, (unsigned)port), 0);
}

static void who_has_a_mac(void **state)
{
	(void)state;
	put(VTEP(2), 500);
	publish();
	int port = tunnels_port(sw, VTEP(2));
	// A dynamic one gives way; static and sticky ones are defended.
	assert_int_equal(learn("a", 10, MAC(1)), FDB_LEARNED);
	assert_int_equal(learn("b", 10, MAC(2)), FDB_LEARNED);
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(1), false), 0);
	assert_int_equal(port_of(10, MAC(1)), port);
	assert_int_equal(told[EVENT_MAC_MOVED], 1);
	assert_int_equal(fdb_count(sw->shared.fdb, test_port(sw, "a")), 0);
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(2), false), -EEXIST);
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(0x99), false), -EEXIST);
	// A local frame moves it back, and the VTEP has lost it.
	assert_int_equal(learn("a", 10, MAC(1)), FDB_HAS_MOVED);
	assert_int_equal(tunnels_remove_mac(sw, VTEP(2), 10, MAC(1)), -ENOENT);
	// Where it is sticky, a local frame does not.
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(3), true), 0);
	assert_int_equal(learn("a", 10, MAC(3)), FDB_CONFLICT);
	// Frames from the tunnel teach nothing.
	assert_int_equal(learn("10.9.0.2", 10, MAC(4)), FDB_NOT_LEARNING);
	assert_int_equal(learn("10.9.0.2", 10, MAC(1)), FDB_NOT_LEARNING);
}

// A forger on one machine uses the MAC of a guest on another one, which EVPN then moves to and fro.
// Both switches hold it where it was before.
static void a_mac_that_moves_too_often_is_held_at_home(void **state)
{
	enum { LIMIT = 5 }; // mac-move-limit. Moves there and back count.

	(void)state;
	put(VTEP(2), 500);
	publish();
	// The guest is here.
	assert_int_equal(learn("a", 10, MAC(1)), FDB_LEARNED);
	for (int moves = 0; moves < LIMIT - 1; moves += 2) {
		assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(1), false), 0);
		assert_int_equal(learn("a", 10, MAC(1)), FDB_HAS_MOVED);
	}
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(1), false), 0);
	assert_int_equal(learn("a", 10, MAC(1)), FDB_FLAP);
	assert_int_equal(port_of(10, MAC(1)), test_port(sw, "a"));
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(1), false), -EBUSY);
	assert_int_equal(port_of(10, MAC(1)), test_port(sw, "a"));
	// The forger is here.
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(2), false), 0);
	for (int moves = 0; moves < LIMIT; moves += 2) {
		assert_int_equal(learn("a", 10, MAC(2)), FDB_HAS_MOVED);
		assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(2), false), 0);
	}
	assert_int_equal(learn("a", 10, MAC(2)), FDB_FLAP);
	assert_int_equal(port_of(10, MAC(2)), tunnels_port(sw, VTEP(2)));
	assert_int_equal(learn("a", 10, MAC(2)), FDB_HELD);
	// It is not heard here, therefore the forger gets it again. Its own machine still hears it,
	// and FRR tells so: then it is held without being heard.
	sw->replay_ns += 4 * UINT64_C(1000000000);
	assert_int_equal(learn("a", 10, MAC(2)), FDB_HAS_MOVED);
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(2), false), 0);
	sw->replay_ns += 4 * UINT64_C(1000000000);
	assert_int_equal(learn("a", 10, MAC(2)), FDB_HELD);
	sw->replay_ns += 30 * UINT64_C(1000000000);
	assert_int_equal(learn("a", 10, MAC(2)), FDB_HAS_MOVED);
}

static void macs_go_with_their_tunnel(void **state)
{
	(void)state;
	put(VTEP(2), 500);
	publish();
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(1), false), 0);
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(2), true), 0);
	put(VTEP(3), 500);
	publish();
	assert_true(port_of(10, MAC(1)) >= 0 && port_of(10, MAC(2)) >= 0);
	tunnels_remove(sw, VTEP(2));
	publish();
	assert_int_equal(port_of(10, MAC(1)), -1);
	assert_int_equal(port_of(10, MAC(2)), -1);
}

// The ports have reserved 8,192 of the 8,200 entries.
static void the_table_has_a_limit(void **state)
{
	(void)state;
	put(VTEP(2), 500);
	put(VTEP(3), 500);
	publish();
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(tunnels_place_mac(sw, VTEP(2 + i % 2), 10, MAC(1 + i), false), 0);
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(20), false), -ENOSPC);
	assert_int_equal(tunnels_remove_mac(sw, VTEP(3), 10, MAC(2)), 0);
	assert_int_equal(tunnels_place_mac(sw, VTEP(2), 10, MAC(20), false), 0);
}

// One event a peer tells how many of its MACs found no room.
static void peers_find_the_table_full(void **state)
{
	static const char peers[] =
		"switch: {mac-table-size: 8194}\n"
		"ports: [{name: a}, {name: b}]\n"
		"evpn:\n"
		"  source: 10.9.0.1\n"
		"  control: none\n"
		"  vnis: [{vlan: 10, vni: 500}]\n"
		"  peers:\n"
		"  - {vtep: 10.9.0.2, vnis: [500], macs: [{mac: 02:00:00:00:00:01, vlan: 10}]}\n"
		"  - vtep: 10.9.0.3\n"
		"    vnis: [500]\n"
		"    macs: [{mac: 02:00:00:00:00:02, vlan: 10}, {mac: 02:00:00:00:00:03, vlan: 10},"
		" {mac: 02:00:00:00:00:04, vlan: 10}]\n";

	(void)state;
	switch_destroy(sw);
	sw = test_switch("switch: {mac-table-size: 8194}\nports: [{name: a}, {name: b}]",
			 SWITCH_REPLAY);
	sw->on_event = note_event;
	test_apply(sw, peers);
	assert_int_equal(told[EVENT_EVPN_TABLE_FULL], 1);
	assert_int_equal(left_out, 2);
	assert_true(port_of(10, MAC(1)) >= 0 && port_of(10, MAC(2)) >= 0);
	assert_int_equal(port_of(10, MAC(3)), -1);
}

#define TUNNELS_TEST(function) cmocka_unit_test_setup_teardown(function, open_switch, close_switch)

RUN_TESTS(TUNNELS_TEST(nothing_is_in_force_before_it_is_published),
	  TUNNELS_TEST(a_tunnel_keeps_its_port), TUNNELS_TEST(ports_run_out),
	  TUNNELS_TEST(macs_are_placed_and_removed), TUNNELS_TEST(who_has_a_mac),
	  TUNNELS_TEST(a_mac_that_moves_too_often_is_held_at_home),
	  TUNNELS_TEST(macs_go_with_their_tunnel), TUNNELS_TEST(the_table_has_a_limit),
	  TUNNELS_TEST(peers_find_the_table_full))
