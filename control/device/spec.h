// SPDX-License-Identifier: BSD-3-Clause
// spec: what a port's `device` says, as arguments for DPDK.
//
// Model   KIND:ARGUMENT becomes the vdev that does it, with a name of its own; a DPDK vdev string
//         or a PCI address is passed on as it is. A bond is several devices: its members, then the
//         bond itself.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"
#include "dataplane/port.h"

enum { DEVICE_ARGS = DEVICE_TEXT + 128 };

// The devargs of what a port's device is made of, the port itself last.
struct device_parts {
	unsigned count;
	char args[PORT_PARTS_MAX][DEVICE_ARGS];
};

// name: what DPDK knows it by. False: the port has no device, or none that is known; e says what
// would be right.
bool device_parts(const struct config_port *p, const char *name, struct device_parts *out,
		  struct error *e);

// The same, for nothing but the verdict.
bool device_check(const struct config_port *p, struct error *e);

// Whether a device is on the PCI bus, or a part of it; the bus is scanned only if one is.
bool device_is_pci(const char *device);
