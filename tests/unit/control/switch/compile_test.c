// SPDX-License-Identifier: BSD-3-Clause

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/config.h"
#include "control/switch/compile.h"
#include "dataplane/fdb.h"
#include "dataplane/guard.h"
#include "dataplane/key.h"
#include "dataplane/multicast.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "tests/unit/config.h"
#include "tests/unit/kit.h"

static struct swconf *compiled(const char *text, const uint8_t *numbers)
{
	struct config *c = test_config(text);
	struct swconf *conf = compile_ports(c, numbers);

	assert_non_null(conf);
	config_free(c);
	return conf;
}

enum { A = 5, B = 0, C = 63 };

static const uint8_t numbers[] = {A, B, C};

static const char three_ports[] =
	"ports:\n"
	"- {name: a, mac-address: 02:00:00:00:00:01, policy: {allowed-vlans: 1-20, native-vlan: 10}}\n"
	"- {name: b, policy: {vlan-mode: access, access-vlan: 10, promiscuous: accept, isolation-group: 2}}\n"
	"- {name: c, policy: {native-vlan: 30, allowed-vlans: '10,20', mac-learning: off, isolation-group: 2}}\n";

static void vlans(void **state)
{
	struct swconf *conf = compiled(three_ports, numbers);
	portset a = portset_of(A), b = portset_of(B), c = portset_of(C);

	(void)state;
	assert_int_equal(conf->vlan[10].member, a | b | c);
	assert_int_equal(conf->vlan[10].unknown, a | b);
	assert_int_equal(conf->vlan[10].promisc, b);
	assert_int_equal(conf->vlan[10].untagged, a | b);
	assert_int_equal(conf->vlan[20].member, a | c);
	assert_int_equal(conf->vlan[20].untagged, 0);
	assert_int_equal(conf->vlan[10].as_it_is[FORM_UNTAGGED], 0); // b is promiscuous there
	assert_int_equal(conf->vlan[20].as_it_is[FORM_UNTAGGED], 0);
	assert_int_equal(conf->vlan[20].as_it_is[FORM_TAGGED], a | c);
	assert_int_equal(conf->vlan[20].as_it_is[FORM_PRIORITY], 0);
	assert_int_equal(conf->vlan[1].as_it_is[FORM_UNTAGGED], 0);
	assert_int_equal(conf->vlan[1].as_it_is[FORM_TAGGED], a);
	assert_int_equal(conf->vlan[1].member, a);
	assert_int_equal(conf->vlan[21].member, 0);
	assert_int_equal(conf->vlan[30].member, 0); // c's native VLAN is not allowed on it
	assert_int_equal(conf->port[A].untagged_vid, 10);
	assert_int_equal(conf->port[B].untagged_vid, 10);
	assert_int_equal(conf->port[C].untagged_vid, 0);
	assert_true(conf->port[A].takes_tags);
	assert_false(conf->port[B].takes_tags);
	free(conf);
}

static void reach(void **state)
{
	struct swconf *conf = compiled(three_ports, numbers);
	portset all = portset_of(A) | portset_of(B) | portset_of(C);

	(void)state;
	assert_int_equal(conf->port[A].reach & all, portset_of(B) | portset_of(C));
	assert_int_equal(conf->port[B].reach & all, portset_of(A));
	assert_int_equal(conf->port[C].reach & all, portset_of(A));
	free(conf);
	conf = compiled("ports: [{name: a}, {name: b}, {name: c, policy: {isolation-group: 31}}]",
			numbers); // group 0 isolates no port
	assert_int_equal(conf->port[A].reach & all, portset_of(B) | portset_of(C));
	assert_int_equal(conf->port[B].reach & all, portset_of(A) | portset_of(C));
	assert_int_equal(conf->port[C].reach & all, portset_of(A) | portset_of(B));
	free(conf);
	conf = compiled("ports: [{name: a, uplink: on}, {name: b}, {name: c, uplink: on}]",
			numbers);
	assert_int_equal(conf->port[A].reach & all, portset_of(B));
	assert_int_equal(conf->port[B].reach & all, portset_of(A) | portset_of(C));
	assert_int_equal(conf->port[C].reach & all, portset_of(B));
	assert_int_equal(conf->port[A].learner.uplinks, portset_of(A) | portset_of(C));
	assert_int_equal(conf->port[B].learner.uplinks, 0);
	free(conf);
}

