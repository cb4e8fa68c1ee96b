// SPDX-License-Identifier: BSD-3-Clause
// fdb: the forwarding database: behind which port each (VLAN, MAC) was last seen.
//
// Model     A hash table of 16-byte entries, four to a cache line, two candidate lines to a key, at
//           most half full, so that what was promised fits: a full pair of lines is made room in by
//           moving entries to their other line. An entry takes its first line while that has a free
//           place, and there the slot that its hash names if that is free: nearly every lookup
//           touches one line, and most are one compare. Learned entries (dynamic, sticky) count
//           against the limit of their port, exactly: a credit is taken before an entry is made and
//           given back when it ages, moves or is flushed. A flush of a port, of a VLAN or of all is
//           one number, whatever the size of the table: each entry remembers the number of the
//           newest flush that it survived. One compare shows that nothing was flushed since; else
//           the floors of its port and VLAN decide. fdb_sweep() cleans up behind. A MAC that moves
//           between ports more often than its new port allows within 10 s is held where it is.
// Threads   Lookups take no lock. fdb_seen(), called by any number of workers, locks one key's
//           stripe and, where the number of entries changes, its port; a refresh is one
//           compare-and-swap. Control calls everything else. Every function is safe beside every
//           other one except fdb_destroy().
// Ownership fdb_create() to fdb_destroy(). Entries are copied out, never pointed to.
// Time      Half seconds of the caller's clock ("ticks"), as an argument. An entry lives while now
//           - seen <= aging: not less than the aging time, and less than a second more.
// Limits    64 ports, 16,777,216 entries.
// Errors    0 or -errno; a miss is a value.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/portset.h"

enum {
	FDB_WAYS = 4,
	FDB_TICKS_PER_S = 2,
	FDB_CAPACITY_MAX = 1 << 24,
	FDB_STRIPES = 256,
};

#define FDB_TYPE_LIST(X) \
	X(DYNAMIC, "dynamic")   /* learned; ages, moves, is flushed */ \
	X(STICKY, "sticky")     /* learned; stays */ \
	X(STATIC, "static")     /* set by configuration or command */ \
	X(ASSIGNED, "assigned") /* the effective MAC of a port */

enum fdb_type {
#define X(id, name) FDB_##id,
	FDB_TYPE_LIST(X)
#undef X
		FDB_TYPES,
};

extern const char *const fdb_type_names[FDB_TYPES];

// An entry's value, one word: when it was seen (ticks, 32 bits; the greatest number where it was
// set by hand), whether it moved (1 bit), the flush it survived (23 bits, never 0), its port (6),
// its type (2). 0: no entry.
enum { FDB_PORT_SHIFT = 2, FDB_FLUSH_SHIFT = 8, FDB_SEEN_SHIFT = 32, FDB_FLUSH_LIMIT = 1 << 23 };
#define FDB_FLUSH_MASK UINT64_C(0x7fffff00)
#define FDB_MOVED UINT64_C(0x80000000)
#define FDB_SEEN_FIXED UINT32_MAX

static inline uint64_t fdb_value(uint32_t seen, uint32_t flush, unsigned port, enum fdb_type type)
{
	return (uint64_t)seen << FDB_SEEN_SHIFT | (uint64_t)flush << FDB_FLUSH_SHIFT |
	       port << FDB_PORT_SHIFT | type;
}

static inline unsigned fdb_value_port(uint64_t v)
{
	return v >> FDB_PORT_SHIFT & (PORTS_MAX - 1);
}

static inline enum fdb_type fdb_value_type(uint64_t v)
{
	return (enum fdb_type)(v & (FDB_TYPES - 1));
}

static inline uint32_t fdb_value_seen(uint64_t v)
{
	return (uint32_t)(v >> FDB_SEEN_SHIFT);
}

static inline uint32_t fdb_value_flush(uint64_t v)
{
	return (v & FDB_FLUSH_MASK) >> FDB_FLUSH_SHIFT;
}

