// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/fdb.h"

#include "dataplane/fdb_private.h"
#include "dataplane/key.h"

enum {
	DISPLACE_DEPTH = 2, // moves in a chain that free a slot; 8 * 4 * 4 candidates
	SILENCE_TICKS = 3 * FDB_TICKS_PER_S, // a MAC is silent after so long without a frame
};

// The window in which moves are counted.
#define MOVES_WINDOW_NS UINT64_C(10000000000)
#define NS_PER_SECOND UINT64_C(1000000000)

const char *const fdb_type_names[FDB_TYPES] = {
#define X(id, name) [FDB_##id] = (name),
	FDB_TYPE_LIST(X)
#undef X
};

struct fdb_place fdb_place_of(const struct fdb *f, uint64_t key)
{
	uint64_t h = fdb_hash(&f->map, key);
	uint64_t first = (h & f->map.span) / sizeof(struct fdb_line),
		 second = (h >> 32 & f->map.span) / sizeof(struct fdb_line);

	if (second == first)
		second ^= 1;
	return (struct fdb_place){
		.own = h / sizeof(struct fdb_slot) % FDB_WAYS,
		.first = first,
		.line = {&f->map.line[first], &f->map.line[second]},
		.stripe = (struct fdb_lock *)&f->stripe[h >> 24 & (FDB_STRIPES - 1)],
	};
}

// Whether a key may be in its second line. This saves reading a line that is most likely neither
// needed nor cached.
static bool may_have_spilled(const struct fdb *f, const struct fdb_place *p)
{
	return atomic_load_explicit(&f->spilled[p->first / 64], memory_order_acquire) >>
		       p->first % 64 &
	       1;
}

// Marks the first line of a key before the key is put into its second line.
static void mark_spilled(struct fdb *f, const struct fdb_place *p)
{
	if (!may_have_spilled(f, p))
		atomic_fetch_or(&f->spilled[p->first / 64], UINT64_C(1) << p->first % 64);
}

uint64_t fdb_get_anywhere(const struct fdb *f, uint64_t key)
{
	struct fdb_place p = fdb_place_of(f, key);
	uint32_t before;

	// A miss is certain only if no entry was being moved between two lines.
	do {
		before = fdb_load(&f->displaced);
		uint64_t v = fdb_near_get(&p.line[0]->slot[p.own], key);
		if (!v && may_have_spilled(f, &p))
			v = fdb_near_get(&p.line[1]->slot[p.own], key);
		if (v)
			return v;
	} while (before % 2 || fdb_load(&f->displaced) != before);
	return 0;
}

// Compares flush numbers, which have 23 bits and wrap. The sweep keeps all numbers in use close to
// the newest.
static bool survived_flush(uint32_t flush, uint32_t floor)
{
	return ((flush - floor) & (FDB_FLUSH_LIMIT - 1)) < FDB_FLUSH_LIMIT / 2;
}

bool fdb_is_flushed(const struct fdb *f, uint64_t key, uint64_t value)
{
	uint32_t flush = fdb_value_flush(value);

	return fdb_value_type(value) == FDB_DYNAMIC &&
	       (!survived_flush(flush, fdb_load(&f->port[fdb_value_port(value)].floor)) ||
		!survived_flush(flush, fdb_load(&f->vlan_floor[key_vid(key)])));
}

uint32_t fdb_last_tick(const struct fdb *f, uint64_t value)
{
	uint32_t aging = fdb_load(&f->port[fdb_value_port(value)].aging),
		 seen = fdb_value_seen(value);

	if (fdb_value_type(value) != FDB_DYNAMIC || !aging || seen > UINT32_MAX - aging)
		return UINT32_MAX;
	return seen + aging;
}

bool fdb_is_live(const struct fdb *f, uint64_t key, uint64_t value, uint32_t now)
{
	return value && now <= fdb_last_tick(f, value) && !fdb_is_flushed(f, key, value);
}

bool fdb_credit_take(struct fdb_port *p, _Atomic uint32_t *count, uint32_t limit,
		     const struct fdb *f, struct fdb_credit *c)
{
	fdb_lock_take(&p->lock);
	bool room = fdb_load(&p->dynamic) + fdb_load(&p->sticky) < limit;
	if (room)
		atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
	*c = (struct fdb_credit){.flush = fdb_load(&f->flush), .born = p->births++};
	fdb_lock_release(&p->lock);
	return room;
}

