// SPDX-License-Identifier: BSD-3-Clause
// device: what `device` says, as arguments for DPDK; and the opening of it.
//
// Model   KIND:ARGUMENT becomes the vdev that does it, with a name of its own; a DPDK vdev string or a PCI address is
//         passed on as it is. A bond is several devices: its members, then the bond itself.
#pragma once

#include "config.h"
#include "../dataplane/port.h"

enum { DEVICE_ARGS = DEVICE_TEXT + 128 };

// The devargs of what a port's device is made of, the port itself last.
struct device_parts {
	unsigned count;
	char args[PORT_PARTS_MAX][DEVICE_ARGS];
};

// name: what DPDK knows it by. False: the port has no device, or none that is known; e says what would be right.
bool device_parts(const struct config_port *p, const char *name, struct device_parts *out, struct config_error *e);

// The same, for nothing but the verdict.
bool device_check(const struct config_port *p, struct config_error *e);

// Whether a device is on the PCI bus, or a part of it; the bus is scanned only if one is.
bool device_is_pci(const char *device);

// DPDK connects some devices to their peer while it opens them, and never again.
enum device_peer {
	PEER_NONE,   // the device is none of them
	PEER_ABSENT, // nobody is there
	PEER_THERE,
};
enum device_peer device_peer(const char *device);

// Opens the device of a port for `workers` senders, frames in mbufs from pool. DPDK knows it by the port's number: a device
// that replaces another one of its kind is there beside it for a while. Where its peer is absent it is left closed.
bool device_open(struct port *port, const struct config_port *p, unsigned number, unsigned workers, struct rte_mempool *pool,
		 struct config_error *e);
void device_close(struct port *port);

// Gives an open device the MTU of p. On refusal a part of it may have it already.
bool device_set_mtu(struct port *port, const struct config_port *p, struct config_error *e);
