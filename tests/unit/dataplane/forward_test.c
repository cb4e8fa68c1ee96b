// SPDX-License-Identifier: BSD-3-Clause
// The forwarding path as a replay uses it. pcaps/ and the model test the decisions. These tests
// check that every outcome is counted under its name, that bursts make no difference, and that no
// buffer is lost.

#include <rte_ip.h>
#include <string.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/events.h"
#include "control/switch/links.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/frame.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"
#include "dataplane/sniff.h"
#include "dataplane/txbatch.h"
#include "dataplane/vxlan.h"
#include "tests/unit/forwarding.h"
#include "tests/unit/frame.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

enum { FRAME_MAX = 2000, VID_NONE = -1 };

#define SECOND UINT64_C(1000000000)
#define MAC(n) (UINT64_C(0x020000000000) + (n))
#define GROUP(n) (UINT64_C(0x01005e000000) + (n))

static uint64_t delivered[PORTS_MAX], bytes_of_all[PORTS_MAX]; // frames; a hash over them in their
							       // order
static struct event events[4096];
static unsigned event_count;

static uint16_t deliver(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	(void)arg;
	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *p = rte_pktmbuf_mtod(frames[i], const uint8_t *);
		delivered[port]++;
		for (uint32_t k = 0; k < rte_pktmbuf_data_len(frames[i]); k++)
			bytes_of_all[port] = bytes_of_all[port] * 31 + p[k];
	}
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

static void note_event(void *arg, const struct event *e)
{
	(void)arg;
	if (event_count < COUNT(events))
		events[event_count++] = *e;
}

static void open_switch(const char *text)
{
	test_open(text, SWITCH_REPLAY, deliver);
	memset(delivered, 0, sizeof delivered);
	memset(bytes_of_all, 0, sizeof bytes_of_all);
	event_count = 0;
	sw->on_event = note_event;
}

