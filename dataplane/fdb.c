// SPDX-License-Identifier: BSD-3-Clause
#include "fdb.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "key.h"

enum {
	SPINS_BEFORE_YIELD = 1000, // the holder may have lost its core
	DISPLACE_DEPTH = 2,        // entries moved in a row to free a place; 8 * 4 * 4 candidates
};

const char *const fdb_type_names[FDB_TYPES] = {"dynamic", "sticky", "static", "assigned"};

static void lock(struct fdb_lock *l)
{
	for (int spins = 0; atomic_exchange_explicit(&l->taken, 1, memory_order_acquire); spins++)
		if (spins >= SPINS_BEFORE_YIELD)
			sched_yield();
}

static bool try_lock(struct fdb_lock *l)
{
	return !atomic_exchange_explicit(&l->taken, 1, memory_order_acquire);
}

static void unlock(struct fdb_lock *l)
{
	atomic_store_explicit(&l->taken, 0, memory_order_release);
}

static uint32_t load(const _Atomic uint32_t *v)
{
	return atomic_load_explicit(v, memory_order_acquire);
}

// Where a key may be: its two lines, and the lock under which it comes, changes and goes.
struct place {
	struct fdb_line *line[2];
	struct fdb_lock *stripe;
};

static struct place place_of(const struct fdb *f, uint64_t key)
{
	uint64_t h = fdb_hash(f, key);
	uint32_t first = h & f->mask, second = h >> 32 & f->mask;

	if (second == first)
		second ^= 1;
	return (struct place){
		.line = {&f->line[first], &f->line[second]},
		.stripe = (struct fdb_lock *)&f->stripe[h >> 24 & (FDB_STRIPES - 1)],
	};
}

uint64_t fdb_get_anywhere(const struct fdb *f, uint64_t key)
{
	struct place p = place_of(f, key);
	uint32_t before;

	// A miss counts only if no entry was on its way between two lines.
	do {
		before = load(&f->displaced);
		uint64_t v = fdb_line_get(p.line[0], key);
		if (!v)
			v = fdb_line_get(p.line[1], key);
		if (v)
			return v;
	} while (before % 2 || load(&f->displaced) != before);
	return 0;
}

// Flush numbers are 24 bits and wrap; the sweep keeps all that are in use close to the newest.
static bool survived(uint32_t flush, uint32_t floor)
{
	return ((flush - floor) & 0xffffff) < 0x800000;
}

static bool is_flushed(const struct fdb *f, uint64_t key, uint64_t value)
{
	uint32_t flush = fdb_value_flush(value);

	return fdb_value_type(value) == FDB_DYNAMIC &&
	       (!survived(flush, load(&f->port[fdb_value_port(value)].floor)) ||
		!survived(flush, load(&f->vlan_floor[key_vid(key)])));
}

// The last tick in which an entry lives.
static uint32_t last_tick(const struct fdb *f, uint64_t value)
{
	uint32_t aging = load(&f->port[fdb_value_port(value)].aging), seen = fdb_value_seen(value);

	if (fdb_value_type(value) != FDB_DYNAMIC || !aging || seen > UINT32_MAX - aging)
		return UINT32_MAX;
	return seen + aging;
}

bool fdb_is_live(const struct fdb *f, uint64_t key, uint64_t value, uint32_t now)
{
	return value && now <= last_tick(f, value) && !is_flushed(f, key, value);
}

// Takes a credit of a port; *flush becomes the flush that an entry made with it survived.
static bool credit_take(struct fdb *f, const struct fdb_learner *who, uint32_t *flush)
{
	struct fdb_port *p = &f->port[who->port];
	_Atomic uint32_t *count = who->sticky ? &p->sticky : &p->dynamic;

	lock(&p->lock);
	bool room = load(&p->dynamic) + load(&p->sticky) < who->limit;
	if (room)
		atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
	*flush = load(&f->flush);
	unlock(&p->lock);
	return room;
}

