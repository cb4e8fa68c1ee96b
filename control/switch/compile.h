// SPDX-License-Identifier: BSD-3-Clause
// compile: translates a configuration into the tables that forwarding reads.
//
// Model   A validated configuration and a number for each of its ports become two things: a struct
//         swconf, and the list of static and assigned MACs, sorted by key.
// Errors  NULL if there is no memory.
#pragma once

#include "control/config/config.h"
#include "dataplane/portconf.h"

// numbers[i] is the number of the configuration's i-th port. The caller frees the result with
// free().
struct swconf *compile_ports(const struct config *c, const uint8_t *numbers);

struct fixed_mac {
	uint64_t key;
	uint8_t port;
	uint8_t type; // FDB_STATIC or FDB_ASSIGNED
};

struct fixed_mac *compile_fixed(const struct config *c, const uint8_t *numbers, size_t *count);

// The entry of this key, NULL if there is none.
const struct fixed_mac *fixed_find(const struct fixed_mac *sorted, size_t count, uint64_t key);
