// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "control/api/control.h"
#include "control/api/describe.h"
#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/common/error.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/settings.h"

// Finds a mirror by its name. NULL: there is none.
static struct config_mirror *find_mirror(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->mirror_count; i++)
		if (!strcmp(c->mirror[i].name, name))
			return &c->mirror[i];
	return NULL;
}

static const char *mirror_name(void *c, size_t i)
{
	const struct config *config = c;

	return i < config->mirror_count ? config->mirror[i].name : NULL;
}

static json_t *no_mirror(struct error *e, const struct config *c, const char *name)
{
	char hint[TEXT_HINT];

	return method_refuse(e, METHOD_REFUSED, "there is no mirror '%.64s'%s", name,
			     text_hint(hint, name, mirror_name, (void *)(uintptr_t)c,
				       c->mirror_count ? NULL : "mirror add adds one"));
}

static json_t *mirror_show(struct control *k, const json_t *params, struct error *e)
{
	const char *name;

	if (!param_optional(params, "name", &name, e))
		return NULL;
	if (name && !find_mirror(k->sw->config, name))
		return no_mirror(e, k->sw->config, name);
	json_t *all = json_array();
	for (unsigned i = 0; i < k->sw->config->mirror_count; i++)
		if (!name || !strcmp(k->sw->config->mirror[i].name, name))
			json_array_append_new(all,
					      describe_mirror(k->sw, &k->sw->config->mirror[i]));
	return all;
}

// Sets a member of a mirror from a text.
static bool set_member(struct config_mirror *m, const char *key, const char *text, struct error *e)
{
	const struct setting *s = setting_find(
		setting_find(config_settings, "mirrors")->element->settings, key);

	return setting_set(s, m, text, e) || method_usage(e);
}

// A port that a mirror names.
static bool set_port(const struct config *c, struct config_mirror *m, const char *key,
		     const char *port, struct error *e)
{
	if (!config_port(c, port)) {
		method_no_port(e, c, port);
		return false;
	}
	return set_member(m, key, port, e);
}

static bool set_sources(const struct config *c, struct config_mirror *m, const json_t *params,
			struct error *e)
{
	const json_t *list = json_object_get(params, "source"), *v;
	size_t i;

	if (!json_is_array(list) || !json_array_size(list))
		return method_refuse(e, PARAMS_INVALID,
				     "parameter 'source' is not an array of at least one port");
	json_array_foreach(list, i, v)
		if (!set_port(c, m, "source", json_is_string(v) ? json_string_value(v) : "", e))
			return false;
	return true;
}

static bool name_is_free(const struct config *c, const char *name, struct error *e)
{
	return !find_mirror(c, name) ||
	       method_refuse(e, METHOD_REFUSED,
			     "there is a mirror '%.63s' already (mirror del %.63s deletes it)",
			     name, name);
}

static bool fill_mirror(const struct config *c, struct config_mirror *m, const json_t *params,
			struct error *e)
{
	const char *name = param_wanted(params, "name", e), *direction,
		   *destination = name ? param_wanted(params, "destination", e) : NULL;

	if (!destination || !param_optional(params, "direction", &direction, e))
		return false;
	return name_is_free(c, name, e) && set_member(m, "name", name, e) &&
	       set_sources(c, m, params, e) && set_port(c, m, "destination", destination, e) &&
	       (!direction || set_member(m, "direction", direction, e));
}

static json_t *mirror_add(struct control *k, const json_t *params, struct error *e)
{
	struct config_mirror m;
	struct change ch;

	setting_init(setting_find(config_settings, "mirrors")->element->settings,
		     memset(&m, 0, sizeof m));
	if (!fill_mirror(k->sw->config, &m, params, e) || !change_begin(&ch, k, e))
		return NULL;
	struct config_mirror *added = config_add_mirror(ch.c);
	if (added)
		*added = m;
	else
		method_refuse(e, METHOD_REFUSED,
			      "there are %d mirrors already, the most there can be",
			      CONFIG_MIRRORS_MAX);
	return change_finish(&ch, added);
}

static json_t *mirror_del(struct control *k, const json_t *params, struct error *e)
{
	const char *name = param_wanted(params, "name", e);
	struct change ch;

	if (!name || !change_begin(&ch, k, e))
		return NULL;
	struct config_mirror *m = find_mirror(ch.c, name);
	if (m)
		memmove(m, m + 1, (size_t)(&ch.c->mirror[--ch.c->mirror_count] - m) * sizeof *m);
	else
		no_mirror(e, k->sw->config, name);
	return change_finish(&ch, m);
}

const struct method methods_mirror[] = {
	{"mirror.show", mirror_show, METHOD_PUBLIC, NULL, PARAMS("name")},
	{"mirror.add", mirror_add, 0, "name", PARAMS("name", "source", "direction", "destination")},
	{"mirror.del", mirror_del, 0, "name", PARAMS("name")},
	{0},
};