// Returns the credit of an entry that had this value. The caller holds the lock of its port. An
// entry that was flushed with its port has no credit, because the flush reset the port's count.
static void credit_drop(struct fdb_port *p, uint64_t value)
{
	if (fdb_value_type(value) == FDB_STICKY)
		atomic_fetch_sub_explicit(&p->sticky, 1, memory_order_relaxed);
	else if (fdb_value_type(value) == FDB_DYNAMIC &&
		 survived_flush(fdb_value_flush(value), fdb_load(&p->floor)))
		atomic_fetch_sub_explicit(&p->dynamic, 1, memory_order_relaxed);
}

void fdb_credit_return(struct fdb *f, uint64_t value)
{
	struct fdb_port *p = &f->port[fdb_value_port(value)];

	fdb_lock_take(&p->lock);
	credit_drop(p, value);
	fdb_lock_release(&p->lock);
}

struct fdb_slot *fdb_slot_of(const struct fdb *f, const struct fdb_place *p, uint64_t key)
{
	for (int l = 0; l < 1 + may_have_spilled(f, p); l++)
		for (int i = 0; i < FDB_WAYS; i++)
			if (atomic_load_explicit(&p->line[l]->slot[i].key, memory_order_acquire) ==
			    key)
				return &p->line[l]->slot[i];
	return NULL;
}

// Claims a free slot of a line for a key; its own slot if that is free.
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

static void release_slot(struct fdb_slot *s)
{
	atomic_store_explicit(&s->key, 0, memory_order_release);
}

static bool free_slot_in(struct fdb *f, struct fdb_line *line, const struct fdb_lock *held,
			 int depth);

// Moves the entry in slot s to its other line. A lookup meanwhile misses, and sees that `displaced`
// is odd.
static bool displace_entry(struct fdb *f, struct fdb_line *line, struct fdb_slot *s,
			   const struct fdb_lock *held, int depth)
{
	uint64_t key = atomic_load_explicit(&s->key, memory_order_acquire);

	if (!key)
		return true;
	struct fdb_place p = fdb_place_of(f, key);
	struct fdb_line *other = p.line[p.line[0] == line];
	struct fdb_slot *to = NULL;

	if (depth && !free_slot_in(f, other, held, depth - 1))
		return false;
	if (p.stripe != held && !fdb_lock_try(p.stripe))
		return false;
	if (atomic_load_explicit(&s->key, memory_order_acquire) == key) {
		mark_spilled(f, &p);
		to = claim_in(other, p.own, key);
	}
	if (to) {
		atomic_fetch_add(&f->displaced, 1);
		uint64_t value = atomic_exchange(&s->value, 0);
		atomic_store_explicit(&f->born[fdb_slot_index(f, to)],
				      fdb_load(&f->born[fdb_slot_index(f, s)]),
				      memory_order_relaxed);
		if (value & FDB_MOVED)
			f->moves[fdb_slot_index(f, to)] = f->moves[fdb_slot_index(f, s)];
		atomic_store_explicit(&to->value, value, memory_order_release);
		release_slot(s);
		atomic_fetch_add(&f->displaced, 1);
	}
	if (p.stripe != held)
		fdb_lock_release(p.stripe);
	return to;
}

// Makes sure that a line has a free slot, for now. The caller holds the displace lock and one
// stripe, `held`.
static bool free_slot_in(struct fdb *f, struct fdb_line *line, const struct fdb_lock *held,
			 int depth)
{
	for (int i = 0; i < FDB_WAYS; i++)
		if (!atomic_load_explicit(&line->slot[i].key, memory_order_relaxed))
			return true;
	for (int i = 0; i < FDB_WAYS; i++)
		if (displace_entry(f, line, &line->slot[i], held, depth))
			return true;
	return false;
}

struct fdb_slot *fdb_claim(struct fdb *f, const struct fdb_place *p, uint64_t key)
{
	struct fdb_slot *s = claim_in(p->line[0], p->own, key);

