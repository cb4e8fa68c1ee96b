// SPDX-License-Identifier: BSD-3-Clause
// lease: the addresses that DHCP servers gave to stations, and who has asked for one.
//
// Model     A lease lets a MAC use an address, or a prefix, in a VLAN until its time. Its port is
//           the one where the station was when it asked. Leases count against the limit of their
//           port. They hold wherever the station is: moves and holds decide who has a MAC. A link
//           that goes down ends none, because stations behind it do not ask again when it is up.
// Requests  A client's messages are remembered, for a minute, with their transaction and port.
//           The first port that was heard with a transaction keeps it: others hear a broadcast
//           request only after that. A port remembers its newest LEASE_REQUESTS, and so takes no
//           room from other ports.
// Threads   Lookups take no lock. Any worker and control change the table, under one lock. The
//           version is odd meanwhile, and lookups begin anew if it has changed. Callbacks run under
//           the lock.
// Time      Ticks of half a second, as an argument. A lease lives for at least its time and at most
//           half a second longer, if lease_sweep() is called in each tick that lease_due() names.
// Limits    LEASE_PORT_MAX leases of a port.
// Errors    0 or -errno. A miss is a value, not an error.
#pragma once

#include <rte_spinlock.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/binding.h"
#include "dataplane/portset.h"

enum {
	LEASE_PORT_MAX = 64,
	LEASE_MAX = LEASE_PORT_MAX * PORTS_MAX,
	LEASE_CHAINS = LEASE_MAX,
	LEASE_REQUESTS = 64, // of a port
	LEASE_REQUEST_S = 60,
	LEASE_TICKS_PER_S = 2,
	LEASE_NEVER = UINT32_MAX,
};

struct lease {
	uint64_t key; // (VLAN, MAC)
	struct ip_address ip;
	uint64_t client; // hash of the client's identifier; 0: it has none
	uint32_t until;  // it ends in this tick, or LEASE_NEVER
	uint8_t bits;    // of the prefix; 128: an address
	uint8_t port;
	uint16_t unused;
};

struct lease_entry {
	_Atomic uint32_t next_of_mac, next_of_ip; // number + 1; 0: none
	_Atomic uint64_t key;                     // 0: the entry is free
	_Atomic uint64_t high, low;
	_Atomic uint32_t bits, port;
	uint32_t until;
	uint64_t client;
};

// What a client asked.
struct lease_request {
	uint64_t key;
	uint64_t client;
	struct ip_address ip; // that it names, or none
	uint32_t transaction;
	uint32_t until; // 0: unused
	uint8_t port;
	bool ipv6;
};

struct leases {
	_Atomic uint32_t version;
	_Atomic uint32_t due; // nothing ends before this tick
	_Atomic uint32_t count[PORTS_MAX];
	_Atomic uint32_t of_mac[LEASE_CHAINS], of_ip[LEASE_CHAINS]; // first entries of the chains
	rte_spinlock_t lock;
	uint32_t used; // entries that were ever used
	uint64_t seed;
	struct lease_entry entry[LEASE_MAX];
	uint32_t next_request[PORTS_MAX];
	struct lease_request request[PORTS_MAX][LEASE_REQUESTS];
};

// Creates a table. The seed must be secret if guests can be hostile. -ENOMEM.
int lease_create(struct leases **t, uint64_t seed);
void lease_destroy(struct leases *t);

// Creates a copy. -ENOMEM.
int lease_copy(struct leases **copy, struct leases *t);

// Whether a station of a VLAN has the lease of an address, or of any.
bool lease_holds(const struct leases *t, uint64_t key, struct ip_address ip);
bool lease_is_holder(const struct leases *t, uint64_t key);

// The station that has the lease of an address in a VLAN: its key, and the port of the lease. 0:
// there is none.
uint64_t lease_owner(const struct leases *t, uint16_t vid, struct ip_address ip, uint8_t *port);

static inline uint32_t lease_due(const struct leases *t)
{
	return atomic_load_explicit(&t->due, memory_order_relaxed);
}

static inline uint32_t lease_count(const struct leases *t, unsigned port)
{
	return atomic_load_explicit(&t->count[port], memory_order_relaxed);
}

// The tick in which a lease of some seconds ends.
uint32_t lease_until(uint32_t tick, uint32_t seconds);

// Remembers a request, unless another port has the same transaction of the same station.
void lease_ask(struct leases *t, const struct lease_request *r, uint32_t tick);

// Copies the request of a transaction. False: there is none.
bool lease_asked(struct leases *t, const struct lease_request *wanted, uint32_t tick,
		 struct lease_request *found);

// Why a lease ends.
#define LEASE_END_LIST(X) \
	X(EXPIRED, "expired") \
	X(RELEASED, "released") /* or declined, by the client */ \
	X(REVOKED, "revoked")   /* the server refused it, or gave the client another one */ \
	X(PORT, "port")         /* it was removed, left the VLAN, or does not learn any more */ \
	X(COMMAND, "command")

enum lease_end {
#define X(id, name) LEASE_##id,
	LEASE_END_LIST(X)
#undef X
};

// What became of a lease that a server has granted.
enum lease_grant {
	LEASE_GRANTED,
	LEASE_RENEWED,
	LEASE_TAKEN, // another station of the VLAN has the lease of this address
	LEASE_LIMIT, // the port has LEASE_PORT_MAX
};

// Adds a lease or prolongs it. With `moves`, a lease that is prolonged goes to the port of l.
enum lease_grant lease_add(struct leases *t, const struct lease *l, bool moves);

typedef void (*lease_tell_fn)(void *arg, const struct lease *l, enum lease_end why);
typedef bool (*lease_select_fn)(void *arg, const struct lease *l);

// Ends the leases that a function selects, and tells of each. Returns their number.
uint32_t lease_remove(struct leases *t, lease_select_fn wanted, lease_tell_fn tell, void *arg,
		      enum lease_end why);

// Ends what is due in this tick. Returns the next tick in which a lease may end.
uint32_t lease_sweep(struct leases *t, uint32_t tick, lease_tell_fn tell, void *arg);

// The port that a lease belongs to now: its own, another one, or -1 if it has to end.
typedef int (*lease_place_fn)(void *arg, const struct lease *l);

// Ends leases and moves them to other ports, if these have room. Forgets the requests of the ports
// in `gone`.
void lease_replace(struct leases *t, portset gone, lease_place_fn place, lease_tell_fn tell,
		   void *arg);

// Calls visit() for each lease.
typedef void (*lease_visit_fn)(void *arg, const struct lease *l);
void lease_walk(struct leases *t, lease_visit_fn visit, void *arg);
