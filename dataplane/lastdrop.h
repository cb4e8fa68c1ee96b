// SPDX-License-Identifier: BSD-3-Clause
// lastdrop: the first bytes of the newest frame that a worker has dropped on a port, for trace.
//
// Model   A burst with drops copies one frame, its last one. Frames that are forwarded cost
//         nothing.
// Threads Each worker has a slot per port and is its only writer. `version` is odd while it writes;
//         control reads again until it is even and unchanged, but gives up after some tries,
//         because the worker may be stuck.
// Limits  LASTDROP_BYTES of the frame.
#pragma once

#include <rte_mbuf.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { LASTDROP_BYTES = 256, LASTDROP_WORDS = LASTDROP_BYTES / 8 };

struct lastdrop_slot {
	_Atomic uint32_t version; // 0: nothing was dropped
	_Atomic uint32_t length;
	_Atomic uint32_t reason;
	_Atomic uint64_t ns;
	_Atomic uint64_t word[LASTDROP_WORDS];
};

// A plain copy of a slot.
struct lastdrop {
	uint64_t ns;       // the switch's clock
	uint32_t reason;   // enum outcome
	uint32_t length;   // of the frame
	uint32_t captured; // bytes of it that were kept
	uint8_t bytes[LASTDROP_BYTES];
};

void lastdrop_note(struct lastdrop_slot *s, const struct rte_mbuf *m, uint32_t reason, uint64_t ns);

// False: nothing was dropped, or the worker writes all the time.
bool lastdrop_read(const struct lastdrop_slot *s, struct lastdrop *d);
