// SPDX-License-Identifier: BSD-3-Clause
// The ports of a live switch with devices that need no hardware: null devices, and a memif whose
// peer is the test.

#define _GNU_SOURCE
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/ports.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/counters.h"
#include "dataplane/frame.h"
#include "dataplane/link.h"
#include "dataplane/port.h"
#include "dataplane/portset.h"
#include "tests/unit/config.h"
#include "tests/unit/folder.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

enum { WORKERS = 3 };

#define PLANE "dataplane: {workers: 3, memory: 64, hugepages: off}\npolicy: {mac-limit: 1}\n"
#define NULL_PORT(name) "{name: " name ", device: 'null:'}"

static struct vswitch *sw;

static void open_switch(const char *text)
{
	sw = test_switch(text, SWITCH_LIVE);
}

static int close_switch(void **state)
{
	(void)state;
	switch_destroy(sw);
	sw = NULL;
	return rte_eth_dev_count_total() != 0;
}

// The workers that poll a queue of a port.
static unsigned pollers(unsigned port, unsigned queue)
{
	unsigned n = 0;

	for (unsigned w = 0; w < sw->workers; w++)
		n += portset_has(atomic_load(&sw->worker[w]->polled[queue]), port);
	return n;
}

static void check_numbers(const char *text, const char *wanted)
{
	struct config *c = test_config(text);
	uint8_t numbers[CONFIG_PORTS_MAX];
	char found[64] = "";
	struct error e;

	CHECK(ports_number(sw, c, numbers, &e), "%s", e.text);
	for (unsigned i = 0; i < c->port_count; i++)
		sprintf(found + strlen(found), "%s%u", i ? " " : "", numbers[i]);
	CHECK(!strcmp(found, wanted), "%s: %s, should be %s", text, found, wanted);
	config_free(c);
}

static void numbers(void **state)
{
	(void)state;
	open_switch(PLANE "ports: [" NULL_PORT("a") ", " NULL_PORT("b") ", " NULL_PORT("c") "]");
	check_numbers("ports: [{name: a, device: 'null:'}, {name: c, device: 'null:'}]", "0 2");
	check_numbers(
		"ports: [{name: c, device: 'null:', enabled: off}, {name: a, device: 'null:'}]",
		"2 0");
	check_numbers("ports: [{name: new, device: 'null:'}, {name: a, device: 'null:'}]", "3 0");
	check_numbers("ports: [{name: b, device: 'tap:x'}, {name: a, device: 'null:'}]", "3 0");
	check_numbers("ports: [{name: x}, {name: b, device: 'null:'}, {name: y}]", "3 1 4");
	check_numbers("ports: []", "");
}

// The number of open devices is as before, and the ports still work.
static void check_refused(const char *text, const char *says)
{
	struct config *c = test_config(text), *before = sw->config;
	unsigned devices = rte_eth_dev_count_total();
	struct error e;

	CHECK(!switch_apply(sw, c, &e) && strstr(e.text, says), "%s: %s", text, e.text);
	config_free(c);
	assert_ptr_equal(sw->config, before);
	assert_int_equal(rte_eth_dev_count_total(), devices);
	for (unsigned port = 0; port < PORTS_MAX; port++) {
		bool there = portset_has(sw->ports, port);
		CHECK(port_is_open(&sw->device[port]) == there, "port %u", port);
		assert_int_equal(pollers(port, 0), there);
	}
}

static void all_or_none_are_opened(void **state)
{
	(void)state;
	open_switch(PLANE "ports: [" NULL_PORT("a") "]");
	check_refused(PLANE "ports: [" NULL_PORT("a") ", " NULL_PORT("b") ", " NULL_PORT(
			      "c") ", "
				   "{name: d, device: 'pcap:/none/such.pcap'}]",
		      "'d'");
	check_refused(PLANE "ports: [{name: d, device: 'pcap:/none/such.pcap'}]", "'d'");
	check_refused(PLANE "ports: [" NULL_PORT("a") ", {name: b}]", "'b'");
	test_apply(sw, PLANE "ports: [" NULL_PORT("b") ", " NULL_PORT("a") "]");
	assert_int_equal(test_port(sw, "a"), 0);
	assert_int_equal(test_port(sw, "b"), 1);
}

