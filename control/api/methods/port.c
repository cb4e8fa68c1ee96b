// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "control/api/control.h"
#include "control/api/describe.h"
#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/settings.h"
#include "control/device/spec.h"
#include "control/switch/links.h"
#include "control/switch/ports.h"
#include "control/switch/state.h"
#include "dataplane/key.h"

static bool set_policy(struct change *ch, struct policy *p, const char *key, const json_t *value)
{
	char why[POLICY_ERROR], text[VLANS_TEXT];
	int k = policy_find(key);

	if (!param_scalar(value, text, sizeof text)) {
		policy_describe_values((enum policy_key)k, why, sizeof why);
		return method_refuse(ch->e, METHOD_USAGE, "%s is no single value (%s)", key, why);
	}
	if (!policy_set(p, (enum policy_key)k, text, why))
		return method_refuse(ch->e, METHOD_USAGE, "%s", why);
	return true;
}

static const struct setting *find_setting(const char *key)
{
	const struct setting *s = key ? setting_find(config_port_settings, key) : NULL;

	return s && s->argument ? s : NULL;
}

// What a value is besides its form: a group that exists, a device of a known kind.
static bool check_setting(struct change *ch, const struct config_port *p, const struct setting *s)
{
	if (s->type == SETTING_GROUP && *p->group && !config_group(ch->c, p->group)) {
		method_no_group(ch->e, ch->c, p->group);
		return false;
	}
	if (s->type != SETTING_DEVICE)
		return true;
	return device_check(p, ch->e) ? method_device_allowed(ch->k, p, ch->e)
				      : method_usage(ch->e);
}

// Sets what a port has besides policy.
static bool set_setting(struct change *ch, struct config_port *p, const struct setting *s,
			const json_t *value)
{
	char text[SETTING_VALUE];

	if (!param_scalar(value, text, sizeof text))
		return method_refuse(ch->e, METHOD_USAGE,
				     "%s is not a single value of 1 to %zu characters", s->name,
				     sizeof text - 1);
	return setting_set(s, p, text, ch->e) ? check_setting(ch, p, s) : method_usage(ch->e);
}

static bool unset_setting(struct change *ch, struct config_port *p, const struct setting *s)
{
	if (s->type == SETTING_DEVICE)
		return method_refuse(
			ch->e, METHOD_USAGE,
			"port '%s' cannot be without a device (port set %s device DEVICE gives it another)",
			p->name, p->name);
	setting_unset(s, p);
	return true;
}

// What can be set: of a port, what it has besides policy too.
static const char *key_name(void *port, size_t i)
{
	for (const struct setting *s = config_port_settings; port && s->name; s++)
		if (s->argument && !i--)
			return s->name;
	return i < POLICY_KEYS ? policy_rows[i].name : NULL;
}

static bool unknown_key(struct change *ch, struct config_port *port, const char *key)
{
	char hint[TEXT_HINT];

	return method_refuse(ch->e, METHOD_USAGE, "unknown key '%.40s'%s", key,
			     text_hint(hint, key, key_name, port, "see nestswitch help policy"));
}

static bool unset_key(struct change *ch, struct config_port *port, struct policy *policy,
		      const char *key)
{
	const struct setting *s = port ? find_setting(key) : NULL;

	if (s)
		return unset_setting(ch, port, s);
	if (!key || policy_find(key) < 0)
		return unknown_key(ch, port, key ? key : "");
	policy_unset(policy, (enum policy_key)policy_find(key));
	return true;
}

// Sets the pairs of `set`, unsets the keys of `keys`; port NULL: policy only.
static bool edit(struct change *ch, struct config_port *port, struct policy *policy,
		 const json_t *params)
{
	json_t *set = json_object_get(params, "set"), *keys = json_object_get(params, "keys"),
	       *value;
	const char *key;
	size_t i;

	if ((set && !json_is_object(set)) || (keys && !json_is_array(keys)) || (!set && !keys))
		return method_refuse(
			ch->e, PARAMS_INVALID,
			"nothing to change ('set', an object of keys and values, or 'keys', an array)");
	json_object_foreach(set, key, value) {
		const struct setting *s = port ? find_setting(key) : NULL;
		if (!s && policy_find(key) < 0)
			return unknown_key(ch, port, key);
		if (s ? !set_setting(ch, port, s, value) : !set_policy(ch, policy, key, value))
			return false;
	}
	json_array_foreach(keys, i, value)
		if (!unset_key(ch, port, policy, json_string_value(value)))
			return false;
	return true;
}