// Each port has the list of the nearest level as a whole.
static void allowed_macs(void **state)
{
	static const uint8_t of_ports[] = {7, 3, 5};
	struct swconf *conf = compiled(
		"policy: {allowed-macs: [00:00:5e:00:01:00/40, 00:50:56:00:00:00/24]}\n"
		"ports: [{name: a}, {name: b, policy: {allowed-macs: [], vlan-mode: access}},\n"
		"  {name: c, policy: {allowed-macs: 02:00:00:00:00:07}}]",
		of_ports);
	const struct mac_range *a = &conf->range[conf->port[7].allowed_first],
			       *c = &conf->range[conf->port[5].allowed_first];

	(void)state;
	assert_int_equal(conf->port[7].allowed_count, 2);
	assert_int_equal(a[0].mac, UINT64_C(0x00005e000100));
	assert_int_equal(a[0].mask, UINT64_C(0xffffffffff00));
	assert_int_equal(a[1].mac, UINT64_C(0x005056000000));
	assert_int_equal(a[1].mask, UINT64_C(0xffffff000000));
	assert_int_equal(conf->port[3].allowed_count, 0);
	assert_int_equal(conf->port[5].allowed_count, 1);
	assert_int_equal(c->mac, UINT64_C(0x020000000007));
	assert_int_equal(c->mask, UINT64_C(0xffffffffffff));
	assert_int_equal(conf->trunks, portset_of(7) | portset_of(5));
	free(conf);
}

static void ingress_policy(void **state)
{
	static const uint8_t number[] = {7};
	struct swconf *conf = compiled(
		"ports: [{name: a, mac-address: 02:00:00:00:00:01, effective-mac: 02:00:00:00:00:02}]",
		number);

	(void)state;
	assert_int_equal(conf->port[7].mac, UINT64_C(0x020000000002));
	assert_false(conf->port[7].rules.own_mac_only || conf->port[7].learner.drops_at_limit);
	assert_int_equal(conf->port[7].link_local, LINK_LOCAL_DROP);
	assert_int_equal(conf->port[7].allowed_count, 0);
	assert_int_equal(conf->no_broadcast | conf->no_multicast, 0);
	assert_int_equal(conf->trunks, portset_of(7));
	assert_int_equal(conf->port[7].learner.port, 7);
	assert_true(conf->port[7].learner.learns);
	assert_int_equal(conf->port[7].learner.limit, 4096);
	assert_int_equal(conf->blocked, 0); // mac-changes: accept
	free(conf);
	conf = compiled(
		"policy: {forged-transmits: reject, mac-limit-policy: drop, link-local: forward, bpdu: forward,\n"
		"  mac-learning: off, mac-limit: 12, mac-changes: reject, broadcast-flood: off, multicast-flood: off}\n"
		"ports: [{name: a, mac-address: 02:00:00:00:00:01, effective-mac: 02:00:00:00:00:02}]",
		number);
	assert_true(conf->port[7].rules.own_mac_only && conf->port[7].looks_closely);
	assert_true(conf->port[7].learner.drops_at_limit);
	assert_int_equal(conf->port[7].link_local, LINK_LOCAL_PASS);
	assert_int_equal(conf->no_broadcast, portset_of(7));
	assert_int_equal(conf->no_multicast, portset_of(7));
	assert_false(conf->port[7].learner.learns);
	assert_int_equal(conf->port[7].learner.limit, 12);
	assert_int_equal(conf->blocked, portset_of(7));
	free(conf);
}

// mac-changes: reject blocks a port exactly while its effective MAC is not the assigned one.
static void blocked(void **state)
{
	struct swconf *conf = compiled(
		"policy: {mac-changes: reject}\n"
		"ports:\n"
		"- {name: a, mac-address: 02:00:00:00:00:01}\n"
		"- {name: b, mac-address: 02:00:00:00:00:02, effective-mac: 02:00:00:00:00:02}\n"
		"- {name: c, mac-address: 02:00:00:00:00:03, effective-mac: 02:00:00:00:00:04}\n",
		numbers);

	(void)state;
	assert_int_equal(conf->blocked, portset_of(C));
	free(conf);
}

