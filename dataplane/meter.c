// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/meter.h"

bool storm_admits(struct storm *s, uint32_t limit, uint32_t second)
{
	uint64_t now = atomic_load_explicit(&s->window, memory_order_relaxed), next;

	do {
		// A worker whose clock lags counts into the window that another one opened.
		bool opens = (uint32_t)(now >> 32) < second;
		uint32_t passed = opens ? 0 : (uint32_t)now;
		if (passed >= limit)
			return false;
		next = (opens ? (uint64_t)second << 32 : now >> 32 << 32) | (passed + 1);
	} while (!atomic_compare_exchange_weak(&s->window, &now, next));
	return true;
}

uint64_t meter_default_depth(uint32_t rate_kbps)
{
	uint64_t ten_ms = (uint64_t)rate_kbps * 10 / 8, least = 16 * 1024;

	return ten_ms > least ? ten_ms : least;
}
