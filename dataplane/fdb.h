// SPDX-License-Identifier: BSD-3-Clause
// fdb: the forwarding database: the port on which each (VLAN, MAC) was last seen.
//
// Model     A hash table of 16-byte entries, four per cache line. A key has two candidate lines.
//           The table is at most half full, so that all entries fit: if both lines are full,
//           entries move to their other line. An entry prefers its first line, and there the slot
//           that its hash names. Therefore nearly every lookup reads one line, and most need one
//           compare. Learned entries (dynamic, sticky) count against the limit of their port,
//           exactly. Each takes a credit before it is made, and returns it when it ages, moves or
//           is flushed. A flush of a port or of a VLAN takes constant time. Each flush has a
//           number, and each entry has the number of the newest flush that it survived. One compare
//           shows that nothing was flushed since; otherwise the floors of its port and VLAN decide.
//           fdb_sweep() removes flushed entries later.
// Moves     A MAC's home is the port where it was learned. A frame from another port is a claim if
//           it moves the MAC, or would move it once too often, or finds it held. A claim finds the
//           MAC at home where it is if the last claim is as old as that port's hold time or older.
//           The first move opens a window of 10 s. The first move too many in it takes the MAC back
//           to its home, and holds it there. Therefore the port of a forger never becomes the home
//           of a guest that talks. A hold ends after its time. It ends earlier at a claim that
//           finds the MAC silent for 3 s, because a hold protects a station that talks.
// Uplinks   A frame that comes in by an uplink is reflected if its MAC is on a port that is no
//           uplink, at home on such a port, and not silent there. The network outside has sent a
//           local station's frame back. It changes nothing. MACs at home on an uplink are left to
//           the rules of moves: a guest that forges one would else cut its station off.
// Threads   Lookups take no lock. Any number of workers call fdb_seen(), which locks the stripe of
//           a key and, if the number of entries changes, its port. A refresh is one
//           compare-and-swap. Control calls all other functions. All functions except fdb_destroy()
//           may run at the same time.
// Ownership fdb_create() to fdb_destroy(). Entries are copied out, never pointed to.
// Time      Ticks of half a second of the caller's clock, as an argument. An entry is live while
//           now - seen <= aging, which is at least the aging time and less than a second more.
// Limits    64 ports, 16,777,216 entries.
// Errors    0 or -errno. A miss is a value, not an error.
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

// The value of an entry, one word: when it was seen (ticks, 32 bits; the greatest number for a
// fixed entry), whether it moved (1 bit), the flush that it survived (23 bits, never 0), its port
// (6), its type (2). 0 means no entry.
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
	_Atomic uint64_t value; // 0 while the slot is claimed or released
};

struct fdb_line {
	_Alignas(64) struct fdb_slot slot[FDB_WAYS];
};

struct fdb_lock {
	_Alignas(64) _Atomic uint32_t taken;
};

struct fdb_port {
	struct fdb_lock lock;     // keeps the two counts consistent with floor
	_Atomic uint32_t dynamic; // dynamic entries, including aged ones that are not yet swept
	_Atomic uint32_t sticky;
	uint32_t births;         // number of entries learned so far
	_Atomic uint32_t floor;  // dynamic entries with an older flush number are flushed
	_Atomic uint32_t aging;  // ticks; 0: never
	_Atomic uint32_t hold_s; // after that time without a claim a MAC here is at home
	_Atomic uint32_t limit;  // learned entries, for those that come home; others bring theirs
	_Atomic uint16_t life;   // tells ports apart that have this number one after another
};

// The moves of an entry whose value has FDB_MOVED, guarded by its stripe.
struct fdb_moves {
	uint64_t ns;        // when the window opened; held: until when
	uint64_t claim_ns;  // the last claim
	uint64_t broken_ns; // until when a hold would have gone on that ended early; 0: none did
	uint16_t life;      // of the home
	uint8_t home;       // port
	uint8_t count;      // moves in the window; 0: there is no window
	bool held;
	bool firm; // held even if nothing comes from it
};

// Maps a key to its lines. A burst uses a copy of it.
struct fdb_map {
	struct fdb_line *line;
	uint64_t span; // where the last slot begins, in bytes
	uint64_t seed[2];
};

