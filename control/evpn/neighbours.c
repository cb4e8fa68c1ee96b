// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE // twalk_r()
#include "control/evpn/neighbours.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "control/evpn/mirror.h"
#include "control/evpn/neighbours_private.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"

struct neighbours *neighbours_create(const struct fabric_host *host, struct rtnl *writer,
				     struct mirror *mirror)
{
	struct neighbours *n = calloc(1, sizeof *n);

	if (!n)
		return NULL;
	n->host = *host;
	n->writer = writer;
	n->mirror = mirror;
	TAILQ_INIT(&n->changed);
	TAILQ_INIT(&n->writing);
	TAILQ_INIT(&n->resting);
	TAILQ_INIT(&n->leaving);
	TAILQ_INIT(&n->claiming);
	return n;
}

// The notes of addresses.

static int compare_ips(const struct ip_address *a, const struct ip_address *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return a->low < b->low ? -1 : a->low > b->low;
}

static int compare_notes(const void *a, const void *b)
{
	const struct note *x = a, *y = b;

	return x->vid != y->vid ? x->vid - y->vid : compare_ips(&x->ip, &y->ip);
}

static struct note *find_note(const struct neighbours *n, uint16_t vid, struct ip_address ip)
{
	struct note wanted = {.vid = vid, .ip = ip};
	void *found = tfind(&wanted, &n->notes, compare_notes);

	return found ? *(struct note **)found : NULL;
}

// The note of an address, made if there is none. NULL: no memory.
static struct note *get_note(struct neighbours *n, uint16_t vid, struct ip_address ip)
{
	struct note *c = find_note(n, vid, ip);

	if (c)
		return c;
	c = calloc(1, sizeof *c);
	if (c)
		*c = (struct note){.vid = vid, .ip = ip};
	if (c && !tsearch(c, &n->notes, compare_notes)) {
		free(c);
		c = NULL;
	}
	n->refused += !c;
	return c;
}

// Forgets a note that says nothing.
static void tidy(struct neighbours *n, struct note *c)
{
	if (c->row || c->wanted || c->placed || c->in_changed || c->in_writing || c->in_resting ||
	    c->in_leaving || c->in_claiming)
		return;
	tdelete(c, &n->notes, compare_notes);
	free(c);
}

static void queue_changed(struct neighbours *n, struct note *c)
{
	if (!c->in_changed)
		TAILQ_INSERT_TAIL(&n->changed, c, changed);
	c->in_changed = true;
}

static void queue_writing(struct neighbours *n, struct note *c)
{
	if (!c->in_writing)
		TAILQ_INSERT_TAIL(&n->writing, c, writing);
	c->in_writing = true;
}

// Forgets the MAC of an address that was withdrawn.
static void stop_leaving(struct neighbours *n, struct note *c)
{
	if (!c->in_leaving)
		return;
	TAILQ_REMOVE(&n->leaving, c, leaving);
	c->in_leaving = false;
	n->leavers--;
	c->last = c->row;
	if (!c->row && c->in_resting) {
		TAILQ_REMOVE(&n->resting, c, resting);
		c->in_resting = false;
	}
}

// Remembers the MAC of an address that was withdrawn for as long as a contest lasts. The oldest one
// is forgotten for it, if there are too many.
static void queue_leaving(struct neighbours *n, struct note *c, uint64_t now_ms)
{
	struct note *oldest;

	if (c->in_leaving)
		TAILQ_REMOVE(&n->leaving, c, leaving);
	n->leavers += !c->in_leaving;
	TAILQ_INSERT_TAIL(&n->leaving, c, leaving);
	c->in_leaving = true;
	c->leave_ms = now_ms + NEIGHBOURS_CONTEST_MS;
	if (n->leavers <= NEIGHBOURS_LEFT_MAX)
		return;
	oldest = TAILQ_FIRST(&n->leaving);
	stop_leaving(n, oldest);
	queue_changed(n, oldest);
}

static void queue_resting(struct neighbours *n, struct note *c, uint64_t now_ms)
{
	if (c->in_resting)
		TAILQ_REMOVE(&n->resting, c, resting);
	TAILQ_INSERT_TAIL(&n->resting, c, resting);
	c->in_resting = true;
	c->rest_ms = now_ms + NEIGHBOURS_CONTEST_MS;
}

static void queue_claiming(struct neighbours *n, struct note *c, uint64_t now_ms)
{
	if (c->in_claiming)
		return;
	TAILQ_INSERT_TAIL(&n->claiming, c, claiming);
	c->in_claiming = true;
	c->claim_ms = now_ms + NEIGHBOURS_CLAIM_MS;
}

