// SPDX-License-Identifier: BSD-3-Clause
// The table against a naive one: a few keys, every operation at random, and after each the two must
// say the same.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "tests/unit/kit.h"

enum { MACS = 24, VLANS = 3, KEYS = MACS * VLANS, PORTS = 5, STICKY_PORT = 3, FIXED_MAX = KEYS };
enum { UPLINKS = 1 << 1 | 1 << 2 };

// An entry of the naive table. A flushed VLAN's entries keep their credits until a sweep or a new
// entry clears them away; so do those that expired.
struct naive_entry {
	bool there, flushed;
	enum fdb_type type;
	unsigned port;
	uint32_t seen;
	unsigned moves;             // in the window, which began with
	uint64_t first_ns, held_ns; // the first of them; held until, 0: not held
	unsigned home;
	bool claimed;
	uint64_t claim_ns; // the last claim
};

struct naive {
	struct fdb *f;
	uint32_t tick;
	uint64_t ns;
	uint32_t aging[PORTS], hold_s[PORTS], home_limit[PORTS];
	struct naive_entry e[KEYS];
};

#define SECOND UINT64_C(1000000000)

static uint64_t key_of(int i)
{
	return key_make((uint16_t)(1 + i % VLANS),
			UINT64_C(0x020000000000) + (uint64_t)(i / VLANS));
}

static int index_of(uint64_t key)
{
	return (int)(key_mac(key) - UINT64_C(0x020000000000)) * VLANS + key_vid(key) - 1;
}

static bool naive_expired(const struct naive *n, const struct naive_entry *e)
{
	return e->type == FDB_DYNAMIC && n->aging[e->port] && n->tick - e->seen > n->aging[e->port];
}

static bool naive_live(const struct naive *n, const struct naive_entry *e)
{
	return e->there && !e->flushed && !naive_expired(n, e);
}

static uint32_t naive_count(const struct naive *n, unsigned port)
{
	uint32_t count = 0;

	for (int i = 0; i < KEYS; i++)
		count += n->e[i].there && n->e[i].port == port && n->e[i].type <= FDB_STICKY;
	return count;
}

static struct naive_entry naive_new(const struct naive *n, const struct fdb_learner *who)
{
	return (struct naive_entry){.there = true,
				    .type = who->sticky ? FDB_STICKY : FDB_DYNAMIC,
				    .port = who->port,
				    .seen = n->tick,
				    .home = who->port};
}

static bool naive_has_room(const struct naive *n, const struct fdb_learner *who)
{
	return naive_count(n, who->port) < who->limit;
}

static enum fdb_seen naive_learn(struct naive *n, struct naive_entry *e,
				 const struct fdb_learner *who)
{
	e->there = false;
	if (!naive_has_room(n, who))
		return FDB_AT_LIMIT;
	*e = naive_new(n, who);
	return FDB_LEARNED;
}

// Time between two moments; the second may seem to be before the first within a tick.
static bool is_past(const struct naive *n, uint64_t since, uint64_t ns)
{
	return n->ns >= since + ns;
}

static unsigned naive_home(const struct naive *n, const struct naive_entry *e)
{
	bool undisputed = !e->claimed || is_past(n, e->claim_ns, n->hold_s[e->port] * SECOND);

	return undisputed ? e->port : e->home;
}

static void naive_claim(const struct naive *n, struct naive_entry *e)
{
	e->home = naive_home(n, e);
	e->claimed = true;
	e->claim_ns = n->ns;
}

// The port where it is held.
static unsigned naive_hold(const struct naive *n, struct naive_entry *e,
			   const struct fdb_learner *who, portset homes)
{
	bool back = e->home == who->port || (portset_has(homes, e->home) &&
					     naive_count(n, e->home) < n->home_limit[e->home]);

	if (e->home != e->port && back)
		e->port = e->home;
	e->flushed = false;
	e->seen = n->tick;
	e->held_ns = n->ns + who->move_hold_s * SECOND;
	return e->port;
}

static void naive_move(struct naive *n, struct naive_entry *e, const struct fdb_learner *who,
		       portset homes, struct fdb_seen_result *r)
{
	if (!naive_has_room(n, who)) {
		r->what = who->drops_at_limit ? FDB_AT_LIMIT : FDB_DISPLACED;
		e->there = who->drops_at_limit;
		return;
	}
	naive_claim(n, e);
	if (!e->moves || is_past(n, e->first_ns, 10 * SECOND)) {
		e->moves = 0;
		e->first_ns = n->ns;
	}
	if (who->move_limit && e->moves >= who->move_limit) {
		r->what = FDB_FLAP;
		r->held = (uint8_t)naive_hold(n, e, who, homes);
		return;
	}
	e->moves++;
	e->port = who->port;
	e->type = who->sticky ? FDB_STICKY : FDB_DYNAMIC;
	e->seen = n->tick;
	r->what = FDB_HAS_MOVED;
}

// Whether it is held on its port. A hold that is over ends.
static bool naive_held(const struct naive *n, struct naive_entry *e)
{
	if (e->held_ns && n->ns < e->held_ns && n->tick - e->seen < 3 * FDB_TICKS_PER_S)
		return true;
	if (e->held_ns)
		e->moves = 0;
	e->held_ns = 0;
	return false;
}

