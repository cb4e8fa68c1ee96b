// SPDX-License-Identifier: BSD-3-Clause
// links: keeps track of which ports are up.
//
// Threads  The control thread.
#pragma once

#include "control/config/config.h"
#include "control/switch/state.h"
#include "dataplane/link.h"

// The link of the device of a port with this configuration.
enum link links_read(struct vswitch *sw, unsigned port, const struct config_port *p);

// Tells of the ports that have begun without their NIC, by an event each.
void links_report_missing(struct vswitch *sw);

// Reads the link of each device and publishes the result.
void links_poll(struct vswitch *sw);

// Publishes which ports are up. Flushes the dynamic entries of a port that went down, after each
// worker has passed a quiescent point and can no longer learn there. Behind a stuck worker they
// are flushed again later.
void links_publish(struct vswitch *sw);

// Ends the err-disabled state of a port.
void links_clear_error(struct vswitch *sw, unsigned port);

// Ends the err-disabled state of all ports whose recovery time has passed. Returns the next
// recovery time, UINT64_MAX if there is none.
uint64_t links_recover(struct vswitch *sw);
