// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE // tdestroy(), twalk_r()
#include "control/evpn/mirror.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "control/evpn/mirror_private.h"
#include "dataplane/key.h"

struct mirror *mirror_create(const struct fabric_host *host, struct rtnl *writer)
{
	struct mirror *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->host = *host;
	m->writer = writer;
	TAILQ_INIT(&m->news);
	TAILQ_INIT(&m->dirty);
	TAILQ_INIT(&m->settling);
	TAILQ_INIT(&m->moving);
	return m;
}

void mirror_destroy(struct mirror *m)
{
	if (!m)
		return;
	tdestroy(m->macs, free);
	for (size_t i = 0; i < m->vnis; i++)
		free(m->vni[i]);
	free(m->vni);
	free(m->port);
	free(m);
}

void mirror_configure(struct mirror *m, uint32_t sync_rate, uint32_t hold_ms)
{
	m->rate = sync_rate;
	m->hold_ms = hold_ms;
}

// The notes of MACs.

static int compare_macs(const void *a, const void *b)
{
	uint64_t x = ((const struct mac *)a)->key, y = ((const struct mac *)b)->key;

	return x < y ? -1 : x > y;
}

struct mac *mirror_find_mac(const struct mirror *m, uint64_t key)
{
	struct mac wanted = {.key = key};
	void *found = tfind(&wanted, &m->macs, compare_macs);

	return found ? *(struct mac **)found : NULL;
}

struct mac *mirror_mac(struct mirror *m, uint64_t key)
{
	struct mac *c = mirror_find_mac(m, key);

	if (c)
		return c;
	c = calloc(1, sizeof *c);
	if (c)
		c->key = key;
	if (c && !tsearch(c, &m->macs, compare_macs)) {
		free(c);
		c = NULL;
	}
	m->stats.refused += !c;
	return c;
}

void mirror_tidy(struct mirror *m, struct mac *c)
{
	if (c->dst || c->at || c->remote || c->local || c->in_news || c->in_dirty ||
	    c->in_settling || c->in_moving)
		return;
	tdelete(c, &m->macs, compare_macs);
	free(c);
}

void mirror_queue_news(struct mirror *m, struct mac *c)
{
	if (!c->in_news)
		TAILQ_INSERT_TAIL(&m->news, c, news);
	c->in_news = true;
}

void mirror_queue_dirty(struct mirror *m, struct mac *c)
{
	if (!c->in_dirty) {
		TAILQ_INSERT_TAIL(&m->dirty, c, dirty);
		m->dirty_count++;
	}
	c->in_dirty = true;
}

void mirror_queue_moving(struct mirror *m, struct mac *c, uint64_t now_ms)
{
	if (c->in_moving)
		TAILQ_REMOVE(&m->moving, c, moving);
	TAILQ_INSERT_TAIL(&m->moving, c, moving);
	c->in_moving = true;
	c->until_ms = now_ms + MIRROR_LOCAL_MS;
}

static void queue_settling(struct mirror *m, struct mac *c, uint64_t now_ms)
{
	if (c->in_settling)
		return;
	TAILQ_INSERT_TAIL(&m->settling, c, settling);
	c->in_settling = true;
	c->due_ms = now_ms + MIRROR_SETTLE_MS;
}

static void unqueue(struct mirror *m, struct mac *c)
{
	if (c->in_news)
		TAILQ_REMOVE(&m->news, c, news);
	if (c->in_dirty)
		TAILQ_REMOVE(&m->dirty, c, dirty);
	if (c->in_settling)
		TAILQ_REMOVE(&m->settling, c, settling);
	if (c->in_moving)
		TAILQ_REMOVE(&m->moving, c, moving);
	m->dirty_count -= c->in_dirty;
	c->in_news = c->in_dirty = c->in_settling = c->in_moving = false;
}

// Calls each() for all notes. It may queue them, and must not free them.
typedef void (*each_fn)(struct mirror *m, struct mac *c, void *arg);

struct walk {
	struct mirror *m;
	each_fn each;
	void *arg;
};

static void walk_node(const void *node, VISIT which, void *walk)
{
	const struct walk *w = walk;

	if (which == postorder || which == leaf)
		w->each(w->m, *(struct mac *const *)node, w->arg);
}

static void each_mac(struct mirror *m, each_fn each, void *arg)
{
	struct walk w = {m, each, arg};

	twalk_r(m->macs, walk_node, &w);
}

