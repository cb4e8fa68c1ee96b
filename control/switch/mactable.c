// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/mactable.h"

#include <stdlib.h>

#include "control/switch/compile.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"

static void report_aged(void *arg, uint64_t key, unsigned port)
{
	struct vswitch *sw = arg;
	struct event e = {
		.type = EVENT_MAC_AGED, .ns = switch_now(sw), .key = key, .port = (uint8_t)port};

	switch_emit(sw, &e);
}

void mactable_sweep(struct vswitch *sw, uint32_t count)
{
	uint32_t lines = fdb_lines(sw->shared.fdb);

	if (count > lines - sw->sweep_at)
		count = lines - sw->sweep_at;
	fdb_sweep(sw->shared.fdb, sw->sweep_at, count, switch_tick(sw), report_aged, sw);
	sw->sweep_at = (sw->sweep_at + count) % lines;
}

uint32_t mactable_sweep_all(struct vswitch *sw)
{
	return fdb_sweep(sw->shared.fdb, 0, fdb_lines(sw->shared.fdb), switch_tick(sw), report_aged,
			 sw);
}

// Whether the published configuration no longer allows an entry.
static bool is_invalid(void *arg, const struct fdb_entry *e)
{
	const struct vswitch *sw = arg;

	if (e->type == FDB_STATIC || e->type == FDB_ASSIGNED) {
		const struct fixed_mac *f = fixed_find(sw->fixed, sw->fixed_count, e->key);
		return !f || f->port != e->port || f->type != e->type;
	}
	const struct fdb_learner *l = &sw->conf->port[e->port].learner;
	return !portset_has(sw->conf->vlan[key_vid(e->key)].member, e->port) || !l->learns ||
	       (e->type == FDB_STICKY && !l->sticky);
}

// The learned entries of a port.
struct learned_entries {
	unsigned port;
	uint32_t count, room;
	struct fdb_entry *entry;
};

static void collect_begin(void *arg)
{
	((struct learned_entries *)arg)->count = 0;
}

static bool collect_learned(void *arg, const struct fdb_entry *e)
{
	struct learned_entries *r = arg;

	if (e->port == r->port && (e->type == FDB_DYNAMIC || e->type == FDB_STICKY) &&
	    r->count < r->room)
		r->entry[r->count++] = *e;
	return false;
}

static int compare_youngest_first(const void *a, const void *b)
{
	// Births are numbered modulo 2^32.
	int32_t order = (int32_t)(((const struct fdb_entry *)b)->born -
				  ((const struct fdb_entry *)a)->born);

	return order < 0 ? -1 : order > 0;
}

// Removes the youngest entries of a port that has more than its limit, which was lowered then.
static void enforce_limit(struct vswitch *sw, unsigned port)
{
	struct fdb *fdb = sw->shared.fdb;
	uint32_t limit = sw->conf->port[port].learner.limit, have = fdb_count(fdb, port);
	struct learned_entries r = {.port = port, .room = have};

	if (have <= limit || !(r.entry = calloc(have, sizeof *r.entry)))
		return;
	fdb_walk_all(fdb, switch_tick(sw), collect_begin, collect_learned, &r);
	qsort(r.entry, r.count, sizeof *r.entry, compare_youngest_first);
	for (uint32_t i = 0; i < r.count && fdb_count(fdb, port) > limit; i++)
		fdb_del(fdb, r.entry[i].key, (enum fdb_type)r.entry[i].type);
	free(r.entry);
}

// Writes fixed entries of a new configuration into the table: with `fresh` those whose key the
// current one does not have, else those that differ from it.
static void put_fixed(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count,
		      bool fresh)
{
	for (size_t i = 0; i < count; i++) {
		const struct fixed_mac *f = &fixed[i],
				       *old = fixed_find(sw->fixed, sw->fixed_count, f->key);
		if (fresh ? !old : old && (old->port != f->port || old->type != f->type))
			fdb_put(sw->shared.fdb, f->key, f->port, (enum fdb_type)f->type);
	}
}

void mactable_add_fixed(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count)
{
	put_fixed(sw, fixed, count, true);
}

void mactable_change_fixed(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count)
{
	put_fixed(sw, fixed, count, false);
}

void mactable_remove_invalid(struct vswitch *sw)
{
	struct fdb *fdb = sw->shared.fdb;
	unsigned port;

	fdb_walk_all(fdb, switch_tick(sw), NULL, is_invalid, sw);
	mactable_sweep_all(sw); // dead entries do not count against a limit
	PORTSET_FOREACH(port, sw->ports)
		enforce_limit(sw, port);
}

bool fdb_filter_takes(const struct fdb_filter *f, const struct fdb_entry *e)
{
	return (f->port < 0 || f->port == e->port) && (!f->vid || f->vid == key_vid(e->key)) &&
	       (!f->mac || f->mac == key_mac(e->key)) && (f->type < 0 || f->type == e->type);
}

struct flush {
	struct fdb_filter filter;
	bool erase;
	uint32_t count;
};

// A second walk does not see erased entries again, therefore their count stays.
static void flush_begin(void *arg)
{
	struct flush *f = arg;

	f->count = f->erase ? f->count : 0;
}

static bool flush_visit(void *arg, const struct fdb_entry *e)
{
	struct flush *f = arg;
	bool takes = fdb_filter_takes(&f->filter, e);

	f->count += takes;
	return takes && f->erase;
}

// Flushes all dynamic entries of a port, of a VLAN or of the table in constant time. False if the
// filter selects other entries.
static bool flush_by_number(struct vswitch *sw, const struct fdb_filter *f)
{
	if (f->mac || f->type != FDB_DYNAMIC || (f->vid && f->port >= 0))
		return false;
	if (f->vid)
		fdb_flush_vlan(sw->shared.fdb, f->vid);
	for (unsigned i = 0; i < PORTS_MAX && !f->vid; i++)
		if (f->port < 0 || f->port == (int)i)
			fdb_flush_port(sw->shared.fdb, i);
	mactable_sweep_all(sw);
	return true;
}

uint32_t mactable_flush(struct vswitch *sw, const struct fdb_filter *filter)
{
	struct flush f = {.filter = *filter};
	uint32_t tick = switch_tick(sw);

	if (f.filter.type < 0)
		f.filter.type = FDB_DYNAMIC;
	fdb_walk_all(sw->shared.fdb, tick, flush_begin, flush_visit, &f);
	if (flush_by_number(sw, &f.filter))
		return f.count;
	f.count = 0;
	f.erase = true;
	fdb_walk_all(sw->shared.fdb, tick, flush_begin, flush_visit, &f);
	return f.count;
}
