// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/mdb.h"

#include <string.h>

#include "control/api/control.h"
#include "control/api/describe_mdb.h"
#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/common/error.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/switch/settle.h"
#include "control/switch/snooping.h"
#include "control/switch/state.h"
#include "dataplane/key.h"
#include "dataplane/snoop.h"

static bool group_param(const json_t *params, struct snoop_address *group, struct error *e)
{
	const char *text;

	if (!param_optional(params, "group", &text, e))
		return false;
	return !text || (text_address(text, &group->high, &group->low) && snoop_is_group(*group)) ||
	       method_refuse(
		       e, METHOD_USAGE,
		       "group cannot be '%.45s' (a multicast address such as 239.1.2.3 or ff05::1)",
		       text);
}

static bool filter_params(const struct vswitch *sw, const json_t *params, struct mdb_filter *f,
			  struct error *e)
{
	uint64_t vid = 0;
	const char *port;

	if (!param_optional(params, "port", &port, e))
		return false;
	*f = (struct mdb_filter){.port = port ? switch_port(sw, port) : -1};
	if (port && f->port < 0)
		return method_no_port(e, sw->config, port);
	if (!param_number(params, "vlan", (struct param_range){1, VID_MAX, NULL}, &vid, e))
		return false;
	f->vid = (uint16_t)vid;
	return group_param(params, &f->group, e);
}

// A group that is given by its MAC. False: the parameter is none.
static bool is_group_mac(const json_t *params, uint64_t *mac)
{
	const char *text = param_text(params, "group");

	return text && text_mac(text, mac) && mac_is_group(*mac);
}

static json_t *groups_show(struct control *k, const json_t *params, struct error *e)
{
	json_t *rest = json_copy((json_t *)(uintptr_t)params);
	struct mdb_filter f;
	uint64_t mac = 0;

	if (is_group_mac(params, &mac))
		json_object_del(rest, "group");
	bool good = filter_params(k->sw, rest, &f, e);
	json_decref(rest);
	return good ? describe_mdb(k->sw, &f, mac) : NULL;
}

// What mdb add and mdb del name.
struct group {
	const char *text, *port; // the group as it was given; del: port NULL is any
	uint64_t mac;
	uint16_t vid;
};

// A group that frames can be pruned to, as its MAC.
static bool static_group_param(const json_t *params, struct group *g, struct error *e)
{
	struct snoop_address ip = {0};

	if (!(g->text = param_wanted(params, "group", e)))
		return false;
	if (is_group_mac(params, &g->mac))
		return true;
	if (!text_address(g->text, &ip.high, &ip.low) || !snoop_is_group(ip))
		return method_refuse(
			e, METHOD_USAGE,
			"group cannot be '%.45s' (a multicast address such as 239.1.2.3 or ff05::1, or the MAC of a group)",
			g->text);
	if (snoop_is_for_all(ip))
		return method_refuse(
			e, METHOD_USAGE,
			"group %s never leaves a link: every port gets it (a static group needs a wider scope)",
			g->text);
	g->mac = snoop_group_mac(ip);
	return true;
}

static bool group_params(const struct vswitch *sw, const json_t *params, struct group *g,
			 struct error *e)
{
	uint64_t vid = 0;

	if (!static_group_param(params, g, e) || !param_optional(params, "port", &g->port, e) ||
	    !param_number(params, "vlan", (struct param_range){1, VID_MAX, NULL}, &vid, e))
		return false;
	if (!vid)
		return method_refuse(e, METHOD_USAGE,
				     "a VLAN is wanted (mdb add GROUP vlan V port P)");
	g->vid = (uint16_t)vid;
	return !g->port || config_port(sw->config, g->port) ||
	       method_no_port(e, sw->config, g->port);
}

static bool is_row_of(const struct config_static *s, const struct group *g)
{
	return s->mac == g->mac && s->vid == g->vid && (!g->port || !strcmp(s->port, g->port));
}

static json_t *group_add(struct control *k, const json_t *params, struct error *e)
{
	struct group g;
	struct change ch;

	if (!param_wanted(params, "port", e) || !group_params(k->sw, params, &g, e))
		return NULL;
	for (unsigned i = 0; i < k->sw->config->fixed_count; i++)
		if (is_row_of(&k->sw->config->fixed[i], &g))
			return method_refuse(e, METHOD_REFUSED,
					     "group %s has port '%s' in VLAN %u already", g.text,
					     g.port, g.vid);
	if (!change_begin(&ch, k, e))
		return NULL;
	struct config_static *s = config_add_static(ch.c);
	if (s) {
		*s = (struct config_static){.mac = g.mac, .vid = g.vid};
		strcpy(s->port, g.port);
	} else {
		method_refuse(e, METHOD_REFUSED,
			      "there are %d static MACs already, the most there can be",
			      CONFIG_STATICS_MAX);
	}
	return change_finish(&ch, s);
}

static json_t *group_del(struct control *k, const json_t *params, struct error *e)
{
	const struct config *c = k->sw->config;
	struct change ch;
	struct group g;
	unsigned kept = 0;

	if (!group_params(k->sw, params, &g, e) || !change_begin(&ch, k, e))
		return NULL;
	for (unsigned i = 0; i < c->fixed_count; i++)
		if (!is_row_of(&c->fixed[i], &g))
			ch.c->fixed[kept++] = ch.c->fixed[i];
	ch.c->fixed_count = kept;
	if (kept == c->fixed_count)
		method_refuse(e, METHOD_REFUSED,
			      "there is no static group %s in VLAN %u%s%s (mdb show group %s)",
			      g.text, g.vid, g.port ? " on port " : "", g.port ? g.port : "",
			      g.text);
	return change_finish(&ch, kept < c->fixed_count);
}

static json_t *groups_flush(struct control *k, const json_t *params, struct error *e)
{
	struct mdb_filter f;

	if (!filter_params(k->sw, params, &f, e) || !settle_begin(k->sw, e))
		return NULL;
	return json_pack("{s:I}", "count", (json_int_t)snooping_flush(k->sw, &f));
}

static json_t *groups_routers(struct control *k, const json_t *params, struct error *e)
{
	(void)params, (void)e;
	return describe_mdb_routers(k->sw);
}

static json_t *groups_vlans(struct control *k, const json_t *params, struct error *e)
{
	(void)params, (void)e;
	return describe_mdb_vlans(k->sw);
}

const struct method methods_mdb[] = {
	{"mdb.show", groups_show, METHOD_PUBLIC, NULL, PARAMS("group", "vlan", "port")},
	{"mdb.routers", groups_routers, METHOD_PUBLIC, NULL, NULL},
	{"mdb.vlans", groups_vlans, METHOD_PUBLIC, NULL, NULL},
	{"mdb.flush", groups_flush, 0, NULL, PARAMS("group", "vlan", "port")},
	{"mdb.add", group_add, 0, "group", PARAMS("group", "vlan", "port")},
	{"mdb.del", group_del, 0, "group", PARAMS("group", "vlan", "port")},
	{0},
};
