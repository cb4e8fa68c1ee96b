// SPDX-License-Identifier: BSD-3-Clause
// ports: numbers ports, opens and closes their devices, and assigns their queues to workers.
//
// Model     A port keeps its number as long as it keeps its device. A new port, or a new device,
//           gets a free number, so that the old and the new device are open side by side until the
//           change is published. One worker polls each queue. The numbers of queues of any two
//           workers differ by one at most.
// Threads   The control thread calls everything here. Workers forward meanwhile.
// Errors    struct error. Devices opened before an error are closed again.
#pragma once

#include <stdbool.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/state.h"
#include "dataplane/portset.h"

// Chooses a number for each port of a configuration.
bool ports_number(const struct vswitch *sw, const struct config *c,
		  uint8_t numbers[CONFIG_PORTS_MAX], struct error *e);

// Opens the devices of the ports with these numbers, all or none.
bool ports_open(struct vswitch *sw, const struct config *c, const uint8_t *numbers, portset which,
		struct error *e);
void ports_close(struct vswitch *sw, portset which);

// Reads what devices have lost. A NIC that is pulled cannot be asked any more.
void ports_read_losses(struct vswitch *sw);

// Sets the MTU of the ports that stay to that of configuration c, all or none.
bool ports_set_mtu(struct vswitch *sw, const struct config *c, struct error *e);

// Takes ports away from the workers. True: no worker receives from them any more. False: a stuck
// worker may.
bool ports_unpoll(struct vswitch *sw, portset which);

// Reopens the devices that lost their peer and whose peer is back. True if there were any.
bool ports_reconnect(struct vswitch *sw);

// Gives a device that was just opened time to find its peer. Some devices find it only after they
// are open.
void ports_wait_for_peer(struct vswitch *sw, unsigned port);

// Spreads the queues of ports over the workers. A queue stays with its worker unless the workers
// would become uneven.
void ports_spread(struct vswitch *sw, portset ports);

// Resets the state of port numbers that no worker uses: full meters, no violations, all counters
// at 0.
void ports_reset(struct vswitch *sw, portset which);