struct fdb {
	struct fdb_map map;         // the lines, which workers read and write
	struct fdb_moves *moves;    // one for each slot; pages without moved entries take no memory
	_Atomic uint32_t *born;     // one for each slot: how many its port had learned before
	_Atomic uint64_t *spilled;  // one bit to a line: keys of it have been put into their other
				    // line
	_Atomic uint32_t flush;     // number of the newest flush
	_Atomic uint32_t aging_min; // the shortest aging time of all ports, 0: no entry ages
	_Atomic uint32_t displaced; // odd while an entry is moved between two lines
	struct fdb_lock flush_lock, displace_lock;
	struct fdb_lock stripe[FDB_STRIPES];
	struct fdb_port port[PORTS_MAX];
	_Atomic uint32_t vlan_floor[4096];
};

// The part of a port's policy that is about source addresses.
struct fdb_learner {
	uint8_t port;
	bool learns;
	bool sticky;
	bool drops_at_limit;  // frames from MACs beyond the limit are dropped
	uint8_t move_limit;   // moves within 10 s that are followed; 0: all
	uint16_t move_hold_s; // how long a MAC that moved more often is held
	uint32_t limit;       // learned entries of this port
	portset uplinks;      // all uplinks if the port is one, else empty
};

// What became of a frame's source address.
enum fdb_seen {
	FDB_KNOWN, // fixed on this port, or dynamic and refreshed
	FDB_LEARNED,
	FDB_HAS_MOVED,
	FDB_NOT_LEARNING,
	FDB_AT_LIMIT,
	FDB_DISPLACED, // the same, and its dynamic entry on port `from` was removed
	FDB_FULL,      // no room could be made: the table as a whole is over half full
	FDB_CONFLICT,  // fixed on another port
	FDB_REFLECTED, // by an uplink, from a MAC that is active on port `from`
	FDB_FLAP,      // it moved too often: from now on held on port `held`, which may be this one
	FDB_HELD,      // it is held on port `from`
};

struct fdb_seen_result {
	enum fdb_seen what;
	uint8_t from; // the port where it was or is
	uint8_t held; // FDB_FLAP
	bool sticky;  // FDB_CONFLICT: the other entry was learned
	bool aged;    // an expired entry on port `from` was cleared away first
	bool stuck;   // FDB_KNOWN: a dynamic entry has become sticky
};

struct fdb_entry {
	uint64_t key;
	uint32_t seen;
	uint32_t born;     // orders the entries of a port by age, modulo 2^32
	uint64_t held_ns;  // held until then; 0: not held
	uint64_t claim_ns; // the last claim; 0: none
	uint8_t port;
	uint8_t type; // enum fdb_type
};

