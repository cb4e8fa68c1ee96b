// SPDX-License-Identifier: BSD-3-Clause
// describe: describes a switch as JSON objects, for reports, the control socket and nestctl.
//
// Errors  NULL: no memory.
#pragma once

#include <jansson.h>

#include "control/api/control.h"
#include "control/common/policykeys.h"
#include "control/config/config.h"
#include "control/switch/flush.h"
#include "control/switch/state.h"
#include "dataplane/fdb.h"

// Counters and state of one port, or of all ports in the order of the configuration.
json_t *describe_port(const struct vswitch *sw, unsigned port);
json_t *describe_ports(const struct vswitch *sw);

// At most `limit` entries of the table after key `after`, sorted by VLAN, then MAC. f: selects
// entries. Assigned MACs come first, once for their port. *more: there are further entries.
json_t *describe_fdb(const struct vswitch *sw, const struct fdb_filter *f, uint64_t after,
		     size_t limit, bool *more);

// The type of an entry: what is behind a tunnel is remote or remote-sticky.
const char *describe_entry_type(const struct vswitch *sw, const struct fdb_entry *e);

// The settings of a port with its counters and state, the settings of a group, and the policy in
// force with the level that sets each value.
json_t *describe_port_settings(const struct vswitch *sw, const struct config_port *p);
// Appends the MACs whose frames the rules on trial of a port would drop, for each reason.
void describe_audit(const struct vswitch *sw, unsigned port, json_t *all);

json_t *describe_group(const struct config_group *g);
json_t *describe_policy(const struct config *c, const struct config_group *g,
			const struct config_port *p);

// A mirror, with the state of its destination: "up" or what it is instead.
json_t *describe_mirror(const struct vswitch *sw, const struct config_mirror *m);

// {"value", "from"}: the value of one key in force on a port, and the level that sets it.
json_t *describe_key(const struct config *c, const struct config_port *p, enum policy_key key);

// The policy keys with their values, and the drop reasons of both directions with their meanings.
// They are the same for every switch.
json_t *describe_policy_keys(void);
json_t *describe_reasons(void);

json_t *describe_status(const struct control *k);
