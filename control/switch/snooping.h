// SPDX-License-Identifier: BSD-3-Clause
// snooping: what control does to the multicast database: what ends by time, what links and changes
// of the configuration end.
//
// Model    The table is changed under its lock, while workers that change it wait. Therefore events
//          are collected first, and passed on afterwards.
// Threads  The control thread.
// Errors   Without memory for an event, it is counted as lost.
#pragma once

#include <stdint.h>

#include "control/switch/state.h"
#include "dataplane/mdb.h"
#include "dataplane/portset.h"

// The next tick in which something may end or has to be asked, MDB_NEVER if there is none.
uint32_t snooping_due(const struct vswitch *sw);

// Ends what is due, and sends the queries that are due. Returns the next tick as snooping_due().
uint32_t snooping_sweep(struct vswitch *sw);

// Forgets what was learned of these ports, which are down.
void snooping_forget(struct vswitch *sw, portset ports);

// Follows the switch's configuration: forgets what it no longer allows, in VLANs without snooping
// and of ports that are not in a VLAN; begins and ends to be the querier.
void snooping_configure(struct vswitch *sw);

// Ends the memberships of a filter. Returns their number.
uint32_t snooping_flush(struct vswitch *sw, const struct mdb_filter *f);