// VNIs and their interfaces.

static int compare_vnis(const void *a, const void *b)
{
	return (*(struct vni *const *)a)->vid - (*(struct vni *const *)b)->vid;
}

static struct vni *find_vni(const struct mirror *m, uint16_t vid)
{
	struct vni wanted = {.vid = vid}, *key = &wanted;
	struct vni **found = m->vnis ? bsearch(&key, m->vni, m->vnis, sizeof *m->vni, compare_vnis)
				     : NULL;

	return found ? *found : NULL;
}

struct vni *mirror_vni_of(const struct mirror *m, uint64_t key)
{
	return find_vni(m, key_vid(key));
}

static int compare_ports(const void *a, const void *b)
{
	return ((const struct mirror_port *)a)->index - ((const struct mirror_port *)b)->index;
}

static struct vni *vni_of_interface(const struct mirror *m, int index)
{
	struct mirror_port wanted = {.index = index}, *found;

	found = m->ports ? bsearch(&wanted, m->port, m->ports, sizeof *m->port, compare_ports)
			 : NULL;
	return found ? found->vni : NULL;
}

static void index_ports(struct mirror *m)
{
	m->ports = 0;
	for (size_t i = 0; i < m->vnis; i++) {
		struct vni *v = m->vni[i];
		if (v->vxlan)
			m->port[m->ports++] = (struct mirror_port){v->vxlan, v};
		if (v->tap)
			m->port[m->ports++] = (struct mirror_port){v->tap, v};
	}
	if (m->ports)
		qsort(m->port, m->ports, sizeof *m->port, compare_ports);
}

static struct vni *add_vni(struct mirror *m, uint16_t vid)
{
	struct vni **more = realloc(m->vni, (m->vnis + 1) * sizeof *more);
	if (more)
		m->vni = more;
	struct mirror_port *ports = realloc(m->port, 2 * (m->vnis + 1) * sizeof *ports);
	if (ports)
		m->port = ports;
	struct vni *v = more && ports ? calloc(1, sizeof *v) : NULL;
	if (!v)
		return NULL;
	v->vid = vid;
	m->vni[m->vnis++] = v;
	qsort(m->vni, m->vnis, sizeof *m->vni, compare_vnis);
	return v;
}

bool mirror_set_vni(struct mirror *m, uint16_t vid, uint32_t vni, int vxlan, int tap)
{
	struct vni *v = find_vni(m, vid);

	if (!v && !(v = add_vni(m, vid)))
		return false;
	v->number = vni;
	v->vxlan = vxlan;
	v->tap = tap;
	index_ports(m);
	return true;
}

// VTEPs.

static int vtep_number(const struct mirror *m, uint32_t address)
{
	for (int i = 0; address && i < MIRROR_VTEPS; i++)
		if (m->vtep[i].address == address)
			return i;
	return -1;
}

static int add_vtep(struct mirror *m, uint32_t address, uint64_t now_ms)
{
	int n = vtep_number(m, address);

	for (int i = 0; n < 0 && i < MIRROR_VTEPS; i++)
		if (!m->vtep[i].address) {
			m->vtep[i] = (struct vtep){.address = address, .since_ms = now_ms};
			n = i;
		}
	if (n < 0) {
		m->stats.refused++;
		m->host.tell(m->host.arg, HOST_PORT_LIMIT, address, 1);
	}
	return n;
}

// Whether a VTEP has a port, and takes part in the VLAN of a key.
static bool vtep_takes(const struct mirror *m, const struct vni *v, int number)
{
	return v && number >= 0 && m->vtep[number].has_port && (v->members | v->held) >> number & 1;
}

static bool is_member_anywhere(const struct mirror *m, unsigned number)
{
	for (size_t i = 0; i < m->vnis; i++)
		if (m->vni[i]->members >> number & 1)
			return true;
	return false;
}

static void join(struct mirror *m, struct vni *v, uint32_t address, uint64_t now_ms)
{
	int n = add_vtep(m, address, now_ms);

	if (n < 0)
		return;
	struct vtep *t = &m->vtep[n];
	uint64_t bit = UINT64_C(1) << n;
	if (!(v->members & bit)) {
		if (t->hold_until_ms && !is_member_anywhere(m, (unsigned)n))
			t->since_ms = now_ms;
		t->stale |= !(v->held & bit);
		m->reapply = true;
	}
	v->members |= bit;
	v->held &= ~bit;
	v->seen |= bit;
}

