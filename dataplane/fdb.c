// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/fdb.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "dataplane/key.h"

enum {
	SPINS_BEFORE_YIELD = 1000, // the holder may have lost its core
	DISPLACE_DEPTH = 2,        // entries moved in a row to free a place; 8 * 4 * 4 candidates
};

// Moves are counted within so long of the first one.
#define MOVES_WINDOW_NS UINT64_C(10000000000)
#define NS_PER_SECOND UINT64_C(1000000000)

const char *const fdb_type_names[FDB_TYPES] = {
#define X(id, name) [FDB_##id] = (name),
	FDB_TYPE_LIST(X)
#undef X
};

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

// Where a key may be: its own slot of its first line, anywhere in one of its two lines; and the
// lock under which it comes, changes and goes.
struct place {
	unsigned own;
	uint64_t first; // number of the first line
	struct fdb_line *line[2];
	struct fdb_lock *stripe;
};

static struct place place_of(const struct fdb *f, uint64_t key)
{
	uint64_t h = fdb_hash(&f->map, key);
	uint64_t first = (h & f->map.span) / sizeof(struct fdb_line),
		 second = (h >> 32 & f->map.span) / sizeof(struct fdb_line);

	if (second == first)
		second ^= 1;
	return (struct place){
		.own = h / sizeof(struct fdb_slot) % FDB_WAYS,
		.first = first,
		.line = {&f->map.line[first], &f->map.line[second]},
		.stripe = (struct fdb_lock *)&f->stripe[h >> 24 & (FDB_STRIPES - 1)],
	};
}

// Whether a key may be in its second line: looked at before a line that is most likely neither
// needed nor in the cache.
static bool may_stray(const struct fdb *f, const struct place *p)
{
	return atomic_load_explicit(&f->strays[p->first / 64], memory_order_acquire) >>
		       p->first % 64 &
	       1;
}

// Before a key is put into its second line.
static void let_stray(struct fdb *f, const struct place *p)
{
	if (!may_stray(f, p))
		atomic_fetch_or(&f->strays[p->first / 64], UINT64_C(1) << p->first % 64);
}

uint64_t fdb_get_anywhere(const struct fdb *f, uint64_t key)
{
	struct place p = place_of(f, key);
	uint32_t before;

	// A miss counts only if no entry was on its way between two lines.
	do {
		before = load(&f->displaced);
		uint64_t v = fdb_near_get(&p.line[0]->slot[p.own], key);
		if (!v && may_stray(f, &p))
			v = fdb_near_get(&p.line[1]->slot[p.own], key);
		if (v)
			return v;
	} while (before % 2 || load(&f->displaced) != before);
	return 0;
}

