// SPDX-License-Identifier: BSD-3-Clause
// A configuration applied to a running switch changes only the differences. It also removes entries
// that have become invalid.

#include <inttypes.h>
#include <string.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/links.h"
#include "control/switch/mactable.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"
#include "tests/unit/config.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

#define SECOND UINT64_C(1000000000)
#define MAC(n) (UINT64_C(0x020000000000) + (n))

static struct vswitch *sw;
static unsigned told[EVENT_TYPES];

static void note_event(void *arg, const struct event *e)
{
	(void)arg;
	told[e->type]++;
}

static void open_switch(const char *text)
{
	sw = test_switch(text, SWITCH_REPLAY);
	sw->on_event = note_event;
	memset(told, 0, sizeof told);
}

// Runs also after each test, failed or not.
static int close_switch(void **state)
{
	(void)state;
	switch_destroy(sw);
	sw = NULL;
	return 0;
}

static void apply(const char *text)
{
	test_apply(sw, text);
}

static unsigned number_of(const char *port)
{
	return test_port(sw, port);
}

// Learns a MAC as a frame does, at the time of the switch.
static void learn(const char *port, uint16_t vid, uint64_t mac)
{
	const struct fdb_learner *who = &sw->conf->port[number_of(port)].learner;
	uint64_t ns = switch_now(sw);

	assert_int_equal(
		fdb_seen(sw->shared.fdb, key_make(vid, mac), who, 0, forward_tick(ns), ns).what,
		FDB_LEARNED);
}

// The type of an entry; -1 if there is none.
static int type_of(uint16_t vid, uint64_t mac)
{
	struct fdb_entry e;

	return fdb_lookup(sw->shared.fdb, key_make(vid, mac), forward_tick(switch_now(sw)), &e)
		       ? e.type
		       : -1;
}

static void a_lowered_limit(void **state)
{
	(void)state;
	open_switch("ports: [{name: a}, {name: b}]");
	for (uint64_t i = 0; i < 10; i++)
		learn("a", 1, MAC(i));
	learn("b", 1, MAC(100));
	apply("ports: [{name: a, policy: {mac-limit: 3}}, {name: b, policy: {mac-limit: 1}}]");
	assert_int_equal(fdb_count(sw->shared.fdb, number_of("a")), 3);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(type_of(1, MAC(i)), i < 3 ? FDB_DYNAMIC : -1); // the youngest are
										// given up
	assert_int_equal(type_of(1, MAC(100)), FDB_DYNAMIC);
}

// Expired entries that are not swept yet do not count: the live entries are within the new limit.
static void a_lowered_limit_and_dead_entries(void **state)
{
	(void)state;
	open_switch("policy: {aging-time: 10}\nports: [{name: a}]");
	for (uint64_t i = 0; i < 8; i++)
		learn("a", 1, MAC(i));
	sw->replay_ns = 11 * SECOND;
	learn("a", 1, MAC(20));
	learn("a", 1, MAC(21));
	apply("policy: {aging-time: 10, mac-limit: 5}\nports: [{name: a}]");
	assert_int_equal(type_of(1, MAC(20)), FDB_DYNAMIC);
	assert_int_equal(type_of(1, MAC(21)), FDB_DYNAMIC);
}

