// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/method.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "control/api/confirm.h"
#include "control/api/control.h"
#include "control/common/error.h"
#include "control/common/log.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/history.h"
#include "control/device/spec.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"

json_t *method_refuse(struct error *e, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_set_args(e, (struct mark){0}, format, args);
	va_end(args);
	e->code = code;
	return NULL;
}

bool method_usage(struct error *e)
{
	e->code = METHOD_USAGE;
	return false;
}

json_t *method_no_port(struct error *e, const struct config *c, const char *name)
{
	char hint[TEXT_HINT];

	return method_refuse(e, METHOD_REFUSED, "there is no port '%.64s'%s", name,
			     config_port_hint(hint, c, name, NULL));
}

json_t *method_no_group(struct error *e, const struct config *c, const char *name)
{
	char hint[TEXT_HINT];

	return method_refuse(e, METHOD_REFUSED, "there is no port group '%.64s'%s", name,
			     config_group_hint(hint, c, name, NULL));
}

const char *param_text(const json_t *params, const char *name)
{
	return json_string_value(json_object_get(params, name));
}

const char *param_wanted(const json_t *params, const char *name, struct error *e)
{
	const char *text = param_text(params, name);

	if (!text)
		method_refuse(e, PARAMS_INVALID, "parameter '%s' is missing or not a string", name);
	return text;
}

bool param_optional(const json_t *params, const char *name, const char **text, struct error *e)
{
	*text = param_text(params, name);
	return *text || !json_object_get(params, name) ||
	       method_refuse(e, PARAMS_INVALID, "parameter '%s' is not a string", name);
}

bool param_scalar(const json_t *v, char *out, size_t size)
{
	if (json_is_string(v))
		return (size_t)snprintf(out, size, "%s", json_string_value(v)) < size;
	if (json_is_integer(v))
		return snprintf(out, size, "%lld", (long long)json_integer_value(v)) > 0;
	if (json_is_boolean(v))
		return snprintf(out, size, "%s", json_is_true(v) ? "on" : "off") > 0;
	return false;
}

bool param_number(const json_t *params, const char *name, struct param_range range,
		  uint64_t *number, struct error *e)
{
	const json_t *v = json_object_get(params, name);
	char text[32] = "";

	if (!v || (param_scalar(v, text, sizeof text) && text_number(text, range.max, number) &&
		   *number >= range.min))
		return true;
	return method_refuse(e, METHOD_USAGE,
			     "%s cannot be '%.31s' (a number from %" PRIu64 " to %" PRIu64 "%s%s)",
			     name, text, range.min, range.max, range.unit ? " " : "",
			     range.unit ? range.unit : "");
}

bool method_device_allowed(const struct control *k, const struct config_port *p, struct error *e)
{
	const struct config_port *running = config_port(k->sw->config, p->name);

	if (k->raw_devices || !device_is_raw(p->device) ||
	    (running && !strcmp(running->device, p->device)))
		return true;
	method_refuse(
		e, METHOD_REFUSED,
		"port '%s': device '%.100s' is a DPDK device string, which only the file of nestswitch run may name "
		"(--raw-devices lets nestctl name it, too)",
		p->name, p->device);
	return false;
}

bool change_begin(struct change *ch, struct control *k, struct error *e)
{
	*ch = (struct change){.k = k, .c = config_copy(k->sw->config), .e = e};
	if (!ch->c)
		error_no_memory(e);
	return ch->c;
}

static void collect_warning(void *list, const struct error *w)
{
	json_array_append_new(list, json_string(w->text));
}

static bool has_text(const json_t *list, const json_t *text)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
		if (json_equal(v, text))
			return true;
	return false;
}

json_t *change_warnings(const struct config *c, const json_t *before)
{
	json_t *all = json_array(), *fresh = json_array(), *v;
	size_t i;

	config_warnings(c, collect_warning, all);
	json_array_foreach(all, i, v)
		if (!has_text(before, v))
			json_array_append(fresh, v);
	json_decref(all);
	return json_pack("{s:o}", "warnings", fresh);
}

// Whether a warning is about a key that the change sets.
static bool is_of_change(const struct change *ch, const char *warning)
{
	char head[PORT_NAME + 32];
	const char *key;
	json_t *value;

	snprintf(head, sizeof head, "warning: port '%s': ", ch->port ? ch->port->name : "");
	if (!ch->port || strncmp(warning, head, strlen(head)) != 0)
		return false;
	json_object_foreach((json_t *)(uintptr_t)ch->set, key, value)
		if (strstr(warning, key))
			return true;
	return false;
}

// The warnings of the running configuration that are not told again.
static json_t *known_warnings(const struct change *ch)
{
	json_t *known = json_array();

	if (ch->is_whole)
		return known;
	config_warnings(ch->k->sw->config, collect_warning, known);
	for (size_t i = json_array_size(known); i--;)
		if (is_of_change(ch, json_string_value(json_array_get(known, i))))
			json_array_remove(known, i);
	return known;
}