	if (s)
		return s;
	mark_spilled(f, p);
	s = claim_in(p->line[1], p->own, key);
	if (s)
		return s;
	fdb_lock_take(&f->displace_lock);
	for (int depth = 0; depth <= DISPLACE_DEPTH && !s; depth++)
		for (int l = 0; l < 2 && !s; l++)
			if (free_slot_in(f, p->line[l], p->stripe, depth))
				s = claim_in(p->line[l], p->own, key);
	fdb_lock_release(&f->displace_lock);
	return s;
}

void fdb_erase(struct fdb *f, struct fdb_slot *s, uint64_t value)
{
	atomic_store_explicit(&s->value, 0, memory_order_release);
	release_slot(s);
	fdb_credit_return(f, value);
}

// A frame's source and its entry. The caller holds its stripe.
struct source {
	struct fdb *f;
	const struct fdb_place *place;
	struct fdb_slot *slot; // NULL: the key is not in the table
	uint64_t key, value;
	const struct fdb_learner *who;
	portset homes;
	uint32_t tick, flush;
	uint64_t ns;
};

static bool learner_credit(const struct source *s, struct fdb_credit *c)
{
	struct fdb_port *p = &s->f->port[s->who->port];

	return fdb_credit_take(p, s->who->sticky ? &p->sticky : &p->dynamic, s->who->limit, s->f,
			       c);
}

// The value of an entry that is learned now.
static uint64_t learned_value(const struct source *s, const struct fdb_credit *c)
{
	return fdb_value(s->tick, c->flush, s->who->port,
			 s->who->sticky ? FDB_STICKY : FDB_DYNAMIC);
}

static enum fdb_seen learn_entry(const struct source *s)
{
	struct fdb_credit c;

	if (!learner_credit(s, &c))
		return FDB_AT_LIMIT;
	struct fdb_slot *slot = fdb_claim(s->f, s->place, s->key);
	if (!slot) {
		fdb_credit_return(s->f, learned_value(s, &c));
		return FDB_FULL;
	}
	atomic_store_explicit(&s->f->born[fdb_slot_index(s->f, slot)], c.born,
			      memory_order_relaxed);
	fdb_set(slot, learned_value(s, &c));
	return FDB_LEARNED;
}

static struct fdb_moves *moves_of(const struct source *s)
{
	return &s->f->moves[fdb_slot_index(s->f, s->slot)];
}

// The time since an earlier one. The clock of another worker may have been ahead.
static uint64_t elapsed_ns(const struct source *s, uint64_t since)
{
	return s->ns > since ? s->ns - since : 0;
}

// Whether nothing came from a MAC on its port for some time.
static bool is_silent(const struct source *s)
{
	return s->tick >= fdb_value_seen(s->value) + SILENCE_TICKS;
}

// Whether a MAC has been where it is for long enough without a claim to be at home there.
static bool is_undisputed(const struct source *s)
{
	const struct fdb_port *p = &s->f->port[fdb_value_port(s->value)];

	return !(s->value & FDB_MOVED) ||
	       elapsed_ns(s, moves_of(s)->claim_ns) >= fdb_load(&p->hold_s) * NS_PER_SECOND;
}

// Whether a MAC on another port is at home on one of these ports.
static bool is_at_home_on(const struct source *s, portset ports)
{
	const struct fdb_moves *m = moves_of(s);

	if (is_undisputed(s))
		return portset_has(ports, fdb_value_port(s->value));
	return portset_has(ports, m->home) && m->life == atomic_load(&s->f->port[m->home].life);
}

// Whether a frame that came in by an uplink has come back from outside.
static bool is_reflected(const struct source *s)
{
	portset uplinks = s->who->uplinks;

	return uplinks && !portset_has(uplinks, fdb_value_port(s->value)) && !is_silent(s) &&
	       !is_at_home_on(s, uplinks);
}

// Whether a MAC on another port is held there. A hold that is over ends here.
static bool is_held(const struct source *s)
{
	struct fdb_moves *m = moves_of(s);

	if (!(s->value & FDB_MOVED) || !m->held)
		return false;
	if (s->ns < m->ns && (m->firm || !is_silent(s)))
		return true;
	m->broken_ns = s->ns < m->ns ? m->ns : 0;
	m->held = m->firm = false;
	m->count = 0;
	return false;
}