static void check_absent(const char *name)
{
	unsigned port = test_port(sw, name);

	assert_false(port_is_open(&sw->device[port]));
	assert_int_equal(sw->port[port].link, LINK_GONE);
	assert_int_equal(switch_port_state(sw, port), PORT_ABSENT);
	assert_int_equal(pollers(port, 0), 0);
}

// A switch starts without a NIC. A NIC that is added must be there.
static void a_nic_that_is_absent(void **state)
{
	struct error e;

	(void)state;
	open_switch(PLANE "ports: [{name: nic, device: 'pci:0000:ff:1f.6'}, " NULL_PORT("a") "]");
	check_absent("nic");
	assert_int_equal(switch_port_state(sw, test_port(sw, "a")), PORT_UP);
	struct config *c = test_config(PLANE "ports: [{name: nic, device: 'pci:0000:ff:1f.6'}, "
					     "{name: new, device: 'pci:0000:ff:1f.7'}]");
	CHECK(!switch_apply(sw, c, &e) && strstr(e.text, "there is no PCI device 0000:ff:1f.7"),
	      "%s", e.text);
	config_free(c);
	assert_false(ports_reconnect(sw));
	test_apply(sw, PLANE "ports: [" NULL_PORT("b") ", {name: nic, device: "
						       "'pci:0000:ff:1f.6'}]");
	check_absent("nic");
	test_apply(sw, PLANE "ports: [" NULL_PORT("nic") "]");
	assert_int_equal(switch_port_state(sw, test_port(sw, "nic")), PORT_UP);
}

// The device of another port is refused, even if that port is removed in the same change.
static void a_device_has_one_port(void **state)
{
	(void)state;
	open_switch(PLANE "ports: [{name: a, device: 'net_null7,no-rx=1'}]");
	check_refused(PLANE "ports: [{name: a, device: 'net_null7,no-rx=1'}, "
			    "{name: b, device: 'net_null7,no-rx=1'}]",
		      "'b'");
	check_refused(PLANE "ports: [{name: b, device: 'net_null7,no-rx=1'}]", "'b'");
	test_apply(sw, PLANE "ports: []");
	test_apply(sw, PLANE "ports: [{name: b, device: 'net_null7,no-rx=1'}]");
}

static void as_many_devices_as_there_can_be(void **state)
{
	char text[4096] = PLANE "ports: [", most[4096];

	(void)state;
	for (unsigned i = 0; i < RTE_MAX_ETHPORTS; i++)
		sprintf(text + strlen(text), "%s{name: p%u, device: 'null:'}", i ? ", " : "", i);
	strcat(strcpy(most, text), "]");
	strcat(text, ", " NULL_PORT("more") "]");
	open_switch(most);
	assert_int_equal(rte_eth_dev_count_total(), RTE_MAX_ETHPORTS);
	check_refused(text, "'more'");
	test_apply(sw, PLANE "ports: [" NULL_PORT("p31") "]");
	assert_int_equal(rte_eth_dev_count_total(), 1);
	assert_int_equal(test_port(sw, "p31"), 31);
}

// Ports are spread evenly, with the fewest moves.
static void queues_are_spread(void **state)
{
	static const struct {
		portset ports, polled[WORKERS];
	} cases[] = {
		{0x7f, {0x49, 0x12, 0x24}},                             // in turn
		{0x76, {0x40, 0x12, 0x24}},                             // two go
		{0x74, {0x40, 0x10, 0x24}}, {0x24, {0x04, 0x00, 0x20}}, // one moves
		{0x27, {0x06, 0x01, 0x20}}, {0, {0}},
	};

	(void)state;
	sw = test_switch("dataplane: {workers: 3}\nports: []", SWITCH_BENCH);
	for (size_t i = 0; i < COUNT(cases); i++) {
		ports_unpoll(sw, ~cases[i].ports);
		ports_spread(sw, cases[i].ports);
		for (unsigned w = 0; w < WORKERS; w++)
			CHECK(sw->worker[w]->polled[0] == cases[i].polled[w],
			      "case %zu, worker %u: %#" PRIx64, i, w, sw->worker[w]->polled[0]);
	}
}

