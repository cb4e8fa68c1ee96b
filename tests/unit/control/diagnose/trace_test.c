// SPDX-License-Identifier: BSD-3-Clause
// Traces of frames. They must not change the switch. pcaps/ and the model test the decisions of
// forwarding.

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "control/api/control.h"
#include "control/api/method.h"
#include "control/common/error.h"
#include "control/diagnose/method.h"
#include "control/diagnose/trace.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/key.h"
#include "tests/unit/frame.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

enum { FRAME = 60, FRAMES_MAX = 16 };

#define SECOND UINT64_C(1000000000)
#define MAC(n) TEST_MAC(n)
#define GROUP UINT64_C(0x01005e000001)
#define NLB UINT64_C(0x03bf00000001)

static struct vswitch *sw;
static unsigned events_told;

static void note_event(void *arg, const struct event *e)
{
	(void)arg, (void)e;
	events_told++;
}

static void open_switch(const char *text)
{
	sw = test_switch(text, SWITCH_REPLAY);
	sw->on_event = note_event;
	events_told = 0;
}

static int close_switch(void **state)
{
	(void)state;
	switch_destroy(sw);
	sw = NULL;
	return 0;
}

// Learns a MAC as a frame does.
static void learn(const char *port, uint16_t vid, uint64_t mac)
{
	const struct fdb_learner *who = &sw->conf->port[test_port(sw, port)].learner;
	uint64_t ns = sw->replay_ns;

	assert_int_equal(
		fdb_seen(sw->shared.fdb, key_make(vid, mac), who, 0, forward_tick(ns), ns).what,
		FDB_LEARNED);
}

struct sent {
	const char *port;
	uint64_t dst, src;
	int vid;
	uint32_t len;
	uint64_t ns;
};

// The traces of frames, as an array.
static json_t *trace(const struct sent *sent, size_t n)
{
	uint8_t data[FRAMES_MAX][FRAME] = {0};
	struct trace_frame frames[FRAMES_MAX];

	for (size_t i = 0; i < n; i++) {
		test_header(data[i], sent[i].dst, sent[i].src, sent[i].vid);
		frames[i] = (struct trace_frame){.port = test_port(sw, sent[i].port),
						 .ns = sent[i].ns,
						 .len = sent[i].len ? sent[i].len : FRAME,
						 .data = data[i]};
	}
	json_t *stories = trace_frames(sw, frames, n);
	assert_int_equal(json_array_size(stories), n);
	assert_int_equal(rte_mempool_in_use_count(sw->pool), 0);
	return stories;
}

static json_t *trace_one(const char *port, uint64_t dst, uint64_t src, int vid)
{
	json_t *stories = trace(&(struct sent){port, dst, src, vid, FRAME, 0}, 1);
	json_t *story = json_incref(json_array_get(stories, 0));

	json_decref(stories);
	return story;
}

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

static const char *outcome(const json_t *stories, size_t i)
{
	return text_of(json_array_get(stories, i), "outcome");
}

// The lines of a trace, "NAME RESULT, …".
static const char *lines(const json_t *story, const char *list, const char *name)
{
	static char out[1024];
	json_t *line;
	size_t i;

	*out = 0;
	json_array_foreach(json_object_get(story, list), i, line)
		sprintf(out + strlen(out), "%s%s %s", i ? ", " : "", text_of(line, name),
			text_of(line, "result"));
	return out;
}

