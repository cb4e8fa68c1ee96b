// SPDX-License-Identifier: BSD-3-Clause
// diff: the differences between two configurations.
//
// Model     It compares objects by name and their settings by key. Objects are the switch, the
//           dataplane, the switch-wide policy, groups, ports, static MACs with their VLAN, and
//           mirrors. The order of objects does not matter.
// Errors    NULL: no memory.
#pragma once

#include <jansson.h>

#include "control/config/config.h"

// [{"object", "key", "running", "file"}, …]. A value that is not set is null. The first row of an
// object that only one configuration has is its name. Rows are in the order of the running
// configuration. In each section, objects that are only in the file come last.
json_t *configdiff(const struct config *running, const struct config *file);
