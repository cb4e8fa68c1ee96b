// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "control/api/methods/config.h"

#include "control/api/confirm.h"
#include "control/api/control.h"
#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/common/error.h"
#include "control/common/json.h"
#include "control/config/config.h"
#include "control/config/diff.h"
#include "control/config/file.h"
#include "control/config/history.h"
#include "control/device/spec.h"

static json_t *no_memory(struct error *e)
{
	error_no_memory(e);
	return NULL;
}

// The revision that parameter `number` means.
static const struct revision *wanted_revision(const struct control *k, const json_t *params,
					      struct error *e)
{
	uint64_t number;

	if (!json_object_get(params, "number")) {
		method_refuse(e, PARAMS_INVALID, "parameter 'number' is missing");
		return NULL;
	}
	if (!param_number(params, "number", (struct param_range){0, UINT32_MAX, NULL}, &number, e))
		return NULL;
	const struct revision *r = history_find(k->history, (unsigned)number);
	if (!r)
		method_refuse(e, METHOD_REFUSED,
			      "there is no configuration %llu (config history lists them)",
			      (unsigned long long)number);
	return r;
}

static json_t *config_show(struct control *k, const json_t *params, struct error *e)
{
	if (json_object_get(params, "number")) {
		const struct revision *r = wanted_revision(k, params, e);
		return r ? json_string(r->text) : NULL;
	}
	char *text = config_text(k->sw->config);
	json_t *yaml = text ? json_string(text) : no_memory(e);
	free(text);
	return yaml;
}

// A configuration from a text, its devices looked at as well. NULL: refused, under the file's name.
static struct config *parse(const char *text, size_t len, const char *file, struct error *e)
{
	struct error ce;
	struct config *c = config_parse(text, len, &ce);

	if (c && device_check_all(c, false, &ce))
		return c;
	config_free(c);
	method_refuse(e, METHOD_USAGE, "%s:%u:%u: %s", file, ce.at.line, ce.at.column, ce.text);
	return NULL;
}

// The one that parameter `text` holds.
static struct config *config_param(const json_t *params, struct error *e)
{
	const char *text = param_wanted(params, "text", e), *file = param_text(params, "file");

	return text ? parse(text, strlen(text), file ? file : "text", e) : NULL;
}

static json_t *config_check(struct control *k, const json_t *params, struct error *e)
{
	struct config *c = config_param(params, e);
	json_t *result = c ? change_warnings(c, NULL) : NULL;

	(void)k;
	config_free(c);
	return result;
}

static json_t *config_diff(struct control *k, const json_t *params, struct error *e)
{
	struct config *c = config_param(params, e);
	json_t *result = c ? json_pack("{s:o}", "differences", configdiff(k->sw->config, c)) : NULL;

	config_free(c);
	return result;
}

// Applies the edited copy. The result also has what it changed.
static json_t *finish_with_differences(struct change *ch)
{
	json_t *differences = configdiff(ch->k->sw->config, ch->c);
	json_t *result;

	ch->is_whole = true;
	result = differences ? change_finish(ch, true) : no_memory(ch->e);

	if (!differences)
		config_free(ch->c);
	if (result)
		json_object_set(result, "differences", differences);
	json_decref(differences);
	return result;
}

// Applies a configuration that is to be confirmed within so many seconds.
static json_t *apply_for_now(struct change *ch, unsigned seconds)
{
	struct config *former = config_copy(ch->k->sw->config);
	unsigned number = history_newest(ch->k->history)->number;
	json_t *result;

	if (!former) {
		config_free(ch->c);
		return no_memory(ch->e);
	}
	result = finish_with_differences(ch);
	if (result)
		confirm_expect(ch->k->confirm, former, number, seconds);
	else
		config_free(former);
	return result;
}

static bool devices_allowed(const struct control *k, const struct config *c, struct error *e)
{
	for (unsigned i = 0; i < c->port_count; i++)
		if (!method_device_allowed(k, &c->port[i], e))
			return false;
	return true;
}

static json_t *config_apply(struct control *k, const json_t *params, struct error *e)
{
	uint64_t seconds = 0;

	if (!param_number(params, "confirm", (struct param_range){1, CONFIRM_MAX_S, "s"}, &seconds,
			  e))
		return NULL;
	struct change ch = {.k = k, .c = config_param(params, e), .e = e};
	if (!ch.c || !devices_allowed(k, ch.c, e)) {
		config_free(ch.c);
		return NULL;
	}
	return seconds ? apply_for_now(&ch, (unsigned)seconds) : finish_with_differences(&ch);
}

static json_t *config_confirm(struct control *k, const json_t *params, struct error *e)
{
	(void)params;
	if (!confirm_end(k->confirm))
		return method_refuse(
			e, METHOD_REFUSED,
			"nothing waits for a confirmation (config apply FILE confirm SECONDS does)");
	return json_object();
}

