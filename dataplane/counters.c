// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/counters.h"

const char *const outcome_names[OUTCOMES] = {
#define X(id, name) [OUT_##id] = name,
	OUTCOME_LIST(X)
#undef X
};

const char *const tx_drop_names[TX_DROPS] = {
#define X(id, name) [TX_##id] = name,
	TX_DROP_LIST(X)
#undef X
};

static void add_and_clear(_Atomic uint64_t *c, uint32_t *n)
{
	counter_add(c, *n);
	*n = 0;
}

void tally_as_wire(struct tally *t, const struct amount *wire)
{
	uint32_t n = (uint32_t)wire->frames;

	for (unsigned o = 0; o < OUTCOMES; o++) {
		t->outcome[o] *= n;
		t->would_drop[o] *= n;
	}
	t->unknown *= n;
	t->not_learned *= n;
	t->packets = n;
	t->bytes = (uint32_t)wire->bytes;
}

void counters_add_burst(struct counter_block *b, struct tally *t)
{
	uint32_t version = atomic_load_explicit(&b->version, memory_order_relaxed);

	atomic_store_explicit(&b->version, version + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	add_and_clear(&b->rx_packets, &t->packets);
	add_and_clear(&b->rx_bytes, &t->bytes);
	add_and_clear(&b->outcome[OUT_FORWARDED], &t->outcome[OUT_FORWARDED]);
	for (; t->seen; t->seen &= t->seen - 1) {
		int o = __builtin_ctz(t->seen);
		add_and_clear(&b->outcome[o], &t->outcome[o]);
	}
	add_and_clear(&b->unknown, &t->unknown);
	add_and_clear(&b->not_learned, &t->not_learned);
	add_and_clear(&b->mac_moves, &t->mac_moves);
	for (; t->would_seen; t->would_seen &= t->would_seen - 1) {
		int o = __builtin_ctz(t->would_seen);
		add_and_clear(&b->would_drop[o], &t->would_drop[o]);
	}
	atomic_store_explicit(&b->version, version + 2, memory_order_release);
}

static uint64_t get(const _Atomic uint64_t *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

static void read_ingress(const struct counter_block *b, struct counters *c)
{
	c->rx_packets = get(&b->rx_packets);
	c->rx_bytes = get(&b->rx_bytes);
	for (int i = 0; i < OUTCOMES; i++)
		c->outcome[i] = get(&b->outcome[i]);
	c->unknown = get(&b->unknown);
	c->not_learned = get(&b->not_learned);
	c->mac_moves = get(&b->mac_moves);
	c->truncated = get(&b->truncated);
	for (int i = 0; i < OUTCOMES; i++)
		c->would_drop[i] = get(&b->would_drop[i]);
}

void counters_read(const struct counter_block *b, struct counters *sum)
{
	struct counters c;
	uint32_t before, after;

	do {
		before = atomic_load_explicit(&b->version, memory_order_acquire);
		read_ingress(b, &c);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&b->version, memory_order_relaxed);
	} while (before % 2 || before != after);
	sum->rx_packets += c.rx_packets;
	sum->rx_bytes += c.rx_bytes;
	for (int i = 0; i < OUTCOMES; i++)
		sum->outcome[i] += c.outcome[i];
	sum->unknown += c.unknown;
	sum->not_learned += c.not_learned;
	sum->mac_moves += c.mac_moves;
	sum->truncated += c.truncated;
	for (int i = 0; i < OUTCOMES; i++)
		sum->would_drop[i] += c.would_drop[i];
	sum->tx_packets += get(&b->tx_packets);
	sum->tx_bytes += get(&b->tx_bytes);
	for (int i = 0; i < TX_DROPS; i++)
		sum->tx_drop[i] += get(&b->tx_drop[i]);
}
