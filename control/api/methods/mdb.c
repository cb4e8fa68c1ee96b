// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/mdb.h"
#include "control/api/control.h"
#include "control/api/describe_mdb.h"
#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/common/error.h"
#include "control/common/text.h"
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

static json_t *groups_show(struct control *k, const json_t *params, struct error *e)
{
	struct mdb_filter f;

	return filter_params(k->sw, params, &f, e) ? describe_mdb(k->sw, &f) : NULL;
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
	{"mdb.show", groups_show, METHOD_PUBLIC, NULL},
	{"mdb.routers", groups_routers, METHOD_PUBLIC, NULL},
	{"mdb.vlans", groups_vlans, METHOD_PUBLIC, NULL},
	{"mdb.flush", groups_flush, 0, NULL},
	{0},
};
