// SPDX-License-Identifier: BSD-3-Clause
// querier: the switch asks for the members of multicast groups, so that snooping needs no router.
//
// Model     In each VLAN with `querier`, and for each of IGMP and MLD, the switch sends a general
//           query every 125 s, the first two 31 s apart. `auto`: it is silent while a querier with
//           a lower address is heard (RFC 3376 6.6.2, RFC 3810 7.6.2). A port that came up, or into
//           the VLAN, is asked at once. While the switch is the elected querier, it asks a port
//           about a group that was left there. The multicast database says when.
// Addresses The MAC is made from the switch's name and querier-address, the IPv6 address from the
//           MAC. So switches with different addresses have different MACs.
// Shadow    A switch without a querier (trace's copy) asks nothing.
// Threads   The control thread. vswitch.send_own takes the frames to a worker.
// Time      Ticks of half a second. A port that came up is asked at most once in each.
// Limits    What finds no buffer is sent in the next tick. A question about a group is then lost.
#pragma once

#include <stdint.h>

#include "control/switch/state.h"
#include "dataplane/mdb.h"
#include "dataplane/snoop.h"

struct querier;

// NULL: no memory.
struct querier *querier_create(void);
void querier_destroy(struct querier *q);

// Follows the switch's configuration.
void querier_configure(struct vswitch *sw);

// Lets ports that came up be asked in the next tick.
void querier_wake(struct vswitch *sw);

// The next tick in which something is due, MDB_NEVER if nothing is. Other queriers can make it
// earlier when they come and go, which mdb_due() names.
uint32_t querier_due(const struct vswitch *sw);

// Sends the general queries that are due.
void querier_turn(struct vswitch *sw, uint32_t tick);

// Asks a port about a group.
void querier_ask(struct vswitch *sw, const struct mdb_membership *who);

// The number of queries sent in a VLAN since the switch's querier was turned on there.
uint64_t querier_sent(const struct vswitch *sw, uint16_t vid, enum snoop_family f);