static const char every_kind[] =
	"policy: {mac-limit: 10, allowed-vlans: 1-20}\n"
	"ports:\n"
	"- {name: a}\n"
	"- {name: b}\n"
	"- {name: down, enabled: off}\n"
	"- {name: access, policy: {vlan-mode: access, access-vlan: 5}}\n"
	"- {name: own, mac-address: 02:00:00:00:00:0a, policy: {forged-transmits: reject}}\n"
	"- {name: few, policy: {mac-limit: 0, mac-limit-policy: drop}}\n"
	"- {name: storm, policy: {storm-broadcast: 1, storm-multicast: 1, storm-unknown-unicast: 1}}\n"
	"- {name: i1, policy: {isolation-group: 1, allowed-vlans: 2}}\n"
	"- {name: i2, policy: {isolation-group: 1, allowed-vlans: 2}}\n"
	"- {name: u1, uplink: on, policy: {allowed-vlans: 3}}\n"
	"- {name: u2, uplink: on, policy: {allowed-vlans: 3}}\n"
	"- {name: lonely, policy: {vlan-mode: access, access-vlan: 9}}\n"
	"static-macs: [{mac: 02:00:00:00:00:0b, vlan: 1, port: b}]\n";

// A dropped frame passes all steps before the deciding one.
static void where_frames_end(void **state)
{
	static const struct {
		struct sent frame;
		const char *outcome, *last;
		size_t steps;
	} cases[] = {
		{{"a", MAC(2), MAC(1), -1, 13, 0}, "malformed", "header", 1},
		{{"down", MAC(2), MAC(1), -1, 0, 0}, "port_down", "port", 2},
		{{"access", MAC(2), MAC(1), 5, 0, 0}, "vlan_filtered", "vlan", 3},
		{{"a", MAC(2), MAC(1), 21, 0, 0}, "vlan_filtered", "vlan", 3},
		{{"a", MAC(2), GROUP, -1, 0, 0}, "bad_source", "source", 4},
		{{"a", UINT64_C(0x0180c2000000), MAC(1), -1, 0, 0}, "bpdu", "reserved", 5},
		{{"a", UINT64_C(0x0180c200000e), MAC(1), -1, 0, 0}, "link_local", "reserved", 5},
		{{"own", MAC(2), MAC(1), -1, 0, 0}, "forged_transmit", "forged", 6},
		{{"few", MAC(2), MAC(1), -1, 0, 0}, "mac_limit", "learning", 9},
		{{"a", MAC(2), MAC(11), -1, 0, 0}, "mac_conflict", "learning", 9},
		{{"b", MAC(11), MAC(1), -1, 0, 0}, "same_port", "destination", 11},
		{{"a", MAC(2), MAC(1), -1, 0, 0}, "flooded", "destination", 11},
		{{"a", GROUP, MAC(1), 7, 0, 0}, "flooded", "destination", 11},
		{{"a", MAC(11), MAC(1), -1, 0, 0}, "forwarded", "destination", 11},
		{{"lonely", MAC(2), MAC(1), -1, 0, 0}, "flooded", "destination", 11},
		{{"i1", MAC(22), MAC(1), 2, 0, 0}, "isolated", "destination", 11},
		{{"u1", MAC(23), MAC(1), 3, 0, 0}, "isolated", "destination", 11},
		{{"u1", MAC(23), MAC(24), 3, 0, 0}, "reflected", "learning", 9},
	};

	(void)state;
	open_switch(every_kind);
	learn("i2", 2, MAC(22));
	learn("u2", 3, MAC(23));
	learn("a", 3, MAC(24));
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *all = trace(&cases[i].frame, 1), *story = json_array_get(all, 0), *step;
		json_t *steps = json_object_get(story, "steps");
		CHECK(!strcmp(outcome(all, 0), cases[i].outcome), "case %zu: %s", i,
		      outcome(all, 0));
		CHECK(json_array_size(steps) == cases[i].steps, "case %zu: %s", i,
		      lines(story, "steps", "name"));
		size_t k, decided = 0;
		json_array_foreach(steps, k, step) {
			const char *result = text_of(step, "result");
			assert_int_equal(json_integer_value(json_object_get(step, "step")),
					 k + 1 + (k >= 8)); // there is no step 9
			assert_true(*text_of(step, "text"));
			if (!strcmp(result, "pass"))
				continue;
			decided++;
			CHECK(!strcmp(text_of(step, "name"), cases[i].last), "case %zu: %s", i,
			      lines(story, "steps", "name"));
			bool drop = strcmp(outcome(all, 0), "flooded") != 0 &&
				    strcmp(outcome(all, 0), "forwarded") != 0;
			assert_string_equal(result, drop ? "drop" : cases[i].outcome);
		}
		assert_int_equal(decided, 1);
		json_decref(all);
	}
}

