// SPDX-License-Identifier: BSD-3-Clause
// The part of fdb that control calls: creation, fixed entries, flushes, the sweep, walks.
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "dataplane/fdb.h"
#include "dataplane/fdb_private.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
static uint64_t splitmix64(uint64_t z)
{
	z += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

// The number of lines for n entries at half load: a power of two, and at least two, so that every
// key has two lines.
static uint32_t lines_for(uint64_t n)
{
	uint32_t lines = 2;

	while (lines * (uint64_t)FDB_WAYS < 2 * n)
		lines *= 2;
	return lines;
}

// Maps zeroed memory, in huge pages if they are wanted, useful and available.
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
		madvise(raw + skip, size, MADV_HUGEPAGE); // optional: without them it is only
							  // slower
	return raw + skip;
}

static void unmap_zeroed(void *memory, size_t size)
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
		.map = {.span = lines_for((uint64_t)capacity + fixed) * sizeof(struct fdb_line) -
				sizeof(struct fdb_slot),
			.seed = {splitmix64(seed), splitmix64(seed + 1) | 1}},
		.flush = 1,
	};
	size_t slots = (size_t)fdb_lines(f) * FDB_WAYS;
	f->map.line = map_zeroed(slots * sizeof(struct fdb_slot), true);
	f->moves = map_zeroed(slots * sizeof *f->moves, false);
	f->born = map_zeroed(slots * sizeof *f->born, true);
	f->spilled = calloc(fdb_lines(f) / 64 + 1, sizeof *f->spilled);
	if (!f->map.line || !f->moves || !f->born || !f->spilled) {
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
	unmap_zeroed(f->map.line, slots * sizeof(struct fdb_slot));
	unmap_zeroed(f->moves, slots * sizeof *f->moves);
	unmap_zeroed(f->born, slots * sizeof *f->born);
	free(f->spilled);
	free(f);
}

int fdb_create_like(struct fdb **out, const struct fdb *f, uint32_t capacity)
{
	struct fdb *copy;
	int rc = fdb_create(&copy, capacity, 0, 0);

	if (rc)
		return rc;
	atomic_store(&copy->flush, fdb_load(&f->flush));
	atomic_store(&copy->aging_min, fdb_load(&f->aging_min));
	for (int v = 0; v < VID_SPACE; v++)
		atomic_store(&copy->vlan_floor[v], fdb_load(&f->vlan_floor[v]));
	for (int p = 0; p < PORTS_MAX; p++) {
		const struct fdb_port *from = &f->port[p];
		struct fdb_port *to = &copy->port[p];
		atomic_store(&to->dynamic, fdb_load(&from->dynamic));
		atomic_store(&to->sticky, fdb_load(&from->sticky));
		atomic_store(&to->floor, fdb_load(&from->floor));
		atomic_store(&to->aging, fdb_load(&from->aging));
		atomic_store(&to->hold_s, fdb_load(&from->hold_s));
		atomic_store(&to->limit, fdb_load(&from->limit));
		atomic_store(&to->life, atomic_load(&from->life));
	}
	*out = copy;
	return 0;
}

void fdb_copy_key(struct fdb *copy, struct fdb *f, uint64_t key)
{
	struct fdb_place from = fdb_place_of(f, key), to = fdb_place_of(copy, key);

	fdb_lock_take(from.stripe);
	const struct fdb_slot *s = fdb_slot_of(f, &from, key);
	uint64_t value = s ? atomic_load(&s->value) : 0;
	struct fdb_slot *t = value ? fdb_claim(copy, &to, key) : NULL;
	if (t && value & FDB_MOVED)
		copy->moves[fdb_slot_index(copy, t)] = f->moves[fdb_slot_index(f, s)];
	if (t)
		fdb_set(t, value);
	fdb_lock_release(from.stripe);
}

void fdb_set_aging(struct fdb *f, unsigned port, uint32_t ticks)
{
	uint32_t min = 0;

	atomic_store(&f->port[port].aging, ticks);
	for (int p = 0; p < PORTS_MAX; p++) {
		uint32_t aging = fdb_load(&f->port[p].aging);
		if (aging && (!min || aging < min))
			min = aging;
	}
	atomic_store(&f->aging_min, min);
}

void fdb_set_home(struct fdb *f, unsigned port, uint32_t hold_s, uint32_t limit)
{
	atomic_store(&f->port[port].hold_s, hold_s);
	atomic_store(&f->port[port].limit, limit);
}

