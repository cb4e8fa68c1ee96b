// SPDX-License-Identifier: BSD-3-Clause
// frames: a line for each frame of a replay: what came, what became of it, where it went.
//
// Model   The player forwards one frame at a time. The counters of its port before and after it say
//         the outcome. The words are those of `nestctl trace`.
// Tunnels The line of a packet of the underlay also has the frame in it, with the outcome on its
//         tunnel. The line of a frame that leaves by tunnels has what carries it.
#pragma once

#include <rte_mbuf.h>

#include "control/pcap/record.h"
#include "control/replay/player.h"
#include "dataplane/event.h"

struct frames;

// path: "-" is standard output. json: an object a line. NULL: it printed why.
struct frames *frames_open(const char *path, bool json, const struct player *p);
// False: not all lines could be written; it printed so.
bool frames_close(struct frames *f);

// What happens with a frame: an event, what leaves by a port, and at last the frame itself.
void frames_event(struct frames *f, const struct event *e);
void frames_sent(struct frames *f, unsigned port, const struct rte_mbuf *m);
void frames_done(struct frames *f, unsigned port, const struct capture_record *rec);