// Frames of one request see the effects of earlier ones. The next request does not.
static void frames_follow_each_other(void **state)
{
	static const struct sent frames[] = {
		{"a", MAC(2), MAC(1), -1, 0, 0},          {"b", MAC(1), MAC(2), -1, 0, 0},
		{"a", MAC(2), MAC(1), -1, 0, SECOND},     {"b", MAC(9), MAC(1), -1, 0, SECOND},
		{"a", MAC(1), MAC(2), -1, 0, 2 * SECOND},
	};
	static const char *const outcomes[] = {"flooded", "forwarded", "forwarded", "flooded",
					       "forwarded"};

	(void)state;
	open_switch("ports: [{name: a}, {name: b}, {name: c}]");
	for (int round = 0; round < 2; round++) {
		json_t *all = trace(frames, COUNT(frames));
		for (size_t i = 0; i < COUNT(frames); i++)
			CHECK(!strcmp(outcome(all, i), outcomes[i]), "frame %zu: %s", i,
			      outcome(all, i));
		json_decref(all);
	}
}

// An entry of the running switch that a frame has removed does not come back with a later frame.
static void removed_entries_stay_away(void **state)
{
	static const struct sent frames[] = {
		{"a", MAC(1), MAC(2), -1, 0, 0},
		{"full", MAC(2), MAC(1), -1, 0, 0},
		{"a", MAC(1), MAC(2), -1, 0, 0},
	};
	static const char *const outcomes[] = {"forwarded", "forwarded", "flooded"};

	(void)state;
	open_switch("ports: [{name: a}, {name: b}, {name: full, policy: {mac-limit: 0}}]");
	learn("b", 1, MAC(1));
	json_t *all = trace(frames, COUNT(frames));
	for (size_t i = 0; i < COUNT(frames); i++)
		CHECK(!strcmp(outcome(all, i), outcomes[i]), "frame %zu: %s", i, outcome(all, i));
	json_decref(all);
}

// A trace uses the entries of the running switch and their ages, and does not change them.
static void the_switch_stays(void **state)
{
	struct fdb_entry before, now;
	struct counters c;

	(void)state;
	open_switch("policy: {aging-time: 10}\nports: [{name: a}, {name: b}, {name: c}]");
	learn("b", 1, MAC(2));
	sw->replay_ns = 4 * SECOND;
	assert_true(
		fdb_lookup(sw->shared.fdb, key_make(1, MAC(2)), forward_tick(4 * SECOND), &before));
	static const struct sent frames[] = {
		{"a", MAC(2), MAC(1), -1, 0, 4 * SECOND},
		{"a", MAC(1), MAC(2), -1, 0, 4 * SECOND}, // moves only in the trace
		{"a", MAC(3), MAC(1), -1, 0, 30 * SECOND},
	};
	json_t *all = trace(frames, COUNT(frames));
	assert_string_equal(outcome(all, 0), "forwarded");
	json_decref(all);
	assert_true(
		fdb_lookup(sw->shared.fdb, key_make(1, MAC(2)), forward_tick(4 * SECOND), &now));
	assert_int_equal(now.port, before.port);
	assert_int_equal(now.seen, before.seen);
	assert_int_equal(fdb_count(sw->shared.fdb, test_port(sw, "a")), 0);
	assert_int_equal(fdb_count(sw->shared.fdb, test_port(sw, "b")), 1);
	assert_int_equal(sw->replay_ns, 4 * SECOND);
	assert_int_equal(events_told, 0);
	switch_counters(sw, test_port(sw, "a"), &c);
	assert_int_equal(c.rx_packets, 0);
	switch_counters(sw, test_port(sw, "b"), &c);
	assert_int_equal(c.tx_packets, 0);
}

