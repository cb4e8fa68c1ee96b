// SPDX-License-Identifier: BSD-3-Clause
// switch: creates a switch from a configuration, applies another configuration, destroys it.
//
// Model     A change is compiled as a whole, then published as a whole, or refused as a whole. A
//           live switch has devices and worker threads. A switch for replay has neither: its caller
//           feeds the single forwarder. A switch for bench is live without devices: the caller's
//           threads feed its workers, and are registered with qsbr while they forward.
// Threads   One control thread calls everything here. Workers forward meanwhile.
// Ownership The switch owns its configuration after a successful switch_create() or switch_apply().
// Errors    struct error.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/flush.h"
#include "control/switch/state.h"

enum switch_use { SWITCH_REPLAY, SWITCH_LIVE, SWITCH_BENCH };

// Creates a switch. A live switch opens its devices. DPDK must be running.
// After a failure the configuration still belongs to the caller.
bool switch_create(struct vswitch **sw, struct config *c, enum switch_use use, struct error *e);

// Starts the workers of a live switch.
void switch_launch(struct vswitch *sw);

// Ends the workers. False: worker *stuck does not end, and may use everything that the switch has.
bool switch_stop(struct vswitch *sw, unsigned *stuck);

// Ends the workers and frees the switch. If a worker does not end, nothing is freed.
void switch_destroy(struct vswitch *sw);

// Replaces the configuration while workers forward. The devices of new ports are opened before
// anything changes; those of removed ports are closed at the end. It fails while a worker is stuck.
// After a failure nothing has changed, and c still belongs to the caller.
bool switch_apply(struct vswitch *sw, struct config *c, struct error *e);

// The same. The static entries that it removes and the filter takes are reported as one flush.
bool switch_apply_flush(struct vswitch *sw, struct config *c, const struct fdb_filter *flush,
			struct error *e);

// Sets what QEMU says of the guest of a port, see guest.h. Reports a changed MAC as an event.
// False: nothing has changed.
bool switch_set_guest(struct vswitch *sw, unsigned port, const struct switch_guest *g,
		      struct error *e);

// Puts the tunnels that were collected (tunnels.h) in force. True as well if there are none. False:
// they stay collected.
bool switch_publish_tunnels(struct vswitch *sw, struct error *e);
