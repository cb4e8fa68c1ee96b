// SPDX-License-Identifier: BSD-3-Clause
// describe: what a switch is and does, as JSON objects: one description for reports, for the
// control socket and, through reply.h, for people.
//
// Errors  NULL: no memory.
#pragma once

#include <jansson.h>

#include "control/api/control.h"
#include "control/common/policykeys.h"
#include "control/config/config.h"
#include "control/switch/mactable.h"
#include "control/switch/state.h"

// Counters and state of one port, of all in the order of the configuration.
json_t *describe_port(const struct vswitch *sw, unsigned port);
json_t *describe_ports(const struct vswitch *sw);

// Entries of the table that a filter takes, sorted by VLAN, then MAC; an assigned MAC once for its
// port, before the others. At most `limit` of them, behind key `after`; *more says whether there
// are others.
json_t *describe_fdb(const struct vswitch *sw, const struct fdb_filter *f, uint64_t after,
		     size_t limit, bool *more);

// Settings: a port's, beside its counters and state; a group's; the policy in force with the level
// that each value comes from.
json_t *describe_port_settings(const struct vswitch *sw, const struct config_port *p);
json_t *describe_group(const struct config_group *g);
json_t *describe_policy(const struct config *c, const struct config_group *g,
			const struct config_port *p);

// {"value", "from"}: the value of one key that is in force on a port.
json_t *describe_key(const struct config *c, const struct config_port *p, enum policy_key key);

// What can be asked of any switch: the policy keys with the values that each takes, and the drop
// reasons of both directions with what they mean.
json_t *describe_policy_keys(void);
json_t *describe_reasons(void);

json_t *describe_status(const struct control *k);