// The time of a frame counts: entries age, limits refill, ports recover.
static void time_passes(void **state)
{
	(void)state;
	open_switch(
		"policy: {aging-time: 10, storm-broadcast: 1}\n"
		"ports: [{name: a}, {name: b}, {name: c, policy: {bpdu: guard, recovery-time: 10}}]");
	learn("b", 1, MAC(2));
	static const struct {
		struct sent frame;
		const char *outcome;
	} cases[] = {
		{{"a", MAC(2), MAC(1), -1, 0, 9 * SECOND}, "forwarded"},
		{{"a", MAC(2), MAC(1), -1, 0, 11 * SECOND}, "flooded"},
		{{"a", MAC_BROADCAST, MAC(1), -1, 0, 12 * SECOND}, "flooded"},
		{{"a", MAC_BROADCAST, MAC(1), -1, 0, 12 * SECOND}, "storm_broadcast"},
		{{"a", MAC_BROADCAST, MAC(1), -1, 0, 13 * SECOND}, "flooded"},
		{{"c", UINT64_C(0x0180c2000000), MAC(3), -1, 0, 14 * SECOND}, "bpdu"},
		{{"c", MAC(1), MAC(3), -1, 0, 23 * SECOND}, "port_down"},
		{{"c", MAC(1), MAC(3), -1, 0, 25 * SECOND}, "flooded"},
	};
	struct sent frames[COUNT(cases)];
	for (size_t i = 0; i < COUNT(cases); i++)
		frames[i] = cases[i].frame;
	json_t *all = trace(frames, COUNT(cases));
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(!strcmp(outcome(all, i), cases[i].outcome), "frame %zu: %s", i,
		      outcome(all, i));
	json_decref(all);
}

// The ports that get a frame, in which form, and the ports that do not.
static void deliveries(void **state)
{
	(void)state;
	open_switch("policy: {allowed-vlans: 1-9}\n"
		    "ports:\n"
		    "- {name: a, policy: {isolation-group: 1}}\n"
		    "- {name: b}\n"
		    "- {name: other, policy: {allowed-vlans: 2, native-vlan: 0}}\n"
		    "- {name: down, enabled: off}\n"
		    "- {name: same, policy: {isolation-group: 1}}\n"
		    "- {name: quiet, policy: {unicast-flood: off}}\n"
		    "- {name: small, mtu: 68}\n"
		    "- {name: ear, policy: {promiscuous: accept}}\n"
		    "- {name: copy}\n"
		    "mirrors: [{name: m, source: [b], direction: tx, destination: copy}]\n");
	json_t *story = trace_one("a", MAC(2), MAC(1), 1);
	assert_string_equal(lines(story, "ports", "port"),
			    "b delivered, other left out, down left out, same left out, "
			    "quiet left out, small delivered, ear delivered, copy delivered");
	json_decref(story);
	learn("b", 1, MAC(2));
	story = trace_one("a", MAC(2), MAC(1), -1);
	assert_string_equal(lines(story, "ports", "port"),
			    "b delivered, ear delivered, copy delivered");
	json_t *port = json_array_get(json_object_get(story, "ports"), 0);
	assert_int_equal(json_array_size(json_object_get(port, "frames")), 1);
	json_decref(story);
}

