// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/event_json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control/common/eventtypes.h"
#include "control/common/text.h"
#include "control/switch/state.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/lease.h"
#include "dataplane/link.h"
#include "dataplane/portset.h"
#include "dataplane/snoop.h"

_Static_assert((int)EVENT_REMOTE == (int)FDB_TYPES, "the remote kinds follow the others");

static const char *const kind_names[] = {
#define X(id, name) [FDB_##id] = (name),
	FDB_TYPE_LIST(X)
#undef X
		[EVENT_REMOTE + FDB_DYNAMIC] = "remote",
	[EVENT_REMOTE + FDB_STICKY] = "remote-sticky",
};

static const char *const cause_names[] = {
#define X(id, name) [FLUSH_##id] = (name),
	FLUSH_CAUSE_LIST(X)
#undef X
};

static const char *const end_names[] = {
#define X(id, name) [LEASE_##id] = (name),
	LEASE_END_LIST(X)
#undef X
};

static const char *const resync_names[] = {
#define X(id, name) [RESYNC_##id] = (name),
	RESYNC_CAUSE_LIST(X)
#undef X
};

static void add_word_member(struct event_members *all, const char *name, const char *word)
{
	all->member[all->count++] = (struct event_member){.name = name, .word = word};
}

static void add_number_member(struct event_members *all, const char *name, uint32_t number)
{
	all->member[all->count++] = (struct event_member){.name = name, .number = number};
}

static void add_count_member(struct event_members *all, const char *name, uint32_t number)
{
	all->member[all->count++] = (struct event_member){
		.name = name, .number = number, .is_number = true};
}

static void add_bool_member(struct event_members *all, const char *name, bool value)
{
	all->member[all->count++] = (struct event_member){
		.name = name, .word = value ? "true" : "false", .is_bool = true};
}

static void add_station(struct event_members *all, uint64_t key)
{
	text_put_mac(key_mac(key), all->mac);
	add_word_member(all, "mac", key_mac(key) ? all->mac : NULL);
	add_number_member(all, "vlan", key_vid(key));
}

static void add_group(struct event_members *all, const struct event *e, const char *port)
{
	text_put_address(e->group[0], e->group[1], all->address);
	add_word_member(all, "group", all->address);
	add_number_member(all, "vlan", key_vid(e->key));
	add_word_member(all, "port", port);
	add_number_member(all, "version", e->count);
}

static void add_querier(struct event_members *all, const struct event *e, const char *port)
{
	bool there = e->group[0] || e->group[1];

	text_put_address(e->group[0], e->group[1], all->address);
	add_word_member(all, "protocol", e->reason == SNOOP_IPV4 ? "igmp" : "mld");
	add_number_member(all, "vlan", key_vid(e->key));
	add_word_member(all, "port", e->port == EVENT_PORT_ANY ? NULL : port);
	add_word_member(all, "address", there ? all->address : NULL);
}

static void add_binding(struct event_members *all, const struct event *e, const char *port)
{
	text_put_prefix(e->group[0], e->group[1], e->count, all->address);
	add_word_member(all, "ip", all->address);
	add_station(all, e->key);
	add_word_member(all, "port", port);
}

static void add_vtep(struct event_members *all, const struct event *e)
{
	text_put_address(e->group[0], e->group[1], all->address);
	add_word_member(all, "vtep", all->address);
}

static void add_flush(struct event_members *all, const struct event *e, const char *port)
{
	add_word_member(all, "port", e->port == EVENT_PORT_ANY ? NULL : port);
	add_number_member(all, "vlan", key_vid(e->key));
	text_put_mac(key_mac(e->key), all->mac);
	add_word_member(all, "mac", key_mac(e->key) ? all->mac : NULL);
	add_word_member(all, "kind", fdb_type_names[e->reason]);
	add_word_member(all, "reason", cause_names[e->from]);
}

