// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/lease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/key.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)
#define READ(place) atomic_load_explicit(place, memory_order_acquire)
#define WRITE(place, value) atomic_store_explicit(place, value, memory_order_release)

enum { ADDRESS_BITS = 128 };

int lease_create(struct leases **out, uint64_t seed)
{
	struct leases *t = calloc(1, sizeof *t);

	if (!t)
		return -ENOMEM;
	t->seed = (seed ^ UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd1b54a32d192ed03) | 1;
	t->due = LEASE_NEVER;
	rte_spinlock_init(&t->lock);
	*out = t;
	return 0;
}

void lease_destroy(struct leases *t)
{
	free(t);
}

int lease_copy(struct leases **out, struct leases *t)
{
	struct leases *copy = malloc(sizeof *copy);

	if (!copy)
		return -ENOMEM;
	rte_spinlock_lock(&t->lock);
	memcpy(copy, t, sizeof *copy);
	rte_spinlock_unlock(&t->lock);
	rte_spinlock_init(&copy->lock);
	*out = copy;
	return 0;
}

static uint32_t hash(const struct leases *t, uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)(a ^ t->seed) * (t->seed + 2 * b);
	uint64_t mixed = ((uint64_t)product ^ (uint64_t)(product >> 64)) * t->seed;

	return (uint32_t)(mixed >> 32) & (LEASE_CHAINS - 1);
}

static uint32_t mac_chain(const struct leases *t, uint64_t key)
{
	return hash(t, key, 0);
}

static uint32_t ip_chain(const struct leases *t, uint16_t vid, struct ip_address ip)
{
	return hash(t, ip.high + vid, ip.low);
}

// The first half of a mask of `bits` bits.
static uint64_t high_mask(unsigned bits)
{
	return bits >= 64 ? UINT64_MAX : bits ? ~(UINT64_MAX >> bits) : 0;
}

static uint64_t low_mask(unsigned bits)
{
	return bits > 64 ? high_mask(bits - 64) : 0;
}

static bool covers(const struct lease_entry *e, struct ip_address ip)
{
	unsigned bits = READ(&e->bits);

	return (ip.high & high_mask(bits)) == READ(&e->high) &&
	       (ip.low & low_mask(bits)) == READ(&e->low);
}

static bool has_ip(const struct lease_entry *e, struct ip_address ip)
{
	return READ(&e->bits) == ADDRESS_BITS && READ(&e->high) == ip.high &&
	       READ(&e->low) == ip.low;
}

// Waits until the table is not being changed.
static uint32_t begin_lookup(const struct leases *t)
{
	uint32_t version;

	while ((version = READ(&t->version)) % 2)
		rte_pause();
	return version;
}

static bool changed_since(const struct leases *t, uint32_t version)
{
	return READ(&t->version) != version;
}

// Whether a station has a lease that covers an address. NULL: any lease.
static bool holds(const struct leases *t, uint64_t key, const struct ip_address *ip)
{
	uint32_t version, i;
	bool found;

	do {
		version = begin_lookup(t);
		found = false;
		// The end of a chain that changes meanwhile may not be found.
		for (i = READ(&t->of_mac[mac_chain(t, key)]);
		     i && !found && !changed_since(t, version);
		     i = READ(&t->entry[i - 1].next_of_mac)) {
			const struct lease_entry *e = &t->entry[i - 1];
			found = READ(&e->key) == key && (!ip || covers(e, *ip));
		}
	} while (changed_since(t, version));
	return found;
}

bool lease_holds(const struct leases *t, uint64_t key, struct ip_address ip)
{
	return holds(t, key, &ip);
}

bool lease_is_holder(const struct leases *t, uint64_t key)
{
	return holds(t, key, NULL);
}

// The entry of an address in a VLAN, 0 if there is none. The caller has the lock, or looks at the
// version.
static uint32_t find_ip(const struct leases *t, uint16_t vid, struct ip_address ip,
			uint32_t version)
{
	uint32_t i = READ(&t->of_ip[ip_chain(t, vid, ip)]);

	while (i && !changed_since(t, version)) {
		const struct lease_entry *e = &t->entry[i - 1];
		if (has_ip(e, ip) && key_vid(READ(&e->key)) == vid)
			return i;
		i = READ(&e->next_of_ip);
	}
	return 0;
}

uint64_t lease_owner(const struct leases *t, uint16_t vid, struct ip_address ip, uint8_t *port)
{
	uint32_t version, i;
	uint64_t key;

	do {
		version = begin_lookup(t);
		i = find_ip(t, vid, ip, version);
		key = i ? READ(&t->entry[i - 1].key) : 0;
		*port = i ? (uint8_t)READ(&t->entry[i - 1].port) : 0;
	} while (changed_since(t, version));
	return key;
}