static bool naive_is_uplink(unsigned port)
{
	return UPLINKS >> port & 1;
}

// Whether a frame came back by an uplink.
static bool naive_reflected(const struct naive *n, const struct naive_entry *e,
			    const struct fdb_learner *who)
{
	return naive_is_uplink(who->port) && !naive_is_uplink(e->port) &&
	       n->tick - e->seen < 3 * FDB_TICKS_PER_S && !naive_is_uplink(naive_home(n, e));
}

static void naive_refresh(const struct naive *n, struct naive_entry *e,
			  const struct fdb_learner *who)
{
	e->seen = n->tick;
	if (who->sticky)
		e->type = FDB_STICKY;
}

static struct fdb_seen_result naive_seen(struct naive *n, struct naive_entry *e,
					 const struct fdb_learner *who, portset homes)
{
	struct fdb_seen_result r = {.what = FDB_KNOWN, .from = (uint8_t)e->port};
	bool live = naive_live(n, e);

	if (live && e->port == who->port) {
		if (e->type <= FDB_STICKY)
			naive_refresh(n, e, who);
	} else if (live && e->type != FDB_DYNAMIC) {
		r.what = FDB_CONFLICT;
		r.sticky = e->type == FDB_STICKY;
	} else if (live && naive_reflected(n, e, who)) {
		r.what = FDB_REFLECTED;
	} else if (live && naive_held(n, e)) {
		naive_claim(n, e);
		r.what = FDB_HELD;
	} else if (!who->learns) {
		r.what = FDB_NOT_LEARNING;
	} else if (live) {
		naive_move(n, e, who, homes, &r);
	} else {
		r.aged = e->there && !e->flushed;
		r.what = naive_learn(n, e, who);
	}
	return r;
}

static void check_seen(struct fdb_seen_result got, struct fdb_seen_result wanted)
{
	bool from = wanted.aged || (wanted.what != FDB_KNOWN && wanted.what != FDB_LEARNED &&
				    wanted.what != FDB_NOT_LEARNING && wanted.what != FDB_AT_LIMIT);

	CHECK(got.what == wanted.what, "seen: %d, not %d", got.what, wanted.what);
	CHECK(got.aged == wanted.aged, "seen: aged %d, not %d", got.aged, wanted.aged);
	CHECK(!from || got.from == wanted.from, "seen: from %u, not %u", got.from, wanted.from);
	CHECK(wanted.what != FDB_FLAP || got.held == wanted.held, "held on %u, not %u", got.held,
	      wanted.held);
	CHECK(wanted.what != FDB_CONFLICT || got.sticky == wanted.sticky, "sticky: %d", got.sticky);
}

static void step_seen(struct naive *n, uint64_t *seed)
{
	int i = (int)rnd_below(seed, KEYS);
	unsigned port = rnd_below(seed, PORTS);
	struct fdb_learner who = {
		.port = (uint8_t)port,
		.learns = rnd_below(seed, 8) != 0,
		.sticky = port == STICKY_PORT || !rnd_below(seed, 16),
		.drops_at_limit = !rnd_below(seed, 3),
		.move_limit = (uint8_t)rnd_below(seed, 4),
		.move_hold_s = (uint16_t)(1 + rnd_below(seed, 5)),
		.limit = rnd_below(seed, 4) ? 12 : rnd_below(seed, 24),
		.uplinks = naive_is_uplink(port) ? UPLINKS : 0,
	};

	n->ns = n->tick * (SECOND / FDB_TICKS_PER_S) + rnd_below(seed, SECOND / FDB_TICKS_PER_S);
	portset homes = rnd_below(seed, 4) ? portset_of(PORTS) - 1 : rnd_below(seed, 1 << PORTS);
	check_seen(fdb_seen(n->f, key_of(i), &who, homes, n->tick, n->ns),
		   naive_seen(n, &n->e[i], &who, homes));
}

static void step_put(struct naive *n, uint64_t *seed)
{
	int i = (int)rnd_below(seed, KEYS);
	unsigned port = rnd_below(seed, PORTS);
	enum fdb_type type = rnd_below(seed, 2) ? FDB_STATIC : FDB_ASSIGNED;

	assert_int_equal(fdb_put(n->f, key_of(i), port, type), 0);
	n->e[i] = (struct naive_entry){.there = true, .type = type, .port = port};
}

static void step_del(struct naive *n, uint64_t *seed)
{
	int i = (int)rnd_below(seed, KEYS);
	enum fdb_type type = (enum fdb_type)rnd_below(seed, FDB_TYPES);
	bool has = n->e[i].there && n->e[i].type == type;

	if (type == FDB_DYNAMIC && !naive_live(n, &n->e[i]))
		return; // whether a dead one is still there is the table's own business
	assert_int_equal(fdb_del(n->f, key_of(i), type), has ? 0 : -ENOENT);
	if (has)
		n->e[i].there = false;
}