static void stop_claiming(struct neighbours *n, struct note *c)
{
	if (c->in_claiming)
		TAILQ_REMOVE(&n->claiming, c, claiming);
	c->in_claiming = false;
	c->claim_ms = 0;
}

static void unqueue(struct neighbours *n, struct note *c)
{
	if (c->in_changed)
		TAILQ_REMOVE(&n->changed, c, changed);
	if (c->in_writing)
		TAILQ_REMOVE(&n->writing, c, writing);
	if (c->in_resting)
		TAILQ_REMOVE(&n->resting, c, resting);
	c->in_changed = c->in_writing = c->in_resting = false;
	stop_leaving(n, c);
	stop_claiming(n, c);
}

struct walk {
	void (*each)(struct neighbours *n, struct note *c);
	struct neighbours *n;
};

static void walk_node(const void *node, VISIT which, void *walk)
{
	const struct walk *w = walk;

	if (which == postorder || which == leaf)
		w->each(w->n, *(struct note *const *)node);
}

// Calls each() for all notes. It may queue them, and must not free them.
static void each_note(struct neighbours *n, void (*each)(struct neighbours *n, struct note *c))
{
	struct walk w = {each, n};

	twalk_r(n->notes, walk_node, &w);
}

// VNIs and their bridges.

static int compare_vids(const void *a, const void *b)
{
	return ((const struct bridge *)a)->vid - ((const struct bridge *)b)->vid;
}

static struct bridge *find_bridge(const struct neighbours *n, uint16_t vid)
{
	struct bridge wanted = {.vid = vid};

	return n->bridges ? bsearch(&wanted, n->bridge, n->bridges, sizeof wanted, compare_vids)
			  : NULL;
}

static int compare_indexes(const void *a, const void *b)
{
	return ((const struct bridge *)a)->index - ((const struct bridge *)b)->index;
}

static uint16_t vid_of_interface(const struct neighbours *n, int index)
{
	struct bridge wanted = {.index = index}, *found;

	if (!index || !n->bridges)
		return 0;
	found = bsearch(&wanted, n->by_index, n->bridges, sizeof wanted, compare_indexes);
	return found ? found->vid : 0;
}

static void index_bridges(struct neighbours *n)
{
	if (!n->bridges)
		return;
	memcpy(n->by_index, n->bridge, n->bridges * sizeof *n->bridge);
	qsort(n->by_index, n->bridges, sizeof *n->by_index, compare_indexes);
}

static struct bridge *add_bridge(struct neighbours *n, uint16_t vid)
{
	size_t size = (n->bridges + 1) * sizeof *n->bridge;
	struct bridge *more = realloc(n->bridge, size);

	n->bridge = more ? more : n->bridge;
	struct bridge *also = more ? realloc(n->by_index, size) : NULL;
	n->by_index = also ? also : n->by_index;
	if (!also)
		return NULL;
	n->bridge[n->bridges++] = (struct bridge){.vid = vid};
	qsort(n->bridge, n->bridges, sizeof *n->bridge, compare_vids);
	return find_bridge(n, vid);
}

bool neighbours_set_vni(struct neighbours *n, uint16_t vid, int bridge)
{
	struct bridge *b = find_bridge(n, vid);

	if (!b && !(b = add_bridge(n, vid)))
		return false;
	b->index = bridge;
	index_bridges(n);
	neighbours_compare(n, true);
	return true;
}

// Rows of the kernel.

// Notes the MAC of an address, and whether another one had it a moment ago.
static void set_row(struct neighbours *n, struct note *c, uint64_t mac, bool external,
		    uint64_t now_ms)
{
	bool was_ours = c->row && !c->external;

	if (mac && external && c->last && c->last != mac) {
		c->contested_ms = now_ms + NEIGHBOURS_CONTEST_MS;
		queue_resting(n, c, now_ms);
	}
	if (!mac && c->row)
		queue_leaving(n, c, now_ms);
	if (mac && external && was_ours && c->wanted)
		queue_claiming(n, c, now_ms);
	c->row = mac;
	c->external = external;
	c->last = mac ? mac : c->last;
	c->seen = mac;
}

void neighbours_take(struct neighbours *n, const struct neighbours_row *r, uint64_t now_ms)
{
	uint16_t vid = vid_of_interface(n, r->interface);
	uint64_t mac = r->gone ? 0 : r->mac;

	// The kernel has rows of its own for groups.
	if (!vid || (mac_is_group(mac) && !r->external))
		return;
	struct note *c = mac ? get_note(n, vid, r->ip) : find_note(n, vid, r->ip);
	if (!c)
		return;
	set_row(n, c, mac, r->external, now_ms);
	queue_changed(n, c);
}

