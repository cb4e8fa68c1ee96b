// SPDX-License-Identifier: BSD-3-Clause
// capture: a live capture, sent as a pcapng stream to the client that started it.
//
// Model     The workers' sniffers copy frames into rings of the capture. Every millisecond, the
//           control thread merges the records of all rings by time and writes them. The records of
//           one worker keep their order. If the client reads too slowly, the rings fill up and
//           further frames are lost and counted. Forwarding never waits.
//           An interface is a port while the port exists. A capture by name goes on when a port of
//           the same name is added again. The last block of an interface has the numbers of
//           received and lost frames.
// Threads   The control thread's event loop.
// Ownership The control socket owns the capture and its connection. The stream starts after the
//           reply.
// Memory    32 MiB, or 1 MiB per worker if that is more, and CAPTURE_BACKLOG bytes that the client
//           has not read.
// Time      The wall clock, within about a millisecond. All frames that a worker takes in one round
//           have the same time.
// Limits    CAPTURES_AT_ONCE.
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
// "snaplen": N, "program": [[code, jt, jf, k], …]}. The defaults are all ports, both, no end,
// CAPTURE_SNAPLEN and all frames. pcap_compile() makes the program from a filter for Ethernet.
// NULL: e says why.
struct capture *capture_start(struct vswitch *sw, const json_t *params, struct bufferevent *io,
			      struct error *e);

// Stops copying. The capture is over when the copied frames and the statistics are written.
void capture_end(struct capture *c);
bool capture_is_over(const struct capture *c);

void capture_destroy(struct capture *c);

// Call after ports were removed or added. gone: the numbers of removed ports, which no worker uses
// any more.
void capture_ports_changed(struct capture *c, portset gone);