static void step_flush(struct naive *n, uint64_t *seed)
{
	unsigned port = rnd_below(seed, PORTS);
	uint16_t vid = (uint16_t)(1 + rnd_below(seed, VLANS));
	bool whole_port = rnd_below(seed, 2);

	if (whole_port)
		fdb_flush_port(n->f, port);
	else
		fdb_flush_vlan(n->f, vid);
	for (int i = 0; i < KEYS; i++) {
		struct naive_entry *e = &n->e[i];
		if (!e->there || e->type != FDB_DYNAMIC)
			continue;
		if (whole_port && e->port == port)
			e->there = false;
		else if (!whole_port && key_vid(key_of(i)) == vid)
			e->flushed = true;
	}
}

static void step_clock(struct naive *n, uint64_t *seed)
{
	n->tick += rnd_below(seed, 4) ? rnd_below(seed, 3) : rnd_below(seed, 40);
}

static void step_aging(struct naive *n, uint64_t *seed)
{
	unsigned port = rnd_below(seed, PORTS);

	n->aging[port] = rnd_below(seed, 4) ? 1 + rnd_below(seed, 30) : 0;
	fdb_set_aging(n->f, port, n->aging[port]);
}

static void set_home(struct naive *n, unsigned port, uint64_t *seed)
{
	n->hold_s[port] = 1 + rnd_below(seed, 5);
	n->home_limit[port] = rnd_below(seed, 24);
	fdb_set_home(n->f, port, n->hold_s[port], n->home_limit[port]);
}

static void step_home(struct naive *n, uint64_t *seed)
{
	set_home(n, rnd_below(seed, PORTS), seed);
}

static void note_aged(void *arg, uint64_t key, unsigned port)
{
	struct naive *n = arg;
	struct naive_entry *e = &n->e[index_of(key)];

	CHECK(e->there && !e->flushed && naive_expired(n, e) && e->port == port, "%jx aged",
	      (uintmax_t)key);
	e->there = false; // it ages once
}

// A sweep in slices of any size.
static uint32_t sweep(struct naive *n, uint64_t *seed)
{
	uint32_t lines = fdb_lines(n->f), next = UINT32_MAX;

	for (uint32_t at = 0, count; at < lines; at += count) {
		count = 1 + rnd_below(seed, lines);
		if (count > lines - at)
			count = lines - at;
		uint32_t part = fdb_sweep(n->f, at, count, n->tick, note_aged, n);
		if (part < next)
			next = part;
	}
	return next;
}

static void step_sweep(struct naive *n, uint64_t *seed)
{
	uint32_t next = sweep(n, seed), wanted = UINT32_MAX;

	for (int i = 0; i < KEYS; i++) {
		struct naive_entry *e = &n->e[i];
		e->there = e->there && !e->flushed;
		CHECK(!e->there || !naive_expired(n, e), "%jx did not age", (uintmax_t)key_of(i));
		if (e->there && e->type == FDB_DYNAMIC && n->aging[e->port] &&
		    e->seen + n->aging[e->port] + 1 < wanted)
			wanted = e->seen + n->aging[e->port] + 1;
	}
	assert_int_equal(next, wanted);
}

struct walk {
	struct naive *n;
	uint32_t visits;
	int take; // the port whose entries are taken out; -1: none
};

static bool visit(void *arg, const struct fdb_entry *e)
{
	struct walk *w = arg;
	const struct naive_entry *own = &w->n->e[index_of(e->key)];

	w->visits++;
	CHECK(naive_live(w->n, own) && own->port == e->port && own->type == e->type, "%jx",
	      (uintmax_t)e->key);
	return w->take >= 0 && e->port == (unsigned)w->take;
}

// All live entries are visited, once each; those of a port are sometimes taken out.
static void step_walk(struct naive *n, uint64_t *seed)
{
	struct walk w = {.n = n, .take = rnd_below(seed, 4) ? -1 : (int)rnd_below(seed, PORTS)};
	uint32_t live = 0;

	fdb_walk(n->f, 0, fdb_lines(n->f), n->tick, visit, &w);
	for (int i = 0; i < KEYS; i++) {
		bool is_live = naive_live(n, &n->e[i]);
		live += is_live;
		if (is_live && (int)n->e[i].port == w.take)
			n->e[i].there = false;
	}
	assert_int_equal(w.visits, live);
}

static void check_lookup(struct naive *n, int i)
{
	const struct naive_entry *e = &n->e[i];
	struct fdb_entry got;
	uint64_t key = key_of(i);
	bool live = naive_live(n, e), found = fdb_lookup(n->f, key, n->tick, &got);
	struct fdb_now now = fdb_now(n->f, n->tick);
	uint64_t value = fdb_find(n->f, fdb_first_slot(&n->f->map, key), key, &now);

	CHECK(found == live, "%jx is %sthere", (uintmax_t)key, found ? "" : "not ");
	CHECK(!value == !live, "find: %jx is %sthere", (uintmax_t)key, value ? "" : "not ");
	if (!live)
		return;
	assert_int_equal(got.key, key);
	assert_int_equal(got.port, e->port);
	assert_int_equal(got.type, e->type);
	assert_int_equal(fdb_value_port(value), e->port);
	assert_true(e->type > FDB_STICKY || got.seen == e->seen);
	assert_int_equal(got.held_ns, e->type == FDB_DYNAMIC ? e->held_ns : 0);
	// Fresh is what needs no fdb_seen(): on its own port, and fixed or seen in this tick.
	struct fdb_learner here = {.port = e->port, .sticky = e->type == FDB_STICKY},
			   there = {.port = (e->port + 1) % PORTS};
	if (fdb_is_fresh(value, fdb_fresh_value(&here, &now)))
		assert_true(e->type > FDB_STICKY || e->seen == n->tick);
	assert_false(fdb_is_fresh(value, fdb_fresh_value(&there, &now)));
}