void event_collect_members(struct event_members *all, const struct event *e, const char *from,
			   const char *port)
{
	all->count = 0;
	switch ((enum event_type)e->type) {
	case EVENT_MAC_LEARNED:
	case EVENT_MAC_AGED:
		add_station(all, e->key);
		add_word_member(all, "port", port);
		break;
	case EVENT_MAC_MOVED:
	case EVENT_MAC_FLAP:
		add_station(all, e->key);
		add_word_member(all, "from", from);
		add_word_member(all, "to", port);
		if (e->reason == OUT_MAC_LIMIT)
			add_bool_member(all, "learned", false);
		break;
	case EVENT_MAC_ADDED:
	case EVENT_MAC_REMOVED:
		add_station(all, e->key);
		add_word_member(all, "port", port);
		add_word_member(all, "kind", kind_names[e->reason]);
		break;
	case EVENT_MAC_FLUSHED:
		add_flush(all, e, port);
		break;
	case EVENT_VIOLATION:
		add_word_member(all, "port", port);
		add_word_member(all, "reason", outcome_names[e->reason]);
		add_station(all, e->key);
		add_number_member(all, "count", e->count);
		if (e->from)
			add_bool_member(all, "audit", true);
		break;
	case EVENT_PORT_ERR_DISABLED:
		add_word_member(all, "port", port);
		add_word_member(all, "reason", outcome_names[e->reason]);
		break;
	case EVENT_PORT_RECOVERED:
	case EVENT_TABLE_FULL:
	case EVENT_PORT_UP:
		add_word_member(all, "port", port);
		break;
	case EVENT_PORT_DOWN:
		add_word_member(all, "port", port);
		if (e->reason != LINK_UP)
			add_word_member(all, "link", link_names[e->reason]);
		break;
	case EVENT_MAC_CHANGED:
		add_word_member(all, "port", port);
		text_put_mac(key_mac(e->key), all->mac);
		add_word_member(all, "mac", all->mac);
		break;
	case EVENT_CONFIG_ROLLED_BACK:
	case EVENT_CONFIG_ROLLBACK_FAILED:
		add_number_member(all, "number", e->count);
		break;
	case EVENT_LOST:
		add_number_member(all, "count", e->count);
		break;
	case EVENT_WORKER_STUCK:
	case EVENT_WORKER_TURNS:
		add_count_member(all, "worker", e->from);
		add_count_member(all, "seconds", e->count);
		break;
	case EVENT_GROUP_JOINED:
	case EVENT_GROUP_LEFT:
	case EVENT_GROUP_LIMIT:
		add_group(all, e, port);
		break;
	case EVENT_GROUP_ADDED:
	case EVENT_GROUP_REMOVED:
		text_put_mac(key_mac(e->key), all->mac);
		add_word_member(all, "group", all->mac);
		add_number_member(all, "vlan", key_vid(e->key));
		add_word_member(all, "port", port);
		break;
	case EVENT_QUERIER_CHANGED:
		add_querier(all, e, port);
		break;
	case EVENT_BINDING_LEARNED:
		add_binding(all, e, port);
		break;
	case EVENT_BINDING_ENDED:
		add_binding(all, e, port);
		add_word_member(all, "reason", end_names[e->reason]);
		break;
	case EVENT_BINDING_REFUSED:
		add_binding(all, e, port);
		add_word_member(all, "reason", e->reason == LEASE_TAKEN ? "taken" : "limit");
		break;
	case EVENT_VTEP_UP:
	case EVENT_VTEP_DOWN:
	case EVENT_EVPN_PORT_LIMIT:
		add_vtep(all, e);
		break;
	case EVENT_EVPN_RESYNC:
		add_word_member(all, "reason", resync_names[e->reason]);
		break;
	case EVENT_EVPN_TABLE_FULL:
		add_vtep(all, e);
		add_number_member(all, "count", e->count);
		break;
	case EVENT_EVPN_NEIGHBOUR_LIMIT:
		add_word_member(all, "port", e->port == EVENT_PORT_ANY ? NULL : port);
		break;
	case EVENT_TYPES:
		break;
	}
}

json_t *event_json_named(const struct event *e, const char *from, const char *port)
{
	json_t *o = json_pack("{s:f, s:s}", "time", (double)e->ns / 1e9, "type",
			      event_type_names[e->type]);
	struct event_members all;

	event_collect_members(&all, e, from, port);
	for (unsigned i = 0; i < all.count; i++) {
		const struct event_member *m = &all.member[i];
		json_object_set_new(o, m->name,
				    m->is_bool                  ? json_boolean(*m->word == 't')
				    : m->word                   ? json_string(m->word)
				    : m->number || m->is_number ? json_integer(m->number)
								: json_null());
	}
	return o;
}

const char *event_port_name(const struct vswitch *sw, unsigned port)
{
	return port < PORTS_MAX ? sw->port[port].name : "";
}

json_t *event_json(const struct vswitch *sw, const struct event *e)
{
	return event_json_named(e, event_port_name(sw, e->from), event_port_name(sw, e->port));
}

uint64_t event_unix_ms(const struct vswitch *sw, const struct event *e)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 -
	       (switch_now(sw) - e->ns) / 1000000;
}