// Ports that follow from the section evpn are changed there. done: what is not to be done.
static void refuse_derived(const struct config *c, const struct config_port *p, const char *done,
			   struct error *e)
{
	if (p->kind != PORT_TUNNEL)
		method_refuse(
			e, METHOD_REFUSED,
			"port '%s' follows from the section evpn (change that, and apply the file)",
			p->name);
	else if (c->evpn.control == EVPN_NONE)
		method_refuse(
			e, METHOD_REFUSED,
			"tunnel %s follows from the peers of the section evpn (change them, and apply the file)",
			p->name);
	else
		method_refuse(e, METHOD_REFUSED, "tunnel %s is FRR's: not to be %s", p->name, done);
}

static struct config_port *named_port(const struct config *c, const json_t *params, struct error *e)
{
	const char *name = param_wanted(params, "name", e);
	struct config_port *p = name ? config_port(c, name) : NULL;

	if (name && !p)
		method_no_port(e, c, name);
	return p;
}

// The same, if it is a port whose settings can be changed.
static struct config_port *wanted_port(const struct config *c, const json_t *params,
				       const char *done, struct error *e)
{
	struct config_port *p = named_port(c, params, e);

	if (p && p->kind != PORT_OF_STATIONS) {
		refuse_derived(c, p, done, e);
		return NULL;
	}
	return p;
}

static struct config_group *wanted_group(const struct config *c, const json_t *params,
					 struct error *e)
{
	const char *name = param_wanted(params, "name", e);
	struct config_group *g = name ? config_group(c, name) : NULL;

	if (name && !g)
		method_no_group(e, c, name);
	return g;
}

static json_t *port_show(struct control *k, const json_t *params, struct error *e)
{
	const char *name;

	if (!param_optional(params, "name", &name, e))
		return NULL;
	if (name && !config_port(k->sw->config, name))
		return method_no_port(e, k->sw->config, name);
	ports_read_losses(k->sw);
	json_t *all = json_array();
	for (unsigned i = 0; i < k->sw->config->port_count; i++)
		if (!name || !strcmp(k->sw->config->port[i].name, name))
			json_array_append_new(
				all, describe_port_settings(k->sw, &k->sw->config->port[i]));
	return all;
}

static json_t *port_edit(struct control *k, const json_t *params, struct error *e)
{
	struct change ch;

	if (!change_begin(&ch, k, e))
		return NULL;
	struct config_port *p = wanted_port(ch.c, params, "changed (evpn.policy is)", e);
	ch.port = p;
	ch.set = json_object_get(params, "set");
	return change_finish(&ch, p && edit(&ch, p, &p->policy, params));
}

static bool name_is_free(const struct config *c, const char *name, struct error *e)
{
	if (!text_is_name(name, PORT_NAME - 1))
		return method_refuse(e, METHOD_USAGE,
				     "a port's name is 1 to %d of A-Z a-z 0-9 _ . -, not '%.64s'",
				     PORT_NAME - 1, name);
	return !config_port(c, name) ||
	       method_refuse(e, METHOD_REFUSED,
			     "there is a port '%s' already (port set %s changes it)", name, name);
}

static json_t *port_add(struct control *k, const json_t *params, struct error *e)
{
	const char *name = param_wanted(params, "name", e);
	struct config_port *p = NULL;
	struct change ch;

	if (!name || !name_is_free(k->sw->config, name, e))
		return NULL;
	if (!json_object_get(json_object_get(params, "set"), "device"))
		return method_refuse(
			e, METHOD_USAGE,
			"port '%s' has no device (port add %s device DEVICE [KEY VALUE …])", name,
			name);
	if (!change_begin(&ch, k, e))
		return NULL;
	if (!(p = config_add_port(ch.c)))
		method_refuse(e, METHOD_REFUSED,
			      "there are %d ports already, the most there can be",
			      CONFIG_PORTS_MAX);
	else
		strcpy(p->name, name);
	return change_finish(&ch, p && edit(&ch, p, &p->policy, params));
}