// Flush numbers are 23 bits and wrap; the sweep keeps all that are in use close to the newest.
static bool survived(uint32_t flush, uint32_t floor)
{
	return ((flush - floor) & (FDB_FLUSH_LIMIT - 1)) < FDB_FLUSH_LIMIT / 2;
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

// What a port gives for a new entry.
struct credit {
	uint32_t flush; // the entry survived this one
	uint32_t born;
};

static bool credit_take(struct fdb *f, const struct fdb_learner *who, struct credit *c)
{
	struct fdb_port *p = &f->port[who->port];
	_Atomic uint32_t *count = who->sticky ? &p->sticky : &p->dynamic;

	lock(&p->lock);
	bool room = load(&p->dynamic) + load(&p->sticky) < who->limit;
	if (room)
		atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
	*c = (struct credit){.flush = load(&f->flush), .born = p->births++};
	unlock(&p->lock);
	return room;
}

// Gives back the credit of an entry that had this value; its port is locked. One flushed with its
// port has none: its port started counting anew.
static void credit_drop(struct fdb_port *p, uint64_t value)
{
	if (fdb_value_type(value) == FDB_STICKY)
		atomic_fetch_sub_explicit(&p->sticky, 1, memory_order_relaxed);
	else if (fdb_value_type(value) == FDB_DYNAMIC &&
		 survived(fdb_value_flush(value), load(&p->floor)))
		atomic_fetch_sub_explicit(&p->dynamic, 1, memory_order_relaxed);
}

static void credit_return(struct fdb *f, uint64_t value)
{
	struct fdb_port *p = &f->port[fdb_value_port(value)];

	lock(&p->lock);
	credit_drop(p, value);
	unlock(&p->lock);
}

// The slot of a key; its stripe is locked.
static struct fdb_slot *slot_of(const struct fdb *f, const struct place *p, uint64_t key)
{
	for (int l = 0; l < 1 + may_stray(f, p); l++)
		for (int i = 0; i < FDB_WAYS; i++)
			if (atomic_load_explicit(&p->line[l]->slot[i].key, memory_order_acquire) ==
			    key)
				return &p->line[l]->slot[i];
	return NULL;
}

// A free slot in a line, now the key's; the one that its hash names if that is free.
static struct fdb_slot *claim_in(struct fdb_line *line, unsigned own, uint64_t key)
{
	for (unsigned i = 0; i < FDB_WAYS; i++) {
		struct fdb_slot *s = &line->slot[(own + i) % FDB_WAYS];
		uint64_t none = 0;
		if (!atomic_load_explicit(&s->key, memory_order_relaxed) &&
		    atomic_compare_exchange_strong(&s->key, &none, key))
			return s;
	}
	return NULL;
}

// Number of a slot, for what is kept beside the table.
static size_t slot_index(const struct fdb *f, const struct fdb_slot *s)
{
	return (size_t)(s - f->map.line->slot);
}

static void release_slot(struct fdb_slot *s)
{
	atomic_store_explicit(&s->key, 0, memory_order_release);
}

static bool make_room(struct fdb *f, struct fdb_line *line, const struct fdb_lock *held, int depth);

// Moves the entry in slot s to its other line. Whoever looks for it meanwhile misses and finds
// `displaced` odd.
static bool displace(struct fdb *f, struct fdb_line *line, struct fdb_slot *s,
		     const struct fdb_lock *held, int depth)
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
	if (atomic_load_explicit(&s->key, memory_order_acquire) == key) {
		let_stray(f, &p);
		to = claim_in(other, p.own, key);
	}
	if (to) {
		atomic_fetch_add(&f->displaced, 1);
		uint64_t value = atomic_exchange(&s->value, 0);
		atomic_store_explicit(&f->born[slot_index(f, to)], load(&f->born[slot_index(f, s)]),
				      memory_order_relaxed);
		if (value & FDB_MOVED)
			f->moves[slot_index(f, to)] = f->moves[slot_index(f, s)];
		atomic_store_explicit(&to->value, value, memory_order_release);
		release_slot(s);
		atomic_fetch_add(&f->displaced, 1);
	}
	if (p.stripe != held)
		unlock(p.stripe);
	return to;
}

// Sees to it that a line has a free slot, for now. `held` is the one stripe that the caller has
// locked; the displace lock is held too.
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
	struct fdb_slot *s = claim_in(p->line[0], p->own, key);

	if (s)
		return s;
	let_stray(f, p);
	s = claim_in(p->line[1], p->own, key);
	if (s)
		return s;
	lock(&f->displace_lock);
	for (int depth = 0; depth <= DISPLACE_DEPTH && !s; depth++)
		for (int l = 0; l < 2 && !s; l++)
			if (make_room(f, p->line[l], p->stripe, depth))
				s = claim_in(p->line[l], p->own, key);
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

// What one frame from a source asks of the table; its stripe is locked.
struct source {
	struct fdb *f;
	const struct place *place;
	struct fdb_slot *slot; // NULL: the key is not in the table
	uint64_t key, value;
	const struct fdb_learner *who;
	uint32_t tick, flush;
	uint64_t ns;
};

// The value that an entry learned now gets.
static uint64_t learned_value(const struct source *s, const struct credit *c)
{
	return fdb_value(s->tick, c->flush, s->who->port,
			 s->who->sticky ? FDB_STICKY : FDB_DYNAMIC);
}

static enum fdb_seen learn(const struct source *s)
{
	struct credit c;

	if (!credit_take(s->f, s->who, &c))
		return FDB_AT_LIMIT;
	struct fdb_slot *slot = claim(s->f, s->place, s->key);
	if (!slot) {
		credit_return(s->f, learned_value(s, &c));
		return FDB_FULL;
	}
	atomic_store_explicit(&s->f->born[slot_index(s->f, slot)], c.born, memory_order_relaxed);
	set(slot, learned_value(s, &c));
	return FDB_LEARNED;
}