static void check_all(struct naive *n)
{
	for (int i = 0; i < KEYS; i++)
		check_lookup(n, i);
	for (unsigned port = 0; port < PORTS; port++)
		CHECK(fdb_count(n->f, port) == naive_count(n, port), "port %u counts %u, not %u",
		      port, fdb_count(n->f, port), naive_count(n, port));
}

static void step(struct naive *n, uint64_t *seed)
{
	static void (*const rare[])(struct naive *,
				    uint64_t *) = {step_put,   step_del,  step_flush, step_clock,
						   step_aging, step_home, step_sweep, step_walk};

	if (rnd_below(seed, 3))
		step_seen(n, seed);
	else
		rare[rnd_below(seed, COUNT(rare))](n, seed);
}

// The smallest table that promises to hold all: lines are full, entries are displaced all the time.
static void like_a_naive_table(void **state)
{
	(void)state;
	for (uint64_t round = 1; round <= 40; round++) {
		struct naive n = {.tick = (uint32_t)round * 1000};
		uint64_t seed = round;
		assert_int_equal(fdb_create(&n.f, 24 + 24 * PORTS, FIXED_MAX, round), 0);
		for (unsigned port = 0; port < PORTS; port++)
			set_home(&n, port, &seed);
		for (int i = 0; i < 3000; i++) {
			step(&n, &seed);
			check_all(&n);
		}
		fdb_destroy(n.f);
	}
}

static void no_aged(void *arg, uint64_t key, unsigned port)
{
	(void)arg;
	fail_msg("%jx of port %u aged", (uintmax_t)key, port);
}

static uint64_t sequential(uint64_t i)
{
	return key_make(1, UINT64_C(0x020000000000) + i);
}

static uint64_t one_mac_in_vlans(uint64_t i)
{
	return key_make((uint16_t)(1 + i % 4094), UINT64_C(0x020000000000) + i / 4094);
}

static uint64_t scattered(uint64_t i)
{
	uint64_t seed = i + 1;

	rnd(&seed);
	return key_make((uint16_t)(1 + rnd_below(&seed, 4094)),
			(rnd(&seed) >> 16 & ~(UINT64_C(1) << 40)) | UINT64_C(2) << 40);
}

static void fill(uint32_t capacity, uint64_t (*key)(uint64_t))
{
	struct fdb *f;
	struct fdb_learner who = {.port = 5, .learns = true, .limit = capacity};
	struct fdb_entry e;

	assert_int_equal(fdb_create(&f, capacity, 0, capacity), 0);
	for (uint64_t i = 0; i < capacity; i++) {
		enum fdb_seen what = fdb_seen(f, key(i), &who, 0, 1, 0).what;
		CHECK(what == FDB_LEARNED, "key %ju of %u: %d", (uintmax_t)i, capacity, what);
	}
	assert_int_equal(fdb_count(f, 5), capacity);
	assert_int_equal(fdb_seen(f, key(capacity), &who, 0, 1, 0).what, FDB_AT_LIMIT);
	for (uint64_t i = 0; i < capacity; i++)
		CHECK(fdb_lookup(f, key(i), 1, &e) && e.port == 5, "key %ju of %u", (uintmax_t)i,
		      capacity);
	assert_false(fdb_lookup(f, key(capacity), 1, &e));
	assert_int_equal(fdb_sweep(f, 0, fdb_lines(f), 2, no_aged, NULL), UINT32_MAX);
	assert_int_equal(fdb_count(f, 5), capacity);
	fdb_destroy(f);
}

// What was promised fits: every key of a full reservation, whatever the keys.
static void a_full_reservation_fits(void **state)
{
	static uint64_t (*const keys[])(uint64_t) = {sequential, scattered, one_mac_in_vlans};
	static const uint32_t capacities[] = {1, 2, 3, 16, 17, 1000, 65536, 1000000};

	(void)state;
	for (size_t k = 0; k < COUNT(keys); k++)
		for (size_t c = 0; c < COUNT(capacities); c++)
			fill(capacities[c], keys[k]);
}

// Which of the next keys share a first line with the first one.
static uintptr_t line_of(const struct fdb *f, uint64_t key)
{
	return (uintptr_t)fdb_first_slot(&f->map, key) / sizeof(struct fdb_line);
}

static uint64_t crowd_of(const struct fdb *f, uint64_t *next)
{
	while (line_of(f, sequential(*next)) != line_of(f, sequential(0)))
		++*next;
	return sequential((*next)++);
}