static struct rte_mbuf *raw(const uint8_t *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(sw->pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	return m;
}

static struct rte_mbuf *frame(uint64_t dst, uint64_t src, int vid, size_t len)
{
	uint8_t p[FRAME_MAX] = {0};

	test_header(p, dst, src, vid);
	return raw(p, len);
}

static unsigned number_of(const char *port)
{
	return test_port(sw, port);
}

static void forward(unsigned port, struct rte_mbuf **frames, const uint64_t *when, unsigned n)
{
	forward_burst(fwd, port, frames, when, n);
	txbatch_drain(&fwd->tx);
	sw->replay_ns = fwd->now_ns;
	events_drain(sw);
}

// The outcome of one frame.
static enum outcome outcome_of(unsigned port, struct rte_mbuf *m)
{
	struct counters before, after;
	int found = -1;

	switch_counters(sw, port, &before);
	forward(port, &m, NULL, 1);
	switch_counters(sw, port, &after);
	assert_int_equal(after.rx_packets, before.rx_packets + 1);
	for (int i = 0; i < OUTCOMES; i++) {
		if (after.outcome[i] == before.outcome[i])
			continue;
		assert_true(found < 0 && after.outcome[i] == before.outcome[i] + 1);
		found = i;
	}
	assert_true(found >= 0);
	return (enum outcome)found;
}

static const char every_kind[] =
	"policy: {mac-limit: 100, allowed-vlans: 1-20}\n"
	"vlans: [{vlan: 100, multicast-snooping: on, unregistered: routers}]\n"
	"ports:\n"
	"- {name: a, policy: {allowed-vlans: '1-20,100'}}\n"
	"- {name: b}\n"
	"- {name: strict, mac-address: 02:00:00:00:00:d0, policy: {forged-transmits: reject}}\n"
	"- {name: one, policy: {mac-limit: 1, mac-limit-policy: drop}}\n"
	"- {name: iso1, policy: {isolation-group: 1}}\n"
	"- {name: iso2, policy: {isolation-group: 1}}\n"
	"- {name: up1, uplink: on}\n"
	"- {name: up2, uplink: on}\n"
	"- {name: down, enabled: off, mac-address: 02:00:00:00:00:d1}\n"
	"- {name: guard, policy: {dhcp-server: block, router-advert: block}}\n"
	"- {name: unbound, policy: {spoof-guard: strict}}\n"
	"- {name: slow, policy: {ingress-rate: 8, ingress-burst: 1}}\n"
	"- {name: storm, policy: {storm-broadcast: 1, storm-multicast: 1, storm-unknown-unicast: 1}}\n"
	"- {name: still, policy: {mac-move-limit: 1}}\n"
	"- {name: root, policy: {bpdu: guard}}\n"
	"evpn: {source: 10.9.0.1, control: none, vnis: [{vlan: 5, vni: 500}],\n"
	"  peers: [{vtep: 10.9.0.2, next-hop: 02:00:00:00:00:e2, vnis: [500]}]}\n";

#define V6 0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 58, 255
#define V4 0x08, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0
#define ZERO8 0, 0, 0, 0, 0, 0, 0, 0
#define MACS 2, 0, 0, 0, 0, 0x77, 2, 0, 0, 0, 0, 0x70

static const uint8_t group[] = {1, 0, 0x5e, 1,  1,  1, 2, 0, 0,   0, 0, 1, 0x81,
				0, 0, 100,  V4, 10, 0, 0, 1, 239, 1, 1, 1, ZERO8};
static const uint8_t advert[] = {MACS, V6, ZERO8, ZERO8, ZERO8, ZERO8, 134, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t offer[] = {MACS, V4, ZERO8, 0, 67, 0, 68, 0, 8, 0, 0};

// A packet of VXLAN to 10.9.0.1, with a frame of 14 bytes.
#define VXLAN(sum, from, vni) \
	{ \
		MACS, 8, 0, 0x45, 0, 0, 50, 0, 0, 0x40, 0, 64, 17, (sum) >> 8, (sum)&0xff, 10, 9, \
			0, from, 10, 9, 0, 1, 0, 0, 0x12, 0xb5, 0, 30, 0, 0, 8, 0, 0, 0, 0, \
			(vni) >> 8, (vni)&0xff, 0, MACS, 0x88, 0xb5 \
	}

static const uint8_t from_peer[] = VXLAN(0x26a7, 2, 500), from_other[] = VXLAN(0x26a6, 3, 500),
		     of_no_vlan[] = VXLAN(0x26a7, 2, 501);

// The order matters, because later frames need the MACs that earlier ones teach.
static const struct {
	const char *port;
	uint64_t dst, src;
	int vid;
	size_t len;
	enum outcome outcome;
	const uint8_t *raw; // replaces the header if not NULL
} steps[] = {
	{"a", MAC(2), MAC(1), VID_NONE, 60, OUT_FLOODED, NULL},
	{"b", MAC(1), MAC(2), VID_NONE, 60, OUT_FORWARDED, NULL},
	{"a", MAC(2), MAC(1), VID_NONE, 60, OUT_FORWARDED, NULL},
	{"a", MAC(1), MAC(3), VID_NONE, 60, OUT_SAME_PORT, NULL},
	{"a", MAC(2), MAC(1), 20, 60, OUT_FLOODED, NULL}, // another VLAN
	{"a", MAC(2), MAC(1), VID_NONE, 13, OUT_MALFORMED, NULL},
	{"a", MAC(2), MAC(1), 10, 17, OUT_MALFORMED, NULL},
	{"down", MAC(2), MAC(4), VID_NONE, 60, OUT_PORT_DOWN, NULL},
	{"down", MAC(2), MAC(4), VID_NONE, 13, OUT_MALFORMED, NULL},
	{"a", MAC(2), MAC(1), 21, 60, OUT_VLAN_FILTERED, NULL},
	{"a", MAC(2), GROUP(1), VID_NONE, 60, OUT_BAD_SOURCE, NULL},
	{"a", UINT64_C(0x0180c2000000), MAC(1), VID_NONE, 60, OUT_BPDU, NULL},
	{"a", UINT64_C(0x0180c2000003), MAC(1), VID_NONE, 60, OUT_LINK_LOCAL, NULL},
	{"strict", MAC(2), MAC(5), VID_NONE, 60, OUT_FORGED_TRANSMIT, NULL},
	{"strict", MAC(2), MAC(0xd0), VID_NONE, 60, OUT_FORWARDED, NULL},
	{"guard", 0, 0, 0, sizeof offer, OUT_DHCP_SERVER, offer},
	{"guard", 0, 0, 0, sizeof advert, OUT_ROUTER_ADVERT, advert},
	{"a", 0, 0, 0, sizeof offer, OUT_FLOODED, offer},
	{"unbound", MAC(2), MAC(15), VID_NONE, 60, OUT_SPOOFED, NULL},
	{"slow", MAC(2), MAC(6), VID_NONE, 1000, OUT_FORWARDED, NULL},
	{"slow", MAC(2), MAC(6), VID_NONE, 1000, OUT_RATE_LIMIT, NULL},
	{"storm", MAC_BROADCAST, MAC(7), VID_NONE, 60, OUT_FLOODED, NULL},
	{"storm", MAC_BROADCAST, MAC(7), VID_NONE, 60, OUT_STORM_BROADCAST, NULL},
	{"storm", GROUP(1), MAC(7), VID_NONE, 60, OUT_FLOODED, NULL},
	{"storm", GROUP(1), MAC(7), VID_NONE, 60, OUT_STORM_MULTICAST, NULL},
	{"storm", MAC(99), MAC(7), VID_NONE, 60, OUT_FLOODED, NULL},
	{"storm", MAC(99), MAC(7), VID_NONE, 60, OUT_STORM_UNKNOWN_UNICAST, NULL},
	{"storm", MAC(2), MAC(7), VID_NONE, 60, OUT_FORWARDED, NULL},
	{"b", MAC(1), MAC(0xd0), VID_NONE, 60, OUT_MAC_CONFLICT, NULL},
	{"b", MAC(1), MAC(3), VID_NONE, 60, OUT_FORWARDED, NULL},    // moves from a
	{"still", MAC(1), MAC(3), VID_NONE, 60, OUT_MAC_FLAP, NULL}, // would move once more
	{"b", MAC(1), MAC(3), VID_NONE, 60, OUT_MAC_FLAP, NULL},     // is held on a, its home
	{"a", MAC(2), MAC(3), VID_NONE, 60, OUT_FORWARDED, NULL},
	{"one", MAC(1), MAC(8), VID_NONE, 60, OUT_FORWARDED, NULL},
	{"one", MAC(1), MAC(9), VID_NONE, 60, OUT_MAC_LIMIT, NULL},
	{"iso1", MAC(1), MAC(10), VID_NONE, 60, OUT_FORWARDED, NULL},
	{"iso2", MAC(10), MAC(11), VID_NONE, 60, OUT_ISOLATED, NULL},
	{"up1", MAC(1), MAC(13), VID_NONE, 60, OUT_FORWARDED, NULL},
	{"up2", MAC(13), MAC(14), VID_NONE, 60, OUT_ISOLATED, NULL},
	{"up2", MAC_BROADCAST, MAC(1), VID_NONE, 60, OUT_REFLECTED, NULL},
	{"a", MAC(13), MAC(1), VID_NONE, 60, OUT_FORWARDED, NULL}, // it has not moved
	{"a", MAC(1), MAC(13), VID_NONE, 60, OUT_SAME_PORT, NULL}, // forged: at home on up1
	{"up1", MAC(1), MAC(13), VID_NONE, 60, OUT_FORWARDED, NULL},
	{"a", MAC(0xd1), MAC(1), VID_NONE, 60, OUT_DEST_DOWN, NULL},
	{"a", MAC(99), MAC(1), 100, 60, OUT_NO_DESTINATION, NULL},
	{"a", 0, 0, 0, sizeof group, OUT_UNREGISTERED, group},
	{"underlay", 0, 0, 0, sizeof from_peer, OUT_FORWARDED, from_peer},
	{"underlay", 0, 0, 0, sizeof from_other, OUT_UNKNOWN_VTEP, from_other},
	{"underlay", 0, 0, 0, sizeof of_no_vlan, OUT_UNKNOWN_VNI, of_no_vlan},
	{"root", UINT64_C(0x0180c2000000), MAC(12), VID_NONE, 60, OUT_BPDU, NULL},
	{"root", MAC(1), MAC(12), VID_NONE, 60, OUT_PORT_DOWN, NULL}, // err-disabled
};

static void every_outcome(void **state)
{
	bool reached[OUTCOMES] = {false};

	(void)state;
	open_switch(every_kind);
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct rte_mbuf *m = steps[i].raw ? raw(steps[i].raw, steps[i].len)
						  : frame(steps[i].dst, steps[i].src, steps[i].vid,
							  steps[i].len);
		enum outcome got = outcome_of(number_of(steps[i].port), m);
		CHECK(got == steps[i].outcome, "step %zu: %s, not %s", i, outcome_names[got],
		      outcome_names[steps[i].outcome]);
		reached[got] = true;
	}
	for (int i = 0; i < OUTCOMES; i++)
		CHECK(reached[i], "%s is not reached", outcome_names[i]);
	test_close();
}

static const char two_ports[] =
	"policy: {mac-limit: 2, mac-limit-policy: drop, aging-time: 1}\nports: [{name: a}, {name: b}]\n";

static uint64_t count_of(unsigned port, enum outcome o)
{
	struct counters c;

	switch_counters(sw, port, &c);
	return c.outcome[o];
}

// Frames of a burst depend on MACs that earlier frames of the burst taught.
static void a_burst_teaches_itself(void **state)
{
	(void)state;
	open_switch(two_ports);
	unsigned a = number_of("a"), b = number_of("b");
	struct rte_mbuf *frames[] = {
		frame(MAC(9), MAC(1), VID_NONE, 60), // learned; the first of two places
		frame(MAC(1), MAC(2), VID_NONE, 60), // known by now: on this very port
		frame(MAC(2), MAC(3), VID_NONE, 60), // no place is left
	};
	forward(a, frames, NULL, 3);
	assert_int_equal(count_of(a, OUT_FLOODED), 1);
	assert_int_equal(count_of(a, OUT_SAME_PORT), 1);
	assert_int_equal(count_of(a, OUT_MAC_LIMIT), 1);
	assert_int_equal(delivered[b], 1);
	assert_int_equal(event_count, 2);
	assert_int_equal(events[1].type, EVENT_MAC_LEARNED);
	assert_int_equal(events[1].key, key_make(1, MAC(2)));
	test_close();
}

// An entry that expires between two frames of a burst: an ageing time of 1 s counts in half
// seconds.
static void time_passes_within_a_burst(void **state)
{
	static const uint64_t when[] = {SECOND / 2, SECOND, SECOND + SECOND / 2 - 1,
					SECOND + SECOND / 2};

	(void)state;
	open_switch(two_ports);
	unsigned a = number_of("a"), b = number_of("b");
	struct rte_mbuf *teach = frame(MAC(9), MAC(1), VID_NONE, 60), *frames[4];
	forward(a, &teach, NULL, 1);
	for (int i = 0; i < 4; i++)
		frames[i] = frame(MAC(1), MAC(2), VID_NONE, 60);
	forward(b, frames, when, 4);
	assert_int_equal(count_of(b, OUT_FORWARDED), 3);
	assert_int_equal(count_of(b, OUT_FLOODED), 1);
	test_close();
}

static void a_port_comes_back(void **state)
{
	struct error e;

	(void)state;
	open_switch("ports: [{name: a, policy: {bpdu: guard, recovery-time: 5}}, {name: b}]");
	unsigned a = number_of("a"), b = number_of("b");
	assert_int_equal(outcome_of(a, frame(MAC(2), MAC(1), VID_NONE, 60)), OUT_FLOODED);
	assert_int_equal(outcome_of(b, frame(MAC(1), MAC(2), VID_NONE, 60)), OUT_FORWARDED);
	assert_int_equal(outcome_of(a, frame(UINT64_C(0x0180c2000000), MAC(1), VID_NONE, 60)),
			 OUT_BPDU);
	assert_int_equal(switch_port_state(sw, a), PORT_ERR_DISABLED);
	assert_int_equal(fdb_count(sw->shared.fdb, a), 0);
	assert_int_equal(outcome_of(b, frame(MAC(1), MAC(2), VID_NONE, 60)), OUT_NO_DESTINATION);
	sw->replay_ns = 5 * SECOND - 1;
	assert_int_equal(links_recover(sw), 5 * SECOND);
	assert_int_equal(switch_port_state(sw, a), PORT_ERR_DISABLED);
	sw->replay_ns = 5 * SECOND;
	assert_int_equal(links_recover(sw), UINT64_MAX);
	assert_int_equal(switch_port_state(sw, a), PORT_UP);
	assert_int_equal(outcome_of(a, frame(MAC(2), MAC(1), VID_NONE, 60)), OUT_FORWARDED);
	struct config *c = config_copy(sw->config);
	c->port[0].enabled = false;
	assert_true(switch_apply(sw, c, &e));
	assert_int_equal(outcome_of(a, frame(MAC(2), MAC(1), VID_NONE, 60)), OUT_PORT_DOWN);
	test_close();
}

static void set_recovery(uint32_t seconds)
{
	struct config *c = config_copy(sw->config);
	struct error e;

	c->port[0].policy.value[PK_RECOVERY_TIME] = seconds;
	assert_true(switch_apply(sw, c, &e));
}

// The recovery time in force counts, not the one of the moment when the port was shut down.
static void a_changed_recovery_time(void **state)
{
	(void)state;
	open_switch("ports: [{name: a, policy: {bpdu: guard, recovery-time: 5}}, {name: b}]");
	unsigned a = number_of("a");
	sw->replay_ns = SECOND;
	forwarder_set_clock(&sw->worker[0]->forwarder, SECOND);
	outcome_of(a, frame(UINT64_C(0x0180c2000000), MAC(1), VID_NONE, 60));
	assert_int_equal(links_recover(sw), 6 * SECOND);
	set_recovery(0);
	sw->replay_ns = 20 * SECOND;
	assert_int_equal(links_recover(sw), UINT64_MAX);
	assert_int_equal(switch_port_state(sw, a), PORT_ERR_DISABLED);
	set_recovery(30);
	assert_int_equal(links_recover(sw), 31 * SECOND);
	set_recovery(19);
	assert_int_equal(links_recover(sw), UINT64_MAX);
	assert_int_equal(switch_port_state(sw, a), PORT_UP);
	test_close();
}

enum { PORTS = 8, FRAMES = 3000 };

static const char many_policies[] =
	"policy: {mac-limit: 12, allowed-vlans: 1-3, aging-time: 2}\n"
	"ports:\n"
	"- {name: p0, policy: {promiscuous: accept}}\n"
	"- {name: p1, policy: {vlan-mode: access, access-vlan: 2, mac-limit: 2}}\n"
	"- {name: p2, policy: {isolation-group: 1, storm-broadcast: 3, mac-move-limit: 2}}\n"
	"- {name: p3, policy: {isolation-group: 1, ingress-rate: 64, ingress-burst: 1, mac-sticky: on}}\n"
	"- {name: p4, mac-address: 02:00:00:00:00:03, policy: {egress-rate: 64, egress-burst: 1}}\n"
	"- {name: p5}\n"
	"- {name: p6, uplink: on}\n"
	"- {name: p7, uplink: on}\n"
	"mirrors: [{name: m, source: [p0, p2], destination: p5}]\n";

struct result {
	uint64_t delivered[PORTS], bytes[PORTS];
	struct counters counters[PORTS];
};

static struct rte_mbuf *random_frame(uint64_t *seed)
{
	uint32_t kind = rnd_below(seed, 16);
	uint64_t dst = kind == 0   ? MAC_BROADCAST
		       : kind == 1 ? GROUP(rnd_below(seed, 4))
				   : MAC(rnd_below(seed, 16));

	return frame(dst, MAC(rnd_below(seed, 16)),
		     rnd_below(seed, 2) ? VID_NONE : (int)rnd_below(seed, 5),
		     10 + rnd_below(seed, 100));
}

// Runs of frames to one port, time going on; in bursts of at most so many.
static struct result play(unsigned burst_max)
{
	struct result r;
	struct rte_mbuf *burst[BURST_MAX];
	uint64_t when[BURST_MAX], seed = 5, ns = 0;
	unsigned port = 0, n = 0;

	open_switch(many_policies);
	for (int i = 0; i < FRAMES; i++) {
		bool turns = rnd_below(&seed, 20) == 0;
		if (n == burst_max || (n && turns)) {
			forward(port, burst, when, n);
			n = 0;
		}
		port = turns ? rnd_below(&seed, PORTS) : port;
		ns += rnd_below(&seed, 50) ? rnd_below(&seed, 1000000)
					   : rnd_below(&seed, 2000000000);
		when[n] = ns;
		burst[n++] = random_frame(&seed);
	}
	forward(port, burst, when, n);
	for (unsigned p = 0; p < PORTS; p++) {
		r.delivered[p] = delivered[p];
		r.bytes[p] = bytes_of_all[p];
		switch_counters(sw, p, &r.counters[p]);
	}
	test_close();
	return r;
}

static void check_conservation(const struct result *r)
{
	for (unsigned p = 0; p < PORTS; p++) {
		const struct counters *c = &r->counters[p];
		uint64_t ended = 0;
		for (int i = 0; i < OUTCOMES; i++)
			ended += c->outcome[i];
		assert_int_equal(c->rx_packets, ended);
		assert_int_equal(c->tx_packets, r->delivered[p]);
		assert_true(c->tx_packets);
	}
}

static void bursts_make_no_difference(void **state)
{
	static const unsigned sizes[] = {2, 7, 32, BURST_MAX};
	struct result single = play(1);

	(void)state;
	check_conservation(&single);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct result r = play(sizes[i]);
		check_conservation(&r);
		for (unsigned p = 0; p < PORTS; p++) {
			CHECK(r.delivered[p] == single.delivered[p],
			      "bursts of %u: port %u sends %ju frames, not %ju", sizes[i], p,
			      (uintmax_t)r.delivered[p], (uintmax_t)single.delivered[p]);
			CHECK(r.bytes[p] == single.bytes[p],
			      "bursts of %u: port %u sends something else", sizes[i], p);
			assert_memory_equal(&r.counters[p], &single.counters[p],
					    sizeof r.counters[p]);
		}
	}
}

