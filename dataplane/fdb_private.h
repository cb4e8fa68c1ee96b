// SPDX-License-Identifier: BSD-3-Clause
// fdb_private: shared by fdb.c, which workers call, and fdb_control.c, which control calls.
//
// Threads  A key's stripe guards its entry. A port's lock keeps its counts consistent with its
//          floor. A thread that holds a stripe may take a port's lock, but not the other way round.
#pragma once

#include <sched.h>

#include "dataplane/fdb.h"

enum {
	SPINS_BEFORE_YIELD = 1000, // after that the holder has probably lost its core
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

// The possible places of a key: its own slot of its first line, and any slot of its two lines. The
// stripe guards every change of the key's entry.
struct fdb_place {
	unsigned own;
	uint64_t first; // number of the first line
	struct fdb_line *line[2];
	struct fdb_lock *stripe;
};

struct fdb_place fdb_place_of(const struct fdb *f, uint64_t key);

// The number of a slot, which indexes the arrays beside the table.
static inline size_t fdb_slot_index(const struct fdb *f, const struct fdb_slot *s)
{
	return (size_t)(s - f->map.line->slot);
}

static inline void fdb_set(struct fdb_slot *s, uint64_t value)
{
	atomic_store_explicit(&s->value, value, memory_order_release);
}

// The slot of a key, NULL if it has none. The caller holds its stripe.
struct fdb_slot *fdb_slot_of(const struct fdb *f, const struct fdb_place *p, uint64_t key);

// Claims a free slot for a key; its value is still 0. NULL if no room can be made. The caller holds
// the key's stripe.
struct fdb_slot *fdb_claim(struct fdb *f, const struct fdb_place *p, uint64_t key);

// Removes an entry and returns its credit. The caller holds its stripe.
void fdb_erase(struct fdb *f, struct fdb_slot *s, uint64_t value);

// A port's permission for a new entry.
struct fdb_credit {
	uint32_t flush; // the newest flush, which the entry survived
	uint32_t born;
};

// Takes a credit of a port, for an entry that is added to `count`. False: the port has as many as
// the limit.
bool fdb_credit_take(struct fdb_port *p, _Atomic uint32_t *count, uint32_t limit,
		     const struct fdb *f, struct fdb_credit *c);

// Notes the claim of another port to a live dynamic entry, whose stripe the caller holds. True: it
// is held where it is.
bool fdb_claim_is_held(struct fdb *f, struct fdb_slot *slot, uint64_t value, uint32_t tick,
		       uint64_t ns);

// The entry has come to the port that claimed it: that counts as a move. Back at its home, it
// resumes a hold that ended early, and firmly: that it is placed there tells that it is not silent.
void fdb_claim_done(struct fdb *f, struct fdb_slot *slot, unsigned port, uint64_t ns);

// Returns the credit that a learned entry with this value took from the limit of its port.
void fdb_credit_return(struct fdb *f, uint64_t value);

// Whether a flush of its port or VLAN has removed an entry.
bool fdb_is_flushed(const struct fdb *f, uint64_t key, uint64_t value);

// The last tick in which an entry is live, UINT32_MAX if it does not age.
uint32_t fdb_last_tick(const struct fdb *f, uint64_t value);