static void what_becomes_untrue(void **state)
{
	static const char before[] = "ports: [{name: a}, {name: b, policy: {mac-sticky: on}}]";
	static const struct {
		const char *after;
		int a1, a2, b1; // types of the entries of a in VLANs 1 and 2, and of b in VLAN 1
	} cases[] = {
		{"ports: [{name: a}, {name: b, policy: {mac-sticky: on}}]", FDB_DYNAMIC,
		 FDB_DYNAMIC, FDB_STICKY},
		{"ports: [{name: a, policy: {allowed-vlans: 2}}, {name: b, policy: {mac-sticky: on}}]",
		 -1, FDB_DYNAMIC, FDB_STICKY},
		{"ports: [{name: a, policy: {mac-learning: off}}, {name: b, policy: {mac-sticky: on}}]",
		 -1, -1, FDB_STICKY},
		{"ports: [{name: a, enabled: off}, {name: b, policy: {mac-sticky: on}}]", -1, -1,
		 FDB_STICKY},
		{"ports: [{name: a}, {name: b, policy: {vlan-mode: access, access-vlan: 2}}]",
		 FDB_DYNAMIC, FDB_DYNAMIC, -1},
		{"ports: [{name: a}, {name: b}]\nmirrors: [{name: m, source: [b], destination: a}]",
		 -1, -1, -1},
		{"ports: [{name: a}, {name: b, policy: {mac-sticky: on}, mac-address: 02:00:00:00:00:01}]",
		 FDB_ASSIGNED, FDB_ASSIGNED, FDB_STICKY},
		{"ports: [{name: b, policy: {mac-sticky: on}}, {name: a}]\nstatic-macs: [{mac: 02:00:00:00:00:01, vlan: 2, port: b}]",
		 FDB_DYNAMIC, FDB_STATIC, FDB_STICKY},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		open_switch(before);
		unsigned a = number_of("a");
		learn("a", 1, MAC(1));
		learn("a", 2, MAC(1));
		learn("b", 1, MAC(2));
		apply(cases[i].after);
		CHECK(type_of(1, MAC(1)) == cases[i].a1 && type_of(2, MAC(1)) == cases[i].a2 &&
			      type_of(1, MAC(2)) == cases[i].b1,
		      "case %zu: %d, %d, %d", i, type_of(1, MAC(1)), type_of(2, MAC(1)),
		      type_of(1, MAC(2)));
		assert_int_equal(number_of("a"), a); // for any order in the configuration
		apply(before);
		assert_int_not_equal(type_of(2, MAC(1)), FDB_STATIC);
		assert_int_not_equal(type_of(1, MAC(1)), FDB_ASSIGNED);
		close_switch(state);
	}
}

static void refused_changes(void **state)
{
	static const struct {
		const char *text, *why;
	} refused[] = {
		{"dataplane: {workers: 2}\nports: [{name: a}, {name: b}]", "workers"},
		{"dataplane: {memory: 1000}\nports: [{name: a}, {name: b}]", "memory"},
		{"dataplane: {hugepages: off}\nports: [{name: a}, {name: b}]", "hugepages"},
		{"dataplane: {busy-poll: off}\nports: [{name: a}, {name: b}]", "busy-poll"},
		{"dataplane: {eal: [-v]}\nports: [{name: a}, {name: b}]", "eal"},
		// more than the table can hold:
		{"policy: {mac-limit: 65536}\nports: [{name: a}, {name: b}]", "131072"},
		{"policy: {mac-limit: 32768}\nports: [{name: a}, {name: b}, {name: c}]", "98304"},
	};

	(void)state;
	open_switch("ports: [{name: a}, {name: b}]");
	learn("a", 1, MAC(1));
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct config *c = test_config(refused[i].text), *before = sw->config;
		struct error e;
		CHECK(!switch_apply(sw, c, &e) && strstr(e.text, refused[i].why) &&
			      strstr(e.text, "restart"),
		      "%s: %s", refused[i].text, e.text);
		assert_ptr_equal(sw->config, before);
		assert_int_equal(type_of(1, MAC(1)), FDB_DYNAMIC);
		config_free(c);
	}
}