// A tunnel's frames that wait are in its packets, although the next burst knows of no tunnel.
static void a_tunnel_goes_away(void **state)
{
	(void)state;
	open_switch("ports: [{name: a, policy: {vlan-mode: access, access-vlan: 5}}]\n"
		    "evpn: {source: 10.9.0.1, control: none, underlay: {device: tap:u0},\n"
		    " vnis: [{vlan: 5, vni: 500}],\n"
		    " peers: [{vtep: 10.9.0.2, next-hop: 02:00:00:00:00:e2, vnis: [500]}]}\n");
	unsigned a = number_of("a"), tunnel = number_of("10.9.0.2"), under = number_of("underlay");
	static struct swconf without;
	without = *sw->conf;
	without.vxlan = NULL;
	struct rte_mbuf *m = frame(MAC_BROADCAST, MAC(1), VID_NONE, 60);
	forward_burst(fwd, a, &m, NULL, 1);
	atomic_store(&sw->shared.conf, &without);
	m = frame(MAC(1), MAC(1), VID_NONE, 60);
	forward(a, &m, NULL, 1);
	atomic_store(&sw->shared.conf, sw->conf);
	assert_int_equal(delivered[tunnel], 0);
	assert_int_equal(delivered[under], 1);
	test_close();
}

static const char of_tunnels[] =
	"policy: {mac-limit: 40}\n"
	"ports:\n"
	"- {name: a, policy: {vlan-mode: access, access-vlan: 5}}\n"
	"- {name: b, policy: {allowed-vlans: 1-7}}\n"
	"- {name: c, policy: {native-vlan: 6, allowed-vlans: 5-7, storm-broadcast: 200}}\n"
	"- {name: d, policy: {promiscuous: accept, allowed-vlans: 6}}\n"
	"evpn: {source: 10.9.0.1, control: none, underlay: {device: tap:u0, mtu: 576},\n"
	" vnis: [{vlan: 5, vni: 500}, {vlan: 6, vni: 600}, {vlan: 7, vni: 700}],\n"
	" peers: [{vtep: 10.9.0.2, next-hop: 02:00:00:00:00:e2, vnis: [500, 600],\n"
	"          macs: [{mac: 02:00:00:00:00:01, vlan: 5}, {mac: 02:00:00:00:00:02, vlan: 6}]},\n"
	"         {vtep: 10.9.0.3, next-hop: 02:00:00:00:00:e3, vnis: [500, 700],\n"
	"          macs: [{mac: 02:00:00:00:00:03, vlan: 5}, {mac: 02:00:00:00:00:04, vlan: 7}]},\n"
	"         {vtep: 10.9.0.4, vnis: [600], macs: [{mac: 02:00:00:00:00:05, vlan: 6}]}]}\n";

