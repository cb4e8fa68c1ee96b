// SPDX-License-Identifier: BSD-3-Clause

#include <string.h>

#include "control/api/control.h"
#include "control/api/describe.h"
#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/api/recent.h"
#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/ports.h"
#include "control/switch/state.h"

static json_t *status(struct control *k, const json_t *params, struct error *e)
{
	(void)params, (void)e;
	return describe_status(k);
}

static json_t *stats_show(struct control *k, const json_t *params, struct error *e)
{
	const char *port;

	if (!param_optional(params, "port", &port, e))
		return NULL;
	if (port && !config_port(k->sw->config, port))
		return method_no_port(e, k->sw->config, port);
	ports_read_losses(k->sw);
	return port ? json_pack("[o]", describe_port(k->sw, (unsigned)switch_port(k->sw, port)))
		    : describe_ports(k->sw);
}

static json_t *stats_reasons(struct control *k, const json_t *params, struct error *e)
{
	(void)k, (void)params, (void)e;
	return describe_reasons();
}

static json_t *stats_clear(struct control *k, const json_t *params, struct error *e)
{
	(void)params, (void)e;
	switch_clear_counters(k->sw, k->sw->ports);
	return json_object();
}

// {"events": […]}, the oldest first; parameter `count`: no more than that.
static json_t *events_show(struct control *k, const json_t *params, struct error *e)
{
	uint64_t count = RECENT_EVENTS;

	if (!param_number(params, "count", (struct param_range){1, RECENT_EVENTS, "events"}, &count,
			  e))
		return NULL;
	return json_pack("{s:o}", "events",
			 k->recent ? recent_json(k->recent, (unsigned)count) : json_array());
}

const struct method methods_switch[] = {
	{"status", status, METHOD_PUBLIC, NULL, NULL},
	{"stats.show", stats_show, METHOD_PUBLIC, NULL, PARAMS("port")},
	{"stats.reasons", stats_reasons, METHOD_PUBLIC, NULL, NULL},
	{"stats.clear", stats_clear, 0, NULL, NULL},
	{"events.show", events_show, METHOD_PUBLIC, NULL, PARAMS("count")},
	{0},
};
