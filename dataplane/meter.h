// SPDX-License-Identifier: BSD-3-Clause
// meter: how much may pass: storm windows and token buckets.
//
// Model     A storm window lets the first N frames of each whole second of the clock pass. A meter
//           is one token bucket for the average rate, and one for the peak rate where there is one;
//           a frame passes if both hold it, and is taken from both. A bucket starts full. Its
//           arithmetic is exact: one nanosecond at one kbit/s is one token, a millionth of a bit.
//           (rte_meter rounds to bytes a period and reads the TSC's rate, not a replay's clock.)
// Threads   Any number of workers; a limit is exact for all of them together. A window is one
//           atomic word, a meter has a lock, which is left alone where there is but one worker.
// Limits    Rates below 2^32 kbit/s, depths below 2^40 bytes.
#pragma once

#include <rte_spinlock.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct storm {
	_Atomic uint64_t window; // the second in the upper half, frames that passed in it in the
				 // lower one
};

// Whether one more frame may pass in this second.
bool storm_admits(struct storm *s, uint32_t limit, uint32_t second);

// The configuration of a meter; rate 0: no limit.
struct meter_conf {
	uint32_t rate_kbps, peak_kbps; // peak 0: no limit of its own
	uint64_t depth, peak_depth;    // bytes
};

struct meter {
	rte_spinlock_t lock;
	bool one_user;                    // set before any use: nobody else is there
	uint64_t ns;                      // when the buckets were filled up last
	uint64_t average_used, peak_used; // tokens taken and not yet back
};

// The depth of a bucket that none was given for: 10 ms of its rate, at least 16 KiB.
uint64_t meter_default_depth(uint32_t rate_kbps);

#define METER_TOKENS_PER_BYTE UINT64_C(8000000)

// What is still taken after so long.
static inline uint64_t meter_left(uint64_t used, uint32_t rate_kbps, uint64_t ns)
{
	unsigned __int128 back = (unsigned __int128)rate_kbps * ns;

	return back < used ? used - (uint64_t)back : 0;
}

static inline bool meter_holds(uint64_t used, uint64_t depth, uint64_t tokens)
{
	return used + tokens <= depth * METER_TOKENS_PER_BYTE;
}

// Whether a frame of len bytes may pass at time ns; takes it out of the buckets if so. No call in
// it: it is asked twice for a frame between two ports that have rates.
static inline bool meter_admits(struct meter *m, const struct meter_conf *c, uint32_t len,
				uint64_t ns)
{
	uint64_t tokens = len * METER_TOKENS_PER_BYTE;

	if (__builtin_expect(!m->one_user, 0))
		rte_spinlock_lock(&m->lock);
	if (__builtin_expect(ns > m->ns, 0)) { // else another worker's clock is ahead, or a burst
					       // has one time
		m->average_used = meter_left(m->average_used, c->rate_kbps, ns - m->ns);
		m->peak_used = meter_left(m->peak_used, c->peak_kbps, ns - m->ns);
		m->ns = ns;
	}
	bool pass = meter_holds(m->average_used, c->depth, tokens);
	if (c->peak_kbps) {
		pass = pass && meter_holds(m->peak_used, c->peak_depth, tokens);
		m->peak_used += pass ? tokens : 0;
	}
	m->average_used += pass ? tokens : 0;
	if (__builtin_expect(!m->one_user, 0))
		rte_spinlock_unlock(&m->lock);
	return pass;
}
