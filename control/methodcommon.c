// SPDX-License-Identifier: BSD-3-Clause
#include "methodcommon.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "rpc.h"

json_t *method_refuse(struct method_error *e, int code, const char *format, ...)
{
	va_list args;

	e->code = code;
	va_start(args, format);
	vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	text_clean(e->text);
	return NULL;
}

json_t *method_no_port(struct method_error *e, const struct config *c, const char *name)
{
	char hint[TEXT_HINT];

	return method_refuse(e, RPC_REFUSED, "there is no port '%.64s'%s", name, config_port_hint(hint, c, name, NULL));
}

json_t *method_no_group(struct method_error *e, const struct config *c, const char *name)
{
	char hint[TEXT_HINT];

	return method_refuse(e, RPC_REFUSED, "there is no port group '%.64s'%s", name, config_group_hint(hint, c, name, NULL));
}

const char *param_text(const json_t *params, const char *name)
{
	return json_string_value(json_object_get(params, name));
}

const char *param_wanted(const json_t *params, const char *name, struct method_error *e)
{
	const char *text = param_text(params, name);

	if (!text)
		method_refuse(e, PARAMS_INVALID, "parameter '%s' is missing or no string", name);
	return text;
}

bool param_optional(const json_t *params, const char *name, const char **text, struct method_error *e)
{
	*text = param_text(params, name);
	return *text || !json_object_get(params, name) || method_refuse(e, PARAMS_INVALID, "parameter '%s' is no string", name);
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

bool param_number(const json_t *params, const char *name, uint64_t min, uint64_t max, uint64_t *number, struct method_error *e)
{
	const json_t *v = json_object_get(params, name);
	char text[32] = "";

	if (!v || (param_scalar(v, text, sizeof text) && text_number(text, max, number) && *number >= min))
		return true;
	return method_refuse(e, RPC_USAGE, "%s cannot be '%.31s' (a number from %" PRIu64 " to %" PRIu64 ")", name, text, min, max);
}

bool change_begin(struct change *ch, struct vswitch *sw, struct method_error *e)
{
	*ch = (struct change){.sw = sw, .c = config_copy(sw->config), .e = e};
	if (!ch->c)
		method_refuse(e, RPC_REFUSED, "out of memory");
	return ch->c;
}

static void add_warning(void *list, const struct config_error *w)
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

	config_warnings(c, add_warning, all);
	json_array_foreach(all, i, v)
		if (!has_text(before, v))
			json_array_append(fresh, v);
	json_decref(all);
	return json_pack("{s:o}", "warnings", fresh);
}

json_t *change_finish(struct change *ch, bool good)
{
	struct config_error ce;
	json_t *before = json_array();

	config_warnings(ch->sw->config, add_warning, before);
	bool applied = good && switch_apply(ch->sw, ch->c, &ce);
	json_t *result = applied ? change_warnings(ch->c, before) : NULL;
	json_decref(before);
	if (applied)
		return result;
	if (good)
		method_refuse(ch->e, RPC_REFUSED, "%s", ce.text);
	config_free(ch->c);
	return NULL;
}