// The rule that chooses the ports of a group frame is named.
static void groups(void **state)
{
	(void)state;
	open_switch("ports: [{name: a}, {name: b}, {name: c}]\n"
		    "vlans: [{vlan: 2, multicast-snooping: on}]\n"
		    "static-macs: [{mac: 03:bf:00:00:00:01, vlan: 1, port: b}]\n");
	json_t *story = trace_one("a", NLB, MAC(1), 1);
	assert_string_equal(text_of(story, "rule"), "static_group");
	assert_string_equal(text_of(story, "outcome"), "forwarded");
	assert_string_equal(lines(story, "ports", "port"), "b delivered, c left out");
	assert_string_equal(lines(story, "ports", "text"),
			    "in the static group delivered, not in the static group left out");
	json_decref(story);
	story = trace_one("b", NLB, MAC(1), 1);
	assert_string_equal(text_of(story, "outcome"), "unregistered");
	json_decref(story);
	story = trace_one("a", NLB, MAC(1), 2);
	assert_string_equal(text_of(story, "rule"), "no_ip_multicast");
	json_decref(story);
	story = trace_one("a", NLB, MAC(1), 3);
	assert_string_equal(text_of(story, "rule"), "flood");
	json_decref(story);
	story = trace_one("a", MAC(2), MAC(1), 1);
	assert_true(json_is_null(json_object_get(story, "rule")));
	json_decref(story);
}

static void bytes_of_what_is_sent(void **state)
{
	(void)state;
	open_switch("ports: [{name: a, policy: {vlan-mode: access, access-vlan: 5}}, "
		    "{name: b, policy: {allowed-vlans: 5, native-vlan: 0}}]");
	json_t *story = trace_one("a", MAC(2), MAC(1), -1);
	json_t *frames = json_object_get(json_array_get(json_object_get(story, "ports"), 0),
					 "frames");
	const char *hex = json_string_value(json_array_get(frames, 0));
	assert_int_equal(json_integer_value(json_object_get(story, "vlan")), 5);
	assert_int_equal(strlen(hex), 2 * (FRAME + 4));
	assert_memory_equal(hex,
			    "020000000002"
			    "020000000001"
			    "81000005"
			    "0000",
			    36);
	json_decref(story);
	json_t *none = trace(&(struct sent){"a", MAC(2), MAC(1), -1, 5, 0}, 1);
	assert_true(json_is_null(json_object_get(json_array_get(none, 0), "vlan")));
	json_decref(none);
}

static const char overlay[] =
	"ports: [{name: a, policy: {vlan-mode: access, access-vlan: 10}}]\n"
	"evpn:\n"
	"  underlay: {device: 'null:'}\n"
	"  source: 10.9.0.1\n"
	"  control: none\n"
	"  vnis: [{vlan: 10, vni: 10010}]\n"
	"  peers: [{vtep: 10.9.0.2, next-hop: 02:00:00:00:09:02, vnis: [10010]}]\n";

// The header of a packet from 10.9.0.2 with a frame of LONG bytes in VNI 10010.
enum { LONG = 5000 };

static const uint8_t long_header[] = {0x02, 0x00, 0x0a, 0x09, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00,
				      0x09, 0x02, 0x08, 0x00, 0x45, 0x00, 0x13, 0xac, 0x00, 0x01,
				      0x40, 0x00, 0x40, 0x11, 0x13, 0x2c, 0x0a, 0x09, 0x00, 0x02,
				      0x0a, 0x09, 0x00, 0x01, 0xc3, 0x50, 0x12, 0xb5, 0x13, 0x98,
				      0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x27, 0x1a, 0x00};

static json_t *trace_underlay(const uint8_t *packet, size_t len)
{
	struct trace_frame frame = {test_port(sw, "underlay"), 0, (uint32_t)len, packet};
	json_t *stories = trace_frames(sw, &frame, 1),
	       *story = json_incref(json_array_get(stories, 0));

	json_decref(stories);
	assert_int_equal(rte_mempool_in_use_count(sw->pool), 0);
	return story;
}