// Notes a claim. A MAC that was undisputed for long enough is at home where it is.
static void note_claim(const struct source *s)
{
	struct fdb_moves *m = moves_of(s);
	unsigned port = fdb_value_port(s->value);
	bool undisputed = is_undisputed(s);

	if (!(s->value & FDB_MOVED))
		*m = (struct fdb_moves){.claim_ns = 0};
	if (undisputed) {
		m->home = (uint8_t)port;
		m->life = atomic_load(&s->f->port[port].life);
	}
	m->claim_ns = s->ns;
}

// Counts a move, unless the window has this limit of them already; 0: no limit. False: it has.
static bool count_move(const struct source *s, uint8_t limit)
{
	struct fdb_moves *m = moves_of(s);

	if (!m->count || elapsed_ns(s, m->ns) >= MOVES_WINDOW_NS) {
		m->ns = s->ns;
		m->count = 0;
	}
	if (limit && m->count >= limit)
		return false;
	if (m->count < UINT8_MAX)
		m->count++;
	return true;
}

bool fdb_claim_is_held(struct fdb *f, struct fdb_slot *slot, uint64_t value, uint32_t tick,
		       uint64_t ns)
{
	struct source s = {.f = f, .slot = slot, .value = value, .tick = tick, .ns = ns};
	bool held = is_held(&s);

	note_claim(&s);
	return held;
}

void fdb_claim_done(struct fdb *f, struct fdb_slot *slot, unsigned port, uint64_t ns)
{
	struct source s = {.f = f, .slot = slot, .ns = ns};
	struct fdb_moves *m = moves_of(&s);

	if (port != m->home || ns >= m->broken_ns) {
		count_move(&s, 0);
		return;
	}
	m->held = m->firm = true;
	m->ns = m->broken_ns;
}

// Writes an entry that comes to a port with this credit, and returns its former one.
static void bring_entry(const struct source *s, const struct fdb_credit *c, uint64_t value)
{
	fdb_credit_return(s->f, s->value);
	atomic_store_explicit(&s->f->born[fdb_slot_index(s->f, s->slot)], c->born,
			      memory_order_relaxed);
	fdb_set(s->slot, value | FDB_MOVED);
}

// Takes a credit of a MAC's home. False if the home cannot have the MAC now.
static bool home_takes(const struct source *s, struct fdb_credit *c)
{
	const struct fdb_moves *m = moves_of(s);
	struct fdb_port *p = &s->f->port[m->home];

	return portset_has(s->homes, m->home) && m->life == atomic_load(&p->life) &&
	       fdb_credit_take(p, &p->dynamic, fdb_load(&p->limit), s->f, c);
}

// Makes the credit of a learned entry that of a dynamic one.
static void credit_make_dynamic(const struct source *s)
{
	struct fdb_port *p = &s->f->port[s->who->port];

	if (!s->who->sticky)
		return;
	fdb_lock_take(&p->lock);
	atomic_fetch_sub_explicit(&p->sticky, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&p->dynamic, 1, memory_order_relaxed);
	fdb_lock_release(&p->lock);
}

// Holds a MAC at its home, or where it is if its home cannot have it. Returns the port. The caller
// has a credit of the frame's port. A held entry is dynamic, even if its home has become sticky.
static uint8_t hold_entry(const struct source *s, struct fdb_credit *c)
{
	struct fdb_moves *m = moves_of(s);
	unsigned was = fdb_value_port(s->value), to = m->home;

	if (to == s->who->port)
		credit_make_dynamic(s);
	else
		fdb_credit_return(s->f, learned_value(s, c));
	if (to != s->who->port && (to == was || !home_takes(s, c)))
		to = was;
	m->held = true;
	m->firm = false;
	m->broken_ns = 0;
	m->ns = s->ns + s->who->move_hold_s * NS_PER_SECOND;
	if (to == was)
		fdb_set(s->slot, fdb_value(s->tick, s->flush, to, FDB_DYNAMIC) | FDB_MOVED);
	else
		bring_entry(s, c, fdb_value(s->tick, c->flush, to, FDB_DYNAMIC));
	return (uint8_t)to;
}

