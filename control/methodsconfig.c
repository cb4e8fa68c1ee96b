// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "configdiff.h"
#include "configfile.h"
#include "confirm.h"
#include "device.h"
#include "history.h"
#include "methodcommon.h"
#include "rpc.h"

static json_t *no_memory(struct method_error *e)
{
	return method_refuse(e, RPC_REFUSED, "out of memory");
}

// The revision that parameter `number` means.
static const struct revision *wanted_revision(const struct vswitch *sw, const json_t *params, struct method_error *e)
{
	uint64_t number;

	if (!json_object_get(params, "number")) {
		method_refuse(e, PARAMS_INVALID, "parameter 'number' is missing");
		return NULL;
	}
	if (!param_number(params, "number", 0, UINT32_MAX, &number, e))
		return NULL;
	const struct revision *r = history_find(sw->history, (unsigned)number);
	if (!r)
		method_refuse(e, RPC_REFUSED, "there is no configuration %llu (config history lists them)", (unsigned long long)number);
	return r;
}

static json_t *config_show(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	if (json_object_get(params, "number")) {
		const struct revision *r = wanted_revision(sw, params, e);
		return r ? json_string(r->text) : NULL;
	}
	char *text = config_text(sw->config);
	json_t *yaml = text ? json_string(text) : no_memory(e);
	free(text);
	return yaml;
}

// A configuration from a text, its devices looked at as well. NULL: refused, under the file's name.
static struct config *parse(const char *text, size_t len, const char *file, struct method_error *e)
{
	struct config_error ce;
	struct config *c = config_parse(text, len, &ce);
	bool good = c;

	for (unsigned i = 0; good && i < c->port_count; i++)
		good = device_check(&c->port[i], &ce) && config_device_is_free(c, &c->port[i], &ce);
	if (good)
		return c;
	config_free(c);
	method_refuse(e, RPC_USAGE, "%s:%u:%u: %s", file, ce.at.line, ce.at.column, ce.text);
	return NULL;
}

// The one that parameter `text` holds.
static struct config *config_param(const json_t *params, struct method_error *e)
{
	const char *text = param_wanted(params, "text", e), *file = param_text(params, "file");

	return text ? parse(text, strlen(text), file ? file : "text", e) : NULL;
}

static json_t *config_check(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct config *c = config_param(params, e);
	json_t *result = c ? change_warnings(c, NULL) : NULL;

	(void)sw;
	config_free(c);
	return result;
}

static json_t *config_diff(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct config *c = config_param(params, e);
	json_t *result = c ? json_pack("{s:o}", "differences", configdiff(sw->config, c)) : NULL;

	config_free(c);
	return result;
}

// Applies a configuration that is to be confirmed within so many seconds.
static json_t *apply_for_now(struct change *ch, unsigned seconds)
{
	struct config *former = config_copy(ch->sw->config);
	unsigned number = history_newest(ch->sw->history)->number;
	json_t *result = change_finish(ch, former);

	if (!former)
		return no_memory(ch->e);
	if (result)
		confirm_expect(ch->sw->confirm, former, number, seconds);
	else
		config_free(former);
	return result;
}

static json_t *config_apply(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	uint64_t seconds = 0;

	if (!param_number(params, "confirm", 1, CONFIRM_MAX_S, &seconds, e))
		return NULL;
	struct change ch = {.sw = sw, .c = config_param(params, e), .e = e};
	if (!ch.c)
		return NULL;
	return seconds ? apply_for_now(&ch, (unsigned)seconds) : change_finish(&ch, true);
}

static json_t *config_confirm(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	(void)params;
	if (!confirm_end(sw->confirm))
		return method_refuse(e, RPC_REFUSED, "nothing waits for a confirmation (config apply FILE confirm SECONDS does)");
	return json_object();
}

// Applies what the file of `run` has now.
static json_t *config_reload(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	const char *file = sw->history->file;
	struct configfile f;
	struct config_error ce;

	(void)params;
	bool good = configfile_open(&f, file, &ce) && (f.exists || config_refuse(&ce, (struct mark){0}, "%.400s is not there", file));
	struct change ch = {.sw = sw, .c = good ? parse(f.content, f.len, file, e) : NULL, .e = e};
	configfile_close(&f);
	if (!good)
		return method_refuse(e, RPC_REFUSED, "%s", ce.text);
	json_t *result = ch.c ? change_finish(&ch, true) : NULL;
	if (result)
		history_note_file(sw->history, sw->config);
	return result;
}