void fdb_retire_port(struct fdb *f, unsigned port)
{
	fdb_set_aging(f, port, 0);
	atomic_fetch_add(&f->port[port].life, 1);
}

uint32_t fdb_count(const struct fdb *f, unsigned port)
{
	return fdb_load(&f->port[port].dynamic) + fdb_load(&f->port[port].sticky);
}

int fdb_put(struct fdb *f, uint64_t key, unsigned port, enum fdb_type type)
{
	struct fdb_place p = fdb_place_of(f, key);

	fdb_lock_take(p.stripe);
	struct fdb_slot *s = fdb_slot_of(f, &p, key);
	if (s)
		fdb_credit_return(f, atomic_load(&s->value));
	else
		s = fdb_claim(f, &p, key);
	if (s)
		fdb_set(s, fdb_value(FDB_SEEN_FIXED, fdb_load(&f->flush), port, type));
	fdb_lock_release(p.stripe);
	return s ? 0 : -ENOSPC;
}

int fdb_del(struct fdb *f, uint64_t key, enum fdb_type type)
{
	struct fdb_place p = fdb_place_of(f, key);

	fdb_lock_take(p.stripe);
	struct fdb_slot *s = fdb_slot_of(f, &p, key);
	uint64_t value = s ? atomic_load(&s->value) : 0;
	bool found = value && fdb_value_type(value) == type;
	if (found)
		fdb_erase(f, s, value);
	fdb_lock_release(p.stripe);
	return found ? 0 : -ENOENT;
}

// An entry that is placed. The caller holds its stripe.
struct placing {
	struct fdb *f;
	const struct fdb_place *place;
	struct fdb_slot *slot; // NULL: the key is not in the table
	uint64_t key, value;
	unsigned port;
	bool sticky;
	uint32_t limit, tick;
};

// Gives a live entry on this port its type.
static void settle_type(const struct placing *x, struct fdb_seen_result *r)
{
	enum fdb_type type = x->sticky ? FDB_STICKY : FDB_DYNAMIC;
	struct fdb_port *p = &x->f->port[x->port];

	r->what = FDB_KNOWN;
	if (fdb_value_type(x->value) == type)
		return;
	r->stuck = x->sticky;
	fdb_credit_return(x->f, x->value);
	fdb_lock_take(&p->lock);
	atomic_fetch_add_explicit(x->sticky ? &p->sticky : &p->dynamic, 1, memory_order_relaxed);
	uint32_t flush = fdb_load(&x->f->flush);
	fdb_lock_release(&p->lock);
	fdb_set(x->slot, fdb_value(x->tick, flush, x->port, type) | (x->value & FDB_MOVED));
}

// Makes an entry on this port, in the place of an expired or a dynamic one of another port.
static int take_over(struct placing *x, bool live, struct fdb_seen_result *r)
{
	struct fdb_port *p = &x->f->port[x->port];
	enum fdb_type type = x->sticky ? FDB_STICKY : FDB_DYNAMIC;
	struct fdb_credit c;

	if (!fdb_credit_take(p, x->sticky ? &p->sticky : &p->dynamic, x->limit, x->f, &c))
		return -ENOSPC;
	uint64_t value = fdb_value(x->tick, c.flush, x->port, type);
	r->what = live ? FDB_HAS_MOVED : FDB_LEARNED;
	r->aged = !live && x->slot && !fdb_is_flushed(x->f, x->key, x->value);
	if (x->slot)
		fdb_credit_return(x->f, x->value);
	else
		x->slot = fdb_claim(x->f, x->place, x->key);
	if (!x->slot) {
		fdb_credit_return(x->f, value);
		return -ENOSPC;
	}
	atomic_store_explicit(&x->f->born[fdb_slot_index(x->f, x->slot)], c.born,
			      memory_order_relaxed);
	fdb_set(x->slot, value | (live ? FDB_MOVED : 0));
	return 0;
}

