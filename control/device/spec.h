// SPDX-License-Identifier: BSD-3-Clause
// spec: translates a port's `device` into arguments for DPDK.
//
// Model   A TAP and a packet socket are devices of our own, unless they are members of a bond. Any
//         other KIND:ARGUMENT becomes a vdev with a unique name. A DPDK vdev string or a PCI
//         address is passed on unchanged. A bond is several devices: its members, then the bond
//         itself.
#pragma once

#include <rte_version.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "dataplane/netdev.h"
#include "dataplane/port.h"

// The argument of a bond that names a member. DPDK 23.11 renamed it and refuses the old name.
#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
#define DEVICE_MEMBER "member"
#else
#define DEVICE_MEMBER "slave"
#endif

enum { DEVICE_ARGS = DEVICE_TEXT + 128 };

// The devargs of all devices that a port needs; the port's own device is the last.
struct device_parts {
	unsigned count;
	char args[PORT_PARTS_MAX][DEVICE_ARGS];
};

// DPDK will know the device by `name`. False if the port has no device or an invalid one; e then
// says what would be valid.
bool device_parts(const struct config_port *p, const char *name, struct device_parts *out,
		  struct error *e);

// Whether the device of a port is one of our own, and then of which kind. Its interface is the
// value of `iface` in its devargs.
bool device_netdev(const char *device, enum netdev_kind *kind);

// Whether device_parts() would accept the device of a port.
bool device_check(const struct config_port *p, struct error *e);

// Whether a switch can be started with the devices of a configuration: each is valid, and none but
// a repeatable one has two ports. Ports may have no device if `optional`.
bool device_check_all(const struct config *c, bool optional, struct error *e);

// Whether a device is a DPDK device string, and no kind of ours. Such a string reaches any driver,
// and any file that DPDK can write.
bool device_is_raw(const char *device);

// Whether a device, or a member of a bond, is on the PCI bus. The bus is scanned only if one is.
bool device_is_pci(const char *device);