struct fdb_slot {
	_Atomic uint64_t key;   // 0: free
	_Atomic uint64_t value; // 0 while the slot changes hands
};

struct fdb_line {
	_Alignas(64) struct fdb_slot slot[FDB_WAYS];
};

struct fdb_lock {
	_Alignas(64) _Atomic uint32_t taken;
};

struct fdb_port {
	struct fdb_lock lock;     // guards the two counts against floor
	_Atomic uint32_t dynamic; // live dynamic entries, those not yet swept after ageing included
	_Atomic uint32_t sticky;
	uint32_t births;        // entries made so far
	_Atomic uint32_t floor; // dynamic entries that survived only older flushes are gone
	_Atomic uint32_t aging; // ticks; 0: never
};

// The moves of an entry whose value has FDB_MOVED. Reached under its stripe's lock.
struct fdb_moves {
	uint64_t ns; // when the first one counted was; held: until when
	uint8_t count;
	bool held;
};

// What turns a key into its lines; a copy of it serves a whole burst.
struct fdb_map {
	struct fdb_line *line;
	uint64_t span; // bytes of all lines - 1
	uint64_t seed[2];
};

struct fdb {
	struct fdb_map map;         // the lines, which workers read and write
	struct fdb_moves *moves;    // one to a slot; memory that no moving entry touches is never
				    // backed
	_Atomic uint32_t *born;     // one to a slot: how many its port had learned before it
	_Atomic uint64_t *spilled;  // one bit to a line: keys of it have been put into their other
				    // line
	_Atomic uint32_t flush;     // number of the newest flush
	_Atomic uint32_t aging_min; // the shortest of the ports' aging times, 0: none ages
	_Atomic uint32_t displaced; // odd while an entry is between two lines
	struct fdb_lock flush_lock, displace_lock;
	struct fdb_lock stripe[FDB_STRIPES];
	struct fdb_port port[PORTS_MAX];
	_Atomic uint32_t vlan_floor[4096];
};

// What the source side of a port's policy says.
struct fdb_learner {
	uint8_t port;
	bool learns;
	bool sticky;
	uint8_t move_limit;   // moves within 10 s that are followed; 0: all
	uint16_t move_hold_s; // how long a MAC that moved more often is held
	uint32_t limit;       // learned entries of this port
};

// What became of a frame's source address.
enum fdb_seen {
	FDB_KNOWN, // fixed on this port, or dynamic and refreshed
	FDB_LEARNED,
	FDB_HAS_MOVED,
	FDB_NOT_LEARNING,
	FDB_AT_LIMIT,
	FDB_FULL,     // no room could be made: the table as a whole is over half full
	FDB_CONFLICT, // fixed on another port
	FDB_FLAP,     // it moved too often: from now on held on the other port
	FDB_HELD,     // it is held on the other port
};

struct fdb_seen_result {
	enum fdb_seen what;
	uint8_t from; // the port where it was or is
	bool aged;    // an expired entry on port `from` was cleared away first
};

struct fdb_entry {
	uint64_t key;
	uint32_t seen;
	uint32_t born; // orders the entries of a port by age, modulo 2^32
	uint8_t port;
	uint8_t type; // enum fdb_type
};