// The frame in a packet is whole, however many buffers it takes.
static void long_frames_of_tunnels(void **state)
{
	uint8_t packet[sizeof long_header + LONG] = {0};

	(void)state;
	open_switch(overlay);
	memcpy(packet, long_header, sizeof long_header);
	test_header(packet + sizeof long_header, MAC(2), MAC(1), -1);
	json_t *story = trace_underlay(packet, sizeof packet),
	       *line = json_array_get(json_object_get(story, "ports"), 0);
	assert_string_equal(text_of(story, "port"), "10.9.0.2");
	assert_string_equal(text_of(line, "port"), "a");
	assert_int_equal(json_string_length(json_array_get(json_object_get(line, "frames"), 0)),
			 2 * LONG);
	json_decref(story);
}

// A packet that is not for the VTEP is not called malformed.
static void packets_of_the_host(void **state)
{
	uint8_t packet[sizeof long_header + LONG] = {0};

	(void)state;
	open_switch(overlay);
	memcpy(packet, long_header, sizeof long_header);
	packet[36] ^= 1; // another UDP port
	json_t *story = trace_underlay(packet, sizeof packet);
	assert_string_equal(text_of(story, "outcome"), "no_destination");
	assert_string_equal(text_of(json_array_get(json_object_get(story, "steps"), 0), "text"),
			    "no VXLAN packet to this VTEP, and there is no twin");
	json_decref(story);
}

// A trace has the events of its frame.
static void events(void **state)
{
	static const struct sent frames[] = {{"a", MAC(2), MAC(1), -1, 0, 0},
					     {"a", MAC(2), MAC(1), -1, 0, 0},
					     {"b", MAC(2), MAC(1), -1, 0, 2 * SECOND}};
	static const char *const types[] = {"mac-learned", "", "mac-moved"};

	(void)state;
	open_switch("ports: [{name: a}, {name: b}]");
	json_t *all = trace(frames, COUNT(frames));
	for (size_t i = 0; i < COUNT(frames); i++) {
		json_t *list = json_object_get(json_array_get(all, i), "events");
		assert_int_equal(json_array_size(list), *types[i] != 0);
		assert_string_equal(text_of(json_array_get(list, 0), "type"), types[i]);
	}
	json_decref(all);
}

static json_t *ask(const char *json, struct error *e)
{
	const struct method *const tables[] = {methods_trace, NULL};
	struct control k = {.sw = sw, .methods = tables};
	json_t *params = json_loads(json, 0, NULL);

	CHECK(params, "%s", json);
	json_t *result = method_call(&k, "trace", params, e);
	json_decref(params);
	return result;
}

#define HEX "020000000002020000000001"

