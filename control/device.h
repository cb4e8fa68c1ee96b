// SPDX-License-Identifier: BSD-3-Clause
// device: what `device` says, as arguments for DPDK.
//
// Model   KIND:ARGUMENT becomes the vdev that does it, named after the port; a DPDK vdev string or a PCI address is
//         passed on as it is.
#pragma once

#include "config.h"

enum { DEVICE_ARGS = DEVICE_TEXT + 64 };

// The devargs of a port's device. False: it has none, or none that is known; e says what would be right.
bool device_args(const struct config_port *p, char out[DEVICE_ARGS], struct config_error *e);

// Whether a device is on the PCI bus, which is scanned only if one is.
bool device_is_pci(const char *device);

// What to look at when a device does not open: a text to follow the error, may be empty.
const char *device_hint(const char *device);