int fdb_place(struct fdb *f, uint64_t key, unsigned port, bool sticky, uint32_t limit,
	      uint32_t tick, uint64_t ns, struct fdb_seen_result *r)
{
	struct fdb_place p = fdb_place_of(f, key);
	struct placing x = {.f = f,
			    .place = &p,
			    .key = key,
			    .port = port,
			    .sticky = sticky,
			    .limit = limit,
			    .tick = tick};
	int rc = 0;

	fdb_lock_take(p.stripe);
	x.slot = fdb_slot_of(f, &p, key);
	x.value = x.slot ? atomic_load(&x.slot->value) : 0;
	bool live = fdb_is_live(f, key, x.value, tick);
	enum fdb_type type = fdb_value_type(x.value);
	bool here = live && fdb_value_port(x.value) == port;
	*r = (struct fdb_seen_result){.from = (uint8_t)fdb_value_port(x.value)};
	if (live && (type == FDB_STATIC || type == FDB_ASSIGNED || (type == FDB_STICKY && !here)))
		rc = -EEXIST;
	else if (here)
		settle_type(&x, r);
	else if (live && fdb_claim_is_held(f, x.slot, x.value, tick, ns))
		rc = -EBUSY;
	else
		rc = take_over(&x, live, r);
	if (!rc && r->what == FDB_HAS_MOVED)
		fdb_claim_done(f, x.slot, port, ns);
	fdb_lock_release(p.stripe);
	return rc;
}

int fdb_remove(struct fdb *f, uint64_t key, unsigned port)
{
	struct fdb_place p = fdb_place_of(f, key);

	fdb_lock_take(p.stripe);
	struct fdb_slot *s = fdb_slot_of(f, &p, key);
	uint64_t value = s ? atomic_load(&s->value) : 0;
	bool found = value && fdb_value_port(value) == port &&
		     (fdb_value_type(value) == FDB_DYNAMIC || fdb_value_type(value) == FDB_STICKY);
	bool flushed = found && fdb_is_flushed(f, key, value);
	if (found)
		fdb_erase(f, s, value);
	fdb_lock_release(p.stripe);
	return found && !flushed ? 0 : -ENOENT;
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

// Adds the moves of an entry.
static void add_moves(const struct fdb *f, struct fdb_entry *e)
{
	struct fdb_place p = fdb_place_of(f, e->key);

	fdb_lock_take(p.stripe);
	const struct fdb_slot *s = fdb_slot_of(f, &p, e->key);
	uint64_t value = s ? atomic_load(&s->value) : 0;
	const struct fdb_moves *m = s ? &f->moves[fdb_slot_index(f, s)] : NULL;
	if (value & FDB_MOVED && fdb_value_type(value) == FDB_DYNAMIC) {
		e->held_ns = m->held ? m->ns : 0;
		e->claim_ns = m->claim_ns;
	}
	fdb_lock_release(p.stripe);
}

bool fdb_lookup(const struct fdb *f, uint64_t key, uint32_t now, struct fdb_entry *e)
{
	uint64_t value = fdb_get_anywhere(f, key);

	if (!fdb_is_live(f, key, value, now))
		return false;
	*e = entry_of(key, value, 0);
	if (value & FDB_MOVED)
		add_moves(f, e);
	return true;
}

// Raises a floor that has fallen far behind. Flush numbers wrap, therefore no floor may stay too
// far behind the newest, and each flush checks one. No entry has so old a number, because sweeps
// renew the numbers.
static void raise_old_floor(struct fdb *f, uint32_t newest)
{
	uint32_t turn = newest % (PORTS_MAX + VID_SPACE);
	_Atomic uint32_t *floor = turn < PORTS_MAX ? &f->port[turn].floor
						   : &f->vlan_floor[turn - PORTS_MAX];

	if (((newest - fdb_load(floor)) & (FDB_FLUSH_LIMIT - 1)) > FDB_FLUSH_LIMIT / 4)
		atomic_store(floor, (newest - FDB_FLUSH_LIMIT / 4) & (FDB_FLUSH_LIMIT - 1));
}

// Begins a new flush, for one floor. The floor rises before the number of the newest flush. A
// reader that loads that number and then the floors therefore never mistakes a flushed entry for a
// live one.
static void begin_flush(struct fdb *f, _Atomic uint32_t *floor)
{
	uint32_t next = (fdb_load(&f->flush) + 1) & (FDB_FLUSH_LIMIT - 1);

	if (!next)
		next = 1;
	atomic_store(floor, next);
	atomic_store(&f->flush, next);
	raise_old_floor(f, next);
}

void fdb_flush_port(struct fdb *f, unsigned port)
{
	struct fdb_port *p = &f->port[port];

	fdb_lock_take(&f->flush_lock);
	fdb_lock_take(&p->lock);
	begin_flush(f, &p->floor);
	atomic_store(&p->dynamic, 0);
	fdb_lock_release(&p->lock);
	fdb_lock_release(&f->flush_lock);
}

void fdb_flush_vlan(struct fdb *f, uint16_t vid)
{
	fdb_lock_take(&f->flush_lock);
	begin_flush(f, &f->vlan_floor[vid]);
	fdb_lock_release(&f->flush_lock);
}

uint32_t fdb_lines(const struct fdb *f)
{
	return (uint32_t)((f->map.span + sizeof(struct fdb_slot)) / sizeof(struct fdb_line));
}

struct sweep {
	struct fdb *f;
	uint32_t now, next;
	fdb_aged_fn aged;
	void *arg;
};

static void note_expiry(struct sweep *w, uint64_t value)
{
	uint32_t last = fdb_last_tick(w->f, value);

	if (last != UINT32_MAX && last + 1 < w->next)
		w->next = last + 1;
}

static void sweep_slot(struct sweep *w, struct fdb_slot *s, uint64_t key)
{
	struct fdb_place p = fdb_place_of(w->f, key);
	bool aged = false;

	fdb_lock_take(p.stripe);
	uint32_t newest = fdb_load(&w->f->flush);
	uint64_t value = atomic_load_explicit(&s->key, memory_order_acquire) == key
				 ? atomic_load(&s->value)
				 : 0;
	if (fdb_is_live(w->f, key, value, w->now)) {
		note_expiry(w, value);
		if (fdb_value_flush(value) != newest)
			fdb_set(s, (value & ~FDB_FLUSH_MASK) | (uint64_t)newest << FDB_FLUSH_SHIFT);
	} else if (value) {
		aged = !fdb_is_flushed(w->f, key, value);
		fdb_erase(w->f, s, value);
	}
	fdb_lock_release(p.stripe);
	if (aged)
		w->aged(w->arg, key, fdb_value_port(value));
}

// Whether a sweep leaves an entry unchanged. This takes no lock, because it holds for nearly every
// entry.
static bool sweep_skips(struct sweep *w, uint64_t key, uint64_t value)
{
	if (fdb_value_flush(value) != fdb_load(&w->f->flush) ||
	    !fdb_is_live(w->f, key, value, w->now))
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
			if (key && !sweep_skips(&w, key, value))
				sweep_slot(&w, s, key);
		}
	return w.next;
}

