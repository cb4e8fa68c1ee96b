// SPDX-License-Identifier: BSD-3-Clause
#include "meter.h"

#define TOKENS_PER_BYTE UINT64_C(8000000)

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

static void refill(struct bucket *b, uint32_t rate_kbps, uint64_t ns)
{
	if (ns <= b->ns)
		return; // another worker's clock is ahead
	unsigned __int128 back = (unsigned __int128)rate_kbps * (ns - b->ns);
	b->used = back < b->used ? b->used - (uint64_t)back : 0;
	b->ns = ns;
}

static bool holds(const struct bucket *b, uint64_t depth, uint64_t tokens)
{
	return b->used + tokens <= depth * TOKENS_PER_BYTE;
}

bool meter_admits(struct meter *m, const struct meter_conf *c, uint32_t len, uint64_t ns)
{
	uint64_t tokens = len * TOKENS_PER_BYTE;

	rte_spinlock_lock(&m->lock);
	refill(&m->average, c->rate_kbps, ns);
	refill(&m->peak, c->peak_kbps, ns);
	bool pass = holds(&m->average, c->depth, tokens) && (!c->peak_kbps || holds(&m->peak, c->peak_depth, tokens));
	if (pass) {
		m->average.used += tokens;
		m->peak.used += c->peak_kbps ? tokens : 0;
	}
	rte_spinlock_unlock(&m->lock);
	return pass;
}