static void leave(struct mirror *m, struct vni *v, unsigned number, uint64_t now_ms)
{
	uint64_t bit = UINT64_C(1) << number;
	struct vtep *t = &m->vtep[number];

	if (!(v->members & bit))
		return;
	v->members &= ~bit;
	v->held |= bit;
	t->hold_until_ms = now_ms + m->hold_ms;
	if (!is_member_anywhere(m, number))
		t->since_ms = now_ms;
}

// Rows.

static void take_flood(struct mirror *m, struct vni *v, const struct mirror_row *r, uint64_t now_ms)
{
	int n = vtep_number(m, r->destination);

	if (!r->own || !r->destination)
		return;
	if (!r->gone)
		join(m, v, r->destination, now_ms);
	else if (n >= 0)
		leave(m, v, (unsigned)n, now_ms);
}

// A row of the VXLAN device.
static void take_remote(struct mac *c, const struct mirror_row *r)
{
	if (r->own) {
		c->dst = r->gone ? 0 : r->destination;
		c->deleted_dst = r->gone ? c->deleted_dst : 0;
		c->seen_dst = !r->gone;
		return;
	}
	c->remote = !r->gone;
	c->remote_sticky = !r->gone && r->sticky;
	c->seen_remote = !r->gone;
}

static void set_local(struct vni *v, struct mac *c, bool local, bool sticky)
{
	v->macs_local += (uint32_t)local - (uint32_t)c->local;
	c->local = local;
	c->local_sticky = local && sticky;
	c->seen_local = local;
}

void mirror_take(struct mirror *m, const struct mirror_row *r, uint64_t now_ms)
{
	struct vni *v = vni_of_interface(m, r->interface);
	bool vxlan = v && r->interface == v->vxlan;

	if (!v || mac_is_group(r->mac))
		return;
	m->stats.rows_read++;
	if (!r->mac && vxlan)
		take_flood(m, v, r, now_ms);
	if (!r->mac || (r->own && !vxlan))
		return;
	uint64_t key = key_make(v->vid, r->mac);
	struct mac *c = r->gone ? mirror_find_mac(m, key) : mirror_mac(m, key);
	if (!c)
		return;
	// The bridge has a row on one of its ports only.
	if (vxlan) {
		take_remote(c, r);
		if (!r->own && !r->gone)
			set_local(v, c, false, false);
	} else {
		bool was = c->local;
		set_local(v, c, !r->gone, r->sticky);
		if (!r->gone)
			c->remote = c->seen_remote = false;
		if (was != c->local)
			mirror_queue_dirty(m, c); // the kernel is not as we left it
	}
	m->stats.nexthop_rows += vxlan && r->nexthop && !r->gone;
	mirror_queue_news(m, c);
}

static void forget_seen(struct mirror *m, struct mac *c, void *arg)
{
	(void)m, (void)arg;
	c->seen_dst = c->seen_remote = c->seen_local = false;
}

void mirror_news_lost(struct mirror *m)
{
	m->uncertain = true;
}

void mirror_dump_begin(struct mirror *m)
{
	each_mac(m, forget_seen, NULL);
	for (size_t i = 0; i < m->vnis; i++)
		m->vni[i]->seen = 0;
}

// What the dump did not have is gone.
static void drop_unseen(struct mirror *m, struct mac *c, void *arg)
{
	struct vni *v = mirror_vni_of(m, c->key);

	(void)arg;
	if ((c->seen_dst || !c->dst) && (c->seen_remote || !c->remote) &&
	    (c->seen_local || !c->local))
		return;
	c->dst = c->seen_dst ? c->dst : 0;
	c->remote &= c->seen_remote;
	if (v && c->local && !c->seen_local)
		set_local(v, c, false, false);
	mirror_queue_news(m, c);
}

void mirror_dump_end(struct mirror *m, uint64_t now_ms)
{
	each_mac(m, drop_unseen, NULL);
	for (size_t i = 0; i < m->vnis; i++)
		for (unsigned n = 0; n < MIRROR_VTEPS; n++)
			if (!(m->vni[i]->seen >> n & 1))
				leave(m, m->vni[i], n, now_ms);
	m->uncertain = false;
	m->reapply = true;
	m->compare = true;
}

// What the switch has.