// A deleted port leaves no state behind. The next port with its number starts from zero.
static void ports_come_and_go(void **state)
{
	static const char before[] = "ports: [{name: a, policy: {mac-sticky: on}}, {name: b}]";
	struct counters c;

	(void)state;
	open_switch(before);
	unsigned a = number_of("a");
	learn("a", 1, MAC(1));
	learn("b", 1, MAC(2));
	counter_add(&sw->worker[0]->forwarder.counters[a].rx_packets, 5);
	sw->shared.err_disabled = portset_of(a);
	sw->shared.port[a].disabled_ns = 1;
	sw->shared.port[a].ingress.average_used = 1;
	apply("ports: [{name: b}, {name: c}]"); // c is added before a is deleted
	assert_int_equal(switch_port(sw, "a"), -1);
	assert_int_not_equal(number_of("c"), a);
	assert_int_equal(type_of(1, MAC(1)), -1);
	assert_int_equal(fdb_count(sw->shared.fdb, a), 0);
	assert_int_equal(type_of(1, MAC(2)), FDB_DYNAMIC);
	assert_int_equal(told[EVENT_PORT_DOWN], 1);
	assert_int_equal(told[EVENT_PORT_UP], 1);
	assert_int_equal(links_recover(sw), UINT64_MAX);
	apply("ports: [{name: b}, {name: c}, {name: d, mac-address: 02:00:00:00:00:01}]");
	assert_int_equal(number_of("d"), a);
	assert_int_equal(switch_port_state(sw, a), PORT_UP);
	switch_counters(sw, a, &c);
	assert_int_equal(c.rx_packets, 0);
	assert_int_equal(sw->shared.port[a].ingress.average_used, 0);
	assert_true(sw->shared.port[a].ingress.one_user);
	assert_int_equal(type_of(1, MAC(1)), FDB_ASSIGNED);
	assert_int_equal(told[EVENT_PORT_RECOVERED], 0);
	apply("ports: []");
	assert_int_equal(sw->shared.up, 0);
	assert_int_equal(sw->ports, 0);
	assert_int_equal(type_of(1, MAC(1)), -1);
}

// A port with another device counts as a new port.
static void a_port_changes_its_device(void **state)
{
	(void)state;
	open_switch("ports: [{name: a, device: 'null:'}, {name: b}]");
	unsigned a = number_of("a");
	learn("a", 1, MAC(1));
	apply("ports: [{name: a, device: 'tap:x'}, {name: b}]");
	assert_int_not_equal(number_of("a"), a);
	assert_int_equal(type_of(1, MAC(1)), -1);
	assert_int_equal(sw->shared.up, sw->ports);
}

// Numbers of deleted ports become free only after the deletion.
static void as_many_ports_as_there_can_be(void **state)
{
	char text[4096] = "policy: {mac-limit: 1}\nports: [", other[4096];
	struct error e;

	(void)state;
	for (unsigned i = 0; i < PORTS_MAX; i++)
		sprintf(text + strlen(text), "%s{name: p%u}", i ? ", " : "", i);
	strcpy(other, text);
	strcat(text, "]");
	open_switch(text);
	strcpy(strstr(other, "p63"), "new}]");
	struct config *c = test_config(other);
	CHECK(!switch_apply(sw, c, &e) && strstr(e.text, "'new'") && strstr(e.text, "64"), "%s",
	      e.text);
	config_free(c);
	apply("policy: {mac-limit: 1}\nports: [{name: p1}]");
	apply(other);
	assert_int_equal(number_of("p1"), 1);
	assert_int_equal(sw->ports, UINT64_MAX);
}

static void ports_go_down_and_up(void **state)
{
	(void)state;
	open_switch("ports: [{name: a}, {name: b}]");
	assert_int_equal(switch_port_state(sw, number_of("a")), PORT_UP);
	apply("ports: [{name: a, enabled: off}, {name: b}]");
	assert_int_equal(switch_port_state(sw, number_of("a")), PORT_DISABLED);
	assert_int_equal(told[EVENT_PORT_DOWN], 1);
	assert_false(portset_has(sw->shared.up, number_of("a")));
	apply("ports: [{name: a}, {name: b}]");
	assert_int_equal(told[EVENT_PORT_UP], 1);
	assert_true(portset_has(sw->shared.up, number_of("a")));
	assert_int_equal(switch_port(sw, "c"), -1);
	assert_int_equal(switch_port(sw, ""), -1);
}

// The shown state of a port is that of forwarding, not the last state of its device.
static void a_state_is_that_of_forwarding(void **state)
{
	(void)state;
	open_switch("ports: [{name: a}, {name: b}]");
	unsigned a = number_of("a");
	sw->port[a].link = LINK_DOWN;
	assert_int_equal(switch_port_state(sw, a), PORT_UP);
	sw->port[a].link = LINK_UP;
	atomic_fetch_and(&sw->shared.up, ~portset_of(a));
	assert_int_equal(switch_port_state(sw, a), PORT_DOWN);
	assert_int_equal(switch_port_state(sw, number_of("b")), PORT_UP);
}