enum { TUNNEL_PORTS = 8, TUNNEL_BURSTS = 3000, VTEPS = 8 };

static const char *const tunnel_ports[TUNNEL_PORTS] = {
	"a", "b", "c", "d", "10.9.0.2", "10.9.0.3", "10.9.0.4", "underlay"};

struct tunnels_result {
	uint64_t sent[TUNNEL_PORTS], bytes[TUNNEL_PORTS], to_vtep[VTEPS];
	struct counters counters[TUNNEL_PORTS];
};

static uint64_t bytes_to_vtep[VTEPS]; // a hash over the packets to 10.9.0.n

static uint16_t deliver_packets(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	for (uint16_t i = 0; i < n && port == sw->conf->vxlan->underlay; i++) {
		const uint8_t *p = rte_pktmbuf_mtod(frames[i], const uint8_t *);
		uint64_t *hash = &bytes_to_vtep[p[33] % VTEPS];
		for (uint32_t k = 0; k < rte_pktmbuf_data_len(frames[i]); k++)
			*hash = *hash * 31 + p[k];
	}
	return deliver(arg, port, frames, n);
}

// What a frame has in common with the one before it, as a rule.
struct kind {
	uint64_t dst, src;
	uint32_t vni, peer;
	int vid;
};

// Frames that mostly are like the one before them, and in the underlay the packets of them.
static struct rte_mbuf *next_frame(struct kind *k, uint64_t *seed, bool packet)
{
	static const uint32_t vnis[] = {500, 600, 700, 800};

