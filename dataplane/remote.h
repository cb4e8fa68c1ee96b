// SPDX-License-Identifier: BSD-3-Clause
// remote: the addresses of stations at other machines, and their MACs.
//
// Model     An address of a VLAN has one MAC. Where the MAC is, the table of MACs says. Who puts
//           addresses here has been told of them, and takes them out when they are withdrawn.
// Threads   Lookups take no lock. One thread changes the table. The version is odd meanwhile, and
//           lookups begin anew if it has changed.
// Ownership remote_create() to remote_destroy().
// Limits    REMOTE_MAX addresses.
// Errors    0 or -errno. A miss is a value, not an error.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "dataplane/binding.h"

enum { REMOTE_MAX = 16384, REMOTE_CHAINS = REMOTE_MAX };

struct remote_entry {
	_Atomic uint32_t next; // number + 1, in a chain or of the free ones; 0: the last one
	_Atomic uint64_t key;  // VLAN and MAC; 0: the entry is free
	_Atomic uint64_t high, low;
};

struct remotes {
	_Atomic uint32_t version;
	_Atomic uint32_t chain[REMOTE_CHAINS]; // the first entries
	uint32_t used, free, count;            // used: entries that ever were
	uint64_t seed;
	struct remote_entry entry[REMOTE_MAX];
};

// Creates a table. The seed must be secret if guests can be hostile. -ENOMEM.
int remote_create(struct remotes **t, uint64_t seed);

// NULL is allowed.
void remote_destroy(struct remotes *t);

// The station that has an address in a VLAN: its key. 0: there is none.
uint64_t remote_find(const struct remotes *t, uint16_t vid, struct ip_address ip);

// Sets the station of an address in the VLAN of the key. -ENOSPC.
int remote_put(struct remotes *t, uint64_t key, struct ip_address ip);

// Removes an address. -ENOENT: it is not there.
int remote_del(struct remotes *t, uint16_t vid, struct ip_address ip);