// More keys of one line than it has places: they stay within reach, in their second lines.
static void crowded_lines(void **state)
{
	struct fdb *f;
	struct fdb_learner who = {.port = 1, .learns = true, .limit = 1000};
	uint64_t next = 0, keys[24];
	struct fdb_entry e;
	unsigned away = 0;

	(void)state;
	assert_int_equal(fdb_create(&f, 1000, 0, 7), 0);
	for (size_t i = 0; i < COUNT(keys); i++) {
		keys[i] = crowd_of(f, &next);
		assert_int_equal(fdb_seen(f, keys[i], &who, 0, 1, 0).what, FDB_LEARNED);
		for (size_t j = 0; j <= i; j++)
			assert_true(fdb_lookup(f, keys[j], 1, &e));
	}
	for (size_t i = 0; i < COUNT(keys); i++)
		away += !fdb_near_get(fdb_first_slot(&f->map, keys[i]), keys[i]);
	assert_int_equal(away, COUNT(keys) - FDB_WAYS);
	assert_int_equal(fdb_count(f, 1), COUNT(keys));
	fdb_destroy(f);
}

// Beyond what was promised a table may be full: it says so, takes no credit, and goes on.
static void an_overfull_table(void **state)
{
	struct fdb *f;
	struct fdb_learner who = {.port = 1, .learns = true, .limit = UINT32_MAX};
	uint32_t learned = 0, full = 0;

	(void)state;
	assert_int_equal(fdb_create(&f, 20000, 0, 7), 0);
	uint32_t slots = fdb_lines(f) * FDB_WAYS;
	for (uint32_t i = 0; i < slots + 100; i++) {
		enum fdb_seen what = fdb_seen(f, scattered(i), &who, 0, 1, 0).what;
		assert_true(what == FDB_LEARNED || what == FDB_FULL);
		learned += what == FDB_LEARNED;
		full += what == FDB_FULL;
	}
	assert_true(full >= 100);
	assert_in_range(learned, slots * 978 / 1000, slots); // moving entries one step aside gives
							     // less
	assert_int_equal(fdb_count(f, 1), learned);
	for (uint64_t i = slots + 100; full && i < slots * UINT64_C(100); i++)
		if (fdb_put(f, scattered(i), 2, FDB_STATIC) == -ENOSPC)
			full = 0;
	assert_int_equal(full, 0);
	fdb_flush_port(f, 1);
	fdb_sweep(f, 0, fdb_lines(f), 1, no_aged, NULL);
	assert_int_equal(fdb_count(f, 1), 0);
	assert_int_equal(fdb_seen(f, scattered(0), &who, 0, 1, 0).what, FDB_LEARNED);
	fdb_destroy(f);
}

// An entry lives through the tick that is `aging` after the one it was seen in, and no longer.
static void ages_in_its_tick(void **state)
{
	struct fdb *f;
	struct fdb_learner who = {.port = 1, .learns = true, .limit = 10};
	struct fdb_entry e;

	(void)state;
	assert_int_equal(fdb_create(&f, 10, 0, 7), 0);
	fdb_set_aging(f, 1, 600);
	fdb_seen(f, sequential(0), &who, 0, 100, 0);
	assert_true(fdb_lookup(f, sequential(0), 700, &e));
	assert_false(fdb_lookup(f, sequential(0), 701, &e));
	assert_int_equal(fdb_sweep(f, 0, fdb_lines(f), 700, no_aged, NULL), 701);
	struct fdb_seen_result r = fdb_seen(f, sequential(0), &who, 0, 701, 0);
	assert_int_equal(r.what, FDB_LEARNED);
	assert_true(r.aged);
	fdb_set_aging(f, 1, 0);
	assert_true(fdb_lookup(f, sequential(0), UINT32_MAX - 1, &e));
	fdb_destroy(f);
}

struct hold_step {
	uint64_t ms;
	uint8_t port;
	enum fdb_seen what;
	uint8_t held; // of FDB_FLAP
};

enum { MOVES = 2, HOLD_S = 5 };

// Ports from FIRST_UPLINK on are uplinks.
enum { FIRST_UPLINK = 5, SECOND_UPLINK };

static struct fdb_seen_result seen_at(struct fdb *f, unsigned port, portset homes, uint64_t ns)
{
	portset uplinks = portset_of(FIRST_UPLINK) | portset_of(SECOND_UPLINK);
	struct fdb_learner who = {.port = (uint8_t)port,
				  .learns = true,
				  .move_limit = MOVES,
				  .move_hold_s = HOLD_S,
				  .limit = 10,
				  .uplinks = portset_has(uplinks, port) ? uplinks : 0};

	return fdb_seen(f, sequential(0), &who, homes, (uint32_t)(ns * FDB_TICKS_PER_S / SECOND),
			ns);
}

static void take_steps(const struct hold_step *steps, size_t n, portset homes)
{
	struct fdb *f;

	assert_int_equal(fdb_create(&f, 10, 0, 7), 0);
	for (unsigned port = 1; port <= SECOND_UPLINK; port++)
		fdb_set_home(f, port, HOLD_S, port == 3 ? 0 : 10);
	for (size_t i = 0; i < n; i++) {
		struct fdb_seen_result r = seen_at(f, steps[i].port, homes,
						   steps[i].ms * (SECOND / 1000));
		CHECK(r.what == steps[i].what, "step %zu: %d", i, r.what);
		CHECK(r.what != FDB_FLAP || r.held == steps[i].held, "step %zu: held on %u", i,
		      r.held);
		uint32_t count = 0;
		for (unsigned port = 1; port <= SECOND_UPLINK; port++)
			count += fdb_count(f, port);
		assert_int_equal(count, 1);
	}
	fdb_destroy(f);
}