	if (!rnd_below(seed, 3))
		k->dst = rnd_below(seed, 8) ? MAC(rnd_below(seed, 12)) : MAC_BROADCAST;
	if (!rnd_below(seed, 3))
		k->src = MAC(rnd_below(seed, 12));
	if (!rnd_below(seed, 4))
		k->vid = rnd_below(seed, 3) ? VID_NONE : (int)rnd_below(seed, 8);
	if (!rnd_below(seed, 4))
		k->vni = vnis[rnd_below(seed, COUNT(vnis))], k->peer = 2 + rnd_below(seed, 4);
	struct rte_mbuf *m = frame(k->dst, k->src, k->vid, 10 + rnd_below(seed, 600));
	if (!packet)
		return m;
	uint8_t h[VXLAN_HEADER] = {MACS, 8, 0, 0x45};
	uint32_t total = rte_pktmbuf_pkt_len(m) + VXLAN_OUTER;
	frame_put_be16(h + 16, total);
	memcpy(h + 22, (uint8_t[]){64, 17}, 2);
	memcpy(h + 26, (uint8_t[]){10, 9, 0, (uint8_t)k->peer, 10, 9, 0, 1}, 8);
	frame_put_be16(h + 36, 4789);
	frame_put_be16(h + 38, total - 20);
	h[42] = 8;
	frame_put_be32(h + 46, k->vni << 8);
	uint16_t sum = (uint16_t)~rte_raw_cksum(h + 14, 20);
	memcpy(h + 24, &sum, sizeof sum);
	memcpy(rte_pktmbuf_prepend(m, VXLAN_HEADER), h, sizeof h);
	if (!rnd_below(seed, 8))
		rte_pktmbuf_append(m, 1); // padding
	return m;
}

