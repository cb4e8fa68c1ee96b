// SPDX-License-Identifier: BSD-3-Clause
#include "meter.h"

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

static void give_back(uint64_t *used, uint32_t rate_kbps, uint64_t ns)
{
	unsigned __int128 back = (unsigned __int128)rate_kbps * ns;

	*used = back < *used ? *used - (uint64_t)back : 0;
}

void meter_refill(struct meter *m, const struct meter_conf *c, uint64_t ns)
{
	give_back(&m->average_used, c->rate_kbps, ns - m->ns);
	give_back(&m->peak_used, c->peak_kbps, ns - m->ns);
	m->ns = ns;
}

bool meter_take_locked(struct meter *m, const struct meter_conf *c, uint32_t len, uint64_t ns)
{
	rte_spinlock_lock(&m->lock);
	bool pass = meter_take(m, c, len, ns);
	rte_spinlock_unlock(&m->lock);
	return pass;
}
