// SPDX-License-Identifier: BSD-3-Clause
// meter: how much may pass: storm windows and token buckets.
//
// Model     A storm window lets the first N frames of each whole second of the clock pass. A meter is one token bucket
//           for the average rate, and one for the peak rate where there is one; a frame passes if both hold it, and is
//           taken from both. A bucket starts full. Its arithmetic is exact: one nanosecond at one kbit/s is one token,
//           a millionth of a bit. (rte_meter rounds to bytes a period and reads the TSC's rate, not a replay's clock.)
// Threads   Any number of workers; a limit is exact for all of them together. A window is one atomic word, a meter has
//           a lock.
// Limits    Rates below 2^32 kbit/s, depths below 2^40 bytes.
#pragma once

#include <rte_spinlock.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct storm {
	_Atomic uint64_t window; // the second in the upper half, frames that passed in it in the lower one
};

// Whether one more frame may pass in this second.
bool storm_admits(struct storm *s, uint32_t limit, uint32_t second);

// The configuration of a meter; rate 0: no limit.
struct meter_conf {
	uint32_t rate_kbps, peak_kbps; // peak 0: no limit of its own
	uint64_t depth, peak_depth;    // bytes
};

struct bucket {
	uint64_t used; // tokens taken and not yet back
	uint64_t ns;   // when that was so
};

struct meter {
	rte_spinlock_t lock;
	struct bucket average, peak;
};

// The depth of a bucket that none was given for: 10 ms of its rate, at least 16 KiB.
uint64_t meter_default_depth(uint32_t rate_kbps);

// Whether a frame of len bytes may pass at time ns; takes it out of the buckets if so.
bool meter_admits(struct meter *m, const struct meter_conf *c, uint32_t len, uint64_t ns);
