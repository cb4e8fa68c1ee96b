// SPDX-License-Identifier: BSD-3-Clause
// nexthop: where the kernel would send a packet for a VTEP, and the MAC of the machine there.
//
// Model    A question to the kernel's routes, and one to its neighbours. A neighbour that is asked
//          for is kept resolved by the kernel (NTF_EXT_MANAGED, Linux 5.16); an older kernel
//          resolves it anew at each question. Only the first next hop of a route is used.
// Threads  The control thread.
// Errors   What cannot be found is a state, not an error.
#pragma once

#include <stdint.h>

#include "control/evpn/rtnl.h"

enum nexthop_state { NEXTHOP_UP, NEXTHOP_UNRESOLVED, NEXTHOP_NO_ROUTE };

struct nexthop {
	enum nexthop_state state;
	uint32_t address; // IPv4, in host order; 0: there is no route
	int interface;    // of the route, 0: none
	uint64_t mac;     // NEXTHOP_UP
};

// Finds the next hop of a VTEP. A route by another interface than `interface` is none.
void nexthop_find(struct rtnl *r, uint32_t vtep, int interface, struct nexthop *n);

// The kernel need not keep that neighbour any longer.
void nexthop_forget(struct rtnl *r, const struct nexthop *n);

// The index of an interface, 0 if there is none.
int nexthop_interface(const char *name);

// The first IPv4 address of an interface, in host order; `wanted`, if it has that one. 0: none.
uint32_t nexthop_source(struct rtnl *r, int interface, uint32_t wanted);

// The destination of a next hop object, or of the first one of a group. 0: none.
uint32_t nexthop_object(struct rtnl *r, uint32_t id);
