// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/fixed.h"

#include <string.h>

#include "control/switch/events.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/multicast.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"

static bool has_learned(const struct vswitch *sw, uint64_t key)
{
	struct fdb_entry e;

	return fdb_lookup(sw->shared.fdb, key, switch_tick(sw), &e) &&
	       (e.type == FDB_DYNAMIC || e.type == FDB_STICKY);
}

// Writes fixed entries of a new configuration into the table: with `fresh` those whose key the
// current one does not have, else those that differ from it.
static portset put_fixed(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count,
			 bool fresh)
{
	portset displaced = 0;

	for (size_t i = 0; i < count; i++) {
		const struct fixed_mac *f = &fixed[i],
				       *old = fixed_find(sw->fixed, sw->fixed_count, f->key);
		if (fresh ? old != NULL : !old || (old->port == f->port && old->type == f->type))
			continue;
		if (f->type == FDB_ASSIGNED && has_learned(sw, f->key))
			displaced |= portset_of(f->port);
		fdb_put(sw->shared.fdb, f->key, f->port, (enum fdb_type)f->type);
	}
	return displaced;
}

portset fixed_add(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count)
{
	return put_fixed(sw, fixed, count, true);
}

portset fixed_change(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count)
{
	return put_fixed(sw, fixed, count, false);
}

static void emit_fixed(struct vswitch *sw, enum event_type type, const struct fixed_mac *f)
{
	switch_emit(sw, &(struct event){.type = (uint8_t)type,
					.ns = switch_now(sw),
					.key = f->key,
					.port = f->port,
					.reason = f->type});
}

// Reports the static entries of one table that another one does not have.
static void report_static(struct vswitch *sw, enum event_type type, const struct fixed_mac *from,
			  size_t count, const struct fixed_mac *other, size_t other_count,
			  const struct fdb_filter *flush)
{
	for (size_t i = 0; i < count; i++) {
		const struct fixed_mac *f = &from[i],
				       *same = fixed_find(other, other_count, f->key);
		struct fdb_entry e = {.key = f->key, .port = f->port, .type = f->type};
		if (f->type == FDB_STATIC &&
		    !(same && same->port == f->port && same->type == f->type) &&
		    !(flush && fdb_filter_takes(flush, &e)))
			emit_fixed(sw, type, f);
	}
}

// Reports the ports of a configuration's static groups that another one does not give them.
static void report_groups(struct vswitch *sw, enum event_type type, const struct swconf *from,
			  const struct swconf *other)
{
	unsigned port;

	for (unsigned i = 0; i < from->group_count; i++) {
		const struct static_group *g = &from->group[i];
		PORTSET_FOREACH(port, g->ports & ~multicast_static(other, g->key))
			switch_emit(sw, &(struct event){.type = (uint8_t)type,
							.ns = switch_now(sw),
							.key = g->key,
							.port = (uint8_t)port});
	}
}

// The number of a port that is or was there.
static uint8_t number_of(const struct vswitch *sw, const char *name)
{
	uint8_t port = 0;

	while (port < PORTS_MAX - 1 && strcmp(sw->port[port].name, name))
		port++;
	return port;
}

// Reports the assigned MACs of one configuration that another one does not have. Each holds for all
// VLANs of its port, and is one entry.
static void report_assigned(struct vswitch *sw, enum event_type type, const struct config *from,
			    const struct config *other)
{
	for (unsigned i = 0; i < from->port_count; i++) {
		const struct config_port *p = &from->port[i], *same = config_port(other, p->name);
		struct fixed_mac f = {config_assigned_mac(from, p), number_of(sw, p->name),
				      FDB_ASSIGNED};
		if (f.key && !(same && config_assigned_mac(other, same) == f.key))
			emit_fixed(sw, type, &f);
	}
}

// Reports that learned entries gave way to the assigned MAC of a port. Those that it has in other
// VLANs stay, and are reported again.
static void report_displaced(struct vswitch *sw, const struct config *c, const char *port)
{
	struct fdb_filter f = {.port = -1, .mac = config_assigned_mac(c, config_port(c, port))};

	for (f.type = FDB_DYNAMIC; f.type <= FDB_STICKY; f.type++)
		flush_report(sw, &f, FLUSH_COMMAND);
}

void fixed_report(struct vswitch *sw, const struct fixed_news *n)
{
	unsigned port;

	events_drain(sw);
	report_static(sw, EVENT_MAC_REMOVED, sw->fixed, sw->fixed_count, n->fixed, n->count,
		      n->flush);
	report_assigned(sw, EVENT_MAC_REMOVED, sw->config, n->config);
	PORTSET_FOREACH(port, n->displaced)
		report_displaced(sw, n->config, sw->port[port].name);
	report_static(sw, EVENT_MAC_ADDED, n->fixed, n->count, sw->fixed, sw->fixed_count, NULL);
	report_assigned(sw, EVENT_MAC_ADDED, n->config, sw->config);
	report_groups(sw, EVENT_GROUP_REMOVED, sw->conf, n->conf);
	report_groups(sw, EVENT_GROUP_ADDED, n->conf, sw->conf);
	if (n->flush)
		flush_emit(sw, n->flush, FLUSH_COMMAND);
}