json_t *change_finish(struct change *ch, bool good)
{
	struct vswitch *sw = ch->k->sw;
	json_t *before = known_warnings(ch), *result = NULL;

	if (good && switch_apply_flush(sw, ch->c, ch->flush, ch->e))
		result = change_warnings(ch->c, before);
	else
		config_free(ch->c);
	json_decref(before);
	return result;
}

const struct method *method_find(const struct control *k, const char *name)
{
	for (const struct method *const *t = k->methods; *t; t++)
		for (const struct method *m = *t; m->name; m++)
			if (!strcmp(m->name, name))
				return m;
	return NULL;
}

// Writes a word and a value. word NULL: only the value.
static void put_words(FILE *out, const char *word, const json_t *value)
{
	char text[DEVICE_TEXT];

	if (param_scalar(value, text, sizeof text))
		fprintf(out, "%s%s %s", word ? " " : "", word ? word : "", text);
}

static void put_param(FILE *out, const char *name, json_t *value)
{
	const char *key;
	json_t *v;
	size_t i;

	json_object_foreach(value, key, v)
		put_words(out, key, v);
	if (json_is_array(value) && strcmp(name, "keys") != 0)
		fprintf(out, " %s", name);
	json_array_foreach(value, i, v)
		put_words(out, NULL, v);
	if (strcmp(name, "text"))
		put_words(out, name, value);
}

// Writes a request as the command that it would be at the prompt, as far as there is room.
static void put_request(const struct method *m, const json_t *params, char out[HISTORY_WHAT])
{
	FILE *f = fmemopen(out, HISTORY_WHAT, "w");
	json_t *members = (json_t *)(uintptr_t)params, *value;
	const char *name;

	*out = 0;
	if (!f)
		return;
	for (const char *c = m->name; *c; c++)
		fputc(*c == '.' ? ' ' : *c, f);
	if (m->positional)
		put_words(f, NULL, json_object_get(params, m->positional));
	json_object_foreach(members, name, value)
		if (!m->positional || strcmp(name, m->positional) != 0)
			put_param(f, name, value);
	fclose(f);
	out[HISTORY_WHAT - 1] = 0;
	text_clean(out);
}

// Notes a change in the history. Warns the client if a rollback is pending.
static void note_change(struct control *k, const struct method *m, const json_t *params,
			json_t *result)
{
	char what[HISTORY_WHAT];
	unsigned seconds, number;

	put_request(m, params, what);
	history_note(k->history, k->sw->config, what);
	if (confirm_waits(k->confirm, &seconds, &number))
		json_array_append_new(
			json_object_get(result, "warnings"),
			json_sprintf(
				"not confirmed: rollback to configuration %u in %u s (config confirm keeps the running one)",
				number, seconds));
}

static const char *method_name(void *control, size_t i)
{
	const struct control *k = control;

	for (const struct method *const *t = k->methods; *t; t++)
		for (const struct method *m = *t; m->name; m++)
			if (!i--)
				return m->name;
	return NULL;
}

static json_t *cannot_call(struct control *k, const struct method *m, const char *name,
			   struct error *e)
{
	char hint[TEXT_HINT];

	if (m)
		return method_refuse(e, METHOD_REFUSED,
				     "method '%s' needs the control socket (nestctl %s)", name,
				     name);
	return method_refuse(e, METHOD_UNKNOWN, "unknown method '%.64s'%s", name,
			     text_hint(hint, name, method_name, k, NULL));
}

static bool has_param(const struct method *m, const char *name)
{
	for (const char *const *p = m->params; p && *p; p++)
		if (!strcmp(*p, name))
			return true;
	return false;
}

bool method_has_params(const struct method *m, const json_t *params, struct error *e)
{
	json_t *members = (json_t *)(uintptr_t)params, *value;
	const char *name;
	char hint[TEXT_HINT];

	json_object_foreach(members, name, value)
		if (!has_param(m, name))
			return method_refuse(
				e, PARAMS_INVALID, "method '%s' has no parameter '%.40s'%s",
				m->name, name,
				m->params ? text_hint_of(hint, name, m->params) : " (it has none)");
	return true;
}

json_t *method_call(struct control *k, const char *name, const json_t *params, struct error *e)
{
	const struct method *m = method_find(k, name);
	uint64_t applied = k->sw->applied;

	*e = (struct error){.code = 0};
	log_write(LOG_DEBUG, "request: %s", name);
	if (!m || !m->call)
		return cannot_call(k, m, name, e);
	json_t *result = method_has_params(m, params, e) ? m->call(k, params, e) : NULL;
	if (k->history && k->sw->applied != applied)
		note_change(k, m, params, result);
	if (!result && !*e->text)
		error_no_memory(e);
	if (!result && !e->code)
		e->code = METHOD_REFUSED;
	return result;
}
