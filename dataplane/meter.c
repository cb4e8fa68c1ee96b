// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/meter.h"

#include <rte_common.h>

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

// The tokens that are still missing after ns nanoseconds.
static uint64_t left_after(uint64_t used, uint32_t rate_kbps, uint64_t ns)
{
	unsigned __int128 back = (unsigned __int128)rate_kbps * ns;

	return back < used ? used - (uint64_t)back : 0;
}

static uint64_t tokens_in(uint64_t depth, uint64_t used)
{
	uint64_t all = depth * METER_TOKENS_PER_BYTE;

	return used < all ? all - used : 0;
}

static void give_back(struct meter *m)
{
	m->average_used -= RTE_MIN(m->ready, m->average_used);
	m->peak_used -= RTE_MIN(m->ready, m->peak_used);
	m->ready = 0;
}

static void take(struct meter *m, const struct meter_conf *c, uint64_t tokens)
{
	m->average_used += tokens;
	m->peak_used += c->peak_kbps ? tokens : 0;
}

// The time does not advance within a burst, nor if another worker's clock is ahead.
static void refill(struct meter *m, const struct meter_conf *c, uint64_t ns)
{
	if (ns <= m->ns)
		return;
	m->average_used = left_after(m->average_used, c->rate_kbps, ns - m->ns);
	m->peak_used = left_after(m->peak_used, c->peak_kbps, ns - m->ns);
	m->ns = ns;
}

bool meter_takes(struct meter *m, const struct meter_conf *c, uint64_t tokens, uint64_t ns)
{
	bool alone = m->one_user;

	if (!alone)
		rte_spinlock_lock(&m->lock);
	give_back(m);
	refill(m, c, ns);
	uint64_t room = tokens_in(c->depth, m->average_used);
	if (c->peak_kbps)
		room = RTE_MIN(room, tokens_in(c->peak_depth, m->peak_used));
	bool pass = tokens <= room;
	take(m, c, alone ? room : pass ? tokens : 0);
	m->ready = alone ? room - (pass ? tokens : 0) : 0;
	if (!alone)
		rte_spinlock_unlock(&m->lock);
	return pass;
}