static bool is_held(const struct source *s)
{
	const struct fdb_moves *m = &s->f->moves[slot_index(s->f, s->slot)];

	return s->value & FDB_MOVED && m->held && s->ns < m->ns;
}

// Counts one more move. False: it is one too many, the MAC is held from now on.
static bool count_move(const struct source *s)
{
	struct fdb_moves *m = &s->f->moves[slot_index(s->f, s->slot)];
	bool anew = !(s->value & FDB_MOVED) || m->held || s->ns - m->ns >= MOVES_WINDOW_NS;

	if (anew)
		*m = (struct fdb_moves){.ns = s->ns};
	if (s->who->move_limit && m->count >= s->who->move_limit) {
		*m = (struct fdb_moves){.ns = s->ns + s->who->move_hold_s * NS_PER_SECOND,
					.held = true};
		set(s->slot, s->value | FDB_MOVED);
		return false;
	}
	if (m->count < UINT8_MAX)
		m->count++;
	return true;
}

static enum fdb_seen move(const struct source *s)
{
	struct credit c;

	if (!credit_take(s->f, s->who, &c))
		return FDB_AT_LIMIT;
	if (!count_move(s)) {
		credit_return(s->f, learned_value(s, &c));
		return FDB_FLAP;
	}
	credit_return(s->f, s->value);
	atomic_store_explicit(&s->f->born[slot_index(s->f, s->slot)], c.born, memory_order_relaxed);
	set(s->slot, learned_value(s, &c) | FDB_MOVED);
	return FDB_HAS_MOVED;
}

// A learned entry on its own port: refreshed; dynamic becomes sticky where the port has changed its
// mind.
static void refresh(const struct source *s)
{
	struct fdb_port *p = &s->f->port[s->who->port];
	enum fdb_type type = fdb_value_type(s->value);

	if (type == FDB_DYNAMIC && s->who->sticky) {
		type = FDB_STICKY;
		lock(&p->lock);
		credit_drop(p, s->value);
		atomic_fetch_add_explicit(&p->sticky, 1, memory_order_relaxed);
		unlock(&p->lock);
	}
	set(s->slot, fdb_value(s->tick, s->flush, s->who->port, type) | (s->value & FDB_MOVED));
}

static struct fdb_seen_result judge(struct source *s)
{
	struct fdb_seen_result r = {.what = FDB_KNOWN, .from = (uint8_t)fdb_value_port(s->value)};
	bool live = fdb_is_live(s->f, s->key, s->value, s->tick),
	     here = live && r.from == s->who->port;
	bool dynamic = fdb_value_type(s->value) == FDB_DYNAMIC;

	if (here && (dynamic || fdb_value_type(s->value) == FDB_STICKY)) {
		refresh(s);
	} else if (live && !dynamic) {
		if (!here)
			r.what = FDB_CONFLICT;
	} else if (live && is_held(s)) {
		r.what = FDB_HELD;
	} else if (!s->who->learns) {
		r.what = FDB_NOT_LEARNING;
	} else if (live) {
		r.what = move(s);
	} else {
		if (s->slot) {
			r.aged = !is_flushed(s->f, s->key, s->value);
			erase(s->f, s->slot, s->value);
		}
		r.what = learn(s);
	}
	return r;
}

// A port at its limit whose guest makes up addresses asks for the same answer again and again:
// without a lock.
static bool is_surely_one_too_many(const struct fdb *f, uint64_t key, const struct fdb_learner *who)
{
	return who->learns && fdb_count(f, who->port) >= who->limit && !fdb_get_anywhere(f, key);
}