// Moves are counted within the ten seconds that begin with the first one. A hold ends on time, or
// at a claim after three seconds of silence, and counting starts anew.
static void holds_what_moves_too_often(void **state)
{
	static const struct hold_step steps[] = {
		{0, 1, FDB_LEARNED, 0},       {1000, 2, FDB_HAS_MOVED, 0},
		{2000, 1, FDB_HAS_MOVED, 0},  {11000, 2, FDB_HAS_MOVED, 0}, // ten seconds are over
		{12000, 1, FDB_HAS_MOVED, 0}, {20999, 2, FDB_FLAP, 1}, // the third one within them
		{21000, 2, FDB_HELD, 0},      {21000, 1, FDB_KNOWN, 0},
		{23500, 1, FDB_KNOWN, 0},     {25998, 2, FDB_HELD, 0},
		{25999, 2, FDB_HAS_MOVED, 0}, // its time is over
		{26000, 1, FDB_HAS_MOVED, 0}, {26000, 2, FDB_FLAP, 1},
		{27000, 1, FDB_KNOWN, 0},     {29999, 2, FDB_HELD, 0},
		{30000, 2, FDB_HAS_MOVED, 0}, // it was silent
		{30100, 1, FDB_HAS_MOVED, 0}, {30200, 2, FDB_FLAP, 1},
	};

	(void)state;
	take_steps(steps, COUNT(steps), portset_of(1) | portset_of(2));
}

// The home is the port where the MAC was learned, until it is undisputed elsewhere for the hold
// time.
static void holds_at_home(void **state)
{
	static const struct hold_step steps[] = {
		{0, 1, FDB_LEARNED, 0},
		{1000, 2, FDB_HAS_MOVED, 0},
		{1100, 3, FDB_HAS_MOVED, 0},
		{1200, 2, FDB_FLAP, 1}, // neither where it was nor where the frame came from
		{1300, 2, FDB_HELD, 0},
		{1300, 3, FDB_HELD, 0},
		{1400, 1, FDB_KNOWN, 0},
		{4500, 2, FDB_HAS_MOVED, 0}, // silent
		{4600, 3, FDB_HAS_MOVED, 0},
		{4700, 1, FDB_FLAP, 1}, // the frame comes from its home
		{4800, 3, FDB_HELD, 0},
		{8000, 2, FDB_HAS_MOVED, 0},
		{13000, 1, FDB_HAS_MOVED, 0}, // at home on 2 since 5 s
		{13100, 3, FDB_FLAP, 2},
	};

	(void)state;
	take_steps(steps, COUNT(steps), portset_of(1) | portset_of(2) | portset_of(3));
}

// A home that is down or full is no place to be held.
static void holds_where_it_is(void **state)
{
	static const struct hold_step down[] = {
		{0, 1, FDB_LEARNED, 0}, {1000, 2, FDB_HAS_MOVED, 0}, {1100, 3, FDB_HAS_MOVED, 0},
		{1200, 2, FDB_FLAP, 3}, {1300, 1, FDB_HELD, 0},      {1400, 3, FDB_KNOWN, 0},
	};
	static const struct hold_step full[] = {
		{0, 3, FDB_LEARNED, 0}, {1000, 2, FDB_HAS_MOVED, 0}, {1100, 1, FDB_HAS_MOVED, 0},
		{1200, 2, FDB_FLAP, 1}, {1300, 3, FDB_HELD, 0},      {1400, 1, FDB_KNOWN, 0},
	};

	(void)state;
	take_steps(down, COUNT(down), portset_of(2) | portset_of(3));
	take_steps(full, COUNT(full), portset_of(1) | portset_of(2) | portset_of(3));
}

// The port of a home may have become sticky since. The entry that is held there is dynamic, and
// counts as such: after a flush the port has its room again.
static void holds_at_a_home_that_is_sticky_now(void **state)
{
	struct fdb_learner home = {.port = 1, .learns = true, .move_limit = 1, .limit = 10},
			   away = home;
	struct fdb_entry e;
	struct fdb *f;

	(void)state;
	away.port = 2;
	assert_int_equal(fdb_create(&f, 10, 0, 7), 0);
	fdb_set_home(f, 1, HOLD_S, 10);
	fdb_set_home(f, 2, HOLD_S, 10);
	assert_int_equal(fdb_seen(f, sequential(0), &home, 0, 1, 0).what, FDB_LEARNED);
	assert_int_equal(fdb_seen(f, sequential(0), &away, 0, 1, 0).what, FDB_HAS_MOVED);
	home.sticky = true;
	assert_int_equal(fdb_seen(f, sequential(0), &home, 0, 1, 0).what, FDB_FLAP);
	assert_true(fdb_lookup(f, sequential(0), 1, &e));
	assert_int_equal(e.port, 1);
	assert_int_equal(e.type, FDB_DYNAMIC);
	fdb_flush_port(f, 1);
	assert_int_equal(fdb_count(f, 1), 0);
	assert_int_equal(fdb_count(f, 2), 0);
	fdb_destroy(f);
}

