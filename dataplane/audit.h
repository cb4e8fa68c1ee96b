// SPDX-License-Identifier: BSD-3-Clause
// audit: the MACs whose frames the rules on trial of a port would drop.
//
// Model   A table of the MACs with the most such frames, for each reason. A new MAC takes the place
//         of the one with the fewest frames, and begins with that one's count (Space-Saving:
//         Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements",
//         2005). Therefore a guest that changes its MAC with each frame does not hide a station
//         that sends more than its share. A count is never too low, and too high by at most
//         `error`.
// Threads Any worker notes frames, and control reads them. Each table has a lock, which is taken
//         only for frames that would be dropped.
// Limits  AUDIT_MACS entries a port.
#pragma once

#include <rte_spinlock.h>
#include <stdint.h>

#include "dataplane/counters.h"

enum { AUDIT_MACS = 64 };

struct audit_entry {
	uint64_t key; // (VLAN, MAC)
	uint64_t frames, error;
	uint64_t ns;    // of the last frame
	uint8_t reason; // enum outcome
};

struct audit {
	rte_spinlock_t lock;
	unsigned count;
	struct audit_entry entry[AUDIT_MACS];
};

void audit_note(struct audit *a, enum outcome reason, uint64_t key, uint64_t ns);

// Copies the entries. Returns their number.
unsigned audit_read(struct audit *a, struct audit_entry out[AUDIT_MACS]);
void audit_clear(struct audit *a);
