// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/describe_mdb.h"

#include <stdlib.h>

#include "control/common/text.h"
#include "control/config/config.h"
#include "control/switch/querier.h"
#include "control/switch/state.h"
#include "dataplane/key.h"
#include "dataplane/mdb.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/snoop.h"

static const char *const protocol_names[SNOOP_FAMILIES] = {
	[SNOOP_IPV4] = "igmp", [SNOOP_IPV6] = "mld"};

// Memberships are copied under the table's lock, and described afterwards.
struct copied {
	struct mdb_membership *all;
	size_t count, room;
	uint64_t mac; // only groups with this MAC; 0: any
};

static bool copy_one(void *arg, const struct mdb_membership *who)
{
	struct copied *c = arg;

	if (c->count < c->room && (!c->mac || snoop_group_mac(who->group) == c->mac))
		c->all[c->count++] = *who;
	return false;
}

static int compare(const void *a, const void *b)
{
	const struct mdb_membership *x = a, *y = b;

	if (x->vid != y->vid)
		return x->vid < y->vid ? -1 : 1;
	if (x->group.high != y->group.high)
		return x->group.high < y->group.high ? -1 : 1;
	if (x->group.low != y->group.low)
		return x->group.low < y->group.low ? -1 : 1;
	return x->port - y->port;
}

static json_t *seconds_left(const struct vswitch *sw, uint32_t until)
{
	uint32_t tick = switch_tick(sw);

	return json_integer(until > tick ? (until - tick) / MDB_TICKS_PER_S : 0);
}

static json_t *address_json(struct snoop_address a)
{
	char text[IP_TEXT];

	if (!a.high && !a.low)
		return json_null();
	text_put_address(a.high, a.low, text);
	return json_string(text);
}

static json_t *membership_json(const struct vswitch *sw, const struct mdb_membership *who)
{
	return json_pack("{s:i, s:o, s:s, s:s, s:i, s:o}", "vlan", (int)who->vid, "group",
			 address_json(who->group), "port", sw->port[who->port].name, "type",
			 "dynamic", "version", (int)who->version, "age_left",
			 seconds_left(sw, who->until));
}

static json_t *static_json(const struct vswitch *sw, uint64_t key, unsigned port)
{
	char mac[MAC_TEXT];

	text_put_mac(key_mac(key), mac);
	return json_pack("{s:i, s:s, s:s, s:s, s:n, s:n}", "vlan", (int)key_vid(key), "group", mac,
			 "port", sw->port[port].name, "type", "static", "version", "age_left");
}

// The static groups of a filter that are not appended yet, sorted by VLAN and MAC.
struct statics {
	const struct vswitch *sw;
	const struct mdb_filter *filter;
	uint64_t mac; // of the filter
	unsigned next;
};

static bool takes_static(const struct statics *s, const struct static_group *g)
{
	return (!s->filter->vid || key_vid(g->key) == s->filter->vid) &&
	       (!s->mac || key_mac(g->key) == s->mac);
}

// Appends those up to a VLAN.
static void append_statics(struct statics *s, unsigned vid, json_t *all)
{
	const struct swconf *conf = s->sw->conf;
	portset ports = s->filter->port < 0 ? ~UINT64_C(0) : portset_of((unsigned)s->filter->port);
	unsigned port;

	for (; s->next < conf->group_count && key_vid(conf->group[s->next].key) <= vid; s->next++) {
		const struct static_group *g = &conf->group[s->next];
		if (takes_static(s, g))
			PORTSET_FOREACH(port, g->ports & ports)
				json_array_append_new(all, static_json(s->sw, g->key, port));
	}
}