static void forget_seen(struct neighbours *n, struct note *c)
{
	(void)n;
	c->seen = false;
}

void neighbours_dump_begin(struct neighbours *n)
{
	each_note(n, forget_seen);
}

static void drop_unseen(struct neighbours *n, struct note *c)
{
	if (c->row && !c->seen)
		set_row(n, c, 0, false, n->dump_ms);
	c->failed = false;
	queue_changed(n, c);
}

void neighbours_dump_end(struct neighbours *n, uint64_t now_ms)
{
	n->dump_ms = now_ms;
	each_note(n, drop_unseen);
	neighbours_compare(n, true);
}

static void drop_external(struct neighbours *n, struct note *c)
{
	if (c->row && c->external)
		neighbours_write_row(n, c, c->row, true);
}

void neighbours_drop_external(struct neighbours *n)
{
	each_note(n, drop_external);
}

// Who owns what.

static int compare_owners(const void *a, const void *b)
{
	const struct bound *x = a, *y = b;

	if (x->mac != y->mac)
		return x->mac < y->mac ? -1 : 1;
	return x->vid != y->vid ? x->vid - y->vid : compare_ips(&x->ip, &y->ip);
}

static void collect_owner(void *neighbours, uint16_t vid, uint64_t mac, struct ip_address ip)
{
	struct neighbours *n = neighbours;

	if (n->collected == n->room) {
		size_t room = n->room ? 2 * n->room : 64;
		struct bound *more = realloc(n->collecting, room * sizeof *more);
		n->refused += !more;
		if (!more)
			return;
		n->collecting = more;
		n->room = room;
	}
	n->collecting[n->collected++] = (struct bound){.mac = mac, .vid = vid, .ip = ip};
}

static bool is_local(const struct neighbours *n, uint64_t key)
{
	struct host_entry e = {0};

	n->host.find(n->host.arg, key, &e);
	return e.where == HOST_LOCAL;
}

// Queues an address of an owner in a VLAN, if there is something to say of it.
static void queue_owned(struct neighbours *n, uint16_t vid, const struct bound *o)
{
	struct note *c = find_note(n, vid, o->ip);

	if (!c && is_local(n, key_make(vid, o->mac)))
		c = get_note(n, vid, o->ip);
	if (!c)
		return;
	c->failed = false;
	queue_changed(n, c);
}

static void queue_owner(struct neighbours *n, const struct bound *o)
{
	n->looks += o->vid ? 1 : n->bridges;
	for (size_t i = 0; !o->vid && i < n->bridges; i++)
		queue_owned(n, n->bridge[i].vid, o);
	if (o->vid && find_bridge(n, o->vid))
		queue_owned(n, o->vid, o);
}

// Queues the owners that are in one of two sorted lists only.
static void queue_differing(struct neighbours *n, const struct bound *a, size_t as,
			    const struct bound *b, size_t bs)
{
	for (size_t i = 0, k = 0; i < as || k < bs;) {
		int order = i == as ? 1 : k == bs ? -1 : compare_owners(&a[i], &b[k]);
		if (order)
			queue_owner(n, order < 0 ? &a[i] : &b[k]);
		i += order <= 0;
		k += order >= 0;
	}
}

// Lists the owners, and queues those that are new or gone.
static void list_owners(struct neighbours *n)
{
	struct bound *former = n->bound;
	size_t formers = n->bounds;

	n->collecting = NULL;
	n->collected = n->room = 0;
	n->host.walk_owners(n->host.arg, collect_owner, n);
	if (n->collected)
		qsort(n->collecting, n->collected, sizeof *n->collecting, compare_owners);
	n->bound = n->collecting;
	n->bounds = n->collected;
	queue_differing(n, former, formers, n->bound, n->bounds);
	free(former);
}

static void compare_all(struct neighbours *n, uint64_t now_ms)
{
	n->compare = false;
	n->compared_ms = now_ms;
	n->looks = 0;
	list_owners(n);
	if (n->all)
		each_note(n, queue_changed);
	for (size_t i = 0; n->all && i < n->bounds; i++)
		queue_owner(n, &n->bound[i]);
	n->all = false;
}

void neighbours_compare(struct neighbours *n, bool all)
{
	n->compare = true;
	n->all |= all;
}