static inline uint64_t fdb_hash(const struct fdb_map *m, uint64_t key)
{
	unsigned __int128 product = (unsigned __int128)(key ^ m->seed[0]) * m->seed[1];

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// Lookup, first part: the most likely place of a key, to be prefetched. It is the key's own slot of
// its first line.
static inline const struct fdb_slot *fdb_first_slot(const struct fdb_map *m, uint64_t key)
{
	return (const struct fdb_slot *)((const char *)m->line + (fdb_hash(m, key) & m->span));
}

// The value of a slot if the slot has this key, else 0.
static inline uint64_t fdb_slot_get(const struct fdb_slot *s, uint64_t key)
{
	if (atomic_load_explicit(&s->key, memory_order_acquire) != key)
		return 0;
	uint64_t value = atomic_load_explicit(&s->value, memory_order_acquire);

	// The slot may have changed its key meanwhile.
	return atomic_load_explicit(&s->key, memory_order_relaxed) == key ? value : 0;
}

// The slot of a key in the line of its own slot, NULL if the key is not there.
static inline struct fdb_slot *fdb_beside(const struct fdb_slot *own, uint64_t key)
{
	struct fdb_line *l = (struct fdb_line *)((uintptr_t)own & -sizeof *l);

	for (int i = 0; i < FDB_WAYS; i++)
		if (atomic_load_explicit(&l->slot[i].key, memory_order_acquire) == key)
			return &l->slot[i];
	return NULL;
}

// Whether a slot has this key.
static inline bool fdb_slot_has(const struct fdb_slot *s, uint64_t key)
{
	return __builtin_expect(atomic_load_explicit(&s->key, memory_order_acquire) == key, 1);
}

// The value of a key in that line, 0 if the key is not there.
static inline uint64_t fdb_near_get(const struct fdb_slot *own, uint64_t key)
{
	uint64_t value = fdb_slot_get(own, key);

	if (__builtin_expect(value != 0, 1))
		return value;
	const struct fdb_slot *s = fdb_beside(own, key);
	return s ? fdb_slot_get(s, key) : 0;
}

// The value of a key in any of its lines, 0 if there is none. The entry may be aged or flushed.
uint64_t fdb_get_anywhere(const struct fdb *f, uint64_t key);

static inline uint64_t fdb_get(const struct fdb *f, const struct fdb_slot *own, uint64_t key)
{
	uint64_t value = fdb_near_get(own, key);

	return value ? value : fdb_get_anywhere(f, key);
}

// Whether an entry with this value is neither aged nor flushed at time now.
bool fdb_is_live(const struct fdb *f, uint64_t key, uint64_t value, uint32_t now);

// Values for a burst to compare with, so that the usual entry costs one compare. They are valid
// until the next tick of the clock. A flush meanwhile takes effect one burst late.
struct fdb_now {
	uint32_t tick;
	uint64_t newest; // the value of an entry learned now on port 0
	uint64_t oldest; // an entry with a lower value may have expired
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

// The value of the destination's entry, 0 if the destination is unknown.
static inline uint64_t fdb_find(const struct fdb *f, const struct fdb_slot *own, uint64_t key,
				const struct fdb_now *now)
{
	uint64_t v = fdb_get(f, own, key);

	if (__builtin_expect(v >= now->oldest && !((v ^ now->newest) & FDB_FLUSH_MASK), 1))
		return v;
	return v && fdb_is_live(f, key, v, now->tick) ? v : 0;
}

// The value of an entry that is learned or refreshed now on the port of `who`.
static inline uint64_t fdb_fresh_value(const struct fdb_learner *who, const struct fdb_now *now)
{
	return now->newest | who->port << FDB_PORT_SHIFT | (who->sticky ? FDB_STICKY : FDB_DYNAMIC);
}

// Whether the entry of a source needs no refresh: it was seen in this tick, or is fixed on its
// port.
static inline bool fdb_is_fresh(uint64_t value, uint64_t fresh)
{
	uint32_t differs = (uint32_t)((value ^ fresh) & ~FDB_MOVED);

	if (!differs)
		return fdb_value_seen(value) == fdb_value_seen(fresh);
	return differs < FDB_TYPES && fdb_value_type(value) >= FDB_STATIC;
}

// Whether only the time of an entry differs from `fresh`.
static inline bool fdb_is_stale(uint64_t value, uint64_t fresh, const struct fdb_now *now)
{
	return !((uint32_t)(value ^ fresh) & ~(uint32_t)FDB_MOVED) && value >= now->oldest;
}

// Refreshes a stale entry without a lock. If another thread changes the entry meanwhile, the
// exchange fails and that change stays.
static inline void fdb_refresh(struct fdb_slot *s, uint64_t fresh)
{
	uint64_t value = atomic_load_explicit(&s->value, memory_order_relaxed);
	uint64_t next = fresh | (value & FDB_MOVED);

	if (value != next && (uint32_t)value == (uint32_t)next)
		atomic_compare_exchange_strong(&s->value, &value, next);
}

// Handles the source of a frame received on the port of `who` at time ns: refreshes, learns, moves
// or holds its entry. It can be held on the ports of `homes`, or where it is.
struct fdb_seen_result fdb_seen(struct fdb *f, uint64_t key, const struct fdb_learner *who,
				portset homes, uint32_t tick, uint64_t ns);

// Creates a table for `capacity` learned entries and `fixed` fixed ones. The seed must be secret if
// guests can be hostile. -EINVAL beyond FDB_CAPACITY_MAX; -ENOMEM.
int fdb_create(struct fdb **f, uint32_t capacity, uint32_t fixed, uint64_t seed);
void fdb_destroy(struct fdb *f);

// Creates a table with the current ports, limits and flushes of f, but without its entries.
// -EINVAL, -ENOMEM.
int fdb_create_like(struct fdb **copy, const struct fdb *f, uint32_t capacity);

// Copies the entry of a key, if there is one, into a table from fdb_create_like() that does not
// have the key.
void fdb_copy_key(struct fdb *copy, struct fdb *f, uint64_t key);

// Sets the aging time of the entries of a port in ticks; 0: they do not age.
void fdb_set_aging(struct fdb *f, unsigned port, uint32_t ticks);

// Sets what a port is as a home: the time without a claim after which a MAC on it is at home, and
// the number of learned entries up to which MACs come home.
void fdb_set_home(struct fdb *f, unsigned port, uint32_t hold_s, uint32_t limit);

// Forgets a port that is removed: it is no MAC's home any more, and its aging time does not count.
void fdb_retire_port(struct fdb *f, unsigned port);

// The number of learned entries of a port.
uint32_t fdb_count(const struct fdb *f, unsigned port);

// Adds or replaces an entry of a fixed type. -ENOSPC.
int fdb_put(struct fdb *f, uint64_t key, unsigned port, enum fdb_type type);

// Removes an entry of this type. -ENOENT.
int fdb_del(struct fdb *f, uint64_t key, enum fdb_type type);

// Places a learned entry at a port, dynamic or sticky, or moves a dynamic one there, within the
// limit of learned entries. *r says what has become of it: FDB_LEARNED, FDB_HAS_MOVED, or FDB_KNOWN
// where it was there; `stuck` where its type changed to sticky. It is a claim to an entry on
// another port and counts as a move. It is never the move too many: the next frame of a port with a
// move_limit is. At its home it resumes a hold that ended early. -EEXIST if the key is fixed, or
// sticky on another port. -EBUSY if it is held there. -ENOSPC beyond the limit.
int fdb_place(struct fdb *f, uint64_t key, unsigned port, bool sticky, uint32_t limit,
	      uint32_t tick, uint64_t ns, struct fdb_seen_result *r);

// Removes the learned entry of a key that is on this port. -ENOENT.
int fdb_remove(struct fdb *f, uint64_t key, unsigned port);

// Copies the live entry of a key. False if there is none.
bool fdb_lookup(const struct fdb *f, uint64_t key, uint32_t now, struct fdb_entry *e);

// Flush the dynamic entries of a port or of a VLAN in constant time. The credits of a flushed VLAN
// return when its entries are swept, therefore the caller sweeps at once.
void fdb_flush_port(struct fdb *f, unsigned port);
void fdb_flush_vlan(struct fdb *f, uint16_t vid);

// The number of lines, for fdb_sweep() and fdb_walk().
uint32_t fdb_lines(const struct fdb *f);

// Removes expired and flushed entries from `count` lines, beginning at line `from`. Calls aged()
// for each expired entry. Returns the earliest tick at which a remaining entry can expire,
// UINT32_MAX if none can.
typedef void (*fdb_aged_fn)(void *arg, uint64_t key, unsigned port);
uint32_t fdb_sweep(struct fdb *f, uint32_t from, uint32_t count, uint32_t now, fdb_aged_fn aged,
		   void *arg);

// Calls visit() for each live entry of those lines. If visit() returns true, the entry is removed
// unless it has changed meanwhile.
typedef bool (*fdb_visit_fn)(void *arg, const struct fdb_entry *e);
void fdb_walk(struct fdb *f, uint32_t from, uint32_t count, uint32_t now, fdb_visit_fn visit,
	      void *arg);

// Walks all lines. An entry that moves between lines meanwhile may be missed or visited twice,
// therefore the walk is then repeated, up to FDB_WALKS walks. begin(arg) is called before each walk
// unless it is NULL.
enum { FDB_WALKS = 8 };
typedef void (*fdb_begin_fn)(void *arg);
void fdb_walk_all(struct fdb *f, uint32_t now, fdb_begin_fn begin, fdb_visit_fn visit, void *arg);