static void limits(void **state)
{
	static const uint8_t number[] = {7};
	struct swconf *conf = compiled("ports: [{name: a}]", number);

	(void)state;
	assert_false(conf->port[7].looks_closely || conf->careful);
	assert_int_equal(conf->port[7].rules.ingress.rate_kbps, 0);
	free(conf);
	conf = compiled(
		"ports: [{name: a, policy: {ingress-rate: 100000, ingress-peak: 200000, egress-rate: 8, egress-burst: 3,\n"
		"  storm-broadcast: 4, storm-multicast: 5, storm-unknown-unicast: 6, router-advert: block}}]",
		number);
	const struct portconf *p = &conf->port[7];
	assert_true(p->looks_closely && p->rules.guards == GUARD_ROUTER_ADVERT);
	assert_int_equal(p->rules.ingress.depth, 125000); // 10 ms of the average rate
	assert_int_equal(p->rules.ingress.peak_kbps, 200000);
	assert_int_equal(p->egress.depth, 3 * 1024);
	assert_int_equal(p->egress.peak_kbps, 0);
	assert_int_equal(p->rules.storm[STORM_BROADCAST], 4);
	assert_int_equal(p->rules.storm[STORM_MULTICAST], 5);
	assert_int_equal(p->rules.storm[STORM_UNKNOWN_UNICAST], 6);
	assert_int_equal(conf->careful, portset_of(7));
	assert_int_equal(conf->vlan[1].as_it_is[FORM_UNTAGGED], 0);
	free(conf);
}

static void violations_and_moves(void **state)
{
	static const uint8_t number[] = {7};
	static const struct {
		const char *policy;
		enum violation_action violation;
		enum bpdu_action bpdu;
		uint32_t recovery_s;
	} cases[] = {
		{"violation: restrict", VIOLATION_EVENT, BPDU_DROP, 0},
		{"violation: protect, bpdu: forward", VIOLATION_NOTHING, BPDU_PASS, 0},
		{"violation: shutdown, bpdu: guard, recovery-time: 86400", VIOLATION_SHUTDOWN,
		 BPDU_SHUTDOWN, 86400},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[200];
		snprintf(
			text, sizeof text,
			"ports: [{name: a, policy: {mac-sticky: on, mac-move-limit: 255, mac-move-hold: 3600, %s}}]",
			cases[i].policy);
		struct swconf *conf = compiled(text, number);
		const struct portconf *p = &conf->port[7];
		assert_int_equal(p->violation, cases[i].violation);
		assert_int_equal(p->bpdu, cases[i].bpdu);
		assert_int_equal(p->recovery_s, cases[i].recovery_s);
		assert_true(p->learner.sticky);
		assert_int_equal(p->learner.move_limit, 255);
		assert_int_equal(p->learner.move_hold_s, 3600);
		free(conf);
	}
}

// The destination of a mirror is in no VLAN, not even in a VLAN of its policy.
static void mirrors(void **state)
{
	struct swconf *conf = compiled(
		"policy: {promiscuous: accept}\n"
		"ports: [{name: a}, {name: b}, {name: c}]\n"
		"mirrors:\n"
		"- {name: in, source: [a, b], direction: rx, destination: c}\n"
		"- {name: out, source: [b], direction: tx, destination: c}\n",
		numbers);
	portset a = portset_of(A), b = portset_of(B), c = portset_of(C);

	(void)state;
	assert_int_equal(conf->mirror_only, c);
	assert_int_equal(conf->port[A].mirror_rx, c);
	assert_int_equal(conf->port[A].mirror_tx, 0);
	assert_int_equal(conf->port[B].mirror_rx, c);
	assert_int_equal(conf->port[B].mirror_tx, c);
	assert_int_equal(conf->careful, b);
	assert_int_equal(conf->vlan[1].member, a | b);
	assert_int_equal(conf->vlan[4094].unknown, a | b);
	assert_int_equal(conf->vlan[4094].promisc, a | b);
	free(conf);
}

