// SPDX-License-Identifier: BSD-3-Clause
// guest: what QEMU says of the guest of a port.
//
// Model   A guest can change the MAC of its NIC. Its port's effective MAC follows, but no
//         configuration is written, and the table learns it (config_assigned_mac()). A guest cannot
//         take the MAC of another port: such a MAC is no effective MAC, and counts as changed. What
//         was said is valid as long as the port, its device and its qmp stay.
// Threads The control thread.
// Errors  struct error.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/state.h"

// What QEMU has said of the guest of a port with this configuration. NULL: nothing.
const struct switch_guest *guest_get(const struct vswitch *sw, const struct config_port *p);

// Validates a configuration, then adds the MACs that guests have. False: e says why it is not
// valid.
bool guest_validate(const struct vswitch *sw, struct config *c, struct error *e);
