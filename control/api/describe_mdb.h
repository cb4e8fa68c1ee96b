// SPDX-License-Identifier: BSD-3-Clause
// describe_mdb: describes the multicast database as JSON objects.
//
// Errors  NULL: no memory.
#pragma once

#include <jansson.h>

#include "control/switch/state.h"
#include "dataplane/mdb.h"

// The static groups and memberships of a filter, by VLAN, static ones first, group and port. mac:
// only groups with this MAC; 0: any.
json_t *describe_mdb(const struct vswitch *sw, const struct mdb_filter *f, uint64_t mac);

// The ports that lead to multicast routers, in VLANs with snooping.
json_t *describe_mdb_routers(const struct vswitch *sw);

// The VLANs with snooping, a row for each of IGMP and MLD: settings, querier, whether groups are
// pruned.
json_t *describe_mdb_vlans(const struct vswitch *sw);
