// SPDX-License-Identifier: BSD-3-Clause
// ports: how the ports of a switch come and go: numbers, devices, and the workers that poll them.
//
// Model     A port has a number as long as it is there with one device. One that comes, or gets
//           another device, is given a number that is free, so that old and new are there side by
//           side until the change is made. Each of its queues is polled by one worker; every worker
//           has as many queues as the others, or one less.
// Threads   The control thread calls everything here. Workers forward meanwhile.
// Errors    struct error; what was opened before an error is closed again.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/state.h"
#include "dataplane/portset.h"

// A number for each port of a configuration.
bool ports_number(const struct vswitch *sw, const struct config *c,
		  uint8_t numbers[CONFIG_PORTS_MAX], struct error *e);

// Opens the devices of the ports with these numbers, all or none.
bool ports_open(struct vswitch *sw, const struct config *c, const uint8_t *numbers, portset which,
		struct error *e);
void ports_close(struct vswitch *sw, portset which);

// Gives the ports that stay the MTU that c has for them, all or none.
bool ports_set_mtu(struct vswitch *sw, const struct config *c, struct error *e);

// Takes ports away from the workers; returns when none receives from them any more.
void ports_unpoll(struct vswitch *sw, portset which);

// Opens the devices again that have lost their peer for good, where that is there again. True:
// there were some.
bool ports_reconnect(struct vswitch *sw);

// A device was opened: it is given time to find its peer, which some do only after they are open.
void ports_wait_for_peer(struct vswitch *sw, unsigned port);

// Spreads ports over the workers. One that has a worker keeps it if that leaves them even.
void ports_spread(struct vswitch *sw, portset ports);

// Makes numbers that no worker knows of as new: full meters, no violation, all counters at 0.
void ports_renew(struct vswitch *sw, portset which);
