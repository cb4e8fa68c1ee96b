// SPDX-License-Identifier: BSD-3-Clause
#include "methods.h"

#include <string.h>

#include "confirm.h"
#include "describe.h"
#include "history.h"
#include "log.h"
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
	const char *port;

	if (!param_optional(params, "port", &port, e))
		return NULL;
	if (port && !config_port(sw->config, port))
		return method_no_port(e, sw->config, port);
	return port ? json_pack("[o]", describe_port(sw, (unsigned)switch_port(sw, port))) : describe_ports(sw);
}

static json_t *stats_reasons(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	(void)sw, (void)params, (void)e;
	return describe_reasons();
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

	if (!param_number(params, "count", 1, RECENT_EVENTS, &count, e))
		return NULL;
	return json_pack("{s:o}", "events", sw->recent ? recent_json(sw->recent, (unsigned)count) : json_array());
}

static const struct method methods_switch[] = {
	{"status", status},
	{"stats.show", stats_show},
	{"stats.reasons", stats_reasons},
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
	static const char *const public[] = {"status", "stats.show", "stats.reasons", "port.show", "group.show", "policy.show",
					     "policy.keys", "fdb.show", "events.show", "config.show", "config.history"};

	for (size_t i = 0; i < sizeof public / sizeof *public; i++)
		if (!strcmp(public[i], name))
			return find(name);
	return false;
}

// A word and a value; word NULL: the value by itself.
static void put_words(FILE *out, const char *word, const json_t *value)
{
	char text[DEVICE_TEXT];

	if (param_scalar(value, text, sizeof text))
		fprintf(out, "%s%s %s", word ? " " : "", word ? word : "", text);
}

// A parameter whose value stands by itself at the prompt, before those that a word goes ahead of.
static bool is_alone(const char *name)
{
	static const char *const alone[] = {"name", "file", "mac", "number"};

	for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
		if (!strcmp(name, alone[i]))
			return true;
	return false;
}

static void put_param(FILE *out, const char *name, json_t *value)
{
	const char *key;
	json_t *v;
	size_t i;

	json_object_foreach(value, key, v)
		put_words(out, key, v);
	json_array_foreach(value, i, v)
		put_words(out, NULL, v);
	if (strcmp(name, "text"))
		put_words(out, name, value);
}

// What a request would be at the prompt, as far as there is room.
static void put_request(const char *method, const json_t *params, char out[HISTORY_WHAT])
{
	FILE *f = fmemopen(out, HISTORY_WHAT, "w");
	json_t *members = (json_t *)(uintptr_t)params, *value;
	const char *name;

	*out = 0;
	if (!f)
		return;
	for (; *method; method++)
		fputc(*method == '.' ? ' ' : *method, f);
	json_object_foreach(members, name, value)
		if (is_alone(name))
			put_words(f, NULL, value);
	json_object_foreach(members, name, value)
		if (!is_alone(name))
			put_param(f, name, value);
	fclose(f);
	out[HISTORY_WHAT - 1] = 0;
	text_clean(out);
}

// Notes a change in the history, and tells who made it if it does not last.
static void note_change(struct vswitch *sw, const char *method, const json_t *params, json_t *result)
{
	char what[HISTORY_WHAT];
	unsigned seconds, number;

	put_request(method, params, what);
	history_note(sw->history, sw->config, what);
	if (confirm_waits(sw->confirm, &seconds, &number))
		json_array_append_new(json_object_get(result, "warnings"),
				      json_sprintf("not confirmed: configuration %u comes back in %u s (config confirm keeps what runs)",
						   number, seconds));
}

static const char *method_name(void *unused, size_t i)
{
	(void)unused;
	for (size_t t = 0; t < sizeof all / sizeof *all; t++)
		for (const struct method *m = all[t]; m->name; m++)
			if (!i--)
				return m->name;
	return NULL;
}

json_t *method_call(struct vswitch *sw, const char *name, const json_t *params, struct method_error *error)
{
	const struct method *m = find(name);
	char hint[TEXT_HINT];

	log_write(LOG_DEBUG, "request: %s", name);
	if (!m)
		return method_refuse(error, METHOD_UNKNOWN, "unknown method '%.64s'%s", name, text_hint(hint, name, method_name, NULL, NULL));
	uint64_t applied = sw->applied;
	json_t *result = m->call(sw, params, error);
	if (sw->history && sw->applied != applied)
		note_change(sw, name, params, result);
	return result || error->code ? result : method_refuse(error, RPC_REFUSED, "out of memory");
}
