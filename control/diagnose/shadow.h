// SPDX-License-Identifier: BSD-3-Clause
// shadow: a switch for replay that goes on from where a running one is, and leaves that alone.
//
// Model     It has the running switch's configuration, port states, meters and limits as they are
//           now, and of its table the entries of those keys that are handed over. Frames take the
//           one forwarding path through it; what they change is the shadow's. Its clock stands
//           where it was made until the caller moves it on.
// Threads   The control thread, while workers forward in the running switch.
// Ownership Lives no longer than the configuration of the running switch: within one request.
// Limits    The table has room for twice as many keys as it was made for.
#pragma once

#include "control/switch/state.h"

// NULL: no memory.
struct vswitch *shadow_create(const struct vswitch *sw, uint32_t keys);
void shadow_destroy(struct vswitch *shadow);

// Copies a table entry, unless the shadow has one of that key already.
void shadow_take(struct vswitch *shadow, const struct vswitch *sw, uint64_t key);

// Moves the clock on; what is due on the way (ageing, recovery) has then happened.
void shadow_advance(struct vswitch *shadow, uint64_t ns);
