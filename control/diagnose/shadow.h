// SPDX-License-Identifier: BSD-3-Clause
// shadow: a copy of a running switch that forwards frames without changing the running switch.
//
// Model     It has the running switch's configuration, port states, meters and limits as they are
//           now, the multicast database, and the MAC table entries that the caller copies. Its
//           clock stands still until the caller advances it.
// Threads   The control thread, while workers forward in the running switch.
// Ownership A shadow lives within one request, because it uses the running configuration.
// Limits    The table has room for twice the number of keys given at creation.
#pragma once

#include "control/switch/state.h"

// NULL: no memory.
struct vswitch *shadow_create(const struct vswitch *sw, uint32_t keys);
void shadow_destroy(struct vswitch *shadow);

// Copies a table entry, unless the shadow already has one for that key.
void shadow_take(struct vswitch *shadow, const struct vswitch *sw, uint64_t key);

// Advances the clock, with the ageing and recovery that are due.
void shadow_advance(struct vswitch *shadow, uint64_t ns);