// Bursts of each kind of port, with or without somebody who looks.
static struct tunnels_result play_tunnels(bool watched)
{
	static struct rte_mbuf *burst[BURST_MAX];
	struct tunnels_result r = {0};
	struct kind kind = {0};
	uint64_t seed = 7;

	open_switch(of_tunnels);
	fwd->tx.send = deliver_packets;
	memset(bytes_to_vtep, 0, sizeof bytes_to_vtep);
	struct sniffer *s = sniffer_create(4096, 64, 1);
	if (watched)
		sniff_add(&fwd->tx.sniffers, s);
	for (unsigned i = 0; i < TUNNEL_BURSTS; i++) {
		const char *name = tunnel_ports[rnd_below(&seed, 2) ? 7 : rnd_below(&seed, 4)];
		unsigned port = number_of(name), n = 1 + rnd_below(&seed, 40);
		for (unsigned k = 0; k < n; k++)
			burst[k] = next_frame(&kind, &seed, port == sw->conf->vxlan->underlay);
		forwarder_set_clock(fwd, i * (SECOND / 100));
		forward(port, burst, NULL, n);
	}
	if (watched)
		sniff_remove(&fwd->tx.sniffers, s);
	sniffer_destroy(s);
	for (unsigned i = 0; i < TUNNEL_PORTS; i++) {
		unsigned port = number_of(tunnel_ports[i]);
		r.sent[i] = delivered[port];
		r.bytes[i] = i == 7 ? 0 : bytes_of_all[port];
		switch_counters(sw, port, &r.counters[i]);
	}
	memcpy(r.to_vtep, bytes_to_vtep, sizeof r.to_vtep);
	test_close();
	return r;
}

