// SPDX-License-Identifier: BSD-3-Clause
// claim: refuses a device that somebody else uses, and a path that is not for a device.
//
// Model   Looks at devargs before DPDK sees them, because DPDK's drivers attach to the TAP of
// another
//         process, remove whatever file stands where their socket is to be, and write their
//         captures over anything.
// Errors  A sentence that names the port, the device and its holder.
#pragma once

#include <stdbool.h>

#include "control/common/error.h"
#include "control/config/config.h"

// Copies the value of a key of devargs. False if there is no such key.
bool devargs_value(const char *args, const char *key, char out[DEVICE_TEXT]);

// Checks one part of a port's device. Removes the socket that a dead process left at its path.
bool device_claim(const struct config_port *p, const char *args, struct error *e);