// Each queue of a port has a different worker, if there are enough workers.
static void many_queues_are_spread(void **state)
{
	(void)state;
	sw = test_switch("dataplane: {workers: 3}\nports: []", SWITCH_BENCH);
	sw->device[1].rx_queues = 5;
	sw->device[6].rx_queues = 2;
	ports_spread(sw, portset_of(1) | portset_of(4) | portset_of(6));
	for (unsigned q = 0; q < PORT_QUEUES_MAX; q++) {
		assert_int_equal(pollers(1, q), q < 5);
		assert_int_equal(pollers(4, q), q < 1);
		assert_int_equal(pollers(6, q), q < 2);
	}
	for (unsigned w = 0; w < WORKERS; w++) {
		int queues = 0;
		for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
			queues += __builtin_popcountll(sw->worker[w]->polled[q]);
		assert_in_range(queues, 2, 3);
	}
	ports_unpoll(sw, portset_of(1));
	for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
		assert_int_equal(pollers(1, q), 0);
	assert_int_equal(pollers(6, 1), 1);
}

static struct config *with_mtus(unsigned a, unsigned b)
{
	char text[1024];

	snprintf(text, sizeof text,
		 PLANE "ports: [{name: a, device: 'null:', mtu: %u}, "
		       "{name: b, device: 'null:', mtu: %u}]",
		 a, b);
	return test_config(text);
}

static void check_mtu(const char *port, uint16_t wanted)
{
	unsigned number = test_port(sw, port);
	uint16_t mtu;

	assert_int_equal(sw->device[number].longest, wanted + FRAME_HEADER);
	assert_int_equal(atomic_load(&sw->shared.port[number].longest), wanted + FRAME_HEADER);
	assert_int_equal(rte_eth_dev_get_mtu(sw->device[number].dev, &mtu), 0);
	assert_int_equal(mtu, wanted);
}

// The device of b is unplugged and no longer works.
static void unplug(unsigned port)
{
	uint16_t dev = sw->device[port].dev;

	ports_unpoll(sw, portset_of(port));
	assert_int_equal(rte_eth_dev_stop(dev), 0);
	assert_int_equal(rte_eth_dev_close(dev), 0);
}

static void all_or_none_get_their_mtu(void **state)
{
	struct config *c = with_mtus(2000, 1300);
	struct error e;

	(void)state;
	open_switch(PLANE "ports: [{name: a, device: 'null:', mtu: 1400}, "
			  "{name: b, device: 'null:', mtu: 1400}]");
	check_mtu("a", 1400);
	CHECK(switch_apply(sw, c, &e), "%s", e.text);
	check_mtu("a", 2000);
	check_mtu("b", 1300);
	unplug(test_port(sw, "b"));
	c = with_mtus(3000, 3000);
	CHECK(!switch_apply(sw, c, &e) && strstr(e.text, "'b'"), "%s", e.text);
	check_mtu("a", 2000);
	config_free(c);
	c = with_mtus(3000, 1300); // b keeps its MTU
	CHECK(switch_apply(sw, c, &e), "%s", e.text);
	check_mtu("a", 3000);
}

static int serve(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	assert_false(bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 8));
	return fd;
}

