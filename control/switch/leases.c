// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/leases.h"

#include <stdlib.h>

#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/lease.h"
#include "dataplane/leasing.h"
#include "dataplane/portset.h"

_Static_assert((int)LEASE_TICKS_PER_S == (int)FDB_TICKS_PER_S, "both tables have the same clock");

// Events of leases that ended. There is room for all.
struct ended {
	struct vswitch *sw;
	const struct leases_filter *filter;
	uint64_t ns;
	struct event *event;
	uint32_t count, lost;
};

static struct ended begin(struct vswitch *sw, const struct leases_filter *f)
{
	return (struct ended){.sw = sw,
			      .filter = f,
			      .ns = switch_now(sw),
			      .event = malloc(LEASE_MAX * sizeof(struct event))};
}

static void collect(void *arg, const struct lease *l, enum lease_end why)
{
	struct ended *e = arg;

	if (e->event)
		e->event[e->count++] = leasing_ended(l, why, e->ns);
	else
		e->lost++;
}

static void pass_on(struct ended *e)
{
	for (uint32_t i = 0; i < e->count; i++)
		switch_emit(e->sw, &e->event[i]);
	if (e->lost)
		switch_emit(e->sw,
			    &(struct event){.type = EVENT_LOST, .ns = e->ns, .count = e->lost});
	free(e->event);
}

uint32_t leases_sweep(struct vswitch *sw)
{
	uint32_t tick = switch_tick(sw);

	if (lease_due(sw->shared.leases) > tick)
		return lease_due(sw->shared.leases);
	struct ended e = begin(sw, NULL);
	uint32_t due = lease_sweep(sw->shared.leases, tick, collect, &e);
	pass_on(&e);
	return due;
}

// Whether a port is there, learns, and is in the VLAN of a lease.
static bool can_have(const struct vswitch *sw, unsigned port, const struct lease *l)
{
	return portset_has(sw->ports, port) && sw->conf->port[port].learns_leases &&
	       portset_has(sw->conf->vlan[key_vid(l->key)].member, port);
}

static int place(void *arg, const struct lease *l)
{
	const struct ended *e = arg;
	struct fdb_entry station;

	if (can_have(e->sw, l->port, l))
		return l->port;
	return fdb_lookup(e->sw->shared.fdb, l->key, switch_tick(e->sw), &station) &&
			       can_have(e->sw, station.port, l)
		       ? station.port
		       : -1;
}

static bool is_learning(const struct vswitch *sw, unsigned port)
{
	return portset_has(sw->ports, port) && sw->conf->port[port].learns_leases;
}

void leases_configure(struct vswitch *sw)
{
	struct ended e = begin(sw, NULL);
	portset deaf = 0;

	for (unsigned port = 0; port < PORTS_MAX; port++)
		deaf |= is_learning(sw, port) ? 0 : portset_of(port);
	lease_replace(sw->shared.leases, deaf, place, collect, &e);
	pass_on(&e);
}

bool leases_filter_takes(const struct leases_filter *f, const struct lease *l)
{
	bool same = f->ip.high == l->ip.high && f->ip.low == l->ip.low && f->bits == l->bits;

	return (f->port < 0 || f->port == l->port) && (!f->mac || f->mac == key_mac(l->key)) &&
	       (!f->vid || f->vid == key_vid(l->key)) && (!f->bits || same);
}

static bool is_wanted(void *arg, const struct lease *l)
{
	const struct ended *e = arg;

	return leases_filter_takes(e->filter, l);
}

uint32_t leases_end(struct vswitch *sw, const struct leases_filter *f)
{
	struct ended e = begin(sw, f);
	uint32_t count = lease_remove(sw->shared.leases, is_wanted, collect, &e, LEASE_COMMAND);

	pass_on(&e);
	return count;
}