uint32_t lease_until(uint32_t tick, uint32_t seconds)
{
	uint64_t until = tick + (uint64_t)seconds * LEASE_TICKS_PER_S + 1;

	return until < LEASE_NEVER ? (uint32_t)until : LEASE_NEVER;
}

static bool is_same(const struct lease_request *a, const struct lease_request *b, uint32_t tick)
{
	return a->until > tick && a->transaction == b->transaction && a->key == b->key &&
	       a->ipv6 == b->ipv6;
}

// The remembered request of the same transaction, NULL if there is none.
static struct lease_request *find_request(struct leases *t, const struct lease_request *r,
					  uint32_t tick)
{
	for (unsigned port = 0; port < PORTS_MAX; port++)
		for (unsigned i = 0; i < RTE_MIN(t->next_request[port], LEASE_REQUESTS); i++)
			if (is_same(&t->request[port][i], r, tick))
				return &t->request[port][i];
	return NULL;
}

void lease_ask(struct leases *t, const struct lease_request *r, uint32_t tick)
{
	rte_spinlock_lock(&t->lock);
	struct lease_request *to = find_request(t, r, tick);
	if (!to)
		to = &t->request[r->port][t->next_request[r->port]++ % LEASE_REQUESTS];
	else if (to->port != r->port)
		to = NULL;
	if (to) {
		*to = *r;
		to->until = lease_until(tick, LEASE_REQUEST_S);
	}
	rte_spinlock_unlock(&t->lock);
}

bool lease_asked(struct leases *t, const struct lease_request *wanted, uint32_t tick,
		 struct lease_request *found)
{
	rte_spinlock_lock(&t->lock);
	const struct lease_request *r = find_request(t, wanted, tick);
	if (r)
		*found = *r;
	rte_spinlock_unlock(&t->lock);
	return r;
}

// Lookups that run meanwhile begin anew. The caller has the lock.
static void begin_change(struct leases *t)
{
	STORE(&t->version, LOAD(&t->version) + 1);
}

static void end_change(struct leases *t)
{
	WRITE(&t->version, LOAD(&t->version) + 1);
}

static struct lease read_entry(const struct lease_entry *e)
{
	return (struct lease){
		.key = LOAD(&e->key),
		.ip = {LOAD(&e->high), LOAD(&e->low)},
		.client = e->client,
		.until = e->until,
		.bits = (uint8_t)LOAD(&e->bits),
		.port = (uint8_t)LOAD(&e->port),
	};
}

static void note_due(struct leases *t, uint32_t until)
{
	if (until < LOAD(&t->due))
		STORE(&t->due, until);
}

static void put_first(_Atomic uint32_t *chain, _Atomic uint32_t *next, uint32_t number)
{
	WRITE(next, LOAD(chain));
	WRITE(chain, number);
}

static void count_lease(struct leases *t, unsigned port, int by)
{
	STORE(&t->count[port], LOAD(&t->count[port]) + (uint32_t)by);
}

// Fills a free entry. There always is one, because each port that has room for a lease has one.
static void insert(struct leases *t, const struct lease *l)
{
	uint32_t i = 0;

	while (i < t->used && LOAD(&t->entry[i].key))
		i++;
	t->used = RTE_MAX(t->used, i + 1);
	struct lease_entry *e = &t->entry[i];
	begin_change(t);
	WRITE(&e->key, l->key);
	WRITE(&e->high, l->ip.high);
	WRITE(&e->low, l->ip.low);
	WRITE(&e->bits, l->bits);
	WRITE(&e->port, l->port);
	e->until = l->until;
	e->client = l->client;
	put_first(&t->of_mac[mac_chain(t, l->key)], &e->next_of_mac, i + 1);
	put_first(&t->of_ip[ip_chain(t, key_vid(l->key), l->ip)], &e->next_of_ip, i + 1);
	end_change(t);
	count_lease(t, l->port, 1);
	note_due(t, l->until);
}

static void unlink_of_mac(struct leases *t, _Atomic uint32_t *link, uint32_t number)
{
	while (LOAD(link) != number)
		link = &t->entry[LOAD(link) - 1].next_of_mac;
	WRITE(link, LOAD(&t->entry[number - 1].next_of_mac));
}

static void unlink_of_ip(struct leases *t, _Atomic uint32_t *link, uint32_t number)
{
	while (LOAD(link) != number)
		link = &t->entry[LOAD(link) - 1].next_of_ip;
	WRITE(link, LOAD(&t->entry[number - 1].next_of_ip));
}

static void erase(struct leases *t, struct lease_entry *e)
{
	uint32_t number = (uint32_t)(e - t->entry) + 1;
	struct lease l = read_entry(e);

	begin_change(t);
	unlink_of_mac(t, &t->of_mac[mac_chain(t, l.key)], number);
	unlink_of_ip(t, &t->of_ip[ip_chain(t, key_vid(l.key), l.ip)], number);
	WRITE(&e->key, 0);
	end_change(t);
	count_lease(t, l.port, -1);
}

