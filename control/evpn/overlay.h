// SPDX-License-Identifier: BSD-3-Clause
// overlay: the fabric of a switch: it follows the section evpn of the configuration and the events
// of the switch.
//
// Model     There is a fabric while the configuration has the section with `control: kernel`. VTEPs
//           become tunnels (switch/tunnels.h), MACs of other machines become entries of the table.
// Threads   The control thread.
// Ownership overlay_create() to overlay_destroy(), before the switch is destroyed.
// Errors    struct error at the start. Later errors are logged, and the fabric is tried again.
#pragma once

#include <event2/event.h>

#include "control/common/error.h"
#include "control/switch/state.h"
#include "dataplane/event.h"

struct fabric;
struct overlay;

// Begins. NULL: e says why the section cannot be followed.
struct overlay *overlay_create(struct event_base *base, struct vswitch *sw, struct error *e);

// Removes what it made in the kernel. NULL is allowed.
void overlay_destroy(struct overlay *o);

// An event of the switch.
void overlay_note(struct overlay *o, const struct event *e);

// Follows changed configurations. Called every SWITCH_TICK_MS.
void overlay_tick(struct overlay *o);

// The fabric, NULL if there is none.
struct fabric *overlay_fabric(const struct overlay *o);