// A device without a peer stays closed and unpolled until the peer appears.
static void a_peer_that_comes(void **state)
{
	char text[1024];

	(void)state;
	const char *path = folder_path("peer.sock");
	snprintf(text, sizeof text,
		 PLANE
		 "ports:\n- " NULL_PORT("a") "\n- {name: b, device: 'memif:%s,role=client'}\n",
		 path);
	open_switch(text);
	unsigned b = test_port(sw, "b");
	assert_false(port_is_open(&sw->device[b]));
	assert_int_equal(pollers(b, 0), 0);
	assert_int_equal(pollers(test_port(sw, "a"), 0), 1);
	assert_false(ports_reconnect(sw));
	int fd = serve(path);
	assert_true(ports_reconnect(sw));
	assert_true(port_is_open(&sw->device[b]));
	assert_int_equal(pollers(b, 0), 1);
	assert_false(ports_reconnect(sw)); // still within the time to connect
	sw->port[b].peer_deadline_ns = 0;
	assert_true(ports_reconnect(sw)); // after that time
	assert_true(port_is_open(&sw->device[b]));
	assert_int_equal(pollers(b, 0), 1);
	sw->port[b].peer_deadline_ns = 0;
	sw->port[b].link = LINK_UP;
	assert_false(ports_reconnect(sw)); // connected
	sw->port[b].link = LINK_DOWN;
	close(fd);
	assert_false(ports_reconnect(sw)); // no peer
	assert_true(port_is_open(&sw->device[b]));
}

static int close_switch_and_folder(void **state)
{
	return close_switch(state) | folder_close(state);
}

static void time_to_connect(void **state)
{
	(void)state;
	open_switch(PLANE "ports: [" NULL_PORT("a") "]");
	uint64_t before = switch_now(sw);
	ports_wait_for_peer(sw, 0);
	assert_in_range(sw->port[0].peer_deadline_ns, before + UINT64_C(500000000),
			switch_now(sw) + UINT64_C(2000000000));
}

static void dirty(unsigned port)
{
	sw->shared.port[port].ingress.average_used = 7;
	sw->shared.port[port].violations.sum[0].count = 7;
	sw->shared.port[port].disabled_ns = 7;
	atomic_fetch_or(&sw->shared.err_disabled, portset_of(port));
	counter_add(&sw->worker[0]->forwarder.counters[port].rx_packets, 7);
}

static void check_state(unsigned port, uint64_t value)
{
	struct counters c;

	switch_counters(sw, port, &c);
	assert_int_equal(c.rx_packets, value);
	assert_int_equal(sw->shared.port[port].ingress.average_used, value);
	assert_int_equal(sw->shared.port[port].violations.sum[0].count, value);
	assert_int_equal(sw->shared.port[port].disabled_ns, value);
	assert_int_equal(portset_has(sw->shared.err_disabled, port), value != 0);
}

// A single worker takes no lock.
static void reset(void **state)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		char text[64];
		snprintf(text, sizeof text, "dataplane: {workers: %u}\nports: []", workers);
		sw = test_switch(text, SWITCH_BENCH);
		for (unsigned port = 3; port < 6; port++)
			dirty(port);
		ports_reset(sw, portset_of(3) | portset_of(5));
		check_state(3, 0);
		check_state(4, 7);
		check_state(5, 0);
		assert_int_equal(sw->shared.port[3].ingress.one_user, workers == 1);
		assert_int_equal(sw->shared.port[3].egress.one_user, workers == 1);
		close_switch(state);
	}
}

#define PORTS_TEST(function) cmocka_unit_test_teardown(function, close_switch)

RUN_TESTS(PORTS_TEST(numbers), PORTS_TEST(all_or_none_are_opened), PORTS_TEST(a_nic_that_is_absent),
	  PORTS_TEST(a_device_has_one_port), PORTS_TEST(as_many_devices_as_there_can_be),
	  PORTS_TEST(queues_are_spread), PORTS_TEST(many_queues_are_spread),
	  PORTS_TEST(all_or_none_get_their_mtu),
	  cmocka_unit_test_setup_teardown(a_peer_that_comes, folder_open, close_switch_and_folder),
	  PORTS_TEST(time_to_connect), PORTS_TEST(reset))