// Applies what the file of `run` has now.
static json_t *config_reload(struct control *k, const json_t *params, struct error *e)
{
	const char *file = history_path(k->history);
	struct configfile f;

	(void)params;
	if (!file)
		return method_refuse(e, METHOD_REFUSED,
				     "the switch was started without a file (config apply FILE)");
	bool good = configfile_open(&f, file, e) &&
		    (f.exists || error_set(e, "%.400s is not there", file));
	struct change ch = {.k = k, .c = good ? parse(f.content, f.len, file, e) : NULL, .e = e};
	configfile_close(&f);
	json_t *result = ch.c ? finish_with_differences(&ch) : NULL;
	if (result)
		history_note_file(k->history, k->sw->config);
	return result;
}

// Whether the configuration may take the place of what a file has: the file of `run` is not
// overwritten by chance.
static bool may_replace(const struct control *k, const struct configfile *f, bool named,
			struct error *e)
{
	unsigned seconds, number;

	if (confirm_waits(k->confirm, &seconds, &number))
		return method_refuse(
			e, METHOD_REFUSED,
			"the configuration is not confirmed yet, %u comes back in %u s (config confirm keeps "
			"what runs)",
			number, seconds);
	if (named || !f->exists || (f->text && history_knows(k->history, f->text)))
		return true;
	return method_refuse(
		e, METHOD_REFUSED,
		"%.300s was changed by somebody (config diff %.300s shows how, config reload applies it, "
		"config save %.300s overwrites it)",
		f->path, f->path, f->path);
}

static json_t *save(struct control *k, const struct configfile *f, const char *text,
		    struct error *e)
{
	bool written = !f->text || strcmp(f->text, text);
	bool keep = written && f->len &&
		    (!f->text || config_has_comments(f->content, f->len) ||
		     !history_knows(k->history, f->text));
	json_t *warnings = json_array();

	if (written && !configfile_replace(f, text, keep, e)) {
		json_decref(warnings);
		return NULL;
	}
	if (keep)
		json_array_append_new(
			warnings,
			json_sprintf(
				"%s had comments, or what this switch has never had: that is in %s~ now",
				f->path, f->path));
	return json_pack("{s:s, s:b, s:o}", "file", f->path, "written", written, "warnings",
			 warnings);
}

// Whether a file is the one of `run`.
static bool is_own(const struct control *k, const struct configfile *f)
{
	const char *own = history_path(k->history);
	char path[PATH_MAX];

	return own && realpath(own, path) && !strcmp(path, f->path);
}

bool method_writes_elsewhere(const struct control *k, const char *name, const json_t *params)
{
	const char *file = param_text(params, "file"), *own = history_path(k->history);
	char path[PATH_MAX];

	if (!file || strcmp(name, "config.save") != 0)
		return false;
	return !own || (strcmp(file, own) && (!realpath(own, path) || strcmp(file, path)));
}

static json_t *config_save(struct control *k, const json_t *params, struct error *e)
{
	const char *named = param_text(params, "file"),
		   *path = named ? named : history_path(k->history);
	struct configfile f;
	json_t *result = NULL;

	if (!path)
		return method_refuse(
			e, METHOD_REFUSED,
			"the switch was started without a file (config save FILE writes one)");
	char *text = config_text(k->sw->config);
	if (!text)
		return no_memory(e);
	if (configfile_open(&f, path, e) && may_replace(k, &f, named, e))
		result = save(k, &f, text, e);
	if (result && is_own(k, &f))
		history_note_file(k->history, k->sw->config);
	configfile_close(&f);
	free(text);
	return result;
}

static json_t *config_history(struct control *k, const json_t *params, struct error *e)
{
	json_t *all = json_array();

	(void)params, (void)e;
	for (unsigned i = 0; i < k->history->count; i++) {
		const struct revision *r = &k->history->revision[i];
		json_array_append_new(all,
				      json_pack("{s:i, s:f, s:s}", "number", (int)r->number, "time",
						json_thousandths(r->time), "what", r->what));
	}
	return all;
}

static json_t *config_rollback(struct control *k, const json_t *params, struct error *e)
{
	const struct revision *r = wanted_revision(k, params, e);
	struct error ce;
	struct change ch = {
		.k = k, .c = r ? config_parse(r->text, strlen(r->text), &ce) : NULL, .e = e};

	if (ch.c)
		return finish_with_differences(&ch);
	return r ? no_memory(e) : NULL;
}

const struct method methods_config[] = {
	{"config.show", config_show, METHOD_PUBLIC, NULL, PARAMS("number")},
	{"config.check", config_check, 0, NULL, PARAMS("text", "file")},
	{"config.diff", config_diff, 0, NULL, PARAMS("text", "file")},
	{"config.apply", config_apply, 0, "file", PARAMS("text", "file", "confirm")},
	{"config.confirm", config_confirm, 0, NULL, NULL},
	{"config.reload", config_reload, 0, NULL, NULL},
	{"config.save", config_save, 0, "file", PARAMS("file")},
	{"config.history", config_history, METHOD_PUBLIC, NULL, NULL},
	{"config.rollback", config_rollback, 0, "number", PARAMS("number")},
	{0},
};