static void flushes(void **state)
{
	static const struct {
		const char *port;
		uint16_t vid;
		uint64_t mac;
		int type;
		uint32_t count; // of the entries below
	} cases[] = {
		{"", 0, 0, -1, 4},         {"a", 0, 0, -1, 3},      {"", 2, 0, -1, 2},
		{"", 0, MAC(1), -1, 2},    {"a", 2, MAC(1), -1, 1}, {"b", 0, MAC(1), -1, 0},
		{"", 0, 0, FDB_STICKY, 1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		open_switch(
			"ports: [{name: a, mac-address: 02:00:00:00:00:0a}, {name: b}, {name: s, policy: {mac-sticky: on}}]\n"
			"static-macs: [{mac: 02:00:00:00:00:0b, vlan: 1, port: b}]");
		learn("a", 1, MAC(1));
		learn("a", 2, MAC(1));
		learn("a", 1, MAC(2));
		learn("b", 2, MAC(3));
		learn("s", 3, MAC(4));
		struct fdb_filter f = {*cases[i].port ? (int)number_of(cases[i].port) : -1,
				       cases[i].vid, cases[i].mac, cases[i].type, 0};
		CHECK(mactable_flush(sw, &f) == cases[i].count, "case %zu", i);
		assert_int_equal(mactable_flush(sw, &f), 0);
		assert_int_equal(type_of(1, MAC(10)), FDB_ASSIGNED);
		assert_int_equal(type_of(1, MAC(11)), FDB_STATIC);
		close_switch(state);
	}
}

// A guest that gives its NIC the MAC of another port's guest must not take it for ever.
static void a_guest_chooses_a_learned_mac(void **state)
{
	static const char text[] =
		"ports: [{name: a, mac-address: 02:00:00:00:00:aa, qmp: /q}, {name: b}]";
	struct switch_guest g = {.qmp = "/q", .mac = MAC(1)};
	struct fdb_entry found;
	struct error e;

	(void)state;
	open_switch(text);
	learn("b", 1, MAC(1));
	assert_true(switch_set_guest(sw, number_of("a"), &g, &e));
	assert_int_equal(config_effective_mac(switch_port_config(sw, number_of("a"))), MAC(1));
	assert_true(fdb_lookup(sw->shared.fdb, key_make(1, MAC(1)), switch_tick(sw), &found));
	assert_int_equal(found.type, FDB_DYNAMIC);
	assert_int_equal(found.port, number_of("b"));
	apply("policy: {mac-changes: reject, mac-learning: off}\n"
	      "ports: [{name: a, mac-address: 02:00:00:00:00:aa, qmp: /q}, {name: b}]");
	assert_int_not_equal(
		fdb_lookup(sw->shared.fdb, key_make(1, MAC(1)), switch_tick(sw), &found) &&
			found.port == number_of("a"),
		true);
	apply("policy: {mac-learning: off}\n"
	      "ports: [{name: a, mac-address: 02:00:00:00:00:aa, qmp: /q}, {name: b}]");
	assert_true(fdb_lookup(sw->shared.fdb, key_make(1, MAC(1)), switch_tick(sw), &found));
	assert_int_equal(found.type, FDB_ASSIGNED);
	assert_int_equal(found.port, number_of("a"));
}

#define SWITCH_TEST(function) cmocka_unit_test_teardown(function, close_switch)

RUN_TESTS(SWITCH_TEST(a_lowered_limit), SWITCH_TEST(a_lowered_limit_and_dead_entries),
	  SWITCH_TEST(what_becomes_untrue), SWITCH_TEST(refused_changes),
	  SWITCH_TEST(ports_come_and_go), SWITCH_TEST(a_port_changes_its_device),
	  SWITCH_TEST(as_many_ports_as_there_can_be), SWITCH_TEST(ports_go_down_and_up),
	  SWITCH_TEST(a_state_is_that_of_forwarding), SWITCH_TEST(flushes),
	  SWITCH_TEST(a_guest_chooses_a_learned_mac))