void neighbours_touch(struct neighbours *n, uint64_t key)
{
	uint64_t mac = key_mac(key);
	size_t low = 0, high = n->bounds;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (n->bound[middle].mac < mac)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n->bounds && n->bound[low].mac == mac; low++)
		if ((!n->bound[low].vid || n->bound[low].vid == key_vid(key)) &&
		    find_bridge(n, key_vid(key)))
			queue_owned(n, key_vid(key), &n->bound[low]);
}

// Limits.

static void release(struct neighbours *n, struct note *c)
{
	if (!c->wanted)
		return;
	n->rows--;
	n->port_rows[c->port]--;
	c->wanted = 0;
	// Another one may have waited for its place.
	if (n->limited)
		n->retry_ms = n->retry_ms ? n->retry_ms : n->now_ms + NEIGHBOURS_RETRY_MS;
}

// A limit is told when it is met first.
static void meet_limit(struct neighbours *n, uint64_t *met, unsigned port)
{
	uint64_t bit = UINT64_C(1) << (port % PORTS_MAX);

	n->refused++;
	if (!(*met & bit))
		n->host.tell(n->host.arg, HOST_NEIGHBOUR_LIMIT, 0, port);
	*met |= bit;
}

// Sets what is to be advertised for an address.
static void want(struct neighbours *n, struct note *c, uint64_t mac, unsigned port)
{
	if (c->wanted == mac && (!mac || c->port == port))
		return;
	stop_claiming(n, c);
	release(n, c);
	if (!mac)
		return;
	if (n->rows == NEIGHBOURS_MAX || n->port_rows[port] == NEIGHBOURS_PORT_MAX) {
		meet_limit(n, &n->limited, port);
		return;
	}
	n->rows++;
	n->port_rows[port]++;
	c->wanted = mac;
	c->port = (uint8_t)port;
}

// Changes.

// Brings the row of the kernel up to what is wanted. False: the rate does not allow it now.
static bool put_out(struct neighbours *n, struct note *c, uint64_t now_ms)
{
	bool ours = c->row && !c->external, is_wanted = ours && c->row == c->wanted;

	if (is_wanted || (!c->wanted && !ours) || c->failed ||
	    (c->wanted && c->external && c->row && now_ms < c->claim_ms))
		return true;
	if (!mirror_may_write(n->mirror))
		return false;
	c->failed = !neighbours_write_row(n, c, c->wanted ? c->wanted : c->row, !c->wanted);
	if (!c->failed)
		set_row(n, c, c->wanted, false, now_ms);
	return true;
}

// Tells the switch of an address at another machine.
static void put_in(struct neighbours *n, struct note *c, uint64_t now_ms)
{
	bool known = c->row && !mac_is_group(c->row) && c->external && !c->wanted &&
		     now_ms >= c->contested_ms;
	uint64_t mac = known ? c->row : 0;

	if (mac == c->placed)
		return;
	if (!n->host.place_ip(n->host.arg, c->vid, c->ip, mac)) {
		n->placed += !!mac - !!c->placed;
		c->placed = mac;
		if (!mac && n->full && !n->retry_ms)
			n->retry_ms = now_ms + NEIGHBOURS_RETRY_MS;
		return;
	}
	meet_limit(n, &n->full, HOST_NO_PORT);
}

static bool apply(struct neighbours *n, struct note *c, uint64_t now_ms)
{
	const struct bridge *b = find_bridge(n, c->vid);
	unsigned port = 0;
	uint64_t mac = b && b->index ? n->host.owner(n->host.arg, c->vid, c->ip, &port) : 0;

	want(n, c, mac, port);
	put_in(n, c, now_ms);
	return put_out(n, c, now_ms);
}

// Those that have waited.
static void queue_due(struct neighbours *n, uint64_t now_ms)
{
	struct note *c;

	while ((c = TAILQ_FIRST(&n->resting)) && c->rest_ms <= now_ms) {
		TAILQ_REMOVE(&n->resting, c, resting);
		c->in_resting = false;
		queue_changed(n, c);
	}
	while ((c = TAILQ_FIRST(&n->leaving)) && c->leave_ms <= now_ms) {
		stop_leaving(n, c);
		queue_changed(n, c);
	}
	while ((c = TAILQ_FIRST(&n->claiming)) && c->claim_ms <= now_ms) {
		TAILQ_REMOVE(&n->claiming, c, claiming);
		c->in_claiming = false;
		queue_changed(n, c);
	}
	if (n->retry_ms && n->retry_ms <= now_ms) {
		n->retry_ms = n->limited = n->full = 0;
		neighbours_compare(n, true);
	}
}

