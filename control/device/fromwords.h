// SPDX-License-Identifier: BSD-3-Clause
// fromwords: makes a configuration from devices alone, for a switch without a file.
//
// Model   Each device becomes a port with the default policy. The port has the name of the device:
//         that of the interface, or of the file without its folder and extension. Names are cut to
//         15 characters; if two are the same, the second one gets a number.
// Errors  NULL and struct error.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"

// words: the devices, `count` of them.
struct config *fromwords_config(char *const *words, int count, struct error *e);
