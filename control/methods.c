// SPDX-License-Identifier: BSD-3-Clause
#include "methods.h"

#include <string.h>

#include "describe.h"
#include "methodcommon.h"
#include "recent.h"
#include "rpc.h"

enum { METHOD_UNKNOWN = -32601 };

static json_t *status(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	(void)params, (void)e;
	return describe_status(sw);
}

static json_t *stats_show(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	(void)params, (void)e;
	return describe_ports(sw);
}

static json_t *stats_clear(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	(void)params, (void)e;
	switch_clear_counters(sw, sw->ports);
	return json_object();
}

// {"events": […]}, the oldest first; parameter `count`: no more than that.
static json_t *events_show(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	uint64_t count = RECENT_EVENTS;

	if (!param_number(params, "count", RECENT_EVENTS, &count, e))
		return NULL;
	return json_pack("{s:o}", "events", sw->recent ? recent_json(sw->recent, (unsigned)count) : json_array());
}

static const struct method methods_switch[] = {
	{"status", status},
	{"stats.show", stats_show},
	{"stats.clear", stats_clear},
	{"events.show", events_show},
	{0},
};

static const struct method *const all[] = {methods_switch, methods_port, methods_table, methods_config, methods_trace};

static const struct method *find(const char *name)
{
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (const struct method *m = all[i]; m->name; m++)
			if (!strcmp(m->name, name))
				return m;
	return NULL;
}

bool method_is_public(const char *name)
{
	static const char *const public[] = {"status", "stats.show", "port.show", "group.show", "policy.show", "fdb.show",
					     "events.show", "config.show", "config.history"};

	for (size_t i = 0; i < sizeof public / sizeof *public; i++)
		if (!strcmp(public[i], name))
			return find(name);
	return false;
}

json_t *method_call(struct vswitch *sw, const char *name, const json_t *params, struct method_error *error)
{
	const struct method *m = find(name);

	if (!m)
		return method_refuse(error, METHOD_UNKNOWN, "unknown method '%.64s'", name);
	json_t *result = m->call(sw, params, error);
	return result || error->code ? result : method_refuse(error, RPC_REFUSED, "out of memory");
}