static void requests(void **state)
{
	static const char *const good[] = {
		"{\"port\": \"a\", \"frames\": [{\"hex\": \"" HEX "88b5\"}]}",
		"{\"port\": \"z\", \"frames\": [{\"hex\": \"" HEX "88B5\", \"port\": \"a\"}]}",
		"{\"port\": \"a\", \"frames\": [{\"hex\": \" 02:00:00:00:00:02 " HEX " \"}]}",
		"{\"port\": \"a\", \"frames\": [{\"hex\": \"\"}]}",
		"{\"port\": \"a\", \"clock\": 9, \"frames\": [{\"hex\": \"" HEX
		"88b5\", \"ns\": 9}]}",
	};
	struct error e;

	(void)state;
	open_switch("ports: [{name: a}, {name: b}]");
	for (size_t i = 0; i < COUNT(good); i++) {
		json_t *result = ask(good[i], &e);
		CHECK(json_array_size(result) == 1, "%s: %s", good[i], e.text);
		json_decref(result);
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *json;
		int code;
	} cases[] = {
		{"{}", METHOD_USAGE},
		{"{\"port\": \"a\", \"frames\": []}", METHOD_USAGE},
		{"{\"port\": \"a\", \"frames\": \"" HEX "\"}", METHOD_USAGE},
		{"{\"frames\": [{\"hex\": \"" HEX "\"}]}", PARAMS_INVALID},
		{"{\"port\": 1, \"frames\": [{\"hex\": \"" HEX "\"}]}", PARAMS_INVALID},
		{"{\"port\": \"a\", \"frames\": [{\"hex\": \"" HEX "\", \"port\": 1}]}",
		 PARAMS_INVALID},
		{"{\"port\": \"z\", \"frames\": [{\"hex\": \"" HEX "\"}]}", METHOD_REFUSED},
		{"{\"port\": \"a\", \"frames\": [{}]}", METHOD_USAGE},
		{"{\"port\": \"a\", \"frames\": [{\"hex\": \"012\"}]}", METHOD_USAGE},
		{"{\"port\": \"a\", \"frames\": [{\"hex\": \"0g\"}]}", METHOD_USAGE},
		{"{\"port\": \"a\", \"frames\": [{\"hex\": \"0 1\"}]}", METHOD_USAGE},
		{"{\"port\": \"a\", \"frames\": [{\"hex\": \"" HEX "\"}, {\"hex\": 1}]}",
		 METHOD_USAGE},
		{"{\"port\": \"a\", \"frames\": [{\"hex\": \"" HEX "\", \"ns\": -1}]}",
		 PARAMS_INVALID},
		{"{\"port\": \"a\", \"frames\": [{\"hex\": \"" HEX "\", \"ns\": 1.5}]}",
		 PARAMS_INVALID},
		{"{\"port\": \"a\", \"clock\": 9223372036854775807, \"frames\": [{\"hex\": \"" HEX
		 "\"}]}",
		 PARAMS_INVALID},
	};
	struct error e;

	(void)state;
	open_switch("ports: [{name: a}, {name: b}]");
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_null(ask(cases[i].json, &e));
		CHECK(e.code == cases[i].code && *e.text, "%s: %d, %s", cases[i].json, e.code,
		      e.text);
	}
}

static json_t *many(size_t n, size_t bytes)
{
	char *hex = malloc(2 * bytes + 1);
	json_t *list = json_array(), *params = json_pack("{s:s, s:o}", "port", "a", "frames", list);

	memset(hex, '0', 2 * bytes);
	hex[2 * bytes] = 0;
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s}", "hex", hex));
	free(hex);
	return params;
}

static void limits(void **state)
{
	static const struct {
		size_t frames, bytes;
		bool good;
	} cases[] = {{TRACE_FRAMES, 1, true},
		     {TRACE_FRAMES + 1, 1, false},
		     {1, TRACE_FRAME, true},
		     {1, TRACE_FRAME + 1, false}};
	const struct method *const tables[] = {methods_trace, NULL};

	(void)state;
	open_switch("ports: [{name: a}, {name: b}]");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct control k = {.sw = sw, .methods = tables};
		struct error e;
		json_t *params = many(cases[i].frames, cases[i].bytes);
		json_t *result = method_call(&k, "trace", params, &e);
		CHECK(json_array_size(result) == (cases[i].good ? cases[i].frames : 0),
		      "%zu frames of %zu bytes: %s", cases[i].frames, cases[i].bytes, e.text);
		assert_int_equal(e.code, cases[i].good ? 0 : METHOD_USAGE);
		assert_int_equal(rte_mempool_in_use_count(sw->pool), 0);
		json_decref(result);
		json_decref(params);
	}
}

#define TRACE_TEST(function) cmocka_unit_test_teardown(function, close_switch)

RUN_TESTS(TRACE_TEST(where_frames_end), TRACE_TEST(frames_follow_each_other),
	  TRACE_TEST(removed_entries_stay_away), TRACE_TEST(long_frames_of_tunnels),
	  TRACE_TEST(packets_of_the_host), TRACE_TEST(the_switch_stays), TRACE_TEST(time_passes),
	  TRACE_TEST(deliveries), TRACE_TEST(groups), TRACE_TEST(bytes_of_what_is_sent),
	  TRACE_TEST(events), TRACE_TEST(requests), TRACE_TEST(refusals), TRACE_TEST(limits))