// That nothing else in the configuration names a port.
static bool port_is_alone(const struct config *c, const char *name, struct error *e)
{
	char mac[MAC_TEXT];

	for (unsigned i = 0; i < c->fixed_count; i++)
		if (!strcmp(c->fixed[i].port, name)) {
			text_put_mac(c->fixed[i].mac, mac);
			return method_refuse(
				e, METHOD_REFUSED,
				"static MAC %s is on port '%s' (take it out first: %s del %s vlan %u)",
				mac, name, mac_is_group(c->fixed[i].mac) ? "mdb" : "fdb", mac,
				c->fixed[i].vid);
		}
	for (unsigned i = 0; i < c->binding_count; i++)
		if (!strcmp(c->binding[i].port, name))
			return method_refuse(
				e, METHOD_REFUSED,
				"port '%s' has a binding of %s (take it out first: binding del)",
				name, c->binding[i].ip[0]);
	for (unsigned i = 0; i < c->mirror_count; i++)
		if (config_mirror_names(&c->mirror[i], name))
			return method_refuse(
				e, METHOD_REFUSED,
				"port '%s' is in mirror '%s' (take it out first: mirror del %s)",
				name, c->mirror[i].name, c->mirror[i].name);
	return true;
}

static json_t *port_del(struct control *k, const json_t *params, struct error *e)
{
	struct change ch;

	if (!change_begin(&ch, k, e))
		return NULL;
	struct config_port *p = wanted_port(ch.c, params, "deleted", e);
	bool good = p && port_is_alone(ch.c, p->name, e);
	if (good)
		memmove(p, p + 1, (size_t)(&ch.c->port[--ch.c->port_count] - p) * sizeof *p);
	return change_finish(&ch, good);
}

static json_t *port_switch(struct control *k, const json_t *params, struct error *e, bool enabled)
{
	struct change ch;

	if (!change_begin(&ch, k, e))
		return NULL;
	// A tunnel is always enabled, but may be err-disabled.
	struct config_port *p = enabled ? named_port(ch.c, params, e)
					: wanted_port(ch.c, params, "disabled", e);
	if (p)
		p->enabled = enabled;
	return change_finish(&ch, p);
}

static json_t *port_enable(struct control *k, const json_t *params, struct error *e)
{
	json_t *result = port_switch(k, params, e, true);

	if (result)
		links_clear_error(k->sw, (unsigned)switch_port(k->sw, param_text(params, "name")));
	return result;
}

static json_t *port_disable(struct control *k, const json_t *params, struct error *e)
{
	return port_switch(k, params, e, false);
}

static json_t *group_show(struct control *k, const json_t *params, struct error *e)
{
	const char *name;

	if (!param_optional(params, "name", &name, e))
		return NULL;
	if (name && !config_group(k->sw->config, name))
		return method_no_group(e, k->sw->config, name);
	json_t *all = json_array();
	for (unsigned i = 0; i < k->sw->config->group_count; i++)
		if (!name || !strcmp(k->sw->config->group[i].name, name))
			json_array_append_new(all, describe_group(&k->sw->config->group[i]));
	return all;
}

static json_t *group_add(struct control *k, const json_t *params, struct error *e)
{
	const char *name = param_wanted(params, "name", e);
	struct change ch;

	if (!name || !change_begin(&ch, k, e))
		return NULL;
	struct config_group *g = NULL;
	if (!text_is_name(name, GROUP_NAME - 1))
		method_refuse(e, METHOD_USAGE,
			      "a group's name is 1 to %d of A-Z a-z 0-9 _ . -, not '%.64s'",
			      GROUP_NAME - 1, name);
	else if (config_group(ch.c, name))
		method_refuse(e, METHOD_REFUSED,
			      "there is a port group '%s' already (group set %s changes it)", name,
			      name);
	else if (!(g = config_add_group(ch.c)))
		method_refuse(e, METHOD_REFUSED,
			      "there are %d port groups already, the most there can be",
			      CONFIG_GROUPS_MAX);
	if (g)
		strcpy(g->name, name);
	return change_finish(
		&ch, g && (!json_object_get(params, "set") || edit(&ch, NULL, &g->policy, params)));
}

static json_t *group_edit(struct control *k, const json_t *params, struct error *e)
{
	struct change ch;

	if (!change_begin(&ch, k, e))
		return NULL;
	struct config_group *g = wanted_group(ch.c, params, e);
	return change_finish(&ch, g && edit(&ch, NULL, &g->policy, params));
}

