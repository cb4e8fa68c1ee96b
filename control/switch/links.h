// SPDX-License-Identifier: BSD-3-Clause
// links: which ports are up.
//
// Threads  The control thread.
#pragma once

#include "control/switch/state.h"

// Asks the devices for their link, and publishes the result.
void links_poll(struct vswitch *sw);

// Publishes which ports are up. Dynamic entries of a port that went down are flushed, once no
// worker can learn there.
void links_publish(struct vswitch *sw);

// Ends err-disabled: of a port, of all ports whose recovery time has come. The latter returns when
// the next port's time comes, UINT64_MAX for none.
void links_clear_error(struct vswitch *sw, unsigned port);
uint64_t links_recover(struct vswitch *sw);