static inline uint64_t fdb_hash(const struct fdb_map *m, uint64_t key)
{
	unsigned __int128 product = (unsigned __int128)(key ^ m->seed[0]) * m->seed[1];

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// Lookup, first part: where a key is most likely, to be prefetched: its own slot of its first line.
static inline const struct fdb_slot *fdb_first_slot(const struct fdb_map *m, uint64_t key)
{
	uint64_t offset = fdb_hash(m, key) & m->span & ~(sizeof(struct fdb_slot) - 1);

	return (const struct fdb_slot *)((const char *)m->line + offset);
}

// Value of a slot if it is the key's, else 0.
static inline uint64_t fdb_slot_get(const struct fdb_slot *s, uint64_t key)
{
	if (atomic_load_explicit(&s->key, memory_order_acquire) != key)
		return 0;
	uint64_t value = atomic_load_explicit(&s->value, memory_order_acquire);

	// The slot may have got another key in between.
	return atomic_load_explicit(&s->key, memory_order_relaxed) == key ? value : 0;
}

// The slot of a key in the line of its own slot, NULL where it is not there.
static inline struct fdb_slot *fdb_near(const struct fdb_slot *own, uint64_t key)
{
	struct fdb_line *l = (struct fdb_line *)((uintptr_t)own & -sizeof *l);

	if (__builtin_expect(atomic_load_explicit(&own->key, memory_order_acquire) == key, 1))
		return (struct fdb_slot *)own;
	for (int i = 0; i < FDB_WAYS; i++)
		if (atomic_load_explicit(&l->slot[i].key, memory_order_acquire) == key)
			return &l->slot[i];
	return NULL;
}

// Its value, 0 where it is not there.
static inline uint64_t fdb_near_get(const struct fdb_slot *own, uint64_t key)
{
	const struct fdb_slot *s = fdb_near(own, key);

	return s ? fdb_slot_get(s, key) : 0;
}

// Value of key wherever it is, 0 for none; not yet judged by age and flush.
uint64_t fdb_get_anywhere(const struct fdb *f, uint64_t key);

static inline uint64_t fdb_get(const struct fdb *f, const struct fdb_slot *own, uint64_t key)
{
	uint64_t value = fdb_near_get(own, key);

	return value ? value : fdb_get_anywhere(f, key);
}

// Whether an entry with this value is to be believed at time now.
bool fdb_is_live(const struct fdb *f, uint64_t key, uint64_t value, uint32_t now);

// What a burst compares values with, so that the usual entry costs one compare. Valid until the
// clock's next tick and the next flush; a flush in between is then noticed one burst late.
struct fdb_now {
	uint32_t tick;
	uint64_t newest; // value of an entry made now, on port 0
	uint64_t oldest; // a value below this one may have expired
};

static inline struct fdb_now fdb_now(const struct fdb *f, uint32_t tick)
{
	uint32_t aging = atomic_load_explicit(&f->aging_min, memory_order_relaxed);
	uint32_t flush = atomic_load_explicit(&f->flush, memory_order_acquire);
	uint32_t oldest = aging && tick > aging ? tick - aging : 0;

	return (struct fdb_now){
		.tick = tick,
		.newest = fdb_value(tick, flush, 0, FDB_DYNAMIC),
		.oldest = (uint64_t)oldest << FDB_SEEN_SHIFT,
	};
}

// Value of the entry to send to, 0 where the destination is unknown.
static inline uint64_t fdb_find(const struct fdb *f, const struct fdb_slot *own, uint64_t key,
				const struct fdb_now *now)
{
	uint64_t v = fdb_get(f, own, key);

	if (__builtin_expect(v >= now->oldest && !((v ^ now->newest) & FDB_FLUSH_MASK), 1))
		return v;
	return v && fdb_is_live(f, key, v, now->tick) ? v : 0;
}

// Value of an entry that `who` made or refreshed now.
static inline uint64_t fdb_fresh_value(const struct fdb_learner *who, const struct fdb_now *now)
{
	return now->newest | who->port << FDB_PORT_SHIFT | (who->sticky ? FDB_STICKY : FDB_DYNAMIC);
}

// Whether value says that nothing is to be done for a source: seen in this very tick, or fixed on
// its port.
static inline bool fdb_is_fresh(uint64_t value, uint64_t fresh)
{
	uint32_t differs = (uint32_t)((value ^ fresh) & ~FDB_MOVED);

	if (!differs)
		return fdb_value_seen(value) == fdb_value_seen(fresh);
	return differs < FDB_TYPES && fdb_value_type(value) >= FDB_STATIC;
}

// Whether only the time of an entry of this value is old.
static inline bool fdb_is_stale(uint64_t value, uint64_t fresh, const struct fdb_now *now)
{
	return !((uint32_t)(value ^ fresh) & ~(uint32_t)FDB_MOVED) && value >= now->oldest;
}

// Refreshes a stale entry, without a lock: whoever changes it meanwhile makes the exchange fail,
// and is right.
static inline void fdb_refresh(struct fdb_slot *s, uint64_t fresh)
{
	uint64_t value = atomic_load_explicit(&s->value, memory_order_relaxed);

	if (!((uint32_t)(value ^ fresh) & ~(uint32_t)FDB_MOVED))
		atomic_compare_exchange_strong(&s->value, &value, fresh | (value & FDB_MOVED));
}

// A frame from key came in where `who` says, at time ns: refreshes, learns or moves its entry.
struct fdb_seen_result fdb_seen(struct fdb *f, uint64_t key, const struct fdb_learner *who,
				uint32_t tick, uint64_t ns);

// A table for `capacity` learned entries and `fixed` others. seed: a secret number where guests may
// be hostile. -EINVAL: beyond FDB_CAPACITY_MAX; -ENOMEM.
int fdb_create(struct fdb **f, uint32_t capacity, uint32_t fixed, uint64_t seed);
void fdb_destroy(struct fdb *f);

// A small table with the ports, limits and flushes of f as they are now, but none of its entries.
// -EINVAL, -ENOMEM.
int fdb_create_like(struct fdb **copy, const struct fdb *f, uint32_t capacity);

// Copies the entry of a key, if there is one, into a table that was made like f and does not have
// it.
void fdb_copy_key(struct fdb *copy, struct fdb *f, uint64_t key);

// Ageing time of the entries of a port, in ticks; 0: they do not age.
void fdb_set_aging(struct fdb *f, unsigned port, uint32_t ticks);

// Learned entries of a port.
uint32_t fdb_count(const struct fdb *f, unsigned port);

// Makes (or replaces) an entry of a fixed type. -ENOSPC.
int fdb_put(struct fdb *f, uint64_t key, unsigned port, enum fdb_type type);

// Takes an entry of this type out. -ENOENT.
int fdb_del(struct fdb *f, uint64_t key, enum fdb_type type);

// False where there is no live entry.
bool fdb_lookup(const struct fdb *f, uint64_t key, uint32_t now, struct fdb_entry *e);

// Forgets the dynamic entries of a port, of a VLAN; in constant time. Credits of a flushed VLAN
// come back as the sweep passes its entries; the caller sweeps at once.
void fdb_flush_port(struct fdb *f, unsigned port);
void fdb_flush_vlan(struct fdb *f, uint16_t vid);

// Number of lines, for the two that work line by line.
uint32_t fdb_lines(const struct fdb *f);

// Clears expired and flushed entries out of `count` lines from line `from`; calls aged() for each
// that expired. Returns the earliest tick at which one of those left can expire (UINT32_MAX: none).
typedef void (*fdb_aged_fn)(void *arg, uint64_t key, unsigned port);
uint32_t fdb_sweep(struct fdb *f, uint32_t from, uint32_t count, uint32_t now, fdb_aged_fn aged,
		   void *arg);

// Calls visit() for each live entry of those lines; where that returns true the entry is taken out,
// unless it changed meanwhile.
typedef bool (*fdb_visit_fn)(void *arg, const struct fdb_entry *e);
void fdb_walk(struct fdb *f, uint32_t from, uint32_t count, uint32_t now, fdb_visit_fn visit,
	      void *arg);

// The same for all lines. It begins anew, FDB_WALKS times at most, where an entry made room for
// another one meanwhile: that may have been missed, or seen twice. begin(arg) is called before each
// time, unless it is NULL.
enum { FDB_WALKS = 8 };
typedef void (*fdb_begin_fn)(void *arg);
void fdb_walk_all(struct fdb *f, uint32_t now, fdb_begin_fn begin, fdb_visit_fn visit, void *arg);