static void change_port(struct leases *t, struct lease_entry *e, unsigned port)
{
	count_lease(t, LOAD(&e->port), -1);
	count_lease(t, port, 1);
	begin_change(t);
	WRITE(&e->port, port);
	end_change(t);
}

static bool has_room(const struct leases *t, unsigned port)
{
	return LOAD(&t->count[port]) < LEASE_PORT_MAX;
}

// The entry of an address or prefix in a VLAN, NULL if there is none.
static struct lease_entry *find_entry(struct leases *t, const struct lease *l)
{
	uint32_t i = LOAD(&t->of_ip[ip_chain(t, key_vid(l->key), l->ip)]);

	for (; i; i = LOAD(&t->entry[i - 1].next_of_ip)) {
		struct lease_entry *e = &t->entry[i - 1];
		if (LOAD(&e->bits) == l->bits && LOAD(&e->high) == l->ip.high &&
		    LOAD(&e->low) == l->ip.low && key_vid(LOAD(&e->key)) == key_vid(l->key))
			return e;
	}
	return NULL;
}

static enum lease_grant renew(struct leases *t, struct lease_entry *e, const struct lease *l,
			      bool moves)
{
	if (LOAD(&e->key) != l->key)
		return LEASE_TAKEN;
	e->until = l->until;
	e->client = l->client;
	note_due(t, l->until);
	if (moves && LOAD(&e->port) != l->port && has_room(t, l->port))
		change_port(t, e, l->port);
	return LEASE_RENEWED;
}

static enum lease_grant add(struct leases *t, const struct lease *l, bool moves)
{
	struct lease_entry *e = find_entry(t, l);

	if (e)
		return renew(t, e, l, moves);
	if (!has_room(t, l->port))
		return LEASE_LIMIT;
	insert(t, l);
	return LEASE_GRANTED;
}

enum lease_grant lease_add(struct leases *t, const struct lease *l, bool moves)
{
	struct lease whole = *l;

	whole.ip.high &= high_mask(l->bits);
	whole.ip.low &= low_mask(l->bits);
	rte_spinlock_lock(&t->lock);
	enum lease_grant what = add(t, &whole, moves);
	rte_spinlock_unlock(&t->lock);
	return what;
}

uint32_t lease_remove(struct leases *t, lease_select_fn wanted, lease_tell_fn tell, void *arg,
		      enum lease_end why)
{
	uint32_t removed = 0;

	rte_spinlock_lock(&t->lock);
	for (uint32_t i = 0; i < t->used; i++) {
		struct lease l = read_entry(&t->entry[i]);
		if (!l.key || !wanted(arg, &l))
			continue;
		erase(t, &t->entry[i]);
		tell(arg, &l, why);
		removed++;
	}
	rte_spinlock_unlock(&t->lock);
	return removed;
}

uint32_t lease_sweep(struct leases *t, uint32_t tick, lease_tell_fn tell, void *arg)
{
	uint32_t due = LEASE_NEVER;

	if (lease_due(t) > tick)
		return lease_due(t);
	rte_spinlock_lock(&t->lock);
	for (uint32_t i = 0; i < t->used; i++) {
		struct lease l = read_entry(&t->entry[i]);
		if (l.key && l.until <= tick) {
			erase(t, &t->entry[i]);
			tell(arg, &l, LEASE_EXPIRED);
		} else if (l.key) {
			due = RTE_MIN(due, l.until);
		}
	}
	STORE(&t->due, due);
	rte_spinlock_unlock(&t->lock);
	return due;
}

// Gives an entry to the port that it belongs to. False: it has to end.
static bool settle(struct leases *t, struct lease_entry *e, unsigned from, int to)
{
	if (to < 0 || ((unsigned)to != from && !has_room(t, (unsigned)to)))
		return false;
	if ((unsigned)to != from)
		change_port(t, e, (unsigned)to);
	return true;
}

void lease_replace(struct leases *t, portset gone, lease_place_fn place, lease_tell_fn tell,
		   void *arg)
{
	unsigned port;

	rte_spinlock_lock(&t->lock);
	for (uint32_t i = 0; i < t->used; i++) {
		struct lease l = read_entry(&t->entry[i]);
		if (!l.key || settle(t, &t->entry[i], l.port, place(arg, &l)))
			continue;
		erase(t, &t->entry[i]);
		tell(arg, &l, LEASE_PORT);
	}
	PORTSET_FOREACH(port, gone)
		t->next_request[port] = 0;
	rte_spinlock_unlock(&t->lock);
}

void lease_walk(struct leases *t, lease_visit_fn visit, void *arg)
{
	rte_spinlock_lock(&t->lock);
	for (uint32_t i = 0; i < t->used; i++) {
		struct lease l = read_entry(&t->entry[i]);
		if (l.key)
			visit(arg, &l);
	}
	rte_spinlock_unlock(&t->lock);
}
