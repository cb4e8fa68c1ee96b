// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/mdb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

enum {
	MEMBER_TICKS = MDB_MEMBER_S * MDB_TICKS_PER_S,
	QUERIER_TICKS = MDB_QUERIER_S * MDB_TICKS_PER_S,
	LAST_MEMBER_TICKS = MDB_LAST_MEMBER_S * MDB_TICKS_PER_S,
	ANSWER_EXTRA_TICKS = MDB_ANSWER_EXTRA_S * MDB_TICKS_PER_S,
	TICK_MS = 1000 / MDB_TICKS_PER_S,
	AT_ONCE = 32,                  // entries that are handled before the lock is given back
	ASKS_AT_ONCE = 64,             // questions on a port in a sweep
	RESPONSE_MAX_MS = 3600 * 1000, // a forged query must not keep ports open for days
};

// Mapped memory takes room only where it was written to.
static void *map_zeroed(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void unmap(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}

int mdb_create(struct mdb **out, uint64_t seed)
{
	struct mdb *m = calloc(1, sizeof *m);

	if (!m)
		return -ENOMEM;
	m->seed[0] = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	m->seed[1] = (seed ^ UINT64_C(0xd1b54a32d192ed03)) * UINT64_C(0xbf58476d1ce4e5b9) | 1;
	m->due = MDB_NEVER;
	rte_spinlock_init(&m->lock);
	m->entry = map_zeroed(MDB_GROUPS * sizeof *m->entry);
	m->member = map_zeroed(MDB_GROUPS * sizeof *m->member);
	m->chain = map_zeroed(MDB_CHAINS * sizeof *m->chain);
	m->vlan = map_zeroed(VID_SPACE * sizeof *m->vlan);
	if (!m->entry || !m->member || !m->chain || !m->vlan) {
		mdb_destroy(m);
		return -ENOMEM;
	}
	*out = m;
	return 0;
}

void mdb_destroy(struct mdb *m)
{
	if (!m)
		return;
	unmap(m->entry, MDB_GROUPS * sizeof *m->entry);
	unmap(m->member, MDB_GROUPS * sizeof *m->member);
	unmap(m->chain, MDB_CHAINS * sizeof *m->chain);
	unmap(m->vlan, VID_SPACE * sizeof *m->vlan);
	free(m);
}

int mdb_copy(struct mdb **out, struct mdb *m)
{
	struct mdb *copy;
	int rc = mdb_create(&copy, 0);

	if (rc)
		return rc;
	rte_spinlock_lock(&m->lock);
	memcpy(copy->seed, m->seed, sizeof m->seed);
	copy->free = m->free;
	copy->used = m->used;
	STORE(&copy->due, LOAD(&m->due));
	STORE(&copy->groups, LOAD(&m->groups));
	for (unsigned port = 0; port < PORTS_MAX; port++)
		STORE(&copy->count[port], LOAD(&m->count[port]));
	if (m->used) {
		memcpy(copy->entry, m->entry, m->used * sizeof *m->entry);
		memcpy(copy->member, m->member, m->used * sizeof *m->member);
		memcpy(copy->chain, m->chain, MDB_CHAINS * sizeof *m->chain);
	}
	for (unsigned vid = 0; vid < VID_SPACE; vid++) {
		uint64_t word = LOAD(&m->active[vid / 64]);
		STORE(&copy->active[vid / 64], word);
		if (word >> vid % 64 & 1)
			memcpy(&copy->vlan[vid], &m->vlan[vid], sizeof *m->vlan);
	}
	rte_spinlock_unlock(&m->lock);
	*out = copy;
	return 0;
}

static struct mdb_chain *chain_of(const struct mdb *m, uint16_t vid, struct snoop_address a)
{
	unsigned __int128 product = (unsigned __int128)((a.high ^ m->seed[0]) + vid) *
				    ((a.low ^ m->seed[0]) * m->seed[1] | 1);
	uint64_t hash = (uint64_t)product ^ (uint64_t)(product >> 64);

	return &m->chain[(hash ^ hash >> 32) & (MDB_CHAINS - 1)];
}

static bool has_key(const struct mdb_entry *e, uint16_t vid, struct snoop_address a)
{
	return atomic_load_explicit(&e->low, memory_order_acquire) == a.low &&
	       atomic_load_explicit(&e->high, memory_order_acquire) == a.high &&
	       atomic_load_explicit(&e->vid, memory_order_acquire) == vid;
}

// The entry of a group, NULL if there is none. *members: its ports.
static struct mdb_entry *find(const struct mdb *m, uint16_t vid, struct snoop_address a,
			      portset *members)
{
	const struct mdb_chain *c = chain_of(m, vid, a);
	struct mdb_entry *e;
	uint32_t removed;

	do {
		removed = atomic_load_explicit(&c->removed, memory_order_acquire);
		uint32_t i = atomic_load_explicit(&c->first, memory_order_acquire);
		for (e = NULL, *members = 0; i; e = NULL) {
			e = &m->entry[i - 1];
			if (has_key(e, vid, a))
				break;
			// An entry that was removed may be in another chain by now.
			if (atomic_load_explicit(&c->removed, memory_order_acquire) != removed)
				break;
			i = atomic_load_explicit(&e->next, memory_order_acquire);
		}
		if (e)
			*members = atomic_load_explicit(&e->members, memory_order_acquire);
	} while (atomic_load_explicit(&c->removed, memory_order_acquire) != removed);
	return e;
}

portset mdb_members(const struct mdb *m, uint16_t vid, struct snoop_address group)
{
	portset members;

	find(m, vid, group, &members);
	return members;
}

static struct mdb_members *members_of(const struct mdb *m, const struct mdb_entry *e)
{
	return &m->member[e - m->entry];
}

// Notes that something ends in a tick. The caller has the lock.
static void note_due(struct mdb *m, uint32_t tick)
{
	if (tick < LOAD(&m->due))
		STORE(&m->due, tick);
}

static uint32_t after(struct mdb *m, uint32_t tick, uint32_t ticks)
{
	uint32_t until = tick + ticks + 1;

	note_due(m, until);
	return until;
}

static struct mdb_vlan *use_vlan(struct mdb *m, uint16_t vid)
{
	STORE(&m->active[vid / 64], LOAD(&m->active[vid / 64]) | UINT64_C(1) << vid % 64);
	return &m->vlan[vid];
}

// A new entry without members at the beginning of its chain. There always is one, because each port
// that can have a member has room for it.
static struct mdb_entry *add_entry(struct mdb *m, uint16_t vid, struct snoop_address a)
{
	struct mdb_chain *c = chain_of(m, vid, a);
	uint32_t number = m->free ? m->free : m->used < MDB_GROUPS ? ++m->used : 0;

	if (!number)
		return NULL;
	struct mdb_entry *e = &m->entry[number - 1];
	if (m->free)
		m->free = LOAD(&e->next);
	// A lookup that is still here sees that its chain has changed before it sees the key.
	atomic_store_explicit(&e->vid, vid, memory_order_release);
	atomic_store_explicit(&e->high, a.high, memory_order_release);
	atomic_store_explicit(&e->low, a.low, memory_order_release);
	atomic_store_explicit(&e->next, LOAD(&c->first), memory_order_release);
	atomic_store_explicit(&c->first, number, memory_order_release);
	STORE(&m->groups, LOAD(&m->groups) + 1);
	return e;
}

// Takes an entry without members out of its chain.
static void remove_entry(struct mdb *m, struct mdb_entry *e)
{
	struct snoop_address a = {LOAD(&e->high), LOAD(&e->low)};
	struct mdb_chain *c = chain_of(m, (uint16_t)LOAD(&e->vid), a);
	uint32_t number = (uint32_t)(e - m->entry) + 1;
	_Atomic uint32_t *link = &c->first;

	while (LOAD(link) != number)
		link = &m->entry[LOAD(link) - 1].next;
	atomic_store_explicit(link, LOAD(&e->next), memory_order_release);
	atomic_fetch_add(&c->removed, 1);
	atomic_store_explicit(&e->next, m->free, memory_order_release);
	atomic_store_explicit(&e->vid, 0, memory_order_release);
	m->free = number;
	STORE(&m->groups, LOAD(&m->groups) - 1);
}

static struct mdb_membership membership(const struct mdb *m, const struct mdb_entry *e,
					unsigned port)
{
	const struct mdb_members *all = members_of(m, e);

	return (struct mdb_membership){.group = {LOAD(&e->high), LOAD(&e->low)},
				       .vid = (uint16_t)LOAD(&e->vid),
				       .port = (uint8_t)port,
				       .version = LOAD(&all->version[port]),
				       .until = LOAD(&all->until[port])};
}

static void clear_asks(struct mdb_members *all, unsigned port)
{
	for (unsigned i = 0; i < MDB_LAST_MEMBER_ASKS; i++)
		all->asks[i] &= ~portset_of(port);
}

// Ends a membership, and the entry with its last one.
static void end_membership(struct mdb *m, struct mdb_entry *e, unsigned port)
{
	portset left = LOAD(&e->members) & ~portset_of(port);

	clear_asks(members_of(m, e), port);
	atomic_store_explicit(&e->members, left, memory_order_release);
	STORE(&m->count[port], LOAD(&m->count[port]) - 1);
	if (!left)
		remove_entry(m, e);
}

// Whether a join changes nothing. It takes no lock, because a guest that repeats itself makes it
// the usual case.
static bool is_settled(const struct mdb *m, const struct mdb_membership *who, uint32_t limit,
		       uint32_t until, enum mdb_join *result)
{
	const struct mdb_vlan *v = &m->vlan[who->vid];
	portset members;
	const struct mdb_entry *e = find(m, who->vid, who->group, &members);

	if (portset_has(members, who->port)) {
		const struct mdb_members *all = members_of(m, e);
		*result = MDB_KNOWN;
		return LOAD(&all->until[who->port]) == until &&
		       LOAD(&all->version[who->port]) == who->version;
	}
	*result = MDB_STILL_OVER;
	return mdb_count(m, who->port) >= limit && portset_has(LOAD(&v->over), who->port) &&
	       LOAD(&v->over_until[who->port]) == until;
}

static enum mdb_join go_over(struct mdb *m, const struct mdb_membership *who, uint32_t tick)
{
	struct mdb_vlan *v = use_vlan(m, who->vid);
	portset over = LOAD(&v->over);

	STORE(&v->over_until[who->port], after(m, tick, MEMBER_TICKS));
	STORE(&v->over, over | portset_of(who->port));
	return portset_has(over, who->port) ? MDB_STILL_OVER : MDB_OVER;
}

static enum mdb_join join(struct mdb *m, const struct mdb_membership *who, uint32_t limit,
			  uint32_t tick)
{
	portset members;
	struct mdb_entry *e = find(m, who->vid, who->group, &members);
	bool known = portset_has(members, who->port);

	if (!known && LOAD(&m->count[who->port]) >= limit)
		return go_over(m, who, tick);
	if (!e && !(e = add_entry(m, who->vid, who->group)))
		return go_over(m, who, tick);
	struct mdb_members *all = members_of(m, e);
	uint32_t until = after(m, tick, MEMBER_TICKS);
	bool old = who->version == 1 && snoop_family(who->group) == SNOOP_IPV4;
	STORE(&all->until[who->port], until);
	STORE(&all->version[who->port], who->version);
	if (old || !known)
		STORE(&all->old_until[who->port], old ? until : 0);
	clear_asks(all, who->port);
	if (known)
		return MDB_KNOWN;
	atomic_store_explicit(&e->members, members | portset_of(who->port), memory_order_release);
	STORE(&m->count[who->port], LOAD(&m->count[who->port]) + 1);
	return MDB_JOINED;
}

enum mdb_join mdb_join(struct mdb *m, const struct mdb_membership *who, uint32_t limit,
		       uint32_t tick)
{
	enum mdb_join result;

	if (is_settled(m, who, limit, tick + MEMBER_TICKS + 1, &result))
		return result;
	rte_spinlock_lock(&m->lock);
	result = join(m, who, limit, tick);
	rte_spinlock_unlock(&m->lock);
	return result;
}

static bool is_querier(const struct mdb_querier *q, unsigned port)
{
	return q->until && q->port == port;
}

// Lets a membership end early. If the switch is the querier, it asks before.
static void end_early(struct mdb *m, const struct mdb_entry *e, const struct mdb_membership *who,
		      uint32_t tick)
{
	struct mdb_members *all = members_of(m, e);

	if (tick + LAST_MEMBER_TICKS + 1 >= LOAD(&all->until[who->port]) ||
	    tick < LOAD(&all->old_until[who->port]))
		return;
	STORE(&all->until[who->port], after(m, tick, LAST_MEMBER_TICKS));
	if (!is_querier(&m->vlan[who->vid].querier[snoop_family(who->group)], MDB_SELF))
		return;
	for (unsigned i = 0; i < MDB_LAST_MEMBER_ASKS; i++)
		all->asks[i] |= portset_of(who->port);
	note_due(m, tick + 1);
}

bool mdb_leave(struct mdb *m, const struct mdb_membership *who, bool fast, uint32_t tick)
{
	portset members;

	find(m, who->vid, who->group, &members);
	if (!portset_has(members, who->port))
		return false;
	rte_spinlock_lock(&m->lock);
	struct mdb_entry *e = find(m, who->vid, who->group, &members);
	bool there = portset_has(members, who->port);
	if (there && fast)
		end_membership(m, e, who->port);
	else if (there)
		end_early(m, e, who, tick);
	rte_spinlock_unlock(&m->lock);
	return there && fast;
}

static bool is_lower(struct snoop_address a, struct snoop_address b)
{
	return a.high != b.high ? a.high < b.high : a.low < b.low;
}

bool mdb_wins(const struct mdb_query *by, const struct mdb_querier *q)
{
	if (snoop_is_none(by->source) || snoop_is_none(q->source))
		return snoop_is_none(q->source);
	return q->port == MDB_SELF ? is_lower(by->source, q->source)
				   : !is_lower(q->source, by->source);
}

// Elects the sender of a query.
static bool elect(struct mdb *m, struct mdb_querier *q, const struct mdb_query *by, uint32_t tick)
{
	bool alone = !q->until || tick >= q->until, own = by->port == MDB_SELF && !alone,
	     same = !alone && snoop_same(by->source, q->source) && by->port == q->port;

	if (!alone && !same && !(own && q->port == MDB_SELF) && !mdb_wins(by, q))
		return false;
	q->source = by->source;
	q->port = by->port;
	q->version = by->version;
	q->until = after(m, tick, QUERIER_TICKS);
	return !same;
}

// Lets open ports that a query reached have the time for their answers. Hosts answer within the
// shorter one of two times.
static void ask_ports(struct mdb *m, const struct mdb_query *by, uint32_t tick)
{
	struct mdb_vlan *v = &m->vlan[by->vid];
	_Atomic uint32_t *until = v->answers_until[by->family];
	uint32_t ms = by->response_ms < RESPONSE_MAX_MS ? by->response_ms : RESPONSE_MAX_MS;
	uint32_t ticks = (ms + TICK_MS - 1) / TICK_MS + ANSWER_EXTRA_TICKS;
	portset asked = LOAD(&v->asked[by->family]),
		open = by->reached & ~LOAD(&v->closed[by->family]);
	unsigned port;

	PORTSET_FOREACH(port, open)
		if (!portset_has(asked, port) || tick + ticks + 1 < LOAD(&until[port]))
			STORE(&until[port], after(m, tick, ticks));
	STORE(&v->asked[by->family], asked | open);
}

bool mdb_hear_query(struct mdb *m, const struct mdb_query *by, uint32_t tick)
{
	rte_spinlock_lock(&m->lock);
	struct mdb_vlan *v = use_vlan(m, by->vid);
	struct mdb_querier *q = &v->querier[by->family];
	bool changed = elect(m, q, by, tick);
	q->heard = after(m, tick, QUERIER_TICKS);
	ask_ports(m, by, tick);
	rte_spinlock_unlock(&m->lock);
	return changed;
}

static void dismiss(struct mdb_querier *q)
{
	q->until = 0;
	q->source = (struct snoop_address){0};
}

bool mdb_resign(struct mdb *m, uint16_t vid, enum snoop_family f)
{
	struct mdb_querier *q = &m->vlan[vid].querier[f];

	rte_spinlock_lock(&m->lock);
	bool was = is_querier(q, MDB_SELF);
	if (was)
		dismiss(q);
	rte_spinlock_unlock(&m->lock);
	return was;
}

void mdb_wake(struct mdb *m, uint32_t tick)
{
	rte_spinlock_lock(&m->lock);
	note_due(m, tick);
	rte_spinlock_unlock(&m->lock);
}

struct mdb_querier mdb_get_querier(struct mdb *m, uint16_t vid, enum snoop_family f)
{
	rte_spinlock_lock(&m->lock);
	struct mdb_querier q = m->vlan[vid].querier[f];
	rte_spinlock_unlock(&m->lock);
	return q;
}

void mdb_hear_router(struct mdb *m, uint16_t vid, unsigned port, uint32_t tick)
{
	struct mdb_vlan *v = &m->vlan[vid];

	if (portset_has(LOAD(&v->routers), port) &&
	    LOAD(&v->router_until[port]) == tick + QUERIER_TICKS + 1)
		return;
	rte_spinlock_lock(&m->lock);
	use_vlan(m, vid);
	STORE(&v->router_until[port], after(m, tick, QUERIER_TICKS));
	STORE(&v->routers, LOAD(&v->routers) | portset_of(port));
	rte_spinlock_unlock(&m->lock);
}

// Ends the members of a set whose time has come.
static void sweep_set(struct mdb *m, _Atomic portset *set, const _Atomic uint32_t *until,
		      uint32_t tick)
{
	portset all = LOAD(set);
	unsigned port;

	PORTSET_FOREACH(port, all) {
		if (LOAD(&until[port]) > tick)
			note_due(m, LOAD(&until[port]));
		else
			STORE(set, LOAD(set) & ~portset_of(port));
	}
}

// Calls visit() for each entry that has a member. Gives the lock back after some, so that no worker
// waits for a whole table.
typedef void (*entry_fn)(struct mdb *m, struct mdb_entry *e, void *arg);

static void each_entry(struct mdb *m, entry_fn visit, void *arg)
{
	uint32_t i = 0;
	bool more;

	do {
		rte_spinlock_lock(&m->lock);
		for (unsigned n = 0; n < AT_ONCE && i < m->used; n++, i++)
			if (LOAD(&m->entry[i].members))
				visit(m, &m->entry[i], arg);
		more = i < m->used;
		rte_spinlock_unlock(&m->lock);
	} while (more);
}

struct news {
	mdb_news_fn tell;
	void *arg;
};

static void tell_querier(const struct news *t, const struct mdb_querier *q, uint16_t vid)
{
	struct mdb_membership was = {
		.group = q->source, .vid = vid, .port = q->port, .version = q->version};

	t->tell(t->arg, &was, MDB_QUERIER_GONE);
}

static void sweep_querier(struct mdb *m, uint16_t vid, enum snoop_family f, uint32_t tick,
			  const struct news *t)
{
	struct mdb_vlan *v = &m->vlan[vid];
	struct mdb_querier *q = &v->querier[f];
	portset asked = LOAD(&v->asked[f]);

	sweep_set(m, &v->asked[f], v->answers_until[f], tick);
	STORE(&v->closed[f], LOAD(&v->closed[f]) | (asked & ~LOAD(&v->asked[f])));
	if (q->heard && q->heard <= tick) {
		STORE(&v->closed[f], 0);
		STORE(&v->asked[f], 0);
		q->heard = 0;
	}
	if (q->until && q->until <= tick) {
		tell_querier(t, q, vid);
		dismiss(q);
	}
	note_due(m, q->heard ? q->heard : MDB_NEVER);
	note_due(m, q->until ? q->until : MDB_NEVER);
}

static void sweep_vlans(struct mdb *m, uint32_t tick, const struct news *t)
{
	for (unsigned vid = 1; vid <= VID_MAX; vid++) {
		struct mdb_vlan *v = &m->vlan[vid];
		if (!mdb_is_active(m, vid))
			continue;
		sweep_set(m, &v->routers, v->router_until, tick);
		sweep_set(m, &v->over, v->over_until, tick);
		for (int f = 0; f < SNOOP_FAMILIES; f++)
			sweep_querier(m, (uint16_t)vid, (enum snoop_family)f, tick, t);
	}
}

struct sweep {
	uint32_t tick;
	uint16_t asked[PORTS_MAX]; // number of questions
	struct news news;
};

// Has the switch ask for a membership that a leave ends, if it is time. The first question gives
// answers the whole time before the end.
static void sweep_asks(struct mdb *m, const struct mdb_entry *e, unsigned port, struct sweep *s)
{
	struct mdb_members *all = members_of(m, e);
	struct mdb_membership who = membership(m, e, port);
	unsigned i = portset_has(all->asks[0], port) ? 0 : 1;
	uint32_t due = who.until - LAST_MEMBER_TICKS + i * LAST_MEMBER_TICKS / MDB_LAST_MEMBER_ASKS;

	if (!portset_has(all->asks[i], port))
		return;
	if (due > s->tick) {
		note_due(m, due);
		return;
	}
	// Later, because the ring for queries is the same for all ports.
	if (s->asked[port]++ >= ASKS_AT_ONCE) {
		if (!i)
			STORE(&all->until[port], s->tick + LAST_MEMBER_TICKS + 1);
		note_due(m, s->tick + 1);
		return;
	}
	all->asks[i] &= ~portset_of(port);
	if (!i)
		STORE(&all->until[port], s->tick + LAST_MEMBER_TICKS);
	note_due(m, s->tick + LAST_MEMBER_TICKS / MDB_LAST_MEMBER_ASKS);
	s->news.tell(s->news.arg, &who, MDB_ASK);
}

static void sweep_entry(struct mdb *m, struct mdb_entry *e, void *arg)
{
	struct sweep *s = arg;
	portset members = LOAD(&e->members);
	unsigned port;

	PORTSET_FOREACH(port, members) {
		sweep_asks(m, e, port, s);
		struct mdb_membership who = membership(m, e, port);
		if (who.until > s->tick) {
			note_due(m, who.until);
			continue;
		}
		end_membership(m, e, port);
		s->news.tell(s->news.arg, &who, MDB_LEFT);
	}
}

uint32_t mdb_sweep(struct mdb *m, uint32_t tick, mdb_news_fn tell, void *arg)
{
	struct sweep s = {.tick = tick, .news = {tell, arg}};

	if (mdb_due(m) > tick)
		return mdb_due(m);
	rte_spinlock_lock(&m->lock);
	STORE(&m->due, MDB_NEVER);
	sweep_vlans(m, tick, &s.news);
	rte_spinlock_unlock(&m->lock);
	each_entry(m, sweep_entry, &s);
	return mdb_due(m);
}

static bool takes_entry(const struct mdb_filter *f, const struct mdb_entry *e)
{
	return (!f->vid || f->vid == LOAD(&e->vid)) &&
	       (snoop_is_none(f->group) ||
		(f->group.high == LOAD(&e->high) && f->group.low == LOAD(&e->low)));
}

struct walk {
	const struct mdb_filter *filter;
	mdb_visit_fn visit;
	void *arg;
};

static void walk_entry(struct mdb *m, struct mdb_entry *e, void *arg)
{
	const struct walk *w = arg;
	const struct mdb_filter *f = w->filter;
	portset wanted = f->port < 0 ? ~UINT64_C(0) : portset_of((unsigned)f->port),
		members = takes_entry(f, e) ? LOAD(&e->members) & wanted : 0;
	unsigned port;

	PORTSET_FOREACH(port, members) {
		struct mdb_membership who = membership(m, e, port);
		if (w->visit(w->arg, &who))
			end_membership(m, e, port);
	}
}

void mdb_walk(struct mdb *m, const struct mdb_filter *f, mdb_visit_fn visit, void *arg)
{
	struct walk w = {f, visit, arg};

	each_entry(m, walk_entry, &w);
}

portset mdb_in_each_vlan(const void *of, uint16_t vid)
{
	(void)vid;
	return *(const portset *)of;
}

static void clear_ports(_Atomic portset *s, portset ports)
{
	STORE(s, LOAD(s) & ~ports);
}

struct forget {
	mdb_gone_fn gone;
	const void *of;
	struct news news;
};

static void forget_in_vlan(struct mdb *m, uint16_t vid, const struct forget *f)
{
	struct mdb_vlan *v = &m->vlan[vid];
	portset gone = f->gone(f->of, vid);

	clear_ports(&v->routers, gone);
	clear_ports(&v->over, gone);
	for (int family = 0; family < SNOOP_FAMILIES; family++) {
		struct mdb_querier *q = &v->querier[family];
		clear_ports(&v->closed[family], gone);
		clear_ports(&v->asked[family], gone);
		if (!q->until || q->port == MDB_SELF || !portset_has(gone, q->port))
			continue;
		tell_querier(&f->news, q, vid);
		dismiss(q);
		note_due(m, 0); // the switch may take its place
	}
}

static void forget_entry(struct mdb *m, struct mdb_entry *e, void *arg)
{
	const struct forget *f = arg;
	portset gone = LOAD(&e->members) & f->gone(f->of, (uint16_t)LOAD(&e->vid));
	unsigned port;

	PORTSET_FOREACH(port, gone) {
		struct mdb_membership who = membership(m, e, port);
		end_membership(m, e, port);
		f->news.tell(f->news.arg, &who, MDB_LEFT);
	}
}

void mdb_forget(struct mdb *m, mdb_gone_fn gone, const void *of, mdb_news_fn tell, void *arg)
{
	struct forget f = {gone, of, {tell, arg}};

	each_entry(m, forget_entry, &f);
	for (unsigned vid = 1; vid <= VID_MAX; vid++) {
		if (!mdb_is_active(m, vid))
			continue;
		rte_spinlock_lock(&m->lock);
		forget_in_vlan(m, (uint16_t)vid, &f);
		rte_spinlock_unlock(&m->lock);
	}
}