// A frame that comes back by an uplink changes nothing until the MAC is silent for 3 s. It is no
// claim: the hold goes on, and the home is undisputed.
static void frames_come_back(void **state)
{
	enum { UP = FIRST_UPLINK };
	static const struct hold_step steps[] = {
		{0, 1, FDB_LEARNED, 0},       {100, UP, FDB_REFLECTED, 0},
		{1000, 2, FDB_HAS_MOVED, 0},  {1100, UP, FDB_REFLECTED, 0},
		{1200, 1, FDB_HAS_MOVED, 0},  {1300, 2, FDB_FLAP, 1},
		{1400, UP, FDB_REFLECTED, 0}, // held, and no claim
		{1500, 2, FDB_HELD, 0},       {2600, 1, FDB_KNOWN, 0},
		{5499, UP, FDB_REFLECTED, 0}, // heard in the half second that began at 2.5 s
		{5500, UP, FDB_HAS_MOVED, 0}, {5600, SECOND_UPLINK, FDB_HAS_MOVED, 0},
		{5700, 1, FDB_FLAP, 1}, // back at its home
		{5800, UP, FDB_REFLECTED, 0},
	};

	(void)state;
	take_steps(steps, COUNT(steps), ~UINT64_C(0));
}

// A MAC that is at home on an uplink is not reflected. A guest that forges it would else cut its
// station off. Where it is undisputed for the hold time, it is at home.
static void homes_behind_an_uplink(void **state)
{
	enum { UP = FIRST_UPLINK };
	static const struct hold_step steps[] = {
		{0, UP, FDB_LEARNED, 0},
		{100, 1, FDB_HAS_MOVED, 0}, // forged
		{200, UP, FDB_HAS_MOVED, 0},
		{300, 1, FDB_FLAP, UP},
		{400, UP, FDB_KNOWN, 0},
		{500, 1, FDB_HELD, 0},
		{3600, 1, FDB_HAS_MOVED, 0}, // it has migrated
		{8000, 1, FDB_KNOWN, 0},
		{8599, UP, FDB_HAS_MOVED, 0}, // at home on 1 only after 5 s
		{8600, 1, FDB_FLAP, UP},
		{12000, 1, FDB_HAS_MOVED, 0},
		{16900, 1, FDB_KNOWN, 0},
		{17000, UP, FDB_REFLECTED, 0},
		{17000, SECOND_UPLINK, FDB_REFLECTED, 0},
	};

	(void)state;
	take_steps(steps, COUNT(steps), ~UINT64_C(0));
}

// Another port that has the number of a removed one is not the home of its MACs.
static void a_retired_port_is_no_home(void **state)
{
	struct fdb *f;

	(void)state;
	assert_int_equal(fdb_create(&f, 10, 0, 7), 0);
	fdb_set_home(f, 1, HOLD_S, 10);
	fdb_set_home(f, 2, HOLD_S, 10);
	assert_int_equal(seen_at(f, 1, ~UINT64_C(0), 0).what, FDB_LEARNED);
	assert_int_equal(seen_at(f, 2, ~UINT64_C(0), 1).what, FDB_HAS_MOVED);
	assert_int_equal(seen_at(f, 3, ~UINT64_C(0), 2).what, FDB_HAS_MOVED);
	fdb_retire_port(f, 1);
	fdb_set_home(f, 1, HOLD_S, 10);
	assert_int_equal(seen_at(f, 2, ~UINT64_C(0), 3).held, 3);
	fdb_destroy(f);
}

// Flush numbers wrap at 24 bits. Of a table that is swept now and then, only what was flushed is
// gone.
static void more_flushes_than_numbers(void **state)
{
	struct fdb *f;
	struct fdb_learner who[] = {{.port = 1, .learns = true, .limit = 10},
				    {.port = 2, .learns = true, .limit = 10}};
	struct fdb_entry e;

	(void)state;
	assert_int_equal(fdb_create(&f, 20, 0, 7), 0);
	fdb_seen(f, sequential(0), &who[0], 0, 1, 0);
	for (uint32_t i = 1; i <= 1 << 25; i++) {
		fdb_flush_vlan(f, 2);
		if (i % (1 << 20))
			continue;
		fdb_sweep(f, 0, fdb_lines(f), 1, no_aged, NULL);
		CHECK(fdb_lookup(f, sequential(0), 1, &e), "gone after %u flushes of another VLAN",
		      i);
		assert_int_equal(fdb_count(f, 1), 1);
		assert_int_equal(fdb_seen(f, sequential(1), &who[1], 0, 1, 0).what, FDB_LEARNED);
		CHECK(fdb_lookup(f, sequential(1), 1, &e),
		      "not learned after %u flushes of another VLAN", i);
		fdb_flush_port(f, 2);
		CHECK(!fdb_lookup(f, sequential(1), 1, &e), "not flushed after %u flushes", i);
		assert_int_equal(fdb_count(f, 2), 0);
	}
	fdb_destroy(f);
}