struct fdb_seen_result fdb_seen(struct fdb *f, uint64_t key, const struct fdb_learner *who,
				uint32_t tick, uint64_t ns)
{
	if (is_surely_one_too_many(f, key, who))
		return (struct fdb_seen_result){.what = FDB_AT_LIMIT};
	struct place p = place_of(f, key);
	struct source s = {.f = f, .place = &p, .key = key, .who = who, .tick = tick, .ns = ns};

	lock(p.stripe);
	s.flush = load(&f->flush); // read before the entry is judged: what is live then survived
				   // this one
	s.slot = slot_of(f, &p, key);
	s.value = s.slot ? atomic_load(&s.slot->value) : 0;
	struct fdb_seen_result r = judge(&s);
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

// Lines for n entries at half load, a power of two and at least two, so that every key has two
// lines.
static uint32_t lines_for(uint64_t n)
{
	uint32_t lines = 2;

	while (lines * (uint64_t)FDB_WAYS < 2 * n)
		lines *= 2;
	return lines;
}

// Zeroed memory, in huge pages where it is wanted, worth it and to be had.
static void *map_zeroed(size_t size, bool huge_pages)
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
	if (huge_pages)
		madvise(raw + skip, size, MADV_HUGEPAGE); // a wish: without them it is only slower
	return raw + skip;
}

static void unmap(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}

int fdb_create(struct fdb **out, uint32_t capacity, uint32_t fixed, uint64_t seed)
{
	if (!capacity || capacity > FDB_CAPACITY_MAX || fixed > FDB_CAPACITY_MAX)
		return -EINVAL;
	struct fdb *f = aligned_alloc(64, sizeof *f);
	if (!f)
		return -ENOMEM;
	*f = (struct fdb){
		.map = {.span = lines_for((uint64_t)capacity + fixed) * sizeof(struct fdb_line) - 1,
			.seed = {mix(seed), mix(seed + 1) | 1}},
		.flush = 1,
	};
	size_t slots = (size_t)fdb_lines(f) * FDB_WAYS;
	f->map.line = map_zeroed(slots * sizeof(struct fdb_slot), true);
	f->moves = map_zeroed(slots * sizeof *f->moves, false);
	f->born = map_zeroed(slots * sizeof *f->born, true);
	f->strays = calloc(fdb_lines(f) / 64 + 1, sizeof *f->strays);
	if (!f->map.line || !f->moves || !f->born || !f->strays) {
		fdb_destroy(f);
		return -ENOMEM;
	}
	for (int v = 0; v < VID_SPACE; v++)
		f->vlan_floor[v] = 1;
	for (int p = 0; p < PORTS_MAX; p++)
		f->port[p].floor = 1;
	*out = f;
	return 0;
}

void fdb_destroy(struct fdb *f)
{
	if (!f)
		return;
	size_t slots = (size_t)fdb_lines(f) * FDB_WAYS;
	unmap(f->map.line, slots * sizeof(struct fdb_slot));
	unmap(f->moves, slots * sizeof *f->moves);
	unmap(f->born, slots * sizeof *f->born);
	free(f->strays);
	free(f);
}

int fdb_create_like(struct fdb **out, const struct fdb *f, uint32_t capacity)
{
	struct fdb *copy;
	int rc = fdb_create(&copy, capacity, 0, 0);

	if (rc)
		return rc;
	atomic_store(&copy->flush, load(&f->flush));
	atomic_store(&copy->aging_min, load(&f->aging_min));
	for (int v = 0; v < VID_SPACE; v++)
		atomic_store(&copy->vlan_floor[v], load(&f->vlan_floor[v]));
	for (int p = 0; p < PORTS_MAX; p++) {
		const struct fdb_port *from = &f->port[p];
		struct fdb_port *to = &copy->port[p];
		atomic_store(&to->dynamic, load(&from->dynamic));
		atomic_store(&to->sticky, load(&from->sticky));
		atomic_store(&to->floor, load(&from->floor));
		atomic_store(&to->aging, load(&from->aging));
	}
	*out = copy;
	return 0;
}

void fdb_copy_key(struct fdb *copy, struct fdb *f, uint64_t key)
{
	struct place from = place_of(f, key), to = place_of(copy, key);

	lock(from.stripe);
	const struct fdb_slot *s = slot_of(f, &from, key);
	uint64_t value = s ? atomic_load(&s->value) : 0;
	struct fdb_slot *t = value ? claim(copy, &to, key) : NULL;
	if (t && value & FDB_MOVED)
		copy->moves[slot_index(copy, t)] = f->moves[slot_index(f, s)];
	if (t)
		set(t, value);
	unlock(from.stripe);
}