static bool group_is_empty(const struct config *c, const struct config_group *g, struct error *e)
{
	for (unsigned i = 0; i < c->port_count; i++)
		if (!strcmp(c->port[i].group, g->name))
			return method_refuse(
				e, METHOD_REFUSED,
				"port '%s' is in port group '%s' (take it out first: port unset %s port-group)",
				c->port[i].name, g->name, c->port[i].name);
	return true;
}

static json_t *group_del(struct control *k, const json_t *params, struct error *e)
{
	struct change ch;

	if (!change_begin(&ch, k, e))
		return NULL;
	struct config_group *g = wanted_group(ch.c, params, e);
	bool good = g && group_is_empty(ch.c, g, e);
	if (good)
		memmove(g, g + 1, (size_t)(&ch.c->group[--ch.c->group_count] - g) * sizeof *g);
	return change_finish(&ch, good);
}

static const char *port_or_group(void *config, size_t i)
{
	const struct config *c = config;

	if (i < c->port_count)
		return c->port[i].name;
	return i - c->port_count < c->group_count ? c->group[i - c->port_count].name : NULL;
}

static json_t *no_port_or_group(struct error *e, struct config *c, const char *name)
{
	char hint[TEXT_HINT];

	return method_refuse(e, METHOD_REFUSED, "there is no port or port group '%.64s'%s", name,
			     text_hint(hint, name, port_or_group, c, NULL));
}

static json_t *policy_show(struct control *k, const json_t *params, struct error *e)
{
	const char *name, *group;

	if (!param_optional(params, "name", &name, e) ||
	    !param_optional(params, "group", &group, e))
		return NULL;
	if (group && !config_group(k->sw->config, group))
		return method_no_group(e, k->sw->config, group);
	const struct config_port *p = name && !group ? config_port(k->sw->config, name) : NULL;
	const struct config_group *g = group        ? config_group(k->sw->config, group)
				       : name && !p ? config_group(k->sw->config, name)
						    : NULL;
	if (name && !p && !g)
		return no_port_or_group(e, k->sw->config, name);
	return describe_policy(k->sw->config, g, p);
}

static json_t *policy_audit(struct control *k, const json_t *params, struct error *e)
{
	const struct config *c = k->sw->config;
	const char *name;

	if (!param_optional(params, "name", &name, e))
		return NULL;
	if (name && !config_port(c, name))
		return method_no_port(e, c, name);
	json_t *all = json_array();
	for (unsigned i = 0; i < c->port_count; i++)
		if (!name || !strcmp(name, c->port[i].name))
			describe_audit(k->sw, (unsigned)switch_port(k->sw, c->port[i].name), all);
	return all;
}

static json_t *policy_keys(struct control *k, const json_t *params, struct error *e)
{
	(void)k, (void)params, (void)e;
	return describe_policy_keys();
}

static json_t *policy_edit(struct control *k, const json_t *params, struct error *e)
{
	struct change ch;

	if (!change_begin(&ch, k, e))
		return NULL;
	return change_finish(&ch, edit(&ch, NULL, &ch.c->policy, params));
}

const struct method methods_port[] = {
	{"port.show", port_show, METHOD_PUBLIC, NULL, PARAMS("name")},
	{"port.add", port_add, 0, "name", PARAMS("name", "set")},
	{"port.del", port_del, 0, "name", PARAMS("name")},
	{"port.set", port_edit, 0, "name", PARAMS("name", "set", "keys")},
	{"port.unset", port_edit, 0, "name", PARAMS("name", "set", "keys")},
	{"port.enable", port_enable, 0, "name", PARAMS("name")},
	{"port.disable", port_disable, 0, "name", PARAMS("name")},
	{"group.show", group_show, METHOD_PUBLIC, NULL, PARAMS("name")},
	{"group.add", group_add, 0, "name", PARAMS("name", "set")},
	{"group.set", group_edit, 0, "name", PARAMS("name", "set", "keys")},
	{"group.unset", group_edit, 0, "name", PARAMS("name", "set", "keys")},
	{"group.del", group_del, 0, "name", PARAMS("name")},
	{"policy.show", policy_show, METHOD_PUBLIC, NULL, PARAMS("name", "group")},
	{"policy.audit", policy_audit, METHOD_PUBLIC, NULL, PARAMS("name")},
	{"policy.keys", policy_keys, METHOD_PUBLIC, NULL, NULL},
	{"policy.set", policy_edit, 0, NULL, PARAMS("set", "keys")},
	{"policy.unset", policy_edit, 0, NULL, PARAMS("set", "keys")},
	{0},
};
