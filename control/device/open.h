// SPDX-License-Identifier: BSD-3-Clause
// open: the device of a port, opened and closed.
//
// Threads  The control thread, while workers forward between other devices.
// Errors   A sentence that names the port, the step that failed, and what to look at.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"
#include "dataplane/port.h"

// DPDK connects some devices to their peer while it opens them, and never again.
enum device_peer {
	PEER_NONE,   // the device is none of them
	PEER_ABSENT, // nobody is there
	PEER_THERE,
};
enum device_peer device_peer(const char *device);

// Opens the device of a port for `workers` senders, frames in mbufs from pool. DPDK knows it by the
// port's number: a device that replaces another one of its kind is there beside it for a while.
// Where its peer is absent it is left closed.
bool device_open(struct port *port, const struct config_port *p, unsigned number, unsigned workers,
		 struct rte_mempool *pool, struct error *e);
void device_close(struct port *port);

// Gives an open device the MTU of p. On refusal a part of it may have it already.
bool device_set_mtu(struct port *port, const struct config_port *p, struct error *e);