json_t *describe_mdb(const struct vswitch *sw, const struct mdb_filter *f, uint64_t mac)
{
	bool has_group = f->group.high || f->group.low;
	struct statics fixed = {sw, f, has_group ? snoop_group_mac(f->group) : mac, 0};
	struct copied c = {.mac = mac};
	json_t *all = json_array();

	for (unsigned port = 0; port < PORTS_MAX; port++)
		c.room += mdb_count(sw->shared.mdb, port);
	c.all = calloc(c.room + 1, sizeof *c.all);
	if (!c.all || !all) {
		free(c.all);
		json_decref(all);
		return NULL;
	}
	mdb_walk(sw->shared.mdb, f, copy_one, &c);
	qsort(c.all, c.count, sizeof *c.all, compare);
	for (size_t i = 0; i < c.count; i++) {
		append_statics(&fixed, c.all[i].vid, all);
		json_array_append_new(all, membership_json(sw, &c.all[i]));
	}
	append_statics(&fixed, VID_MAX, all);
	free(c.all);
	return all;
}

static bool snoops(const struct vswitch *sw, uint16_t vid)
{
	return sw->conf->snoop[vid] & SNOOP_ON;
}

static json_t *router_json(const struct vswitch *sw, uint16_t vid, unsigned port)
{
	const struct mdb_vlan *v = mdb_vlan(sw->shared.mdb, vid);
	bool fixed = portset_has(sw->conf->routers_always, port);

	return json_pack("{s:i, s:s, s:s, s:o}", "vlan", (int)vid, "port", sw->port[port].name,
			 "type", fixed ? "static" : "dynamic", "age_left",
			 fixed ? json_null()
			       : seconds_left(sw, atomic_load(&v->router_until[port])));
}

json_t *describe_mdb_routers(const struct vswitch *sw)
{
	json_t *all = json_array();
	unsigned port;

	for (uint16_t vid = 1; vid <= VID_MAX; vid++) {
		if (!snoops(sw, vid))
			continue;
		portset learned = atomic_load(&mdb_vlan(sw->shared.mdb, vid)->routers),
			ports = (learned & ~sw->conf->routers_never) | sw->conf->routers_always;
		PORTSET_FOREACH(port, ports & sw->conf->vlan[vid].member)
			json_array_append_new(all, router_json(sw, vid, port));
	}
	return all;
}

static json_t *family_json(const struct vswitch *sw, uint16_t vid, enum snoop_family f)
{
	const struct mdb_vlan *v = mdb_vlan(sw->shared.mdb, vid);
	const struct config_vlan *c = config_vlan(sw->config, vid);
	struct mdb_querier q = mdb_get_querier(sw->shared.mdb, vid, f);
	portset open = sw->conf->vlan[vid].member & atomic_load(&sw->shared.up) &
		       ~atomic_load(&v->closed[f]);
	bool self = q.until && q.port == MDB_SELF;
	json_t *ports = json_array();
	unsigned port;

	PORTSET_FOREACH(port, open)
		json_array_append_new(ports, json_string(sw->port[port].name));
	return json_pack("{s:i, s:s, s:s, s:o, s:b, s:o, s:o, s:b, s:o, s:I, s:I}", "vlan",
			 (int)vid, "protocol", protocol_names[f], "unregistered",
			 unregistered_words[c->unregistered], "querier",
			 q.until ? address_json(q.source) : json_null(), "self", self, "port",
			 !q.until || self ? json_null() : json_string(sw->port[q.port].name),
			 "age_left", q.until ? seconds_left(sw, q.until) : json_null(), "pruned",
			 atomic_load(&v->closed[f]) != 0, "open_ports", ports, "invalid",
			 (json_int_t)atomic_load(&v->invalid), "queries",
			 (json_int_t)querier_sent(sw, vid, f));
}

json_t *describe_mdb_vlans(const struct vswitch *sw)
{
	json_t *all = json_array();

	for (uint16_t vid = 1; vid <= VID_MAX; vid++)
		for (int f = 0; f < SNOOP_FAMILIES && snoops(sw, vid); f++)
			json_array_append_new(all, family_json(sw, vid, (enum snoop_family)f));
	return all;
}
