// SPDX-License-Identifier: BSD-3-Clause
// The table of leases beside a naive list, and what it says of requests.
#include "dataplane/lease.h"

#include <stdlib.h>

#include "dataplane/key.h"
#include "tests/unit/kit.h"

enum { STEPS = 20000, NAIVE = 256, PORTS = 3, MACS = 40, IPS = 120, TICKS = 500 };

static struct leases *table;
static struct lease naive[NAIVE];
static unsigned count;
static uint32_t seed = 1;

static uint32_t pick(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static int setup(void **state)
{
	(void)state;
	count = 0;
	return lease_create(&table, 7);
}

static int teardown(void **state)
{
	(void)state;
	lease_destroy(table);
	return 0;
}

// An address, or a prefix of 112 bits, in one of two VLANs.
static struct lease any_lease(uint32_t tick)
{
	uint8_t bits = pick(4) ? 128 : 112;

	return (struct lease){
		.key = key_make((uint16_t)(1 + pick(2)), 1 + pick(MACS)),
		.ip = {UINT64_C(0xfd00) << 48, (uint64_t)pick(IPS) << (bits == 128 ? 0 : 16)},
		.until = tick + 1 + pick(TICKS),
		.bits = bits,
		.port = (uint8_t)pick(PORTS),
	};
}

static bool is_same_ip(struct ip_address a, struct ip_address b)
{
	return a.high == b.high && a.low == b.low;
}

static unsigned count_port(unsigned port)
{
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++)
		n += naive[i].port == port;
	return n;
}

static struct lease *find(const struct lease *l)
{
	for (unsigned i = 0; i < count; i++)
		if (is_same_ip(naive[i].ip, l->ip) && naive[i].bits == l->bits &&
		    key_vid(naive[i].key) == key_vid(l->key))
			return &naive[i];
	return NULL;
}

static void add(const struct lease *l)
{
	struct lease *old = find(l);
	enum lease_grant got = lease_add(table, l, false);

	if (old && old->key != l->key) {
		assert_int_equal(got, LEASE_TAKEN);
	} else if (old) {
		assert_int_equal(got, LEASE_RENEWED);
		old->until = l->until;
	} else if (count_port(l->port) == LEASE_PORT_MAX) {
		assert_int_equal(got, LEASE_LIMIT);
	} else {
		assert_int_equal(got, LEASE_GRANTED);
		naive[count++] = *l;
	}
}

static void remove_naive(void *arg, const struct lease *l, enum lease_end why)
{
	struct lease *n = find(l);

	assert_non_null(n);
	assert_int_equal(why, *(enum lease_end *)arg);
	*n = naive[--count];
}

static bool is_of_mac(void *arg, const struct lease *l)
{
	(void)arg;
	return key_mac(l->key) % 5 == 1;
}

static void check_lookup(uint64_t key, struct ip_address ip)
{
	bool holds = false, holder = false;
	uint64_t owner = 0;
	uint8_t port;

	for (unsigned i = 0; i < count; i++) {
		const struct lease *l = &naive[i];
		uint64_t mask = l->bits == 128 ? UINT64_MAX : ~UINT64_C(0xffff);
		bool covers = ip.high == l->ip.high && (ip.low & mask) == l->ip.low;
		holder |= l->key == key;
		holds |= l->key == key && covers;
		if (key_vid(l->key) == key_vid(key) && l->bits == 128 && covers)
			owner = l->key;
	}
	assert_int_equal(lease_holds(table, key, ip), holds);
	assert_int_equal(lease_is_holder(table, key), holder);
	assert_int_equal(lease_owner(table, key_vid(key), ip, &port), owner);
}

static void as_a_list(void **state)
{
	enum lease_end expired = LEASE_EXPIRED, removed = LEASE_COMMAND;

	(void)state;
	for (uint32_t tick = 1; tick < STEPS; tick++) {
		struct lease l = any_lease(tick), other = any_lease(tick);
		add(&l);
		lease_sweep(table, tick, remove_naive, &expired);
		for (unsigned i = 0; i < count; i++)
			assert_true(naive[i].until > tick);
		if (!pick(100))
			lease_remove(table, is_of_mac, remove_naive, &removed, removed);
		check_lookup(l.key, l.ip);
		check_lookup(other.key, other.ip);
		check_lookup(l.key, (struct ip_address){l.ip.high, l.ip.low + pick(3)});
		for (unsigned port = 0; port < PORTS; port++)
			assert_int_equal(lease_count(table, port), count_port(port));
	}
}

static bool asked_at(const struct lease_request *r, uint32_t tick, unsigned port)
{
	struct lease_request found;

	return lease_asked(table, r, tick, &found) && found.port == port;
}

static void first_port_keeps_a_request(void **state)
{
	struct lease_request r = {.key = key_make(1, 5), .transaction = 9, .port = 1}, twin = r;
	uint32_t end = 10 + LEASE_REQUEST_S * LEASE_TICKS_PER_S;

	(void)state;
	twin.port = 2;
	lease_ask(table, &r, 10);
	lease_ask(table, &twin, 10);
	assert_true(asked_at(&r, end, 1));
	assert_false(asked_at(&r, end + 1, 1));
	for (uint32_t i = 0; i < LEASE_REQUESTS; i++) { // another port's do not drive it out
		twin.transaction = 100 + i;
		lease_ask(table, &twin, 11);
	}
	assert_true(asked_at(&r, end, 1));
	r.ipv6 = true;
	assert_false(asked_at(&r, end, 1));
}

struct move {
	int to, ended;
};

static int to_port(void *arg, const struct lease *l)
{
	(void)l;
	return ((struct move *)arg)->to;
}

static void count_end(void *arg, const struct lease *l, enum lease_end why)
{
	(void)l;
	assert_int_equal(why, LEASE_PORT);
	((struct move *)arg)->ended++;
}

static void moves_within_limits(void **state)
{
	struct move move = {2, 0}, end = {-1, 0};

	(void)state;
	for (uint32_t i = 0; i < LEASE_PORT_MAX + 10; i++) {
		struct lease l = {key_make(1, i + 1),         {1, i}, 0, LEASE_NEVER, 128,
				  i < LEASE_PORT_MAX ? 0 : 2, 0};
		assert_int_equal(lease_add(table, &l, true), LEASE_GRANTED);
	}
	lease_replace(table, 1, to_port, count_end, &move);
	assert_int_equal(move.ended, 10); // for which there was no room
	assert_int_equal(lease_count(table, 2), LEASE_PORT_MAX);
	assert_int_equal(lease_count(table, 0), 0);
	lease_replace(table, 1, to_port, count_end, &end);
	assert_int_equal(end.ended, LEASE_PORT_MAX);
	assert_int_equal(lease_count(table, 2), 0);
}

RUN_TESTS(cmocka_unit_test_setup_teardown(as_a_list, setup, teardown),
	  cmocka_unit_test_setup_teardown(first_port_keeps_a_request, setup, teardown),
	  cmocka_unit_test_setup_teardown(moves_within_limits, setup, teardown))