// A frame from a dynamic MAC of another port, which is not held.
static void move_entry(const struct source *s, struct fdb_seen_result *r)
{
	struct fdb_credit c;

	if (!learner_credit(s, &c)) {
		r->what = s->who->drops_at_limit ? FDB_AT_LIMIT : FDB_DISPLACED;
		if (r->what == FDB_DISPLACED)
			fdb_erase(s->f, s->slot, s->value);
		return;
	}
	note_claim(s);
	if (count_move(s, s->who->move_limit)) {
		r->what = FDB_HAS_MOVED;
		bring_entry(s, &c, learned_value(s, &c));
	} else {
		r->what = FDB_FLAP;
		r->held = hold_entry(s, &c);
	}
}

// Refreshes a learned entry on its own port. A dynamic entry becomes sticky if its port is sticky
// now; then it is true.
static bool refresh_entry(const struct source *s)
{
	struct fdb_port *p = &s->f->port[s->who->port];
	enum fdb_type type = fdb_value_type(s->value);
	bool sticks = type == FDB_DYNAMIC && s->who->sticky;

	if (sticks) {
		type = FDB_STICKY;
		fdb_lock_take(&p->lock);
		credit_drop(p, s->value);
		atomic_fetch_add_explicit(&p->sticky, 1, memory_order_relaxed);
		fdb_lock_release(&p->lock);
	}
	fdb_set(s->slot, fdb_value(s->tick, s->flush, s->who->port, type) | (s->value & FDB_MOVED));
	return sticks;
}

static struct fdb_seen_result judge_source(struct source *s)
{
	struct fdb_seen_result r = {.what = FDB_KNOWN, .from = (uint8_t)fdb_value_port(s->value)};
	bool live = fdb_is_live(s->f, s->key, s->value, s->tick),
	     here = live && r.from == s->who->port;
	bool dynamic = fdb_value_type(s->value) == FDB_DYNAMIC;

	if (here && (dynamic || fdb_value_type(s->value) == FDB_STICKY)) {
		r.stuck = refresh_entry(s);
	} else if (live && !dynamic) {
		if (!here)
			r.what = FDB_CONFLICT;
		r.sticky = fdb_value_type(s->value) == FDB_STICKY;
	} else if (live && is_reflected(s)) {
		r.what = FDB_REFLECTED;
	} else if (live && is_held(s)) {
		note_claim(s);
		r.what = FDB_HELD;
	} else if (!s->who->learns) {
		r.what = FDB_NOT_LEARNING;
	} else if (live) {
		move_entry(s, &r);
	} else {
		if (s->slot) {
			r.aged = !fdb_is_flushed(s->f, s->key, s->value);
			fdb_erase(s->f, s->slot, s->value);
		}
		r.what = learn_entry(s);
	}
	return r;
}

// Whether a new address is over its port's limit. This takes no lock, because a guest that floods
// invented addresses makes it the usual case.
static bool is_over_limit(const struct fdb *f, uint64_t key, const struct fdb_learner *who)
{
	return who->learns && fdb_count(f, who->port) >= who->limit && !fdb_get_anywhere(f, key);
}

struct fdb_seen_result fdb_seen(struct fdb *f, uint64_t key, const struct fdb_learner *who,
				portset homes, uint32_t tick, uint64_t ns)
{
	if (is_over_limit(f, key, who))
		return (struct fdb_seen_result){.what = FDB_AT_LIMIT};
	struct fdb_place p = fdb_place_of(f, key);
	struct source s = {.f = f,
			   .place = &p,
			   .key = key,
			   .who = who,
			   .homes = homes,
			   .tick = tick,
			   .ns = ns};

	fdb_lock_take(p.stripe);
	s.flush = fdb_load(&f->flush); // read first: an entry that is live later survived it
	s.slot = fdb_slot_of(f, &p, key);
	s.value = s.slot ? atomic_load(&s.slot->value) : 0;
	struct fdb_seen_result r = judge_source(&s);
	fdb_lock_release(p.stripe);
	return r;
}
