// SPDX-License-Identifier: BSD-3-Clause
// meter: limits rates with storm windows and token buckets.
//
// Model     A storm window passes the first N frames of each whole second of the clock. A meter has
//           a token bucket for the average rate, and another one if there is a peak rate. A frame
//           passes if each bucket has enough tokens, and takes them from each. A bucket starts
//           full. Its arithmetic is exact: one nanosecond at one kbit/s is one token, a millionth
//           of a bit. (rte_meter rounds to bytes per period and uses the TSC, not a replay's
//           clock.)
// Threads   Any number of workers. A limit is exact for all workers together. A window is one
//           atomic word. A meter has a lock, which a single worker does not take.
// Limits    Rates below 2^32 kbit/s, depths below 2^40 bytes.
#pragma once

#include <rte_spinlock.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct storm {
	_Atomic uint64_t window; // upper half: the second; lower half: frames passed in it
};

// Whether one more frame may pass in this second.
bool storm_admits(struct storm *s, uint32_t limit, uint32_t second);

// The configuration of a meter; rate 0: no limit.
struct meter_conf {
	uint32_t rate_kbps, peak_kbps; // peak 0: no peak rate
	uint64_t depth, peak_depth;    // bytes
};

struct meter {
	rte_spinlock_t lock;
	bool one_user;  // only one worker uses it; set before any use
	uint64_t ns;    // time of the last refill
	uint64_t ready; // with one user: tokens taken in advance, for frames at that time
	uint64_t average_used, peak_used; // tokens taken and not yet refilled
};

// The default depth of a bucket: 10 ms of its rate, at least 16 KiB.
uint64_t meter_default_depth(uint32_t rate_kbps);

#define METER_TOKENS_PER_BYTE UINT64_C(8000000)

// meter_admits() where it has to look at the buckets. With one user, it takes all their tokens in
// advance, and gives back at the next time what is left of them.
bool meter_takes(struct meter *m, const struct meter_conf *c, uint64_t tokens, uint64_t ns);

// Whether a frame of len bytes may pass at time ns. If so, takes its tokens from the buckets.
static inline bool meter_admits(struct meter *m, const struct meter_conf *c, uint32_t len,
				uint64_t ns)
{
	uint64_t tokens = len * METER_TOKENS_PER_BYTE;

	if (__builtin_expect(!m->one_user || ns != m->ns || tokens > m->ready, 0))
		return meter_takes(m, c, tokens, ns);
	m->ready -= tokens;
	return true;
}