// Whether the configuration may take the place of what a file has: the file of `run` is not overwritten by chance.
static bool may_replace(const struct vswitch *sw, const struct configfile *f, bool named, struct method_error *e)
{
	unsigned seconds, number;

	if (confirm_waits(sw->confirm, &seconds, &number))
		return method_refuse(e, RPC_REFUSED, "the configuration is not confirmed yet, %u comes back in %u s (config confirm keeps "
				     "what runs)", number, seconds);
	if (named || !f->exists || (f->text && history_knows(sw->history, f->text)))
		return true;
	return method_refuse(e, RPC_REFUSED, "%.300s was changed by somebody (config diff %.300s shows how, config reload applies it, "
			     "config save %.300s overwrites it)", f->path, f->path, f->path);
}

static json_t *save(struct vswitch *sw, const struct configfile *f, const char *text, struct method_error *e)
{
	bool written = !f->text || strcmp(f->text, text);
	bool keep = written && f->len && (!f->text || config_has_comments(f->content, f->len) || !history_knows(sw->history, f->text));
	struct config_error ce;
	json_t *warnings = json_array();

	if (written && !configfile_replace(f, text, keep, &ce)) {
		json_decref(warnings);
		return method_refuse(e, RPC_REFUSED, "%s", ce.text);
	}
	if (keep)
		json_array_append_new(warnings, json_sprintf("%s had comments, or what this switch has never had: that is in %s~ now",
							     f->path, f->path));
	return json_pack("{s:s, s:b, s:o}", "file", f->path, "written", written, "warnings", warnings);
}

// Whether a file is the one of `run`.
static bool is_own(const struct vswitch *sw, const struct configfile *f)
{
	char path[PATH_MAX];

	return realpath(sw->history->file, path) && !strcmp(path, f->path);
}

bool method_writes_elsewhere(const struct vswitch *sw, const char *name, const json_t *params)
{
	const char *file = param_text(params, "file");
	char path[PATH_MAX];

	if (!file || strcmp(name, "config.save") != 0 || !strcmp(file, sw->history->file))
		return false;
	return !realpath(sw->history->file, path) || strcmp(file, path) != 0;
}

static json_t *config_save(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	const char *named = param_text(params, "file"), *path = named ? named : sw->history->file;
	struct configfile f;
	struct config_error ce;
	char *text = config_text(sw->config);
	json_t *result = NULL;

	if (!text)
		return no_memory(e);
	if (!configfile_open(&f, path, &ce))
		method_refuse(e, RPC_REFUSED, "%s", ce.text);
	else if (may_replace(sw, &f, named, e))
		result = save(sw, &f, text, e);
	if (result && is_own(sw, &f))
		history_note_file(sw->history, sw->config);
	configfile_close(&f);
	free(text);
	return result;
}

static json_t *config_history(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	json_t *all = json_array();

	(void)params, (void)e;
	for (unsigned i = 0; i < sw->history->count; i++) {
		const struct revision *r = &sw->history->revision[i];
		json_array_append_new(all, json_pack("{s:i, s:f, s:s}", "number", (int)r->number, "time", r->time, "what", r->what));
	}
	return all;
}

static json_t *config_rollback(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	const struct revision *r = wanted_revision(sw, params, e);
	struct config_error ce;
	struct change ch = {.sw = sw, .c = r ? config_parse(r->text, strlen(r->text), &ce) : NULL, .e = e};

	if (ch.c)
		return change_finish(&ch, true);
	return r ? no_memory(e) : NULL;
}

const struct method methods_config[] = {
	{"config.show", config_show},
	{"config.check", config_check},
	{"config.diff", config_diff},
	{"config.apply", config_apply},
	{"config.confirm", config_confirm},
	{"config.reload", config_reload},
	{"config.save", config_save},
	{"config.history", config_history},
	{"config.rollback", config_rollback},
	{0},
};
