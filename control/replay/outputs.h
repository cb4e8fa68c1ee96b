// SPDX-License-Identifier: BSD-3-Clause
// outputs: a capture for each port, with the frames that were sent to it.
#pragma once

#include "control/switch/state.h"
#include "dataplane/portset.h"

struct outputs;

// Creates DIR/PORT.pcap for each port of the switch. NULL: it printed why.
// The ports that have a file: all but tunnels, whose frames are in packets of the underlay.
portset outputs_ports(const struct vswitch *sw);

struct outputs *outputs_open(const char *dir, const struct vswitch *sw);

void outputs_write(struct outputs *o, unsigned port, uint64_t ns, const struct rte_mbuf *m);

// False: not all could be written; it printed where.
bool outputs_close(struct outputs *o);
