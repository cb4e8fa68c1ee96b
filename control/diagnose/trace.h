// SPDX-License-Identifier: BSD-3-Clause
// trace: what would become of frames if they came in now, and why.
//
// Model     The frames take the forwarding path itself, one after another, through a shadow of the
//           switch (see shadow.h): each meets what those before it left behind, and the running
//           switch stays as it is. The outcome, the events and what leaves the ports are the
//           path's; the steps say which keys, table entries and port states led there.
// Threads   The control thread.
// Limits    TRACE_FRAMES frames of TRACE_FRAME bytes. Of the table the shadow has the entries of
//           their addresses; those of others stay what they are, as old as they are.
#pragma once

#include <jansson.h>

#include "control/switch/state.h"

enum { TRACE_FRAMES = 4096, TRACE_FRAME = 262144 };

struct trace_frame {
	unsigned port;
	uint64_t ns; // the switch's clock
	uint32_t len;
	const uint8_t *data;
};

// A description of what became of each frame. NULL: no memory.
json_t *trace_frames(const struct vswitch *sw, const struct trace_frame *frames, size_t n);