static void remove_unchanged(struct fdb *f, const struct fdb_entry *e, struct fdb_slot *s,
			     uint64_t value)
{
	struct fdb_place p = fdb_place_of(f, e->key);

	fdb_lock_take(p.stripe);
	if (atomic_load(&s->key) == e->key && atomic_load(&s->value) == value)
		fdb_erase(f, s, value);
	fdb_lock_release(p.stripe);
}

void fdb_walk(struct fdb *f, uint32_t from, uint32_t count, uint32_t now, fdb_visit_fn visit,
	      void *arg)
{
	for (uint32_t l = from; l < from + count; l++)
		for (int i = 0; i < FDB_WAYS; i++) {
			struct fdb_slot *s = &f->map.line[l].slot[i];
			uint64_t key = atomic_load_explicit(&s->key, memory_order_acquire);
			uint64_t value = atomic_load_explicit(&s->value, memory_order_acquire);
			struct fdb_entry e = entry_of(key, value,
						      fdb_load(&f->born[fdb_slot_index(f, s)]));
			if (atomic_load_explicit(&s->key, memory_order_relaxed) != key)
				continue; // the slot has another key now
			if (!key || !fdb_is_live(f, key, value, now))
				continue;
			if (value & FDB_MOVED)
				add_moves(f, &e);
			if (visit(arg, &e))
				remove_unchanged(f, &e, s, value);
		}
}

void fdb_walk_all(struct fdb *f, uint32_t now, fdb_begin_fn begin, fdb_visit_fn visit, void *arg)
{
	uint32_t before;
	int walks = 0;

	do {
		before = fdb_load(&f->displaced);
		if (begin)
			begin(arg);
		fdb_walk(f, 0, fdb_lines(f), now, visit, arg);
	} while ((before % 2 || fdb_load(&f->displaced) != before) && ++walks < FDB_WALKS);
}