static void fixed_macs(void **state)
{
	struct config *c = test_config(
		"ports:\n"
		"- {name: a, mac-address: 02:00:00:00:00:01, policy: {allowed-vlans: 1-20}}\n"
		"- {name: b, policy: {vlan-mode: access, access-vlan: 10}}\n"
		"- {name: c, mac-address: 02:00:00:00:00:03, policy: {vlan-mode: access, access-vlan: 4094}}\n"
		"static-macs:\n"
		"- {mac: 02:00:00:00:00:99, vlan: 10, port: b}\n"
		"- {mac: 02:00:00:00:00:01, vlan: 5, port: a}\n"); // already assigned to a
	size_t count;
	struct fixed_mac *f = compile_fixed(c, numbers, &count);

	(void)state;
	assert_non_null(f);
	assert_int_equal(count, 22);
	for (size_t i = 1; i < count; i++)
		assert_true(f[i - 1].key < f[i].key);
	for (uint16_t vid = 1; vid <= 20; vid++) {
		const struct fixed_mac *own = fixed_find(f, count,
							 key_make(vid, UINT64_C(0x020000000001)));
		assert_true(own && own->port == A && (own->type == FDB_ASSIGNED || vid == 5));
	}
	const struct fixed_mac *s = fixed_find(f, count, key_make(10, UINT64_C(0x020000000099)));
	assert_true(s && s->port == B && s->type == FDB_STATIC);
	s = fixed_find(f, count, key_make(4094, UINT64_C(0x020000000003)));
	assert_true(s && s->port == C && s->type == FDB_ASSIGNED);
	assert_null(fixed_find(f, count, key_make(11, UINT64_C(0x020000000099))));
	assert_null(fixed_find(f, count, key_make(21, UINT64_C(0x020000000001))));
	assert_null(fixed_find(f, 0, key_make(10, UINT64_C(0x020000000099))));
	free(f);
	config_free(c);
}

// A group is one entry, however many ports and rows it has, and none of the MAC table.
static void static_groups(void **state)
{
	static const char text[] = "ports: [{name: a}, {name: b}, {name: c}]\n"
				   "vlans: [{vlan: 7, multicast-snooping: on}]\n"
				   "static-macs:\n"
				   "- {mac: 03:bf:00:00:00:01, vlan: 9, port: c}\n"
				   "- {mac: 02:00:00:00:00:99, vlan: 7, port: b}\n"
				   "- {mac: 01:00:5e:01:02:03, vlan: 7, port: a}\n"
				   "- {mac: 03:bf:00:00:00:01, vlan: 9, port: a}\n"
				   "- {mac: 03:bf:00:00:00:01, vlan: 7, port: b}\n";
	const uint64_t nlb = UINT64_C(0x03bf00000001);
	struct swconf *conf = compiled(text, numbers);
	struct config *c = test_config(text);
	size_t count;

	(void)state;
	assert_true(conf->snoops);
	assert_int_equal(conf->group_count, 3);
	assert_int_equal(conf->snoop[7], SNOOP_ON | SNOOP_HAS_STATIC);
	assert_int_equal(conf->snoop[9], SNOOP_HAS_STATIC);
	assert_int_equal(multicast_static(conf, key_make(9, nlb)), portset_of(A) | portset_of(C));
	assert_int_equal(multicast_static(conf, key_make(7, nlb)), portset_of(B));
	assert_int_equal(multicast_static(conf, key_make(7, UINT64_C(0x01005e010203))),
			 portset_of(A));
	assert_int_equal(multicast_static(conf, key_make(8, nlb)), 0);
	assert_int_equal(multicast_static(conf, key_make(4094, nlb)), 0);
	struct fixed_mac *f = compile_fixed(c, numbers, &count);
	assert_int_equal(count, 1);
	free(f);
	free(conf);
	config_free(c);
}

static void an_empty_switch(void **state)
{
	struct config *c = test_config("ports: []");
	struct swconf *conf = compile_ports(c, NULL);
	size_t count = 1;
	struct fixed_mac *f = compile_fixed(c, NULL, &count);

	(void)state;
	assert_non_null(conf);
	assert_non_null(f);
	assert_int_equal(count, 0);
	for (int v = 0; v < VID_SPACE; v++)
		assert_int_equal(conf->vlan[v].member, 0);
	free(conf);
	free(f);
	config_free(c);
}

RUN_TESTS(TEST(vlans), TEST(reach), TEST(allowed_macs), TEST(ingress_policy), TEST(blocked),
	  TEST(limits), TEST(violations_and_moves), TEST(mirrors), TEST(fixed_macs),
	  TEST(static_groups), TEST(an_empty_switch))