void mirror_leave(struct mirror *m, struct mac *c)
{
	struct vni *v = mirror_vni_of(m, c->key);
	int n = vtep_number(m, c->at);

	if (c->at && v)
		v->macs_remote--;
	if (n >= 0)
		m->vtep[n].macs--;
	c->at = 0;
}

static void arrive(struct mirror *m, struct mac *c, struct vni *v, int number)
{
	mirror_leave(m, c);
	c->at = m->vtep[number].address;
	c->at_sticky = c->remote_sticky;
	c->left = 0;
	v->macs_remote++;
	m->vtep[number].macs++;
}

// All remote MACs are to be looked at again.
static void retry(struct mirror *m, uint64_t at_ms)
{
	if (!m->retry_ms || at_ms < m->retry_ms)
		m->retry_ms = at_ms;
}

static void place(struct mirror *m, struct mac *c, struct vni *v, int number, uint64_t now_ms)
{
	struct vtep *t = &m->vtep[number];
	int error = m->host.place(m->host.arg, t->address, c->key, c->remote_sticky);

	if (!error) {
		arrive(m, c, v, number);
		return;
	}
	m->stats.refused++;
	if (c->at)
		m->host.remove(m->host.arg, c->at, c->key);
	mirror_leave(m, c);
	if (error == -EEXIST || error == -EBUSY) {
		// It is ours, by configuration, because it is sticky, or because it is held. FRR is
		// told so again, but not at the rate at which others claim it.
		c->left = t->address;
		mirror_queue_moving(m, c, now_ms);
		return;
	}
	t->full += error == -ENOSPC;
	retry(m, now_ms + (error == -ENOSPC ? MIRROR_RETRY_MS : MIRROR_PUBLISH_MS));
}

// The VTEP has withdrawn a MAC. It stays while the VTEP may only have restarted.
static void withdraw(struct mirror *m, struct mac *c, uint64_t now_ms)
{
	int n = vtep_number(m, c->at);

	if (m->uncertain || (n >= 0 && m->vtep[n].hold_until_ms > now_ms))
		return;
	if (!c->in_settling && c->due_ms && c->due_ms <= now_ms) {
		m->host.remove(m->host.arg, c->at, c->key);
		mirror_leave(m, c);
		return;
	}
	queue_settling(m, c, now_ms);
}

static void apply(struct mirror *m, struct mac *c, uint64_t now_ms)
{
	struct vni *v = mirror_vni_of(m, c->key);
	int n = vtep_number(m, c->dst);
	bool wanted = c->remote && vtep_takes(m, v, n);

	if (c->remote != !!c->dst && !c->due_ms)
		queue_settling(m, c, now_ms); // half of a pair
	if (wanted && c->dst == c->left && now_ms < c->until_ms)
		return;
	if (wanted && (c->at != c->dst || c->at_sticky != c->remote_sticky))
		place(m, c, v, n, now_ms);
	else if (!wanted && c->at)
		withdraw(m, c, now_ms);
}

// A pair is still not whole: zebra left a destination behind, or we deleted one that it just wrote
// again.
static void mend_pair(struct mirror *m, struct mac *c)
{
	if (!c->remote && c->dst) {
		mirror_write_own(m, c, c->dst, true);
		c->deleted_dst = c->dst;
		c->dst = 0;
	} else if (c->remote && !c->dst && c->deleted_dst) {
		mirror_write_own(m, c, c->deleted_dst, false);
	}
}

static void apply_news(struct mirror *m, uint64_t now_ms)
{
	struct mac *c;

	while ((c = TAILQ_FIRST(&m->news))) {
		TAILQ_REMOVE(&m->news, c, news);
		c->in_news = false;
		apply(m, c, now_ms);
		mirror_tidy(m, c);
	}
}

// Those that have waited.
static void apply_due(struct mirror *m, uint64_t now_ms)
{
	struct mac *c;

	while ((c = TAILQ_FIRST(&m->settling)) && c->due_ms <= now_ms) {
		TAILQ_REMOVE(&m->settling, c, settling);
		c->in_settling = false;
		if (!m->uncertain)
			mend_pair(m, c);
		apply(m, c, now_ms);
		if (!c->in_settling)
			c->due_ms = 0;
		mirror_queue_news(m, c);
	}
	while ((c = TAILQ_FIRST(&m->moving)) && c->until_ms <= now_ms) {
		TAILQ_REMOVE(&m->moving, c, moving);
		c->in_moving = false;
		mirror_queue_dirty(m, c);
		mirror_queue_news(m, c);
	}
}