// Frames that are seen go a longer way into tunnels and out of them, with the tags of their VLANs.
static void both_ways_of_tunnels_are_alike(void **state)
{
	struct tunnels_result quick = play_tunnels(false), slow = play_tunnels(true);

	(void)state;
	for (unsigned i = 0; i < TUNNEL_PORTS; i++) {
		CHECK(quick.sent[i] == slow.sent[i], "%s: %ju and %ju frames", tunnel_ports[i],
		      (uintmax_t)quick.sent[i], (uintmax_t)slow.sent[i]);
		CHECK(quick.bytes[i] == slow.bytes[i], "%s: other frames", tunnel_ports[i]);
		CHECK(!memcmp(&quick.counters[i], &slow.counters[i], sizeof slow.counters[i]),
		      "%s: other counters", tunnel_ports[i]);
	}
	assert_memory_equal(quick.to_vtep, slow.to_vtep, sizeof slow.to_vtep);
	assert_true(quick.sent[0] > 1000 && quick.sent[7] > 1000);
}

#define FORWARD_TEST(function) cmocka_unit_test_teardown(function, test_end)

RUN_TESTS(FORWARD_TEST(every_outcome), FORWARD_TEST(a_burst_teaches_itself),
	  FORWARD_TEST(time_passes_within_a_burst), FORWARD_TEST(a_port_comes_back),
	  TEST(a_changed_recovery_time), FORWARD_TEST(bursts_make_no_difference),
	  FORWARD_TEST(a_tunnel_goes_away), FORWARD_TEST(both_ways_of_tunnels_are_alike))
