// SPDX-License-Identifier: BSD-3-Clause
// guests: asks the QEMU of each port with `qmp` for the MAC and the filter of the guest's NIC.
//
// Model     A connection to QEMU's monitor (QMP) for each such port. QEMU reports that a NIC's
//           filter has changed (NIC_RX_FILTER_CHANGED), and is then asked for it (query-rx-filter).
//           Of several NICs, the port's is the one that had its mac-address when it was first
//           asked. A QEMU that went away leaves the last state, and is tried again every second.
// Threads   The control thread's event loop. A monitor that says nothing, too much or nonsense is
//           disconnected, and cannot hold up the loop.
// Limits    Lines of 1 MiB. A guest is asked at most every 50 ms.
// Errors    A warning in the log, once until the monitor has answered again.
#pragma once

#include <event2/event.h>

#include "control/switch/state.h"

struct guests;

// NULL: no memory.
struct guests *guests_create(struct event_base *base, struct vswitch *sw);
void guests_destroy(struct guests *g);

// Connects the ports that have a `qmp` by now, and disconnects the others. Call it often.
void guests_follow(struct guests *g);
