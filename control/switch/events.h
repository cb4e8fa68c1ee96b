// SPDX-License-Identifier: BSD-3-Clause
// events: passes the workers' events to the switch's on_event.
//
// Model    Each worker has a ring. Events of one worker keep their order, those of several are
//          merged by their time. Two workers that see the same MAC within one burst may report it
//          in the wrong order.
// Threads  The control thread.
#pragma once

#include "control/switch/state.h"
#include "dataplane/portset.h"

// Passes on all pending events. When a port became err-disabled, its entries are flushed, and that
// is reported.
void events_drain(struct vswitch *sw);

// Flushes those ports of a set (a portset) that do not forward. A switch_retire_fn, for workers
// that may have learned there after a first flush.
void events_flush_down(struct vswitch *sw, void *ports);

// Passes on that the dynamic entries of a port were flushed because it went down.
void events_port_flushed(struct vswitch *sw, unsigned port, uint64_t ns);

// Passes on the violations of completed seconds, the earliest first. For the ports in `all` it
// includes those of the current second.
void events_collect_violations(struct vswitch *sw, portset all);
