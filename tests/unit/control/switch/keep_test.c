// SPDX-License-Identifier: BSD-3-Clause
// What a switch has learned comes back with its age, if the next switch may know it. A file that is
// not whole is never believed.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/common/error.h"
#include "control/common/log.h"
#include "control/switch/keep.h"
#include "control/switch/leases.h"
#include "control/switch/mactable.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/key.h"
#include "dataplane/lease.h"
#include "tests/unit/folder.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

#define SECOND UINT64_C(1000000000)
#define MAC(n) (UINT64_C(0x020000000000) + (n))
#define ONE "ports: [{name: a}, {name: b, policy: {mac-sticky: on}}]"

enum { SMALL_FILE = 1200 }; // the header and some entries

static struct vswitch *sw;
static struct keep *keep;
static char path[300];

static int open_folder(void **state)
{
	struct error e;

	if (!log_open(NULL, "error", &e) || folder_open(state))
		return -1;
	snprintf(path, sizeof path, "%s/control.sock.macs", folder);
	return 0;
}

static void open_switch(const char *text)
{
	char socket[300];

	sw = test_switch(text, SWITCH_REPLAY);
	snprintf(socket, sizeof socket, "%s/control.sock", folder);
	keep = keep_create(socket);
	assert_non_null(keep);
}

static int close_switch(void **state)
{
	(void)state;
	keep_destroy(keep);
	switch_destroy(sw);
	keep = NULL;
	sw = NULL;
	return 0;
}

static void learn(const char *port, uint16_t vid, uint64_t mac)
{
	const struct fdb_learner *who = &sw->conf->port[test_port(sw, port)].learner;
	uint64_t ns = switch_now(sw);

	assert_int_equal(
		fdb_seen(sw->shared.fdb, key_make(vid, mac), who, 0, forward_tick(ns), ns).what,
		FDB_LEARNED);
}

static void move_to(const char *port, uint64_t mac)
{
	const struct fdb_learner *who = &sw->conf->port[test_port(sw, port)].learner;
	uint64_t ns = switch_now(sw);

	assert_int_equal(
		fdb_seen(sw->shared.fdb, key_make(1, mac), who, 0, forward_tick(ns), ns).what,
		FDB_HAS_MOVED);
}

static bool find(uint64_t mac, struct fdb_entry *e)
{
	return fdb_lookup(sw->shared.fdb, key_make(1, mac), switch_tick(sw), e);
}

// Saves four MACs of a switch that ran for 100 s, of the ages 100, 40, 0 and 0 s.
static void save(void)
{
	open_switch(ONE);
	learn("a", 1, MAC(1));
	sw->replay_ns = 60 * SECOND;
	learn("a", 1, MAC(2));
	sw->replay_ns = 100 * SECOND;
	learn("b", 1, MAC(3));
	learn("a", 1, MAC(4));
	keep_save(keep, sw);
	close_switch(NULL);
}

// How many MACs a switch with this configuration gets.
static uint32_t restored(const char *text)
{
	save();
	open_switch(text);
	uint32_t n = keep_restore(keep, sw);
	for (unsigned i = 0; i < sw->config->port_count; i++)
		n -= fdb_count(sw->shared.fdb, i);
	assert_int_equal(n, 0);
	n = fdb_count(sw->shared.fdb, 0) + fdb_count(sw->shared.fdb, 1);
	close_switch(NULL);
	return n;
}

static void they_come_back(void **state)
{
	struct fdb_entry e;

	(void)state;
	save();
	open_switch(ONE);
	assert_int_equal(keep_restore(keep, sw), 4);
	assert_true(find(MAC(2), &e));
	assert_int_equal(e.type, FDB_DYNAMIC);
	assert_int_equal(e.port, test_port(sw, "a"));
	assert_in_range(switch_tick(sw) - e.seen, 80, 84); // the test itself takes time
	assert_true(find(MAC(3), &e));
	assert_int_equal(e.type, FDB_STICKY);
	assert_int_equal(e.port, test_port(sw, "b"));
	// The first one ages out 300 s after it was seen.
	sw->replay_ns = 190 * SECOND;
	assert_true(find(MAC(1), &e));
	sw->replay_ns = 201 * SECOND;
	assert_false(find(MAC(1), &e));
	assert_true(find(MAC(2), &e));
	close_switch(NULL);
}

