// SPDX-License-Identifier: BSD-3-Clause
// fdb_private: what the two halves of fdb share: fdb.c, which workers call, and fdb_control.c.
//
// Threads  A key's stripe guards its entry; a port's lock guards its counts against its floor. A
//          thread that has a stripe may take a port's lock, never the other way round.
#pragma once

#include <sched.h>

#include "dataplane/fdb.h"

enum {
	SPINS_BEFORE_YIELD = 1000, // the holder may have lost its core
};

static inline void fdb_lock_take(struct fdb_lock *l)
{
	for (int spins = 0; atomic_exchange_explicit(&l->taken, 1, memory_order_acquire); spins++)
		if (spins >= SPINS_BEFORE_YIELD)
			sched_yield();
}

static inline bool fdb_lock_try(struct fdb_lock *l)
{
	return !atomic_exchange_explicit(&l->taken, 1, memory_order_acquire);
}

static inline void fdb_lock_release(struct fdb_lock *l)
{
	atomic_store_explicit(&l->taken, 0, memory_order_release);
}

static inline uint32_t fdb_load(const _Atomic uint32_t *v)
{
	return atomic_load_explicit(v, memory_order_acquire);
}

// Where a key may be: its own slot of its first line, anywhere in one of its two lines; and the
// lock under which it comes, changes and goes.
struct fdb_place {
	unsigned own;
	uint64_t first; // number of the first line
	struct fdb_line *line[2];
	struct fdb_lock *stripe;
};

struct fdb_place fdb_place_of(const struct fdb *f, uint64_t key);

// Number of a slot, for what is kept beside the table.
static inline size_t fdb_slot_index(const struct fdb *f, const struct fdb_slot *s)
{
	return (size_t)(s - f->map.line->slot);
}

static inline void fdb_set(struct fdb_slot *s, uint64_t value)
{
	atomic_store_explicit(&s->value, value, memory_order_release);
}

// The slot of a key, NULL where it has none; its stripe is locked.
struct fdb_slot *fdb_slot_of(const struct fdb *f, const struct fdb_place *p, uint64_t key);

// A free slot, now the key's, its value 0 still; NULL: no room could be made. The key's stripe is
// locked.
struct fdb_slot *fdb_claim(struct fdb *f, const struct fdb_place *p, uint64_t key);

// Takes an entry out, and gives its credit back; its stripe is locked.
void fdb_erase(struct fdb *f, struct fdb_slot *s, uint64_t value);

// Gives back what a learned entry with this value took from the limit of its port.
void fdb_credit_return(struct fdb *f, uint64_t value);

// Whether an entry is older than a flush of its port or VLAN.
bool fdb_is_flushed(const struct fdb *f, uint64_t key, uint64_t value);

// The last tick in which an entry lives, UINT32_MAX: it does not age.
uint32_t fdb_last_tick(const struct fdb *f, uint64_t value);