// Gives back the credit of an entry that had this value. One flushed with its port has none: its port started
// counting anew.
static void credit_return(struct fdb *f, uint64_t value)
{
	struct fdb_port *p = &f->port[fdb_value_port(value)];

	lock(&p->lock);
	if (fdb_value_type(value) == FDB_STICKY)
		atomic_fetch_sub_explicit(&p->sticky, 1, memory_order_relaxed);
	else if (fdb_value_type(value) == FDB_DYNAMIC && survived(fdb_value_flush(value), load(&p->floor)))
		atomic_fetch_sub_explicit(&p->dynamic, 1, memory_order_relaxed);
	unlock(&p->lock);
}

// The slot of a key; its stripe is locked.
static struct fdb_slot *slot_of(const struct place *p, uint64_t key)
{
	for (int l = 0; l < 2; l++)
		for (int i = 0; i < FDB_WAYS; i++)
			if (atomic_load_explicit(&p->line[l]->slot[i].key, memory_order_acquire) == key)
				return &p->line[l]->slot[i];
	return NULL;
}

static struct fdb_slot *claim_in(struct fdb_line *line, uint64_t key)
{
	for (int i = 0; i < FDB_WAYS; i++) {
		uint64_t none = 0;
		if (!atomic_load_explicit(&line->slot[i].key, memory_order_relaxed) &&
		    atomic_compare_exchange_strong(&line->slot[i].key, &none, key))
			return &line->slot[i];
	}
	return NULL;
}

static void release_slot(struct fdb_slot *s)
{
	atomic_store_explicit(&s->key, 0, memory_order_release);
}

static bool make_room(struct fdb *f, struct fdb_line *line, const struct fdb_lock *held, int depth);

// Moves the entry in slot s to its other line. Whoever looks for it meanwhile misses and finds `displaced` odd.
static bool displace(struct fdb *f, struct fdb_line *line, struct fdb_slot *s, const struct fdb_lock *held, int depth)
{
	uint64_t key = atomic_load_explicit(&s->key, memory_order_acquire);

	if (!key)
		return true;
	struct place p = place_of(f, key);
	struct fdb_line *other = p.line[p.line[0] == line];
	struct fdb_slot *to = NULL;

	if (depth && !make_room(f, other, held, depth - 1))
		return false;
	if (p.stripe != held && !try_lock(p.stripe))
		return false;
	if (atomic_load_explicit(&s->key, memory_order_acquire) == key)
		to = claim_in(other, key);
	if (to) {
		atomic_fetch_add(&f->displaced, 1);
		atomic_store_explicit(&to->value, atomic_exchange(&s->value, 0), memory_order_release);
		release_slot(s);
		atomic_fetch_add(&f->displaced, 1);
	}
	if (p.stripe != held)
		unlock(p.stripe);
	return to;
}

// Sees to it that a line has a free slot, for now. `held` is the one stripe that the caller has locked; the displace
// lock is held too.
static bool make_room(struct fdb *f, struct fdb_line *line, const struct fdb_lock *held, int depth)
{
	for (int i = 0; i < FDB_WAYS; i++)
		if (!atomic_load_explicit(&line->slot[i].key, memory_order_relaxed))
			return true;
	for (int i = 0; i < FDB_WAYS; i++)
		if (displace(f, line, &line->slot[i], held, depth))
			return true;
	return false;
}

static struct fdb_slot *claim(struct fdb *f, const struct place *p, uint64_t key)
{
	struct fdb_slot *s = NULL;

	for (int l = 0; l < 2 && !s; l++)
		s = claim_in(p->line[l], key);
	if (s)
		return s;
	lock(&f->displace_lock);
	for (int depth = 0; depth <= DISPLACE_DEPTH && !s; depth++)
		for (int l = 0; l < 2 && !s; l++)
			if (make_room(f, p->line[l], p->stripe, depth))
				s = claim_in(p->line[l], key);
	unlock(&f->displace_lock);
	return s;
}