// Ports of VTEPs.

static size_t vnis_of(const struct mirror *m, unsigned number, uint32_t *vnis)
{
	size_t count = 0;

	for (size_t i = 0; i < m->vnis; i++)
		if ((m->vni[i]->members | m->vni[i]->held) >> number & 1)
			vnis[count++] = m->vni[i]->number;
	return count;
}

static void show_vtep(struct mirror *m, unsigned number)
{
	struct vtep *t = &m->vtep[number];
	uint32_t vnis[VID_SPACE];
	size_t count = vnis_of(m, number, vnis);

	t->stale = false;
	bool done = (!count && !t->has_port) ||
		    m->host.set_vtep(m->host.arg, t->address, vnis, count);
	if (!done && !t->refused)
		m->host.tell(m->host.arg, HOST_PORT_LIMIT, t->address, 1);
	t->refused = !done;
	t->has_port = done && count;
	if (count)
		return;
	t->address = 0;
	// Another may have waited for its number.
	for (unsigned i = 0; i < MIRROR_VTEPS; i++)
		m->vtep[i].stale |= m->vtep[i].refused;
}

// Takes the MACs of a VTEP out of the switch where the VNI holds it no longer.
static void withdraw_unheld(struct mirror *m, struct mac *c, void *arg)
{
	const struct vni *v = mirror_vni_of(m, c->key);
	int n = vtep_number(m, c->at);

	(void)arg;
	if (n < 0 || (v && (v->members | v->held) >> n & 1))
		return;
	m->host.remove(m->host.arg, c->at, c->key);
	mirror_leave(m, c);
	mirror_queue_news(m, c);
}

static bool end_holds(struct mirror *m, uint64_t now_ms)
{
	uint64_t ended = 0, gone = 0;

	for (unsigned n = 0; n < MIRROR_VTEPS; n++)
		if (m->vtep[n].hold_until_ms && m->vtep[n].hold_until_ms <= now_ms) {
			ended |= UINT64_C(1) << n;
			m->vtep[n].hold_until_ms = 0;
		}
	for (size_t i = 0; ended && i < m->vnis; i++) {
		gone |= m->vni[i]->held & ended;
		m->vni[i]->held &= ~ended;
	}
	for (unsigned n = 0; n < MIRROR_VTEPS; n++)
		m->vtep[n].stale |= gone >> n & 1;
	return ended;
}

static void queue_for_news(struct mirror *m, struct mac *c, void *arg)
{
	(void)arg;
	if (c->remote || c->at)
		mirror_queue_news(m, c);
}

// Puts changed VTEPs in force, and then looks at their MACs.
static void show_vteps(struct mirror *m, uint64_t now_ms)
{
	if (end_holds(m, now_ms)) {
		each_mac(m, withdraw_unheld, NULL);
		m->reapply = true;
	}
	if (m->retry_ms && m->retry_ms <= now_ms) {
		m->retry_ms = 0;
		m->reapply = true;
	}
	for (unsigned n = 0; n < MIRROR_VTEPS; n++)
		if (m->vtep[n].address && m->vtep[n].stale) {
			show_vtep(m, n);
			m->reapply = m->publish = true;
		}
	if (m->publish)
		m->publish = !m->host.publish(m->host.arg);
	if (m->publish)
		retry(m, now_ms + MIRROR_PUBLISH_MS);
	if (m->reapply)
		each_mac(m, queue_for_news, NULL);
	m->reapply = false;
}

static void queue_of_vlan(struct mirror *m, struct mac *c, void *vni)
{
	if (key_vid(c->key) == ((const struct vni *)vni)->vid)
		mirror_queue_news(m, c);
}

// Forgets the notes of a VNI, after their MACs have left the switch.
static void forget_macs(struct mirror *m, struct vni *v)
{
	struct mac *c, *next;

	each_mac(m, withdraw_unheld, NULL);
	each_mac(m, queue_of_vlan, v);
	for (c = TAILQ_FIRST(&m->news); c; c = next) {
		next = TAILQ_NEXT(c, news);
		if (key_vid(c->key) != v->vid)
			continue;
		unqueue(m, c);
		tdelete(c, &m->macs, compare_macs);
		free(c);
	}
}