// A forger that has a guest's MAC when the switch ends must not be its home afterwards. A MAC that
// has moved long ago is kept.
static void disputed_macs_are_left_out(void **state)
{
	struct fdb_entry e;

	(void)state;
	open_switch("ports: [{name: a}, {name: b}]");
	sw->replay_ns = SECOND;
	learn("a", 1, MAC(1));
	learn("a", 1, MAC(2));
	move_to("b", MAC(2));
	sw->replay_ns = 40 * SECOND;
	move_to("b", MAC(1));
	keep_save(keep, sw);
	close_switch(NULL);
	open_switch("ports: [{name: a}, {name: b}]");
	assert_int_equal(keep_restore(keep, sw), 1);
	assert_false(find(MAC(1), &e));
	assert_true(find(MAC(2), &e));
	assert_int_equal(e.port, test_port(sw, "b"));
	close_switch(NULL);
}

#define LEARNS(name) "{name: " name ", policy: {spoof-guard-learn: dhcp}}"

// Leases that have 60 s, 10 s and no end, 30 s after the first two were made.
static void leases_come_back(void **state)
{
	const struct ip_address ip = {0, UINT64_C(0xffff0a000000)};
	struct lease l = {.ip = ip, .bits = 128};

	(void)state;
	open_switch("ports: [" LEARNS("a") ", " LEARNS("b") "]");
	l.port = (uint8_t)test_port(sw, "b");
	for (uint32_t i = 1; i <= 3; i++) {
		static const uint32_t seconds[] = {0, 90, 40};
		l.key = key_make(1, MAC(i));
		l.ip.low = ip.low + i;
		l.until = i < 3 ? lease_until(switch_tick(sw), seconds[i]) : LEASE_NEVER;
		assert_int_equal(lease_add(sw->shared.leases, &l, false), LEASE_GRANTED);
	}
	sw->replay_ns = 30 * SECOND;
	keep_save(keep, sw);
	close_switch(NULL);
	open_switch("ports: [{name: c}, " LEARNS("b") "]");
	keep_restore(keep, sw);
	assert_int_equal(lease_count(sw->shared.leases, test_port(sw, "b")), 3);
	sw->replay_ns = 11 * SECOND;
	leases_sweep(sw);
	assert_int_equal(lease_count(sw->shared.leases, test_port(sw, "b")), 2);
	sw->replay_ns = 61 * SECOND;
	leases_sweep(sw);
	assert_true(lease_holds(sw->shared.leases, key_make(1, MAC(3)),
				(struct ip_address){0, ip.low + 3}));
	assert_false(lease_is_holder(sw->shared.leases, key_make(1, MAC(1))));
	close_switch(NULL);
	open_switch("ports: [{name: a}, {name: b}]"); // which do not learn
	keep_restore(keep, sw);
	assert_int_equal(lease_count(sw->shared.leases, test_port(sw, "b")), 0);
	close_switch(NULL);
}

// By the names of the ports, not by their numbers.
static void ports_in_another_order(void **state)
{
	struct fdb_entry e;

	(void)state;
	save();
	open_switch("ports: [{name: c}, {name: b, policy: {mac-sticky: on}}, {name: a}]");
	assert_int_equal(keep_restore(keep, sw), 4);
	assert_true(find(MAC(1), &e));
	assert_int_equal(e.port, test_port(sw, "a"));
	close_switch(NULL);
}

static void only_what_is_allowed(void **state)
{
	static const struct {
		const char *text;
		uint32_t wanted;
	} cases[] = {
		{ONE, 4},
		{"ports: [{name: a}]", 3},
		{"ports: [{name: x}, {name: y}]", 0},
		{"ports: [{name: a}, {name: b}]", 3}, // not sticky
		{"ports: [{name: a, policy: {mac-learning: off}}]", 0},
		{"ports: [{name: a, policy: {mac-limit: 2}}]", 2},
		{"ports: [{name: a, policy: {aging-time: 200}}]", 3},
		{"ports: [{name: a, policy: {aging-time: 60}}]", 2},
		{"ports: [{name: a, policy: {aging-time: 0}}]", 3},
		{"ports: [{name: a, policy: {vlan-mode: access, access-vlan: 7}}]", 0},
		{"ports: [{name: a, mac-address: '02:00:00:00:00:01', policy: {forged-transmits: reject}}]",
		 0},
		{"ports: [{name: a}, {name: b, mac-address: '02:00:00:00:00:04'}]", 2},
		{"ports: [{name: a}, {name: b}]\nstatic-macs: [{mac: '02:00:00:00:00:01', vlan: 1, port: b}]",
		 2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t got = restored(cases[i].text);
		CHECK(got == cases[i].wanted, "%s: %u MACs, should be %u", cases[i].text, got,
		      cases[i].wanted);
	}
}

static size_t read_file(char *bytes, size_t room)
{
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	size_t size = fread(bytes, 1, room, f);
	fclose(f);
	return size;
}

static void write_file(const char *bytes, size_t size)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	fclose(f);
}