void fdb_set_aging(struct fdb *f, unsigned port, uint32_t ticks)
{
	uint32_t min = 0;

	atomic_store(&f->port[port].aging, ticks);
	for (int p = 0; p < PORTS_MAX; p++) {
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
	struct fdb_slot *s = slot_of(f, &p, key);
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
	struct fdb_slot *s = slot_of(f, &p, key);
	uint64_t value = s ? atomic_load(&s->value) : 0;
	bool found = value && fdb_value_type(value) == type;
	if (found)
		erase(f, s, value);
	unlock(p.stripe);
	return found ? 0 : -ENOENT;
}

static struct fdb_entry entry_of(uint64_t key, uint64_t value, uint32_t born)
{
	return (struct fdb_entry){
		.key = key,
		.born = born,
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
	*e = entry_of(key, value, 0);
	return true;
}

// Flush numbers wrap, so no floor may fall too far behind the newest: each flush looks after one of
// them. Entries that old are none: a sweep has long since lifted or taken them.
static void lift_a_floor(struct fdb *f, uint32_t newest)
{
	uint32_t turn = newest % (PORTS_MAX + VID_SPACE);
	_Atomic uint32_t *floor = turn < PORTS_MAX ? &f->port[turn].floor
						   : &f->vlan_floor[turn - PORTS_MAX];

	if (((newest - load(floor)) & (FDB_FLUSH_LIMIT - 1)) > FDB_FLUSH_LIMIT / 4)
		atomic_store(floor, (newest - FDB_FLUSH_LIMIT / 4) & (FDB_FLUSH_LIMIT - 1));
}

// A new flush, for one floor. The floor rises before the number of the newest flush does: who reads
// that number and then the floors never takes a flushed entry for one that survived.
static void flush(struct fdb *f, _Atomic uint32_t *floor)
{
	uint32_t next = (load(&f->flush) + 1) & (FDB_FLUSH_LIMIT - 1);

	if (!next)
		next = 1;
	atomic_store(floor, next);
	atomic_store(&f->flush, next);
	lift_a_floor(f, next);
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
	return (uint32_t)((f->map.span + 1) / sizeof(struct fdb_line));
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
	uint64_t value = atomic_load_explicit(&s->key, memory_order_acquire) == key
				 ? atomic_load(&s->value)
				 : 0;
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

uint32_t fdb_sweep(struct fdb *f, uint32_t from, uint32_t count, uint32_t now, fdb_aged_fn aged,
		   void *arg)
{
	struct sweep w = {.f = f, .now = now, .next = UINT32_MAX, .aged = aged, .arg = arg};

	for (uint32_t l = from; l < from + count; l++)
		for (int i = 0; i < FDB_WAYS; i++) {
			struct fdb_slot *s = &f->map.line[l].slot[i];
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

void fdb_walk(struct fdb *f, uint32_t from, uint32_t count, uint32_t now, fdb_visit_fn visit,
	      void *arg)
{
	for (uint32_t l = from; l < from + count; l++)
		for (int i = 0; i < FDB_WAYS; i++) {
			struct fdb_slot *s = &f->map.line[l].slot[i];
			uint64_t key = atomic_load_explicit(&s->key, memory_order_acquire);
			uint64_t value = atomic_load_explicit(&s->value, memory_order_acquire);
			struct fdb_entry e = entry_of(key, value, load(&f->born[slot_index(f, s)]));
			if (atomic_load_explicit(&s->key, memory_order_relaxed) != key)
				continue; // it changed hands
			if (key && fdb_is_live(f, key, value, now) && visit(arg, &e))
				take_out(f, &e, s, value);
		}
}

void fdb_walk_all(struct fdb *f, uint32_t now, fdb_begin_fn begin, fdb_visit_fn visit, void *arg)
{
	uint32_t before;
	int walks = 0;

	do {
		before = load(&f->displaced);
		if (begin)
			begin(arg);
		fdb_walk(f, 0, fdb_lines(f), now, visit, arg);
	} while ((before % 2 || load(&f->displaced) != before) && ++walks < FDB_WALKS);
}
