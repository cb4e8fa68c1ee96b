// SPDX-License-Identifier: BSD-3-Clause
// trace: explains where frames would go if the switch received them now, and why.
//
// Model     The frames take the forwarding path one after another, through a shadow of the switch
//           (see shadow.h). Each frame finds the state that the frames before it left. The running
//           switch does not change. Outcome, events and sent frames come from the forwarding path.
//           The steps name the keys, table entries and port states that decide the outcome.
// Threads   The control thread.
// Limits    TRACE_FRAMES frames of TRACE_FRAME bytes. The shadow's table has only the entries of
//           their addresses.
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

// Returns an array with the description of each frame. NULL: no memory.
json_t *trace_frames(const struct vswitch *sw, const struct trace_frame *frames, size_t n);
