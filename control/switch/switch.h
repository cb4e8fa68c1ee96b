// SPDX-License-Identifier: BSD-3-Clause
// switch: made from a configuration, changed by applying another one, destroyed.
//
// Model     A change is compiled whole, then published whole: all of it happens or nothing. A live
//           switch has devices and worker threads. One for replay has neither: the caller feeds its
//           single forwarder. One for bench is live without devices: the caller's threads feed its
//           workers, and register with qsbr while they forward.
// Threads   One control thread calls everything here. Workers forward meanwhile.
// Ownership The switch owns its configuration from switch_create() or a successful switch_apply()
//           on.
// Errors    struct error.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/state.h"

enum switch_use { SWITCH_REPLAY, SWITCH_LIVE, SWITCH_BENCH };

// Makes a switch; a live one opens its devices and starts its workers. DPDK is up. The
// configuration becomes the switch's only if this succeeds.
bool switch_create(struct vswitch **sw, struct config *c, enum switch_use use, struct error *e);
void switch_destroy(struct vswitch *sw);

// Replaces the configuration, with forwarding going on: devices of ports that come are opened
// before anything changes, those of ports that go are closed at the end. On refusal nothing has
// changed and c stays the caller's.
bool switch_apply(struct vswitch *sw, struct config *c, struct error *e);
