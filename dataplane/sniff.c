// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/sniff.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/counters.h"
#include "dataplane/portset.h"

enum { RECORD_ALIGN = 8 };

struct sniffer *sniffer_create(uint32_t size, uint32_t snaplen, uint64_t quota)
{
	struct sniffer *s = aligned_alloc(_Alignof(struct sniffer), sizeof *s);
	uint8_t *ring = malloc(size);

	if (!s || !ring) {
		free(s);
		free(ring);
		return NULL;
	}
	memset(ring, 0, size); // touches the pages, so that the worker has no page faults
	memset(s, 0, sizeof *s);
	s->ring = ring;
	s->size = size;
	s->snaplen = snaplen;
	s->quota = quota;
	return s;
}

void sniffer_destroy(struct sniffer *s)
{
	if (s)
		free(s->ring);
	free(s);
}

void sniff_add(struct sniff_list *l, struct sniffer *s)
{
	atomic_store(&s->next, atomic_load(&l->first));
	atomic_store(&l->first, s);
}

void sniff_remove(struct sniff_list *l, struct sniffer *s)
{
	_Atomic(struct sniffer *) *link = &l->first;

	while (atomic_load(link) != s)
		link = &atomic_load(link)->next;
	atomic_store(link, atomic_load(&s->next)); // s keeps its link, for a worker that is at s
}

static struct sniff_record *record_at(const struct sniffer *s, uint64_t at)
{
	return (struct sniff_record *)(s->ring + at % s->size);
}

// The end of the record at a position. A gap may precede the record.
static uint64_t end_of(const struct sniffer *s, uint64_t at)
{
	if (record_at(s, at)->gap)
		at += record_at(s, at)->size;
	return at + record_at(s, at)->size;
}

const struct sniff_record *sniff_peek(struct sniffer *s)
{
	uint64_t tail = atomic_load_explicit(&s->tail, memory_order_relaxed);

	if (tail == atomic_load_explicit(&s->head, memory_order_acquire))
		return NULL;
	const struct sniff_record *r = record_at(s, tail);
	return r->gap ? record_at(s, tail + r->size) : r;
}

void sniff_take(struct sniffer *s)
{
	uint64_t tail = atomic_load_explicit(&s->tail, memory_order_relaxed);

	atomic_store_explicit(&s->tail, end_of(s, tail), memory_order_release);
}

// Contiguous room for a record at the end, NULL if the ring is full.
static struct sniff_record *make_record_room(struct sniffer *s, uint32_t size)
{
	uint64_t used = s->end - atomic_load_explicit(&s->tail, memory_order_acquire),
		 left = s->size - s->end % s->size;
	uint32_t gap = left < size ? (uint32_t)left : 0;
	struct sniff_record *r = record_at(s, s->end);

	if (used + gap + size > s->size)
		return NULL;
	if (gap) {
		r->size = gap;
		r->gap = 1;
		r = (struct sniff_record *)s->ring;
	}
	s->end += gap + size;
	r->size = size;
	r->gap = 0;
	return r;
}

// False if the ring is full.
static bool copy(struct sniffer *s, const struct sniff_what *what, const struct rte_mbuf *m)
{
	uint32_t length = rte_pktmbuf_pkt_len(m), captured = RTE_MIN(length, s->snaplen);
	struct sniff_record *r = make_record_room(
		s, RTE_ALIGN_CEIL((uint32_t)sizeof *r + captured, RECORD_ALIGN));

	if (!r)
		return false;
	r->what = *what;
	r->length = length;
	r->captured = captured;
	const void *bytes = rte_pktmbuf_read(m, 0, captured, r->bytes);
	if (bytes != r->bytes)
		memcpy(r->bytes, bytes, captured);
	return true;
}

static bool is_wanted(struct sniffer *s, const struct rte_mbuf *m)
{
	uint32_t length = rte_pktmbuf_pkt_len(m), there = RTE_MIN(length, (uint32_t)SNIFF_REACH);

	return !s->filter ||
	       s->filter(s->program, rte_pktmbuf_read(m, 0, there, s->flat), length, there);
}

static void offer(struct sniffer *s, const struct sniff_what *what, struct rte_mbuf *const *frames,
		  unsigned n)
{
	s->wanted = s->copied = 0;
	if (!portset_has(atomic_load_explicit(&s->ports[what->way], memory_order_relaxed),
			 what->port))
		return;
	s->end = atomic_load_explicit(&s->head, memory_order_relaxed);
	for (unsigned i = 0; i < n && s->copied < s->quota; i++) {
		if (!is_wanted(s, frames[i]))
			continue;
		if (s->copied == s->wanted && copy(s, what, frames[i]))
			s->copied++;
		s->which[s->wanted++] = (uint16_t)i;
	}
}

static void commit(struct sniffer *s, const struct sniff_what *what, unsigned n)
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);

	for (unsigned i = 0; i < s->wanted && s->which[i] < n; i++) {
		if (i < s->copied) {
			head = end_of(s, head);
			s->quota--;
		} else {
			counter_add(&s->lost[what->port], 1);
		}
	}
	atomic_store_explicit(&s->head, head, memory_order_release);
}

void sniff_offer(struct sniffer *first, const struct sniff_what *what,
		 struct rte_mbuf *const *frames, unsigned n)
{
	for (struct sniffer *s = first; s; s = atomic_load_explicit(&s->next, memory_order_acquire))
		offer(s, what, frames, n);
}

void sniff_commit(struct sniffer *first, const struct sniff_what *what, unsigned n)
{
	for (struct sniffer *s = first; s; s = atomic_load_explicit(&s->next, memory_order_acquire))
		if (s->wanted)
			commit(s, what, n);
}

void sniff_frames(struct sniffer *first, const struct sniff_what *what,
		  struct rte_mbuf *const *frames, unsigned n)
{
	sniff_offer(first, what, frames, n);
	sniff_commit(first, what, n);
}
