// SPDX-License-Identifier: BSD-3-Clause
// capture: a live capture, as a pcapng stream into the connection of who asked for it.
//
// Model     Sniffers of the workers copy frames into rings of memory that the capture brings with
//           it. Every millisecond the records there are merged by time and written: in the order of
//           each worker, those of several workers as far as they were there together. While the
//           reader is behind, the rings fill up; what finds no room there is lost and counted, and
//           forwarding goes on. An interface is a port as long as it is there; the capture of a
//           port by name goes on with another one of that name. The last block of an interface says
//           how many frames there were and how many of them are lost.
// Threads   The control thread's event loop.
// Ownership rpc has the capture and its connection; to it is written after the reply only.
// Memory    32 MiB, or 1 MiB for each worker where that is more; CAPTURE_BACKLOG bytes that the
//           reader leaves unread.
// Time      Of the wall clock, as it was within a millisecond or so; frames that a worker took in
//           one round have one.
// Limits    CAPTURES_MAX at a time, see rpc.
#pragma once

#include <event2/bufferevent.h>
#include <jansson.h>
#include <stdbool.h>

#include "control/common/error.h"
#include "control/switch/state.h"
#include "dataplane/portset.h"

enum { CAPTURES_AT_ONCE = 8, CAPTURE_BACKLOG = 4 << 20, CAPTURE_SNAPLEN = 262144 };

struct capture;

// Method "capture": {"port": [NAME, …], "direction": "rx"|"tx"|"both"|"drop", "count": N,
// "snaplen": N, "program": [[code, jt, jf, k], …]}: all ports where there are none, both, without
// end, CAPTURE_SNAPLEN, all frames; the program is what pcap_compile() makes of a filter for
// Ethernet. NULL: e says why.
struct capture *capture_start(struct vswitch *sw, const json_t *params, struct bufferevent *io,
			      struct error *e);

// No frame more is copied; those that were, and the statistics, are still written. Then it is over.
void capture_end(struct capture *c);
bool capture_is_over(const struct capture *c);

void capture_destroy(struct capture *c);

// The ports of these numbers are gone, and no worker knows of them; others may have come that are
// not up yet.
void capture_ports_changed(struct capture *c, portset gone);