// Of two lines every key has both, so that all places can be taken.
static void the_smallest_table(void **state)
{
	struct fdb *f;
	struct fdb_learner who = {.port = 1, .learns = true, .limit = UINT32_MAX};

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		assert_int_equal(fdb_create(&f, 1, 0, seed), 0);
		for (uint32_t i = 0; i < fdb_lines(f) * FDB_WAYS; i++)
			assert_int_equal(fdb_seen(f, scattered(i), &who, 0, 1, 0).what,
					 FDB_LEARNED);
		assert_int_equal(fdb_seen(f, scattered(4711), &who, 0, 1, 0).what, FDB_FULL);
		fdb_destroy(f);
	}
}

enum { ORDERED = 850 };

static bool note_birth(void *arg, const struct fdb_entry *e)
{
	((uint32_t *)arg)[key_mac(e->key) & 0xffff] = e->born;
	return false;
}

// Which of a port's entries is older than which, wherever they were moved to in the table.
static void knows_the_youngest(void **state)
{
	struct fdb *f;
	struct fdb_learner who = {.port = 1, .learns = true, .limit = ORDERED},
			   other = {.port = 2, .learns = true, .limit = 1};
	uint32_t born[ORDERED] = {0};

	(void)state;
	assert_int_equal(fdb_create(&f, 512, 0, 7), 0); // 1024 slots, so that entries are displaced
	for (uint64_t i = 1; i < ORDERED; i++)
		assert_int_equal(fdb_seen(f, sequential(i), &who, 0, 1, 0).what, FDB_LEARNED);
	assert_true(f->displaced);
	assert_int_equal(fdb_seen(f, sequential(5), &who, 0, 2, 0).what, FDB_KNOWN); // no younger
										     // for that
	fdb_walk(f, 0, fdb_lines(f), 1, note_birth, born);
	for (int i = 2; i < ORDERED; i++)
		CHECK(born[i] > born[i - 1], "key %d", i);
	assert_int_equal(fdb_seen(f, sequential(7), &other, 0, 2, 0).what, FDB_HAS_MOVED);
	assert_int_equal(fdb_seen(f, sequential(7), &who, 0, 2, 0).what, FDB_HAS_MOVED); // it came
											 // anew
	fdb_walk(f, 0, fdb_lines(f), 1, note_birth, born);
	assert_true(born[7] > born[ORDERED - 1]);
	fdb_destroy(f);
}

// A walk in the middle of which stations come, and entries make room for them.
struct disturbed {
	struct fdb *f;
	struct fdb_learner who;
	uint64_t next;
	unsigned begins;
	uint8_t seen[ORDERED];
};

static void disturbed_begin(void *arg)
{
	struct disturbed *d = arg;

	d->begins++;
	memset(d->seen, 0, sizeof d->seen);
}

static bool disturbed_visit(void *arg, const struct fdb_entry *e)
{
	struct disturbed *d = arg;
	uint32_t before = d->f->displaced;

	d->seen[key_mac(e->key) & 0xffff]++;
	while (d->begins == 1 && e->port == 1 && d->f->displaced == before && d->next < ORDERED)
		fdb_seen(d->f, sequential(d->next++), &d->who, 0, 1, 0);
	return false;
}

// Each entry is seen once, wherever it was moved to meanwhile.
static void walks_anew(void **state)
{
	struct disturbed d = {.who = {.port = 1, .learns = true, .limit = ORDERED}, .next = 1};

	(void)state;
	assert_int_equal(fdb_create(&d.f, 512, 0, 7), 0); // 1024 slots
	while (d.next < ORDERED / 2)
		fdb_seen(d.f, sequential(d.next++), &d.who, 0, 1, 0);
	assert_false(d.f->displaced);
	fdb_walk_all(d.f, 1, disturbed_begin, disturbed_visit, &d);
	assert_true(d.f->displaced);
	assert_int_equal(d.begins, 2);
	for (uint64_t i = 1; i < d.next; i++)
		CHECK(d.seen[i] == 1, "key %d was seen %d times", (int)i, d.seen[i]);
	fdb_destroy(d.f);
}

static void limits_of_the_table(void **state)
{
	struct fdb *f = NULL;

	(void)state;
	assert_int_equal(fdb_create(&f, 0, 0, 1), -EINVAL);
	assert_int_equal(fdb_create(&f, FDB_CAPACITY_MAX + 1, 0, 1), -EINVAL);
	assert_int_equal(fdb_create(&f, 1, FDB_CAPACITY_MAX + 1, 1), -EINVAL);
	assert_null(f);
	assert_int_equal(fdb_create(&f, FDB_CAPACITY_MAX, 0, 1), 0);
	fdb_destroy(f);
	fdb_destroy(NULL);
	for (int t = 0; t < FDB_TYPES; t++)
		assert_non_null(fdb_type_names[t]);
}

RUN_TESTS(TEST(like_a_naive_table), TEST(a_full_reservation_fits), TEST(crowded_lines),
	  TEST(an_overfull_table), TEST(the_smallest_table), TEST(ages_in_its_tick),
	  TEST(holds_what_moves_too_often), TEST(holds_at_home), TEST(holds_where_it_is),
	  TEST(holds_at_a_home_that_is_sticky_now), TEST(frames_come_back),
	  TEST(homes_behind_an_uplink), TEST(a_retired_port_is_no_home),
	  TEST(more_flushes_than_numbers), TEST(knows_the_youngest), TEST(walks_anew),
	  TEST(limits_of_the_table))
