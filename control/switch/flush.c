// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/flush.h"

#include "control/switch/events.h"
#include "control/switch/settle.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"

bool fdb_filter_takes(const struct fdb_filter *f, const struct fdb_entry *e)
{
	return (f->port < 0 || f->port == e->port) && (!f->vid || f->vid == key_vid(e->key)) &&
	       (!f->mac || f->mac == key_mac(e->key)) && (f->type < 0 || f->type == e->type) &&
	       !portset_has(f->spared, e->port);
}

void flush_emit(struct vswitch *sw, const struct fdb_filter *f, enum flush_cause cause)
{
	switch_emit(sw, &(struct event){
				.type = EVENT_MAC_FLUSHED,
				.ns = switch_now(sw),
				.key = key_make(f->vid, f->mac),
				.port = f->port < 0 ? EVENT_PORT_ANY : (uint8_t)f->port,
				.reason = (uint8_t)f->type,
				.from = (uint8_t)cause,
			});
}

void flush_emit_added(struct vswitch *sw, const struct fdb_entry *e)
{
	bool remote = sw->conf->vxlan && portset_has(sw->conf->vxlan->tunnels, e->port);

	switch_emit(sw,
		    &(struct event){.type = EVENT_MAC_ADDED,
				    .ns = switch_now(sw),
				    .key = e->key,
				    .port = e->port,
				    .reason = (uint8_t)(e->type + (remote ? EVENT_REMOTE : 0))});
}

struct survivors {
	struct vswitch *sw;
	const struct fdb_filter *filter;
};

static bool report_survivor(void *arg, const struct fdb_entry *e)
{
	const struct survivors *s = arg;

	if (fdb_filter_takes(s->filter, e))
		flush_emit_added(s->sw, e);
	return false;
}

void flush_report(struct vswitch *sw, const struct fdb_filter *f, enum flush_cause cause)
{
	struct survivors s = {.sw = sw, .filter = f};

	if (!sw->on_event)
		return;
	switch_synchronize(sw);
	events_drain(sw);
	flush_emit(sw, f, cause);
	fdb_walk_all(sw->shared.fdb, switch_tick(sw), NULL, report_survivor, &s);
}

void flush_report_entry(struct vswitch *sw, const struct fdb_entry *e, enum flush_cause cause)
{
	struct fdb_filter f = {
		.port = e->port, .vid = key_vid(e->key), .mac = key_mac(e->key), .type = e->type};
	struct fdb_entry now;

	flush_emit(sw, &f, cause);
	if (fdb_lookup(sw->shared.fdb, e->key, switch_tick(sw), &now))
		flush_emit_added(sw, &now);
}
