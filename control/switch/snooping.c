// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/snooping.h"

#include <stdlib.h>

#include "control/switch/querier.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/mdb.h"
#include "dataplane/multicast.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"

_Static_assert((int)MDB_TICKS_PER_S == (int)FDB_TICKS_PER_S, "both tables have the same clock");

struct news {
	struct mdb_membership who;
	enum mdb_news what;
};

// News that wait until the table's lock is free.
struct waiting {
	uint64_t ns;
	struct news *news;
	size_t count, room;
	uint32_t lost;
};

static void collect(void *arg, const struct mdb_membership *who, enum mdb_news what)
{
	struct waiting *w = arg;

	if (w->count == w->room) {
		size_t room = w->room ? 2 * w->room : 64;
		struct news *more = realloc(w->news, room * sizeof *more);
		w->lost += !more;
		if (!more)
			return;
		w->news = more;
		w->room = room;
	}
	w->news[w->count++] = (struct news){*who, what};
}

static void pass_on(struct vswitch *sw, struct waiting *w)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct news *n = &w->news[i];
		struct event e = multicast_ended(&n->who, n->what, w->ns);
		if (n->what == MDB_ASK)
			querier_ask(sw, &n->who);
		else
			switch_emit(sw, &e);
	}
	if (w->lost)
		switch_emit(sw, &(struct event){.type = EVENT_LOST, .ns = w->ns, .count = w->lost});
	free(w->news);
}

uint32_t snooping_due(const struct vswitch *sw)
{
	uint32_t groups = mdb_due(sw->shared.mdb), queries = querier_due(sw);

	return groups < queries ? groups : queries;
}

uint32_t snooping_sweep(struct vswitch *sw)
{
	struct waiting w = {.ns = switch_now(sw)};
	uint32_t tick = forward_tick(w.ns);

	if (snooping_due(sw) > tick)
		return snooping_due(sw);
	mdb_sweep(sw->shared.mdb, tick, collect, &w);
	pass_on(sw, &w);
	querier_turn(sw, tick);
	return snooping_due(sw);
}

void snooping_forget(struct vswitch *sw, portset ports)
{
	struct waiting w = {.ns = switch_now(sw)};

	mdb_forget(sw->shared.mdb, mdb_in_each_vlan, &ports, collect, &w);
	pass_on(sw, &w);
}

// The ports that have no place in the groups of a VLAN by this configuration.
static portset out_of_vlan(const void *conf, uint16_t vid)
{
	const struct swconf *c = conf;

	return c->snoop[vid] & SNOOP_ON ? ~c->vlan[vid].member : ~UINT64_C(0);
}

void snooping_configure(struct vswitch *sw)
{
	struct waiting w = {.ns = switch_now(sw)};

	mdb_forget(sw->shared.mdb, out_of_vlan, sw->conf, collect, &w);
	pass_on(sw, &w);
	querier_configure(sw);
}

struct flushed {
	struct waiting waiting;
	uint32_t count;
};

static bool flush_one(void *arg, const struct mdb_membership *who)
{
	struct flushed *f = arg;

	f->count++;
	collect(&f->waiting, who, MDB_LEFT);
	return true;
}

uint32_t snooping_flush(struct vswitch *sw, const struct mdb_filter *filter)
{
	struct flushed f = {.waiting = {.ns = switch_now(sw)}};

	mdb_walk(sw->shared.mdb, filter, flush_one, &f);
	pass_on(sw, &f.waiting);
	return f.count;
}
