// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/mactable.h"

#include <errno.h>
#include <stdlib.h>

#include "control/switch/compile.h"
#include "control/switch/events.h"
#include "control/switch/flush.h"
#include "control/switch/settle.h"
#include "control/switch/state.h"
#include "control/switch/tunnels.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/key.h"
#include "dataplane/portconf.h"
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

static int compare_filters(const struct fdb_filter *a, const struct fdb_filter *b)
{
	if (a->port != b->port)
		return a->port - b->port;
	return a->vid != b->vid ? a->vid - b->vid : a->type - b->type;
}

// What mactable_remove_invalid() removes: learned entries, as one filter for each flush.
struct invalid {
	struct vswitch *sw;
	struct fdb_filter *flush;
	size_t count, room;
	bool lost; // there was no memory for some
};

static void note_flush(struct invalid *v, const struct fdb_filter *f)
{
	if (v->count && !compare_filters(&v->flush[v->count - 1], f))
		return;
	if (v->count == v->room) {
		size_t room = v->room ? 2 * v->room : 64;
		struct fdb_filter *more = realloc(v->flush, room * sizeof *more);
		v->lost |= !more;
		if (!more)
			return;
		v->flush = more;
		v->room = room;
	}
	v->flush[v->count++] = *f;
}

static bool is_invalid_fixed(const struct vswitch *sw, const struct fdb_entry *e)
{
	const struct fixed_mac *f = fixed_find(sw->fixed, sw->fixed_count, e->key);

	return !f || f->port != e->port || f->type != e->type;
}

// Whether the published configuration no longer allows an entry.
static bool is_invalid(void *arg, const struct fdb_entry *e)
{
	struct invalid *v = arg;
	const struct swconf *conf = v->sw->conf;

	if (e->type == FDB_STATIC || e->type == FDB_ASSIGNED)
		return is_invalid_fixed(v->sw, e);
	const struct fdb_learner *l = &conf->port[e->port].learner;
	bool learns = l->learns && (e->type == FDB_DYNAMIC || l->sticky);
	bool leaves = !portset_has(conf->vlan[key_vid(e->key)].member, e->port),
	     all = !portset_has(v->sw->ports, e->port) ||
		   (!learns && !tunnels_is_tunnel(v->sw, e->port));
	if (leaves || all)
		note_flush(v, &(struct fdb_filter){.port = e->port,
						   .type = e->type,
						   .vid = all ? 0 : key_vid(e->key)});
	return leaves || all;
}

static int compare_flushes(const void *a, const void *b)
{
	return compare_filters(a, b);
}

static void report_invalid(struct invalid *v)
{
	struct vswitch *sw = v->sw;

	if (v->count) // qsort() takes no NULL
		qsort(v->flush, v->count, sizeof *v->flush, compare_flushes);
	for (size_t i = 0; i < v->count; i++) {
		const struct fdb_filter *f = &v->flush[i];
		bool gone = !portset_has(sw->ports, (unsigned)f->port);
		if (!i || compare_filters(f - 1, f))
			flush_emit(sw, f,
				   f->vid ? FLUSH_VLAN
				   : gone ? FLUSH_PORT_DOWN
					  : FLUSH_COMMAND);
	}
	if (v->lost)
		switch_emit(sw,
			    &(struct event){.type = EVENT_LOST, .ns = switch_now(sw), .count = 1});
	free(v->flush);
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

// Reports entries that were removed because of a limit. A worker that made room meanwhile may have
// learned one again.
static void report_limited(struct vswitch *sw, const struct fdb_entry *e, uint32_t count)
{
	switch_synchronize(sw);
	events_drain(sw);
	for (; count; e++, count--)
		flush_report_entry(sw, e, FLUSH_LIMIT);
}

// Removes the youngest entries of a port that has more than its limit, which was lowered then.
static void enforce_limit(struct vswitch *sw, unsigned port)
{
	struct fdb *fdb = sw->shared.fdb;
	uint32_t limit = sw->conf->port[port].learner.limit, have = fdb_count(fdb, port), i;
	struct learned_entries r = {.port = port, .room = have};

	if (have <= limit || !(r.entry = calloc(have, sizeof *r.entry)))
		return;
	fdb_walk_all(fdb, switch_tick(sw), collect_begin, collect_learned, &r);
	qsort(r.entry, r.count, sizeof *r.entry, compare_youngest_first);
	for (i = 0; i < r.count && fdb_count(fdb, port) > limit; i++)
		fdb_del(fdb, r.entry[i].key, (enum fdb_type)r.entry[i].type);
	report_limited(sw, r.entry, i);
	free(r.entry);
}

void mactable_remove_invalid(struct vswitch *sw)
{
	struct fdb *fdb = sw->shared.fdb;
	struct invalid v = {.sw = sw};
	unsigned port;

	fdb_walk_all(fdb, switch_tick(sw), NULL, is_invalid, &v);
	report_invalid(&v);
	mactable_sweep_all(sw); // dead entries do not count against a limit
	PORTSET_FOREACH(port, sw->ports)
		enforce_limit(sw, port);
}

static int learn_result(enum fdb_seen seen)
{
	switch (seen) {
	case FDB_AT_LIMIT:
		return -EDQUOT;
	case FDB_FULL:
		return -ENOSPC;
	case FDB_CONFLICT:
		return -EEXIST;
	default:
		return 0;
	}
}

int mactable_learn(struct vswitch *sw, unsigned port, uint64_t key)
{
	struct fdb_learner who = sw->conf->port[port].learner;
	uint64_t now = switch_now(sw);
	struct fdb_entry e;

	who.sticky = false;
	who.move_limit = 0;
	who.drops_at_limit = true; // an entry elsewhere stays if the command is refused
	int rc = learn_result(fdb_seen(sw->shared.fdb, key, &who, 0, forward_tick(now), now).what);
	if (rc)
		return rc;
	// A worker may have moved it meanwhile, and may already have reported that.
	switch_synchronize(sw);
	events_drain(sw);
	if (fdb_lookup(sw->shared.fdb, key, switch_tick(sw), &e))
		flush_emit_added(sw, &e);
	return 0;
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
	if (f->mac || f->type != FDB_DYNAMIC || (f->vid && (f->port >= 0 || f->spared)))
		return false;
	if (f->vid)
		fdb_flush_vlan(sw->shared.fdb, f->vid);
	for (unsigned i = 0; i < PORTS_MAX && !f->vid; i++)
		if ((f->port < 0 || f->port == (int)i) && !portset_has(f->spared, i))
			fdb_flush_port(sw->shared.fdb, i);
	return true;
}

uint32_t mactable_flush(struct vswitch *sw, const struct fdb_filter *filter)
{
	struct flush f = {.filter = *filter};
	uint32_t tick = switch_tick(sw);

	if (f.filter.type < 0)
		f.filter.type = FDB_DYNAMIC;
	f.filter.spared = sw->conf->vxlan ? sw->conf->vxlan->tunnels : 0;
	fdb_walk_all(sw->shared.fdb, tick, flush_begin, flush_visit, &f);
	if (!flush_by_number(sw, &f.filter)) {
		f.count = 0;
		f.erase = true;
		fdb_walk_all(sw->shared.fdb, tick, flush_begin, flush_visit, &f);
	}
	f.filter.spared = 0; // what was spared is reported again
	flush_report(sw, &f.filter, FLUSH_COMMAND);
	mactable_sweep_all(sw); // their room is free at once
	return f.count;
}