void mirror_del_vni(struct mirror *m, uint16_t vid, uint64_t now_ms)
{
	struct vni *v = find_vni(m, vid);

	if (!v)
		return;
	for (unsigned n = 0; n < MIRROR_VTEPS; n++) {
		m->vtep[n].stale |= (v->members | v->held) >> n & 1;
		leave(m, v, n, now_ms);
	}
	v->held = 0;
	forget_macs(m, v);
	size_t i = 0;
	while (m->vni[i] != v)
		i++;
	memmove(m->vni + i, m->vni + i + 1, (--m->vnis - i) * sizeof *m->vni);
	free(v);
	index_ports(m);
}

// Changes in the switch.

void mirror_touch(struct mirror *m, uint64_t key)
{
	struct mac *c = mirror_vni_of(m, key) ? mirror_mac(m, key) : NULL;

	if (c)
		mirror_queue_dirty(m, c);
}

void mirror_compare(struct mirror *m)
{
	m->compare = true;
}

static void compare_entry(void *mirror, uint64_t key, const struct host_entry *e)
{
	struct mirror *m = mirror;
	struct mac *c;

	if (e->where != HOST_LOCAL || !mirror_vni_of(m, key) || !(c = mirror_mac(m, key)))
		return;
	c->compared = true;
	if (!c->local || c->local_sticky != e->sticky || c->at)
		mirror_queue_dirty(m, c);
}

static void compare_rest(struct mirror *m, struct mac *c, void *arg)
{
	(void)arg;
	if (!c->compared && (c->local || c->at))
		mirror_queue_dirty(m, c);
	c->compared = false;
}

static void compare_all(struct mirror *m)
{
	m->compare = false;
	m->host.walk(m->host.arg, compare_entry, m);
	each_mac(m, compare_rest, NULL);
}

static void tell_full(struct mirror *m)
{
	for (unsigned n = 0; n < MIRROR_VTEPS; n++) {
		struct vtep *t = &m->vtep[n];
		if (t->full)
			m->host.tell(m->host.arg, HOST_TABLE_FULL, t->address, t->full);
		t->full = 0;
	}
}

static void sooner(uint32_t *wait, uint64_t at_ms, uint64_t now_ms)
{
	uint64_t ms = at_ms > now_ms ? at_ms - now_ms : 1;

	if (at_ms && ms < *wait)
		*wait = (uint32_t)ms;
}

static uint32_t next_turn(const struct mirror *m, uint64_t now_ms)
{
	const struct mac *settling = TAILQ_FIRST(&m->settling), *moving = TAILQ_FIRST(&m->moving);
	uint32_t wait = m->dirty_count ? 1 : UINT32_MAX;

	sooner(&wait, settling ? settling->due_ms : 0, now_ms);
	sooner(&wait, moving ? moving->until_ms : 0, now_ms);
	sooner(&wait, m->retry_ms, now_ms);
	for (unsigned n = 0; n < MIRROR_VTEPS; n++)
		sooner(&wait, m->vtep[n].stale ? now_ms : m->vtep[n].hold_until_ms, now_ms);
	return wait;
}

uint32_t mirror_turn(struct mirror *m, uint64_t now_ms)
{
	show_vteps(m, now_ms);
	apply_due(m, now_ms);
	apply_news(m, now_ms);
	if (m->compare)
		compare_all(m);
	mirror_write(m, now_ms);
	apply_news(m, now_ms);
	tell_full(m);
	return next_turn(m, now_ms);
}

// For others to see.

void mirror_stats(const struct mirror *m, struct mirror_stats *s)
{
	*s = m->stats;
	s->pending = m->dirty_count;
}

size_t mirror_vni_count(const struct mirror *m)
{
	return m->vnis;
}

void mirror_vni(const struct mirror *m, size_t i, struct mirror_vni *v)
{
	const struct vni *from = m->vni[i];

	*v = (struct mirror_vni){.vid = from->vid,
				 .vni = from->number,
				 .macs_local = from->macs_local,
				 .macs_remote = from->macs_remote,
				 .vteps = from->members | from->held};
}

void mirror_vtep(const struct mirror *m, unsigned number, struct mirror_vtep *v)
{
	const struct vtep *t = &m->vtep[number];

	*v = (struct mirror_vtep){.address = t->address,
				  .has_port = t->has_port,
				  .held = t->address && !is_member_anywhere(m, number),
				  .macs = t->macs,
				  .since_ms = t->since_ms};
}
