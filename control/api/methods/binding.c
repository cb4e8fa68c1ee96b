// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "control/api/control.h"
#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/common/error.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "dataplane/key.h"

// Which bindings a command is about.
struct wanted {
	const char *port; // NULL: any
	uint64_t mac;     // 0: not given
	uint16_t vid;     // 0: not given
};

static bool wanted_params(struct control *k, const json_t *params, struct wanted *w,
			  struct error *e)
{
	const char *mac = NULL;
	uint64_t vid = 0;

	*w = (struct wanted){0};
	if (!param_optional(params, "port", &w->port, e) ||
	    !param_optional(params, "mac", &mac, e) ||
	    !param_number(params, "vlan", (struct param_range){1, VID_MAX, NULL}, &vid, e))
		return false;
	if (w->port && !config_port(k->sw->config, w->port))
		return method_no_port(e, k->sw->config, w->port);
	if (mac && (!text_mac(mac, &w->mac) || !w->mac || mac_is_group(w->mac)))
		return method_refuse(
			e, METHOD_USAGE,
			"mac cannot be '%.40s' (a station's, such as 02:00:00:00:00:01)", mac);
	w->vid = (uint16_t)vid;
	return true;
}

static json_t *describe_binding(const struct config_binding *b)
{
	json_t *ip = json_array();
	char mac[MAC_TEXT];

	text_put_mac(b->mac, mac);
	for (unsigned i = 0; i < b->ip_count; i++)
		json_array_append_new(ip, json_string(b->ip[i]));
	return json_pack("{s:s, s:o, s:o, s:o}", "port", b->port, "mac",
			 b->mac ? json_string(mac) : json_null(), "vlan",
			 b->vid ? json_integer(b->vid) : json_null(), "ip", ip);
}

static json_t *binding_show(struct control *k, const json_t *params, struct error *e)
{
	const struct config *c = k->sw->config;
	struct wanted w;

	if (!wanted_params(k, params, &w, e))
		return NULL;
	json_t *all = json_array();
	for (unsigned i = 0; i < c->binding_count; i++) {
		const struct config_binding *b = &c->binding[i];
		if ((!w.port || !strcmp(w.port, b->port)) && (!w.mac || w.mac == b->mac) &&
		    (!w.vid || w.vid == b->vid))
			json_array_append_new(all, describe_binding(b));
	}
	return all;
}

// The binding of a MAC, or of every MAC of a port, in a VLAN. NULL: there is none.
static struct config_binding *find_binding(struct config *c, const struct wanted *w)
{
	for (unsigned i = 0; i < c->binding_count; i++) {
		struct config_binding *b = &c->binding[i];
		if (b->mac == w->mac && b->vid == w->vid && !strcmp(b->port, w->port))
			return b;
	}
	return NULL;
}

static int find_ip(const struct config_binding *b, const char *ip)
{
	for (unsigned i = 0; i < b->ip_count; i++)
		if (!strcmp(b->ip[i], ip))
			return (int)i;
	return -1;
}

static bool add_ip(struct config *c, const struct wanted *w, const char *ip, struct error *e)
{
	struct config_binding *b = find_binding(c, w);

	if (!b && !(b = config_add_binding(c)))
		return method_refuse(e, METHOD_REFUSED,
				     "there are %d bindings already, the most there can be",
				     CONFIG_BINDINGS_MAX);
	if (find_ip(b, ip) >= 0)
		return method_refuse(e, METHOD_REFUSED,
				     "%s is bound already (binding show port %s)", ip, w->port);
	if (b->ip_count == BINDING_IPS_MAX || strlen(ip) >= PREFIX_TEXT)
		return method_refuse(e, METHOD_REFUSED,
				     "no more than %d addresses fit into a binding (use a prefix)",
				     BINDING_IPS_MAX);
	strcpy(b->port, w->port);
	b->mac = w->mac;
	b->vid = w->vid;
	strcpy(b->ip[b->ip_count++], ip);
	return true;
}

// Takes an address out of a binding, and the binding out if it was its last one.
static bool remove_ip(struct config *c, const struct wanted *w, const char *ip, struct error *e)
{
	struct config_binding *b = find_binding(c, w);
	int i = b ? find_ip(b, ip) : -1;

	if (i < 0)
		return method_refuse(e, METHOD_REFUSED,
				     "there is no such binding of %s (binding show port %s)", ip,
				     w->port);
	memmove(b->ip[i], b->ip[i + 1], (--b->ip_count - (unsigned)i) * sizeof *b->ip);
	if (!b->ip_count)
		memmove(b, b + 1, (size_t)(&c->binding[--c->binding_count] - b) * sizeof *b);
	return true;
}

static json_t *binding_edit(struct control *k, const json_t *params, struct error *e,
			    bool (*edit)(struct config *c, const struct wanted *w, const char *ip,
					 struct error *e))
{
	const char *ip = param_wanted(params, "ip", e);
	uint64_t high, low;
	struct change ch;
	struct wanted w;
	unsigned bits;

	if (!ip || !param_wanted(params, "port", e) || !wanted_params(k, params, &w, e))
		return NULL;
	if (!text_prefix(ip, &high, &low, &bits))
		return method_refuse(
			e, METHOD_USAGE,
			"ip cannot be '%.60s' (an address or prefix such as 10.0.0.7, 10.0.0.0/24 or 2001:db8::/64)",
			ip);
	if (!change_begin(&ch, k, e))
		return NULL;
	return change_finish(&ch, edit(ch.c, &w, ip, e));
}

static json_t *binding_add(struct control *k, const json_t *params, struct error *e)
{
	return binding_edit(k, params, e, add_ip);
}

static json_t *binding_del(struct control *k, const json_t *params, struct error *e)
{
	return binding_edit(k, params, e, remove_ip);
}

const struct method methods_binding[] = {
	{"binding.show", binding_show, METHOD_PUBLIC, NULL},
	{"binding.add", binding_add, 0, "ip"},
	{"binding.del", binding_del, 0, "ip"},
	{0},
};
