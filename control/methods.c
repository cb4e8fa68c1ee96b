// SPDX-License-Identifier: BSD-3-Clause
#include "methods.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "device.h"
#include "rpc.h"

enum { FDB_PAGE = 4096, METHOD_UNKNOWN = -32601, PARAMS_INVALID = -32602 };

typedef json_t *(*method_fn)(struct vswitch *sw, const json_t *params, struct method_error *e);

static json_t *refuse(struct method_error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

static json_t *refuse(struct method_error *e, int code, const char *format, ...)
{
	va_list args;

	e->code = code;
	va_start(args, format);
	vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	text_clean(e->text);
	return NULL;
}

static json_t *done(void)
{
	return json_object();
}

// A parameter that is a text; NULL where it is missing or something else.
static const char *text_param(const json_t *params, const char *name)
{
	return json_string_value(json_object_get(params, name));
}

// The same, but it must be there.
static const char *wanted_param(const json_t *params, const char *name, struct method_error *e)
{
	const char *text = text_param(params, name);

	if (!text)
		refuse(e, PARAMS_INVALID, "parameter '%s' is missing or no string", name);
	return text;
}

// A scalar as the text that it would be in a configuration.
static bool scalar_text(const json_t *v, char *out, size_t size)
{
	if (json_is_string(v))
		return (size_t)snprintf(out, size, "%s", json_string_value(v)) < size;
	if (json_is_integer(v))
		return snprintf(out, size, "%lld", (long long)json_integer_value(v)) > 0;
	if (json_is_boolean(v))
		return snprintf(out, size, "%s", json_is_true(v) ? "on" : "off") > 0;
	return false;
}

// A change: a copy of the configuration is edited, then applied as a whole.
struct change {
	struct vswitch *sw;
	struct config *c;
	struct method_error *e;
};

static bool begin(struct change *ch, struct vswitch *sw, struct method_error *e)
{
	*ch = (struct change){.sw = sw, .c = config_copy(sw->config), .e = e};
	if (!ch->c)
		refuse(e, RPC_REFUSED, "out of memory");
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

// {"warnings": […]}: those of a configuration that another one does not have.
static json_t *new_warnings(const struct config *c, const json_t *before)
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

// Applies the edited copy, or throws it away where `good` says that editing failed.
static json_t *finish(struct change *ch, bool good)
{
	struct config_error ce;
	json_t *before = json_array();

	config_warnings(ch->sw->config, add_warning, before);
	bool applied = good && switch_apply(ch->sw, ch->c, &ce);
	json_t *result = applied ? new_warnings(ch->c, before) : NULL;
	json_decref(before);
	if (applied)
		return result;
	if (good)
		refuse(ch->e, RPC_REFUSED, "%s", ce.text);
	config_free(ch->c);
	return NULL;
}

static bool set_policy(struct change *ch, struct policy *p, const char *key, const json_t *value)
{
	char why[POLICY_ERROR], text[VLANS_TEXT];
	int k = policy_find(key);
	const char *near = policy_nearest(key);

	if (k < 0)
		return refuse(ch->e, RPC_USAGE, "unknown key '%.40s'%s%s%s", key, near ? " (did you mean '" : "", near ? near : "",
			      near ? "'?)" : "");
	if (!scalar_text(value, text, sizeof text))
		return refuse(ch->e, RPC_USAGE, "%s is no single value", key);
	if (!policy_set(p, (enum policy_key)k, text, why))
		return refuse(ch->e, RPC_USAGE, "%s", why);
	return true;
}

static bool set_mac(struct change *ch, uint64_t *mac, const char *key, const json_t *value)
{
	uint64_t v;
	const char *text = json_string_value(value);

	if (!text || !text_mac(text, &v) || !v || mac_is_group(v))
		return refuse(ch->e, RPC_USAGE, "%s cannot be '%.40s' (a station's MAC address such as 02:00:00:00:00:01)", key,
			      text ? text : "");
	*mac = v;
	return true;
}

static bool set_group(struct change *ch, struct config_port *p, const json_t *value)
{
	const char *name = json_string_value(value);

	if (!name || !config_group(ch->c, name))
		return refuse(ch->e, RPC_REFUSED, "there is no port group '%.64s'", name ? name : "");
	strcpy(p->group, name);
	return true;
}

static bool set_device(struct change *ch, struct config_port *p, const json_t *value)
{
	const char *text = json_string_value(value);
	struct config_error ce;

	if (!text || !*text || strlen(text) >= DEVICE_TEXT)
		return refuse(ch->e, RPC_USAGE, "device is no text of 1 to %d characters", DEVICE_TEXT - 1);
	strcpy(p->device, text);
	return device_check(p, &ce) || refuse(ch->e, RPC_USAGE, "%s", ce.text);
}

// Sets or, with value NULL, unsets what a port has besides policy. False in *known: no such setting.
static bool set_own(struct change *ch, struct config_port *p, const char *key, const json_t *value, bool *known)
{
	uint64_t *mac = !strcmp(key, "mac-address") ? &p->mac : !strcmp(key, "effective-mac") ? &p->effective : NULL;
	bool device = !strcmp(key, "device");

	*known = mac || device || !strcmp(key, "port-group");
	if (device)
		return set_device(ch, p, value);
	if (mac && !value)
		*mac = 0;
	else if (mac)
		return set_mac(ch, mac, key, value);
	else if (*known && !value)
		*p->group = 0;
	else if (*known)
		return set_group(ch, p, value);
	return true;
}

static bool unset_key(struct change *ch, struct config_port *port, struct policy *policy, const char *key)
{
	bool known = false, good = true;

	if (key && port)
		good = set_own(ch, port, key, NULL, &known);
	if (known)
		return good;
	if (!key || policy_find(key) < 0)
		return refuse(ch->e, RPC_USAGE, "unknown key '%.40s'", key ? key : "");
	policy_unset(policy, (enum policy_key)policy_find(key));
	return true;
}

// Sets the pairs of `set`, unsets the keys of `keys`; port NULL: policy only.
static bool edit(struct change *ch, struct config_port *port, struct policy *policy, const json_t *params)
{
	json_t *set = json_object_get(params, "set"), *keys = json_object_get(params, "keys"), *value;
	const char *key;
	size_t i;
	bool known = false;

	if ((set && !json_is_object(set)) || (keys && !json_is_array(keys)) || (!set && !keys))
		return refuse(ch->e, PARAMS_INVALID, "wanted: 'set', an object of keys and values, or 'keys', an array");
	json_object_foreach(set, key, value) {
		if (port && !set_own(ch, port, key, value, &known))
			return false;
		if (!known && !set_policy(ch, policy, key, value))
			return false;
	}
	json_array_foreach(keys, i, value)
		if (!unset_key(ch, port, policy, json_string_value(value)))
			return false;
	return true;
}

static struct config_port *wanted_port(const struct config *c, const json_t *params, struct method_error *e)
{
	const char *name = wanted_param(params, "name", e);
	struct config_port *p = name ? config_port(c, name) : NULL;

	if (name && !p)
		refuse(e, RPC_REFUSED, "there is no port '%.64s'", name);
	return p;
}

static struct config_group *wanted_group(const struct config *c, const json_t *params, struct method_error *e)
{
	const char *name = wanted_param(params, "name", e);
	struct config_group *g = name ? config_group(c, name) : NULL;

	if (name && !g)
		refuse(e, RPC_REFUSED, "there is no port group '%.64s'", name);
	return g;
}

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
	return done();
}

static json_t *port_show(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	const char *name = text_param(params, "name");
	json_t *all = json_array();

	if (name && !config_port(sw->config, name)) {
		json_decref(all);
		return refuse(e, RPC_REFUSED, "there is no port '%.64s'", name);
	}
	for (unsigned i = 0; i < sw->config->port_count; i++)
		if (!name || !strcmp(sw->config->port[i].name, name))
			json_array_append_new(all, describe_port_settings(sw, &sw->config->port[i]));
	return all;
}

static json_t *port_edit(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct change ch;

	if (!begin(&ch, sw, e))
		return NULL;
	struct config_port *p = wanted_port(ch.c, params, e);
	return finish(&ch, p && edit(&ch, p, &p->policy, params));
}

static bool name_is_free(const struct config *c, const char *name, struct method_error *e)
{
	if (!text_is_name(name, PORT_NAME - 1))
		return refuse(e, RPC_USAGE, "a port's name is 1 to %d of A-Z a-z 0-9 _ . -, not '%.64s'", PORT_NAME - 1, name);
	return !config_port(c, name) || refuse(e, RPC_REFUSED, "there is a port '%s' already", name);
}

static json_t *port_add(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	const char *name = wanted_param(params, "name", e);
	struct config_port *p = NULL;
	struct change ch;

	if (!name || !name_is_free(sw->config, name, e))
		return NULL;
	if (!json_object_get(json_object_get(params, "set"), "device"))
		return refuse(e, RPC_USAGE, "port '%s' has no device (port add %s device DEVICE [KEY VALUE …])", name, name);
	if (!begin(&ch, sw, e))
		return NULL;
	if (!(p = config_add_port(ch.c)))
		refuse(e, RPC_REFUSED, "there are %d ports already, the most there can be", CONFIG_PORTS_MAX);
	else
		strcpy(p->name, name);
	return finish(&ch, p && edit(&ch, p, &p->policy, params));
}

// That nothing else in the configuration names a port.
static bool port_is_alone(const struct config *c, const char *name, struct method_error *e)
{
	char mac[MAC_TEXT];

	for (unsigned i = 0; i < c->fixed_count; i++)
		if (!strcmp(c->fixed[i].port, name)) {
			text_put_mac(c->fixed[i].mac, mac);
			return refuse(e, RPC_REFUSED, "static MAC %s is on port '%s' (take it out first: fdb del %s vlan %u)", mac, name,
				      mac, c->fixed[i].vid);
		}
	for (unsigned i = 0; i < c->mirror_count; i++)
		if (config_mirror_names(&c->mirror[i], name))
			return refuse(e, RPC_REFUSED, "port '%s' is in mirror '%s' (take both out with config apply)", name,
				      c->mirror[i].name);
	return true;
}

static json_t *port_del(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct change ch;

	if (!begin(&ch, sw, e))
		return NULL;
	struct config_port *p = wanted_port(ch.c, params, e);
	bool good = p && port_is_alone(ch.c, p->name, e);
	if (good)
		memmove(p, p + 1, (size_t)(&ch.c->port[--ch.c->port_count] - p) * sizeof *p);
	return finish(&ch, good);
}

static json_t *port_switch(struct vswitch *sw, const json_t *params, struct method_error *e, bool disabled)
{
	struct change ch;

	if (!begin(&ch, sw, e))
		return NULL;
	struct config_port *p = wanted_port(ch.c, params, e);
	if (p)
		p->disabled = disabled;
	return finish(&ch, p);
}

static json_t *port_enable(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	json_t *result = port_switch(sw, params, e, false);

	if (result)
		switch_clear_error(sw, (unsigned)switch_port(sw, text_param(params, "name")));
	return result;
}

static json_t *port_disable(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	return port_switch(sw, params, e, true);
}

static json_t *group_show(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	const char *name = text_param(params, "name");
	json_t *all = json_array();

	if (name && !config_group(sw->config, name)) {
		json_decref(all);
		return refuse(e, RPC_REFUSED, "there is no port group '%.64s'", name);
	}
	for (unsigned i = 0; i < sw->config->group_count; i++)
		if (!name || !strcmp(sw->config->group[i].name, name))
			json_array_append_new(all, describe_group(&sw->config->group[i]));
	return all;
}

static json_t *group_add(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	const char *name = wanted_param(params, "name", e);
	struct change ch;

	if (!name || !begin(&ch, sw, e))
		return NULL;
	struct config_group *g = NULL;
	if (!text_is_name(name, GROUP_NAME - 1))
		refuse(e, RPC_USAGE, "a group's name is 1 to %d of A-Z a-z 0-9 _ . -, not '%.64s'", GROUP_NAME - 1, name);
	else if (config_group(ch.c, name))
		refuse(e, RPC_REFUSED, "there is a port group '%s' already", name);
	else if (!(g = config_add_group(ch.c)))
		refuse(e, RPC_REFUSED, "there are %d port groups already, the most there can be", CONFIG_GROUPS_MAX);
	if (g)
		strcpy(g->name, name);
	return finish(&ch, g && (!json_object_get(params, "set") || edit(&ch, NULL, &g->policy, params)));
}

static json_t *group_edit(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct change ch;

	if (!begin(&ch, sw, e))
		return NULL;
	struct config_group *g = wanted_group(ch.c, params, e);
	return finish(&ch, g && edit(&ch, NULL, &g->policy, params));
}

static bool group_is_empty(const struct config *c, const struct config_group *g, struct method_error *e)
{
	for (unsigned i = 0; i < c->port_count; i++)
		if (!strcmp(c->port[i].group, g->name))
			return refuse(e, RPC_REFUSED, "port '%s' is in port group '%s' (take it out first: port unset %s port-group)",
				      c->port[i].name, g->name, c->port[i].name);
	return true;
}

static json_t *group_del(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct change ch;

	if (!begin(&ch, sw, e))
		return NULL;
	struct config_group *g = wanted_group(ch.c, params, e);
	bool good = g && group_is_empty(ch.c, g, e);
	if (good)
		memmove(g, g + 1, (size_t)(&ch.c->group[--ch.c->group_count] - g) * sizeof *g);
	return finish(&ch, good);
}

static json_t *policy_show(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	const char *name = text_param(params, "name");
	const struct config_port *p = name ? config_port(sw->config, name) : NULL;
	const struct config_group *g = name && !p ? config_group(sw->config, name) : NULL;

	if (name && !p && !g)
		return refuse(e, RPC_REFUSED, "there is no port or port group '%.64s'", name);
	return describe_policy(sw->config, g, p);
}

static json_t *policy_edit(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct change ch;

	if (!begin(&ch, sw, e))
		return NULL;
	return finish(&ch, edit(&ch, NULL, &ch.c->policy, params));
}

static bool vlan_param(const json_t *params, uint16_t *vid, struct method_error *e)
{
	const json_t *v = json_object_get(params, "vlan");
	uint64_t number;
	char text[32];

	if (!v)
		return true;
	if (!scalar_text(v, text, sizeof text) || !text_number(text, VID_MAX, &number) || !number)
		return refuse(e, RPC_USAGE, "vlan is no number from 1 to %d", VID_MAX);
	*vid = (uint16_t)number;
	return true;
}

static bool mac_param(const json_t *params, uint64_t *mac, struct method_error *e)
{
	const json_t *v = json_object_get(params, "mac");

	if (v && (!json_is_string(v) || !text_mac(json_string_value(v), mac) || !*mac))
		return refuse(e, RPC_USAGE, "mac is no MAC address such as 02:00:00:00:00:01");
	return true;
}

static bool type_param(const json_t *params, int *type, struct method_error *e)
{
	const json_t *v = json_object_get(params, "type");

	if (!v)
		return true;
	for (*type = 0; *type < FDB_TYPES; ++*type)
		if (json_is_string(v) && !strcmp(json_string_value(v), fdb_type_names[*type]))
			return true;
	return refuse(e, RPC_USAGE, "type is none of dynamic, sticky, static, assigned");
}

static bool filter_params(const struct vswitch *sw, const json_t *params, struct fdb_filter *f, struct method_error *e)
{
	const char *port = text_param(params, "port");

	*f = (struct fdb_filter){.port = port ? switch_port(sw, port) : -1, .type = -1};
	if (port && f->port < 0)
		return refuse(e, RPC_REFUSED, "there is no port '%.64s'", port);
	return vlan_param(params, &f->vid, e) && mac_param(params, &f->mac, e) && type_param(params, &f->type, e);
}

// A page of the table: {"entries": […], "next": KEY or null}; KEY as `after` asks for the next page.
static json_t *table_show(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct fdb_filter f;
	uint64_t after = (uint64_t)json_integer_value(json_object_get(params, "after"));
	bool more;

	if (!filter_params(sw, params, &f, e))
		return NULL;
	json_t *entries = describe_fdb(sw, &f, after, FDB_PAGE, &more);
	if (!entries)
		return refuse(e, RPC_REFUSED, "out of memory");
	json_t *next = json_null();
	if (more) {
		const json_t *last = json_array_get(entries, json_array_size(entries) - 1);
		uint64_t mac = 0;
		text_mac(text_param(last, "mac"), &mac);
		next = json_integer((json_int_t)key_make((uint16_t)json_integer_value(json_object_get(last, "vlan")), mac));
	}
	return json_pack("{s:o, s:o}", "entries", entries, "next", next);
}

// The place of a static MAC in the configuration; -1: there is none.
static int find_static(const struct config *c, uint64_t mac, uint16_t vid)
{
	for (unsigned i = 0; i < c->fixed_count; i++)
		if (c->fixed[i].mac == mac && c->fixed[i].vid == vid)
			return (int)i;
	return -1;
}

static json_t *table_add(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	const char *port = wanted_param(params, "port", e);
	struct change ch;
	uint64_t mac = 0;
	uint16_t vid = 0;

	if (!port || !mac_param(params, &mac, e) || !vlan_param(params, &vid, e))
		return NULL;
	if (!mac || mac_is_group(mac) || !vid)
		return refuse(e, RPC_USAGE, "a station's MAC and a VLAN are wanted (fdb add MAC vlan V port P)");
	if (find_static(sw->config, mac, vid) >= 0)
		return refuse(e, RPC_REFUSED, "the MAC is static in VLAN %u already (fdb del it first)", vid);
	if (!begin(&ch, sw, e))
		return NULL;
	struct config_static *s = config_add_static(ch.c);
	if (!s)
		refuse(e, RPC_REFUSED, "there are %d static MACs already, the most there can be", CONFIG_STATICS_MAX);
	else
		*s = (struct config_static){.mac = mac, .vid = vid};
	if (s)
		snprintf(s->port, sizeof s->port, "%s", port);
	return finish(&ch, s);
}

static json_t *table_del(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct change ch;
	uint64_t mac = 0;
	uint16_t vid = 0;

	if (!mac_param(params, &mac, e) || !vlan_param(params, &vid, e))
		return NULL;
	if (!mac || !vid)
		return refuse(e, RPC_USAGE, "a MAC and a VLAN are wanted (fdb del MAC vlan V)");
	int i = find_static(sw->config, mac, vid);
	struct fdb_filter f = {.port = -1, .vid = vid, .mac = mac, .type = -1};
	if (i < 0 && switch_flush(sw, &f))
		return done();
	if (i < 0)
		return refuse(e, RPC_REFUSED, "there is no static or learned entry of that MAC in VLAN %u", vid);
	if (!begin(&ch, sw, e))
		return NULL;
	struct config_static *s = &ch.c->fixed[i];
	memmove(s, s + 1, (size_t)(&ch.c->fixed[--ch.c->fixed_count] - s) * sizeof *s);
	return finish(&ch, true);
}

static json_t *table_flush(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct fdb_filter f;

	if (!filter_params(sw, params, &f, e))
		return NULL;
	if (f.type == FDB_STATIC || f.type == FDB_ASSIGNED)
		return refuse(e, RPC_REFUSED, "%s entries belong to the configuration (fdb del, port unset NAME mac-address)",
			      fdb_type_names[f.type]);
	return json_pack("{s:I}", "count", (json_int_t)switch_flush(sw, &f));
}

static json_t *config_show(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)params;
	int rc = f ? config_write(sw->config, f) : -1;
	if (f)
		fclose(f);
	json_t *yaml = rc ? refuse(e, RPC_REFUSED, "out of memory") : json_string(text);
	free(text);
	return yaml;
}

