// SPDX-License-Identifier: BSD-3-Clause
// open: opens and closes the device of a port.
//
// Threads  The control thread, while workers forward between other devices.
// Errors   A sentence that names the port, the step that failed and a likely cause.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"
#include "dataplane/port.h"

// Whether a device needs a peer to open: DPDK connects some devices to their peer while it opens
// them, and never afterwards.
enum device_peer {
	PEER_NONE,    // the device opens without a peer
	PEER_ABSENT,  // no process serves the socket that the device connects to
	PEER_PRESENT, // a process serves it
};
enum device_peer device_peer(const char *device);

// Whether a device is a NIC on the PCI bus. Bonds are none.
bool device_is_nic(const char *device);

// Whether the machine has the NIC of such a device, whatever its driver.
bool device_nic_exists(const char *device);

// Whether a device must be reopened after its interface was deleted, or its NIC was pulled, and it
// is there again and ready. Other devices on interfaces do that themselves.
bool device_interface_is_back(const char *device);

// Opens the device of a port for `workers` senders. Received frames are in mbufs from pool. DPDK
// knows the device by the port's number, because a new device and the one that it replaces are open
// side by side for a while. True, with the device left closed, if its peer is absent.
bool device_open(struct port *port, const struct config_port *p, unsigned number, unsigned workers,
		 struct rte_mempool *pool, struct error *e);
void device_close(struct port *port);

// Whether a device was given up, because it did not answer its driver; whether any was.
bool device_is_silent(const char *device);
bool device_any_is_silent(void);

// Sets the MTU of an open device to that of p. After a failure some of its parts may have the new
// MTU.
bool device_set_mtu(struct port *port, const struct config_port *p, struct error *e);

// Looks whether the kernel has dropped segments at the interface of a port. If it is a veth, makes
// its other end cut them. Else tells the user how.
void device_check_segments(struct port *port, const struct config_port *p);
