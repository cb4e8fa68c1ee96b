// SPDX-License-Identifier: BSD-3-Clause
// Whose address it is, and where the request goes: bindings here, and addresses at other machines.
#include "dataplane/neighbour.h"

#include <stdlib.h>

#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "tests/unit/kit.h"

enum { VID = 10, HERE = 1, ELSEWHERE = 2, TUNNEL = 5, OTHER_TUNNEL = 6, TICK = 1000 };

#define TUNNELS (portset_of(TUNNEL) | portset_of(OTHER_TUNNEL))
#define ALL (portset_of(HERE) | portset_of(ELSEWHERE) | TUNNELS)

static const struct ip_address address = {0, UINT64_C(0xffff0a000001)};
static struct swconf *conf;
static struct leases *leases;
static struct remotes *remotes;
static struct fdb *fdb;
static struct owner owners[8];

static int setup(void **state)
{
	(void)state;
	conf = calloc(1, sizeof *conf);
	if (!conf || lease_create(&leases, 1) || remote_create(&remotes, 1) ||
	    fdb_create(&fdb, 64, 64, 1))
		return -1;
	conf->owner = owners;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fdb_destroy(fdb);
	remote_destroy(remotes);
	lease_destroy(leases);
	free(conf);
	return 0;
}

static void bind_here(uint64_t mac, uint8_t port)
{
	owners[conf->owner_count++] = (struct owner){address, mac, VID, port};
}

static void put_mac(uint64_t mac, unsigned port)
{
	struct fdb_seen_result r;

	assert_int_equal(fdb_place(fdb, key_make(VID, mac), port, false, 64, TICK, 0, &r), 0);
}

static portset ports_of(portset may, unsigned owners_wanted)
{
	struct neighbour_sources s = {conf, leases, remotes};
	struct neighbour_owner found[NEIGHBOUR_OWNERS_MAX];
	unsigned n = neighbour_find(&s, VID, address, found);

	assert_int_equal(n, owners_wanted);
	return neighbour_ports(fdb, TICK, found, n, may, TUNNELS);
}

static void a_remote_owner_gets_it_by_its_tunnel(void **state)
{
	(void)state;
	remote_put(remotes, key_make(VID, 7), address);
	assert_int_equal(ports_of(ALL, 1), 0); // where the MAC is nobody knows
	put_mac(7, TUNNEL);
	assert_int_equal(ports_of(ALL, 1), portset_of(TUNNEL));
	assert_int_equal(ports_of(portset_of(HERE), 1), 0); // it came by a tunnel
	remote_del(remotes, VID, address);
	assert_int_equal(ports_of(ALL, 0), 0);
}

// A guest here that uses the MAC of a remote owner does not get its requests alone.
static void a_remote_owner_whose_mac_is_here_is_no_owner(void **state)
{
	(void)state;
	remote_put(remotes, key_make(VID, 7), address);
	put_mac(7, HERE);
	assert_int_equal(ports_of(ALL, 1), 0);
}

// Whoever else says that he has it: the owner that is bound here gets it.
static void an_owner_here_gets_it_too(void **state)
{
	(void)state;
	bind_here(8, HERE);
	put_mac(8, HERE);
	remote_put(remotes, key_make(VID, 7), address);
	put_mac(7, OTHER_TUNNEL);
	assert_int_equal(ports_of(ALL, 2), portset_of(HERE) | portset_of(OTHER_TUNNEL));
}

// A guest that may be on several machines is bound on each.
static void an_owner_that_is_bound_here_may_be_elsewhere(void **state)
{
	(void)state;
	bind_here(8, HERE);
	put_mac(8, TUNNEL);
	remote_put(remotes, key_make(VID, 8), address);
	assert_int_equal(ports_of(ALL, 2), portset_of(HERE) | portset_of(TUNNEL));
}

static void too_many_owners_are_none(void **state)
{
	(void)state;
	for (unsigned n = 0; n < NEIGHBOUR_OWNERS_MAX; n++)
		bind_here(20 + n, HERE);
	ports_of(ALL, NEIGHBOUR_OWNERS_MAX);
	remote_put(remotes, key_make(VID, 7), address);
	ports_of(ALL, 0);
	remote_del(remotes, VID, address);
	bind_here(30, HERE);
	ports_of(ALL, 0);
}

static void without_other_machines_there_is_none(void **state)
{
	struct neighbour_sources s = {conf, leases, NULL};
	struct neighbour_owner found[NEIGHBOUR_OWNERS_MAX];

	(void)state;
	assert_int_equal(neighbour_find(&s, VID, address, found), 0);
}

#define NEIGHBOUR_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

RUN_TESTS(NEIGHBOUR_TEST(a_remote_owner_gets_it_by_its_tunnel),
	  NEIGHBOUR_TEST(a_remote_owner_whose_mac_is_here_is_no_owner),
	  NEIGHBOUR_TEST(an_owner_here_gets_it_too),
	  NEIGHBOUR_TEST(an_owner_that_is_bound_here_may_be_elsewhere),
	  NEIGHBOUR_TEST(too_many_owners_are_none),
	  NEIGHBOUR_TEST(without_other_machines_there_is_none))
