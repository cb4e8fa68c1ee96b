// SPDX-License-Identifier: BSD-3-Clause
// compile: from what the user asked for to what forwarding needs.
//
// Model   A validated configuration and a number for each of its ports become a struct swconf, and
//         the list of MACs that belong to ports statically, sorted by key.
// Errors  NULL: no memory.
#pragma once

#include "control/config/config.h"
#include "dataplane/portconf.h"

// numbers[i] is the number of the configuration's i-th port. free() the result.
struct swconf *compile_ports(const struct config *c, const uint8_t *numbers);

struct fixed_mac {
	uint64_t key;
	uint8_t port;
	uint8_t type; // FDB_STATIC or FDB_ASSIGNED
};

struct fixed_mac *compile_fixed(const struct config *c, const uint8_t *numbers, size_t *count);

// The entry of this key, NULL for none.
const struct fixed_mac *fixed_find(const struct fixed_mac *sorted, size_t count, uint64_t key);
