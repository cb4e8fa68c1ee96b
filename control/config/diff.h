// SPDX-License-Identifier: BSD-3-Clause
// diff: in what two configurations differ.
//
// Model     Objects are compared by name, their settings by key. An object is the switch, the
//           dataplane, the switch-wide policy, a group, a port, a static MAC in its VLAN, a mirror.
//           The order of objects is no difference.
// Errors    NULL: no memory.
#pragma once

#include <jansson.h>

#include "control/config/config.h"

// [{"object", "key", "running", "file"}, …], null for a value that is not set. An object that is in
// one of them only has its name for the first key. In the order of the running configuration, in
// each section what is new behind the rest.
json_t *configdiff(const struct config *running, const struct config *file);
