// SPDX-License-Identifier: BSD-3-Clause
// neighbour: requests for the MAC of an address that is bound go to its owner alone.
//
// Model   An ARP request (RFC 826) or neighbour solicitation (RFC 4861) is sent to the ports where
//         the owner of its target is: the port of its binding, and the port of its MAC by the
//         table. The owner answers itself. So its own state decides, and a forger who has taken the
//         MAC cannot keep the request from the owner. Owners are named by bindings with a MAC, of
//         the configuration or by a lease. What a station says of itself names none.
//         An owner at another machine is named by that machine. The request goes by the tunnel that
//         its MAC is behind; if the MAC is at a port here, it is flooded.
//         Everything else is flooded: requests from 0.0.0.0 or ::, which detect duplicates;
//         announcements, whose sender is the target; targets without an owner; owners whose MAC is
//         not in the table, or on a port that the frame may not go to.
// Limits  NEIGHBOUR_OWNERS_MAX owners of an address. More are as good as none.
// Threads Workers.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/binding.h"
#include "dataplane/fdb.h"
#include "dataplane/lease.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/remote.h"

enum { NEIGHBOUR_OWNERS_MAX = 4 };

// Whether a group frame asks for the MAC of an address, for somebody who has one already.
bool neighbour_asks(const struct rte_mbuf *m, struct ip_address *target);

// A station that an address is bound to.
struct neighbour_owner {
	uint64_t key; // VLAN and MAC
	uint8_t port; // of the binding
	bool remote;  // another machine names it: there is no binding here
};

// Who names owners.
struct neighbour_sources {
	const struct swconf *conf;
	const struct leases *leases;
	const struct remotes *remotes; // NULL: there are no other machines
};

// Finds the owners of an address in a VLAN. Returns their number; 0: none, or too many.
unsigned neighbour_find(const struct neighbour_sources *s, uint16_t vid, struct ip_address ip,
			struct neighbour_owner out[NEIGHBOUR_OWNERS_MAX]);

// The ports of `may` where these owners are, those of other machines at one of `tunnels`. Empty if
// one of them is not there.
portset neighbour_ports(const struct fdb *fdb, uint32_t tick, const struct neighbour_owner *owner,
			unsigned count, portset may, portset tunnels);
