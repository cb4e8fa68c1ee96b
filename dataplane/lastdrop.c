// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/lastdrop.h"

#include <string.h>

enum { LASTDROP_TRIES = 1000 };

static void put_word(_Atomic uint64_t *to, uint64_t value)
{
	atomic_store_explicit(to, value, memory_order_relaxed);
}

static void put_number(_Atomic uint32_t *to, uint32_t value)
{
	atomic_store_explicit(to, value, memory_order_relaxed);
}

void lastdrop_note(struct lastdrop_slot *s, const struct rte_mbuf *m, uint32_t reason, uint64_t ns)
{
	uint32_t version = atomic_load_explicit(&s->version, memory_order_relaxed),
		 length = rte_pktmbuf_pkt_len(m), kept = RTE_MIN(length, (uint32_t)LASTDROP_BYTES);
	uint64_t flat[LASTDROP_WORDS];
	const uint8_t *bytes = rte_pktmbuf_read(m, 0, kept, flat);

	put_number(&s->version, version + 1);
	atomic_thread_fence(memory_order_release);
	put_word(&s->ns, ns);
	put_number(&s->length, length);
	put_number(&s->reason, reason);
	for (uint32_t at = 0; at < kept; at += 8) {
		uint64_t word = 0;
		memcpy(&word, bytes + at, RTE_MIN(kept - at, 8u));
		put_word(&s->word[at / 8], word);
	}
	// 0 means that nothing was dropped, also after 2^31 drops.
	atomic_store_explicit(&s->version, version + 2 ? version + 2 : 2, memory_order_release);
}

static void copy_slot(const struct lastdrop_slot *s, struct lastdrop *d)
{
	d->ns = atomic_load_explicit(&s->ns, memory_order_relaxed);
	d->length = atomic_load_explicit(&s->length, memory_order_relaxed);
	d->reason = atomic_load_explicit(&s->reason, memory_order_relaxed);
	d->captured = RTE_MIN(d->length, (uint32_t)LASTDROP_BYTES);
	for (uint32_t at = 0; at < d->captured; at += 8) {
		uint64_t word = atomic_load_explicit(&s->word[at / 8], memory_order_relaxed);
		memcpy(d->bytes + at, &word, RTE_MIN(d->captured - at, 8u));
	}
}

bool lastdrop_read(const struct lastdrop_slot *s, struct lastdrop *d)
{
	for (unsigned tries = 0; tries < LASTDROP_TRIES; tries++) {
		uint32_t version = atomic_load_explicit(&s->version, memory_order_acquire);
		if (version % 2)
			continue;
		copy_slot(s, d);
		atomic_thread_fence(memory_order_acquire);
		if (version == atomic_load_explicit(&s->version, memory_order_relaxed))
			return version;
	}
	return false;
}
