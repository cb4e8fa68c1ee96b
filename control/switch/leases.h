// SPDX-License-Identifier: BSD-3-Clause
// leases: what control does to the table of leases: what ends by time, by a command, and by changes
// of the configuration.
//
// Model    The table is changed under its lock, while workers that change it wait. Therefore events
//          are collected first, and passed on afterwards.
// Threads  The control thread.
// Errors   Without memory for an event, it is counted as lost.
#pragma once

#include <stdint.h>

#include "control/switch/state.h"
#include "dataplane/binding.h"
#include "dataplane/lease.h"

// Ends what is due. Returns the next tick in which a lease may end, LEASE_NEVER if there is none.
uint32_t leases_sweep(struct vswitch *sw);

// Follows the switch's configuration. A lease whose port is gone, left the VLAN, or learns no more
// ends, unless the station's MAC is on another port that learns.
void leases_configure(struct vswitch *sw);

// Selects leases; -1, 0 and none match any.
struct leases_filter {
	int port;
	uint64_t mac;
	uint16_t vid;
	uint8_t bits; // of the address, if there is one
	struct ip_address ip;
};

bool leases_filter_takes(const struct leases_filter *f, const struct lease *l);

// Ends the leases of a filter. Returns their number.
uint32_t leases_end(struct vswitch *sw, const struct leases_filter *f);