static uint32_t believed(void)
{
	open_switch(ONE);
	uint32_t n = keep_restore(keep, sw);
	close_switch(NULL);
	return n;
}

static void a_torn_file(void **state)
{
	static char whole[SMALL_FILE], bytes[SMALL_FILE + 16];
	uint64_t seed = 3;

	(void)state;
	save();
	size_t size = read_file(whole, sizeof whole);
	assert_in_range(size, 1000, SMALL_FILE);
	for (size_t cut = 0; cut < size; cut += 1 + rnd_below(&seed, 40)) {
		write_file(whole, cut);
		CHECK(!believed(), "a file of %zu of %zu bytes is believed", cut, size);
	}
	for (int i = 0; i < 60; i++) {
		uint32_t at = rnd_below(&seed, (uint32_t)size);
		memcpy(bytes, whole, size);
		bytes[at] ^= (char)(1 << rnd_below(&seed, 8));
		write_file(bytes, size);
		CHECK(!believed(), "a file with another byte %u is believed", at);
	}
	memcpy(bytes, whole, size);
	memset(bytes + size, 0, 16);
	write_file(bytes, size + 16);
	assert_int_equal(believed(), 0);
	write_file(whole, size);
	assert_int_equal(believed(), 4);
}

static void a_file_of_others(void **state)
{
	char other[320];

	(void)state;
	save();
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(believed(), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(believed(), 4);
	snprintf(other, sizeof other, "%s.other", path);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(believed(), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(believed(), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(believed(), 0);
}

// The file has mode 0600, replaces what a killed switch left, and does not follow links.
static void its_own_file(void **state)
{
	char fresh[320], victim[320];
	struct stat st;

	(void)state;
	snprintf(fresh, sizeof fresh, "%s.new", path);
	snprintf(victim, sizeof victim, "%s/victim", folder);
	assert_int_equal(symlink(victim, fresh), 0);
	save();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(victim, F_OK), -1);
	assert_int_equal(access(fresh, F_OK), -1);
	assert_int_equal(believed(), 4);
}

// The slices of one period read the whole table, and a change of the ports begins it again.
static void in_slices(void **state)
{
	const unsigned period = KEEP_PERIOD_S * 1000 / SWITCH_TICK_MS;

	(void)state;
	open_switch("policy: {mac-limit: 5000}\n" ONE);
	for (uint64_t i = 0; i < 5000; i++)
		learn("a", 1, MAC(i));
	for (unsigned i = 0; i < period / 2; i++)
		keep_tick(keep, sw);
	test_apply(sw, "policy: {mac-limit: 5000}\nports: [{name: a}, {name: c}]");
	for (unsigned i = 0; i < period - 1; i++)
		keep_tick(keep, sw);
	assert_int_equal(access(path, F_OK), -1);
	keep_tick(keep, sw);
	assert_int_equal(access(path, F_OK), 0);
	close_switch(NULL);
	open_switch("policy: {mac-limit: 5000}\n" ONE);
	assert_int_equal(keep_restore(keep, sw), 5000);
	close_switch(NULL);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, open_folder, folder_close)

RUN_TESTS(IN_FOLDER(they_come_back), IN_FOLDER(disputed_macs_are_left_out),
	  IN_FOLDER(leases_come_back), IN_FOLDER(ports_in_another_order),
	  IN_FOLDER(only_what_is_allowed), IN_FOLDER(a_torn_file), IN_FOLDER(a_file_of_others),
	  IN_FOLDER(its_own_file), IN_FOLDER(in_slices))