// The configuration that parameter `text` holds, its devices looked at as well. NULL: refused, under the file's name.
static struct config *config_param(const json_t *params, struct method_error *e)
{
	const char *text = wanted_param(params, "text", e), *file = text_param(params, "file");
	struct config_error ce;

	if (!text)
		return NULL;
	struct config *c = config_parse(text, strlen(text), &ce);
	bool good = c;
	for (unsigned i = 0; good && i < c->port_count; i++)
		good = device_check(&c->port[i], &ce) && config_device_is_free(c, &c->port[i], &ce);
	if (good)
		return c;
	config_free(c);
	refuse(e, RPC_USAGE, "%s:%u:%u: %s", file ? file : "text", ce.at.line, ce.at.column, ce.text);
	return NULL;
}

static json_t *config_check(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct config *c = config_param(params, e);
	json_t *result = c ? new_warnings(c, NULL) : NULL;

	(void)sw;
	config_free(c);
	return result;
}

static json_t *config_apply(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct change ch = {.sw = sw, .c = config_param(params, e), .e = e};

	return ch.c ? finish(&ch, true) : NULL;
}

static const struct {
	const char *name;
	method_fn call;
} methods[] = {
	{"status", status},
	{"stats.show", stats_show},
	{"stats.clear", stats_clear},
	{"port.show", port_show},
	{"port.add", port_add},
	{"port.del", port_del},
	{"port.set", port_edit},
	{"port.unset", port_edit},
	{"port.enable", port_enable},
	{"port.disable", port_disable},
	{"group.show", group_show},
	{"group.add", group_add},
	{"group.set", group_edit},
	{"group.unset", group_edit},
	{"group.del", group_del},
	{"policy.show", policy_show},
	{"policy.set", policy_edit},
	{"policy.unset", policy_edit},
	{"fdb.show", table_show},
	{"fdb.add", table_add},
	{"fdb.del", table_del},
	{"fdb.flush", table_flush},
	{"config.show", config_show},
	{"config.check", config_check},
	{"config.apply", config_apply},
};

json_t *method_call(struct vswitch *sw, const char *name, const json_t *params, struct method_error *error)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (!strcmp(methods[i].name, name)) {
			json_t *result = methods[i].call(sw, params, error);
			return result || error->code ? result : refuse(error, RPC_REFUSED, "out of memory");
		}
	return refuse(error, METHOD_UNKNOWN, "unknown method '%.64s'", name);
}