// Takes an entry out; its stripe is locked.
static void erase(struct fdb *f, struct fdb_slot *s, uint64_t value)
{
	atomic_store_explicit(&s->value, 0, memory_order_release);
	release_slot(s);
	credit_return(f, value);
}

static void set(struct fdb_slot *s, uint64_t value)
{
	atomic_store_explicit(&s->value, value, memory_order_release);
}

// A source that is not on its port yet: learns or moves it. s: its slot, NULL where there is none.
static enum fdb_seen settle(struct fdb *f, const struct place *p, struct fdb_slot *s, uint64_t key,
			    const struct fdb_learner *who, uint32_t tick)
{
	enum fdb_type type = who->sticky ? FDB_STICKY : FDB_DYNAMIC;
	uint32_t seen = who->sticky ? FDB_SEEN_FIXED : tick, flush;

	if (!credit_take(f, who, &flush))
		return FDB_AT_LIMIT;
	uint64_t value = fdb_value(seen, flush, who->port, type);
	if (s) {
		credit_return(f, atomic_load(&s->value));
		set(s, value);
		return FDB_MOVED;
	}
	s = claim(f, p, key);
	if (!s) {
		credit_return(f, value);
		return FDB_FULL;
	}
	set(s, value);
	return FDB_LEARNED;
}

static struct fdb_seen_result seen_locked(struct fdb *f, const struct place *p, uint64_t key,
					  const struct fdb_learner *who, uint32_t tick)
{
	uint32_t flush = load(&f->flush); // read before the entry is judged: what is live then survived this one
	struct fdb_slot *s = slot_of(p, key);
	uint64_t value = s ? atomic_load(&s->value) : 0;
	struct fdb_seen_result r = {.what = FDB_KNOWN, .from = (uint8_t)fdb_value_port(value)};
	bool live = fdb_is_live(f, key, value, tick);

	if (live && fdb_value_type(value) != FDB_DYNAMIC) {
		if (r.from != who->port)
			r.what = FDB_CONFLICT;
	} else if (live && r.from == who->port) {
		set(s, fdb_value(tick, flush, who->port, FDB_DYNAMIC));
	} else if (!who->learns) {
		r.what = FDB_NOT_LEARNING;
	} else {
		if (s && !live) {
			r.aged = !is_flushed(f, key, value);
			erase(f, s, value);
			s = NULL;
		}
		r.what = settle(f, p, s, key, who, tick);
	}
	return r;
}

struct fdb_seen_result fdb_seen(struct fdb *f, uint64_t key, const struct fdb_learner *who, const struct fdb_now *now)
{
	struct place p = place_of(f, key);