// What other machines tell is taken, however many rows of ours wait.
static void apply_changed(struct neighbours *n, uint64_t now_ms)
{
	struct note *c;

	while ((c = TAILQ_FIRST(&n->changed))) {
		TAILQ_REMOVE(&n->changed, c, changed);
		c->in_changed = false;
		if (!apply(n, c, now_ms))
			queue_writing(n, c);
		tidy(n, c);
	}
}

// Writes the rows that have waited longest.
static void write_waiting(struct neighbours *n, uint64_t now_ms)
{
	struct note *c;

	while ((c = TAILQ_FIRST(&n->writing)) && apply(n, c, now_ms)) {
		TAILQ_REMOVE(&n->writing, c, writing);
		c->in_writing = false;
		tidy(n, c);
	}
}

// When the next comparison may be made.
static uint64_t next_compare_ms(const struct neighbours *n)
{
	return n->compared_ms + NEIGHBOURS_COMPARE_MS + n->looks / NEIGHBOURS_LOOKS_A_MS;
}

static void sooner(uint32_t *wait, uint64_t at_ms, uint64_t now_ms)
{
	uint64_t ms = at_ms > now_ms ? at_ms - now_ms : 1;

	if (at_ms && ms < *wait)
		*wait = (uint32_t)ms;
}

uint32_t neighbours_turn(struct neighbours *n, uint64_t now_ms)
{
	uint32_t wait = UINT32_MAX;

	n->now_ms = now_ms;
	queue_due(n, now_ms);
	if (n->compare && now_ms >= next_compare_ms(n))
		compare_all(n, now_ms);
	write_waiting(n, now_ms);
	apply_changed(n, now_ms);
	const struct note *resting = TAILQ_FIRST(&n->resting), *leaving = TAILQ_FIRST(&n->leaving),
			  *claiming = TAILQ_FIRST(&n->claiming);
	sooner(&wait, resting ? resting->rest_ms : 0, now_ms);
	sooner(&wait, leaving ? leaving->leave_ms : 0, now_ms);
	sooner(&wait, claiming ? claiming->claim_ms : 0, now_ms);
	sooner(&wait, n->retry_ms, now_ms);
	sooner(&wait, n->compare ? next_compare_ms(n) : 0, now_ms);
	sooner(&wait, TAILQ_EMPTY(&n->writing) ? 0 : now_ms, now_ms);
	return wait;
}

// The end.

static void forget(struct neighbours *n, struct note *c)
{
	if (c->placed)
		n->placed -= !n->host.place_ip(n->host.arg, c->vid, c->ip, 0);
	release(n, c);
	unqueue(n, c);
	tdelete(c, &n->notes, compare_notes);
	free(c);
}

void neighbours_del_vni(struct neighbours *n, uint16_t vid)
{
	struct bridge *b = find_bridge(n, vid);
	struct note *c, *next;

	if (!b)
		return;
	each_note(n, queue_changed);
	for (c = TAILQ_FIRST(&n->changed); c; c = next) {
		next = TAILQ_NEXT(c, changed);
		if (c->vid == vid)
			forget(n, c);
	}
	n->bridges--;
	memmove(b, b + 1, (size_t)(n->bridge + n->bridges - b) * sizeof *b);
	index_bridges(n);
}

void neighbours_destroy(struct neighbours *n)
{
	struct note *c;

	if (!n)
		return;
	each_note(n, queue_changed);
	while ((c = TAILQ_FIRST(&n->changed)))
		forget(n, c);
	free(n->bridge);
	free(n->by_index);
	free(n->bound);
	free(n);
}

// For others to see.

static void count_contested(struct neighbours *n, struct note *c)
{
	n->contested += c->row && c->external && c->contested_ms > n->now_ms;
}

void neighbours_stats(struct neighbours *n, uint64_t now_ms, struct neighbours_stats *s)
{
	n->now_ms = now_ms;
	n->contested = 0;
	each_note(n, count_contested);
	*s = (struct neighbours_stats){.local = n->rows,
				       .remote = n->placed,
				       .contested = n->contested,
				       .refused = n->refused};
}

struct visit {
	neighbours_visit_fn visit;
	void *arg;
};

static void visit_node(const void *node, VISIT which, void *visit)
{
	const struct note *c = *(struct note *const *)node;
	const struct visit *v = visit;

	if ((which == postorder || which == leaf) && c->placed)
		v->visit(v->arg, key_make(c->vid, c->placed), c->ip);
}

void neighbours_walk(const struct neighbours *n, neighbours_visit_fn visit, void *arg)
{
	struct visit v = {visit, arg};

	twalk_r(n->notes, visit_node, &v);
}
