// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "control/api/control.h"
#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/common/error.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/evpn/fabric.h"
#include "control/evpn/overlay.h"
#include "control/switch/leases.h"
#include "control/switch/state.h"
#include "control/switch/tunnels.h"
#include "dataplane/binding.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/lease.h"

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
	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:n}", "port", b->port, "mac",
			 b->mac ? json_string(mac) : json_null(), "vlan",
			 b->vid ? json_integer(b->vid) : json_null(), "ip", ip, "type",
			 "configured", "lease");
}

// Learned bindings are described while workers wait for the table, therefore they are copied first.
struct learned {
	struct leases_filter filter;
	struct lease *lease; // [LEASE_MAX]
	unsigned count;
};

static void copy_lease(void *arg, const struct lease *l)
{
	struct learned *all = arg;

	if (leases_filter_takes(&all->filter, l))
		all->lease[all->count++] = *l;
}

static json_t *describe_lease(const struct vswitch *sw, const struct lease *l)
{
	uint32_t tick = switch_tick(sw), left = l->until > tick ? l->until - tick : 0;
	char mac[MAC_TEXT], ip[PREFIX_TEXT];

	text_put_mac(key_mac(l->key), mac);
	text_put_prefix(l->ip.high, l->ip.low, l->bits, ip);
	return json_pack("{s:s, s:s, s:i, s:[s], s:s, s:o}", "port", sw->port[l->port].name, "mac",
			 mac, "vlan", (int)key_vid(l->key), "ip", ip, "type", "dhcp", "lease",
			 l->until == LEASE_NEVER ? json_null()
						 : json_integer(left / LEASE_TICKS_PER_S));
}

static struct leases_filter filter_of(const struct vswitch *sw, const struct wanted *w)
{
	return (struct leases_filter){
		.port = w->port ? switch_port(sw, w->port) : -1, .mac = w->mac, .vid = w->vid};
}

static int compare_leases(const void *a, const void *b)
{
	const struct lease *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->ip.high != y->ip.high)
		return x->ip.high < y->ip.high ? -1 : 1;
	return x->ip.low < y->ip.low ? -1 : x->ip.low > y->ip.low;
}

static bool add_learned(json_t *to, const struct vswitch *sw, const struct wanted *w,
			struct error *e)
{
	struct learned all = {.filter = filter_of(sw, w),
			      .lease = malloc(LEASE_MAX * sizeof(struct lease))};

	if (!all.lease)
		return error_set(e, "out of memory");
	lease_walk(sw->shared.leases, copy_lease, &all);
	qsort(all.lease, all.count, sizeof *all.lease, compare_leases);
	for (unsigned i = 0; i < all.count; i++)
		json_array_append_new(to, describe_lease(sw, &all.lease[i]));
	free(all.lease);
	return true;
}

// Addresses at other machines, which FRR tells of.
struct remote {
	const struct vswitch *sw;
	const struct wanted *wanted;
	json_t *to;
};

// The tunnel that a MAC is behind. NULL: it is behind none.
static const char *tunnel_of(const struct vswitch *sw, uint64_t key)
{
	struct fdb_entry e;

	return fdb_lookup(sw->shared.fdb, key, switch_tick(sw), &e) && tunnels_is_tunnel(sw, e.port)
		       ? sw->port[e.port].name
		       : NULL;
}

static void add_remote(void *remote, uint64_t key, struct ip_address address)
{
	const struct remote *r = remote;
	const struct wanted *w = r->wanted;
	const char *port = tunnel_of(r->sw, key);
	char mac[MAC_TEXT], ip[IP_TEXT];

	if ((w->port && (!port || strcmp(w->port, port) != 0)) ||
	    (w->mac && w->mac != key_mac(key)) || (w->vid && w->vid != key_vid(key)))
		return;
	text_put_mac(key_mac(key), mac);
	text_put_address(address.high, address.low, ip);
	json_array_append_new(r->to, json_pack("{s:s?, s:s, s:i, s:[s], s:s, s:n}", "port", port,
					       "mac", mac, "vlan", (int)key_vid(key), "ip", ip,
					       "type", "remote", "lease"));
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
	if (!add_learned(all, k->sw, &w, e)) {
		json_decref(all);
		return NULL;
	}
	if (overlay_fabric(k->overlay))
		fabric_walk_neighbours(overlay_fabric(k->overlay), add_remote,
				       &(struct remote){k->sw, &w, all});
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

// The parameters of a change: returns the address, NULL if one is wrong.
static const char *edit_params(struct control *k, const json_t *params, struct wanted *w,
			       struct error *e)
{
	const char *ip = param_wanted(params, "ip", e);
	uint64_t high, low;
	unsigned bits;

	if (!ip || !param_wanted(params, "port", e) || !wanted_params(k, params, w, e))
		return NULL;
	if (text_prefix(ip, &high, &low, &bits))
		return ip;
	method_refuse(
		e, METHOD_USAGE,
		"ip cannot be '%.60s' (an address or prefix such as 10.0.0.7, 10.0.0.0/24 or 2001:db8::/64)",
		ip);
	return NULL;
}

static json_t *binding_add(struct control *k, const json_t *params, struct error *e)
{
	struct change ch;
	struct wanted w;
	const char *ip = edit_params(k, params, &w, e);

	if (!ip || !change_begin(&ch, k, e))
		return NULL;
	return change_finish(&ch, add_ip(ch.c, &w, ip, e));
}

// Ends the learned binding of an address. Without a MAC, that of any station of the port.
static bool end_learned(struct control *k, const struct wanted *w, const char *ip)
{
	struct leases_filter f = filter_of(k->sw, w);
	unsigned bits;

	text_prefix(ip, &f.ip.high, &f.ip.low, &bits);
	f.bits = (uint8_t)bits;
	return leases_end(k->sw, &f);
}

static json_t *binding_del(struct control *k, const json_t *params, struct error *e)
{
	struct change ch;
	struct wanted w;
	const char *ip = edit_params(k, params, &w, e);

	if (!ip)
		return NULL;
	const struct config_binding *b = find_binding(k->sw->config, &w);
	if ((!b || find_ip(b, ip) < 0) && end_learned(k, &w, ip))
		return json_pack("{s:[]}", "warnings");
	return change_begin(&ch, k, e) ? change_finish(&ch, remove_ip(ch.c, &w, ip, e)) : NULL;
}

const struct method methods_binding[] = {
	{"binding.show", binding_show, METHOD_PUBLIC, NULL, PARAMS("port", "mac", "vlan")},
	{"binding.add", binding_add, 0, "ip", PARAMS("ip", "port", "mac", "vlan")},
	{"binding.del", binding_del, 0, "ip", PARAMS("ip", "port", "mac", "vlan")},
	{0},
};