	lock(p.stripe);
	struct fdb_seen_result r = seen_locked(f, &p, key, who, now->tick);
	unlock(p.stripe);
	return r;
}

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
static uint64_t mix(uint64_t z)
{
	z += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

// Lines for n entries at half load, a power of two and at least two, so that every key has two lines.
static uint32_t lines_for(uint64_t n)
{
	uint32_t lines = 2;

	while (lines * (uint64_t)FDB_WAYS < 2 * n)
		lines *= 2;
	return lines;
}

// Memory that the kernel backs with huge pages where it can; all zero.
static void *map_lines(size_t size)
{
	size_t huge = 2 << 20, padded = size + (size >= huge ? huge : 0);
	char *raw = mmap(NULL, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (raw == MAP_FAILED)
		return NULL;
	if (padded == size)
		return raw;
	size_t skip = -(uintptr_t)raw & (huge - 1);
	if (skip)
		munmap(raw, skip);
	if (huge - skip)
		munmap(raw + skip + size, huge - skip);
	madvise(raw + skip, size, MADV_HUGEPAGE); // a wish: without them it is only slower
	return raw + skip;
}

int fdb_create(struct fdb **out, uint32_t capacity, uint32_t fixed, uint64_t seed)
{
	if (!capacity || capacity > FDB_CAPACITY_MAX || fixed > FDB_CAPACITY_MAX)
		return -EINVAL;
	struct fdb *f = aligned_alloc(64, sizeof *f);
	if (!f)
		return -ENOMEM;
	*f = (struct fdb){
		.mask = lines_for((uint64_t)capacity + fixed) - 1,
		.capacity = capacity,
		.seed = {mix(seed), mix(seed + 1) | 1},
		.flush = 1,
	};
	f->line = map_lines(((size_t)f->mask + 1) * sizeof *f->line);
	if (!f->line) {
		free(f);
		return -ENOMEM;
	}
	for (int v = 0; v < VID_SPACE; v++)
		f->vlan_floor[v] = 1;
	for (int p = 0; p < FDB_PORTS_MAX; p++)
		f->port[p].floor = 1;
	*out = f;
	return 0;
}

void fdb_destroy(struct fdb *f)
{
	if (!f)
		return;
	munmap(f->line, ((size_t)f->mask + 1) * sizeof *f->line);
	free(f);
}

void fdb_set_aging(struct fdb *f, unsigned port, uint32_t ticks)
{
	uint32_t min = 0;

	atomic_store(&f->port[port].aging, ticks);
	for (int p = 0; p < FDB_PORTS_MAX; p++) {
		uint32_t aging = load(&f->port[p].aging);
		if (aging && (!min || aging < min))
			min = aging;
	}
	atomic_store(&f->aging_min, min);
}

uint32_t fdb_count(const struct fdb *f, unsigned port)
{
	return load(&f->port[port].dynamic) + load(&f->port[port].sticky);
}

int fdb_put(struct fdb *f, uint64_t key, unsigned port, enum fdb_type type)
{
	struct place p = place_of(f, key);

	lock(p.stripe);
	struct fdb_slot *s = slot_of(&p, key);
	if (s)
		credit_return(f, atomic_load(&s->value));
	else
		s = claim(f, &p, key);
	if (s)
		set(s, fdb_value(FDB_SEEN_FIXED, load(&f->flush), port, type));
	unlock(p.stripe);
	return s ? 0 : -ENOSPC;
}

int fdb_del(struct fdb *f, uint64_t key, enum fdb_type type)
{
	struct place p = place_of(f, key);

	lock(p.stripe);
	struct fdb_slot *s = slot_of(&p, key);
	uint64_t value = s ? atomic_load(&s->value) : 0;
	bool found = value && fdb_value_type(value) == type;
	if (found)
		erase(f, s, value);
	unlock(p.stripe);
	return found ? 0 : -ENOENT;
}

static struct fdb_entry entry_of(uint64_t key, uint64_t value)
{
	return (struct fdb_entry){
		.key = key,
		.seen = fdb_value_seen(value),
		.port = (uint8_t)fdb_value_port(value),
		.type = (uint8_t)fdb_value_type(value),
	};
}

bool fdb_lookup(const struct fdb *f, uint64_t key, uint32_t now, struct fdb_entry *e)
{
	uint64_t value = fdb_get_anywhere(f, key);

	if (!fdb_is_live(f, key, value, now))
		return false;
	*e = entry_of(key, value);
	return true;
}

// A new flush, for one floor. The floor rises before the number of the newest flush does: who reads that number and
// then the floors never takes a flushed entry for one that survived.
static void flush(struct fdb *f, _Atomic uint32_t *floor)
{
	uint32_t next = (load(&f->flush) + 1) & 0xffffff;

	if (!next)
		next = 1;
	atomic_store(floor, next);
	atomic_store(&f->flush, next);
}

void fdb_flush_port(struct fdb *f, unsigned port)
{
	struct fdb_port *p = &f->port[port];

	lock(&f->flush_lock);
	lock(&p->lock);
	flush(f, &p->floor);
	atomic_store(&p->dynamic, 0);
	unlock(&p->lock);
	unlock(&f->flush_lock);
}

void fdb_flush_vlan(struct fdb *f, uint16_t vid)
{
	lock(&f->flush_lock);
	flush(f, &f->vlan_floor[vid]);
	unlock(&f->flush_lock);
}

uint32_t fdb_lines(const struct fdb *f)
{
	return f->mask + 1;
}

struct sweep {
	struct fdb *f;
	uint32_t now, next;
	fdb_aged_fn aged;
	void *arg;
};

static void note_expiry(struct sweep *w, uint64_t value)
{
	uint32_t last = last_tick(w->f, value);

	if (last != UINT32_MAX && last + 1 < w->next)
		w->next = last + 1;
}

static void sweep_slot(struct sweep *w, struct fdb_slot *s, uint64_t key)
{
	struct place p = place_of(w->f, key);
	bool aged = false;

	lock(p.stripe);
	uint32_t newest = load(&w->f->flush);
	uint64_t value = atomic_load_explicit(&s->key, memory_order_acquire) == key ? atomic_load(&s->value) : 0;
	if (fdb_is_live(w->f, key, value, w->now)) {
		note_expiry(w, value);
		if (fdb_value_flush(value) != newest)
			set(s, (value & ~FDB_FLUSH_MASK) | (uint64_t)newest << FDB_FLUSH_SHIFT);
	} else if (value) {
		aged = !is_flushed(w->f, key, value);
		erase(w->f, s, value);
	}
	unlock(p.stripe);
	if (aged)
		w->aged(w->arg, key, fdb_value_port(value));
}

// Whether a sweep leaves an entry as it is; looked at without a lock, as nearly every entry is so.
static bool sweep_passes(struct sweep *w, uint64_t key, uint64_t value)
{
	if (fdb_value_flush(value) != load(&w->f->flush) || !fdb_is_live(w->f, key, value, w->now))
		return false;
	note_expiry(w, value);
	return true;
}

uint32_t fdb_sweep(struct fdb *f, uint32_t from, uint32_t count, uint32_t now, fdb_aged_fn aged, void *arg)
{
	struct sweep w = {.f = f, .now = now, .next = UINT32_MAX, .aged = aged, .arg = arg};

	for (uint32_t l = from; l < from + count; l++)
		for (int i = 0; i < FDB_WAYS; i++) {
			struct fdb_slot *s = &f->line[l].slot[i];
			uint64_t key = atomic_load_explicit(&s->key, memory_order_acquire);
			uint64_t value = atomic_load_explicit(&s->value, memory_order_acquire);
			if (key && !sweep_passes(&w, key, value))
				sweep_slot(&w, s, key);
		}
	return w.next;
}

static void take_out(struct fdb *f, const struct fdb_entry *e, struct fdb_slot *s, uint64_t value)
{
	struct place p = place_of(f, e->key);

	lock(p.stripe);
	if (atomic_load(&s->key) == e->key && atomic_load(&s->value) == value)
		erase(f, s, value);
	unlock(p.stripe);
}

void fdb_walk(struct fdb *f, uint32_t from, uint32_t count, uint32_t now, fdb_visit_fn visit, void *arg)
{
	for (uint32_t l = from; l < from + count; l++)
		for (int i = 0; i < FDB_WAYS; i++) {
			struct fdb_slot *s = &f->line[l].slot[i];
			uint64_t key = atomic_load_explicit(&s->key, memory_order_acquire);
			uint64_t value = atomic_load_explicit(&s->value, memory_order_acquire);
			struct fdb_entry e = entry_of(key, value);
			if (atomic_load_explicit(&s->key, memory_order_relaxed) != key)
				continue; // it changed hands
			if (key && fdb_is_live(f, key, value, now) && visit(arg, &e))
				take_out(f, &e, s, value);
		}
}
