// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/remote.h"

#include <errno.h>
#include <rte_pause.h>
#include <stdbool.h>
#include <stdlib.h>

#include "dataplane/key.h"

#define READ(place) atomic_load_explicit(place, memory_order_acquire)
#define WRITE(place, value) atomic_store_explicit(place, value, memory_order_release)

int remote_create(struct remotes **out, uint64_t seed)
{
	struct remotes *t = calloc(1, sizeof *t);

	if (!t)
		return -ENOMEM;
	t->seed = (seed ^ UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd1b54a32d192ed03) | 1;
	*out = t;
	return 0;
}

void remote_destroy(struct remotes *t)
{
	free(t);
}

static uint32_t chain_of(const struct remotes *t, uint16_t vid, struct ip_address ip)
{
	unsigned __int128 product = (unsigned __int128)((ip.high + vid) ^ t->seed) *
				    (t->seed + 2 * ip.low);
	uint64_t mixed = ((uint64_t)product ^ (uint64_t)(product >> 64)) * t->seed;

	return (uint32_t)(mixed >> 32) & (REMOTE_CHAINS - 1);
}

static bool is_it(const struct remote_entry *e, uint16_t vid, struct ip_address ip)
{
	return READ(&e->high) == ip.high && READ(&e->low) == ip.low &&
	       key_vid(READ(&e->key)) == vid;
}

// Waits until the table is not being changed.
static uint32_t begin_lookup(const struct remotes *t)
{
	uint32_t version;

	while ((version = READ(&t->version)) % 2)
		rte_pause();
	return version;
}

static bool changed_since(const struct remotes *t, uint32_t version)
{
	return READ(&t->version) != version;
}

uint64_t remote_find(const struct remotes *t, uint16_t vid, struct ip_address ip)
{
	uint32_t version, i;
	uint64_t key;

	do {
		version = begin_lookup(t);
		key = 0;
		// The end of a chain that changes meanwhile may not be found.
		for (i = READ(&t->chain[chain_of(t, vid, ip)]);
		     i && !key && !changed_since(t, version); i = READ(&t->entry[i - 1].next)) {
			const struct remote_entry *e = &t->entry[i - 1];
			key = is_it(e, vid, ip) ? READ(&e->key) : 0;
		}
	} while (changed_since(t, version));
	return key;
}

// Lookups that run meanwhile begin anew.
static void begin_change(struct remotes *t)
{
	atomic_fetch_add(&t->version, 1);
}

static void end_change(struct remotes *t)
{
	atomic_fetch_add(&t->version, 1);
}

// The place that has the number of an entry, or the end of its chain.
static _Atomic uint32_t *find_place(struct remotes *t, uint16_t vid, struct ip_address ip)
{
	_Atomic uint32_t *place = &t->chain[chain_of(t, vid, ip)];

	while (*place && !is_it(&t->entry[*place - 1], vid, ip))
		place = &t->entry[*place - 1].next;
	return place;
}

// The number of an entry that is free. 0: there is none.
static uint32_t take_free(struct remotes *t)
{
	uint32_t i = t->free;

	if (i)
		t->free = t->entry[i - 1].next;
	else if (t->used < REMOTE_MAX)
		i = ++t->used;
	return i;
}

int remote_put(struct remotes *t, uint64_t key, struct ip_address ip)
{
	_Atomic uint32_t *place = find_place(t, key_vid(key), ip);
	uint32_t i = *place ? *place : take_free(t);

	if (!i)
		return -ENOSPC;
	struct remote_entry *e = &t->entry[i - 1];
	begin_change(t);
	WRITE(&e->key, key);
	if (!*place) {
		WRITE(&e->high, ip.high);
		WRITE(&e->low, ip.low);
		WRITE(&e->next, 0);
		WRITE(place, i);
		t->count++;
	}
	end_change(t);
	return 0;
}

int remote_del(struct remotes *t, uint16_t vid, struct ip_address ip)
{
	_Atomic uint32_t *place = find_place(t, vid, ip);
	uint32_t i = *place;

	if (!i)
		return -ENOENT;
	begin_change(t);
	WRITE(place, READ(&t->entry[i - 1].next));
	WRITE(&t->entry[i - 1].key, 0);
	WRITE(&t->entry[i - 1].next, t->free);
	end_change(t);
	t->free = i;
	t->count--;
	return 0;
}
