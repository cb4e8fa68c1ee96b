// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>
#include <string.h>

#include "control/api/control.h"
#include "control/api/describe.h"
#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/common/error.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/switch/flush.h"
#include "control/switch/mactable.h"
#include "control/switch/settle.h"
#include "control/switch/state.h"
#include "control/switch/tunnels.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"

enum { FDB_PAGE = 4096 };

static bool vlan_param(const json_t *params, uint16_t *vid, struct error *e)
{
	uint64_t number = *vid;

	if (!param_number(params, "vlan", (struct param_range){1, VID_MAX, NULL}, &number, e))
		return false;
	*vid = (uint16_t)number;
	return true;
}

static bool mac_param(const json_t *params, uint64_t *mac, struct error *e)
{
	const json_t *v = json_object_get(params, "mac");

	const char *text = json_string_value(v);

	if (v && (!text || !text_mac(text, mac) || !*mac))
		return method_refuse(
			e, METHOD_USAGE,
			"mac cannot be '%.40s' (a MAC address such as 02:00:00:00:00:01)",
			text ? text : "");
	return !v || !mac_is_group(*mac) ||
	       method_refuse(e, METHOD_USAGE,
			     "%s is a group address (static groups: mdb show, mdb add, mdb del)",
			     text);
}

// What the entries of tunnels are called, in place of the types.
static const char *const remote_types[] = {
	[FDB_DYNAMIC] = "remote", [FDB_STICKY] = "remote-sticky"};

static const char *type_name(void *unused, size_t i)
{
	(void)unused;
	if (i < FDB_TYPES)
		return fdb_type_names[i];
	return i - FDB_TYPES < sizeof remote_types / sizeof *remote_types
		       ? remote_types[i - FDB_TYPES]
		       : NULL;
}

static bool type_param(const json_t *params, int *type, struct error *e)
{
	const json_t *v = json_object_get(params, "type");
	const char *text = json_string_value(v);
	char hint[TEXT_HINT];

	if (!v)
		return true;
	for (*type = 0; type_name(NULL, (size_t)*type); ++*type)
		if (text && !strcmp(text, type_name(NULL, (size_t)*type)))
			return true;
	return method_refuse(e, METHOD_USAGE, "type cannot be '%.40s'%s", text ? text : "",
			     text_hint(hint, text ? text : "", type_name, NULL, NULL));
}

// There is no such port. A MAC or a VLAN that stands in its place gets a hint.
static bool refuse_port(const struct config *c, const char *port, struct error *e)
{
	uint64_t number;
	const char *key = text_mac(port, &number)               ? "mac"
			  : text_number(port, VID_MAX, &number) ? "vlan"
								: NULL;

	if (!key)
		return method_no_port(e, c, port);
	return method_refuse(e, METHOD_REFUSED,
			     "there is no port '%.40s' (for that %s: fdb %s %.40s)", port,
			     strcmp(key, "mac") != 0 ? "VLAN" : "MAC", key, port);
}

static bool filter_params(const struct vswitch *sw, const json_t *params, struct fdb_filter *f,
			  struct error *e)
{
	const char *port;

	if (!param_optional(params, "port", &port, e))
		return false;
	*f = (struct fdb_filter){.port = port ? switch_port(sw, port) : -1, .type = -1};
	if (port && f->port < 0)
		return refuse_port(sw->config, port, e);
	if (!vlan_param(params, &f->vid, e) || !mac_param(params, &f->mac, e) ||
	    !type_param(params, &f->type, e))
		return false;
	// A type is that of a tunnel's entries, or of the others.
	portset tunnels = sw->conf->vxlan ? sw->conf->vxlan->tunnels : 0;
	bool remote = f->type >= FDB_TYPES;
	f->spared = remote ? ~tunnels : f->type < 0 ? 0 : tunnels;
	f->type -= remote ? FDB_TYPES : 0;
	return true;
}

// A page of the table: {"entries": […], "next": KEY or null}; KEY as `after` asks for the next
// page. It is a text, as it has more bits than a number has in JavaScript.
static json_t *table_show(struct control *k, const json_t *params, struct error *e)
{
	struct fdb_filter f;
	uint64_t after = 0;
	bool more;

	if (!filter_params(k->sw, params, &f, e) ||
	    !param_number(params, "after", (struct param_range){1, UINT64_MAX, NULL}, &after, e))
		return NULL;
	json_t *entries = describe_fdb(k->sw, &f, after, FDB_PAGE, &more);
	if (!entries)
		return method_refuse(e, METHOD_REFUSED, "out of memory");
	json_t *next = json_null();
	if (more) {
		const json_t *last = json_array_get(entries, json_array_size(entries) - 1);
		uint64_t mac = 0;
		text_mac(param_text(last, "mac"), &mac);
		next = json_sprintf(
			"%" PRIu64,
			key_make((uint16_t)json_integer_value(json_object_get(last, "vlan")), mac));
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

// What fdb add and fdb replace name.
struct station {
	const char *port, *text; // its MAC as it was given
	uint64_t mac;
	uint16_t vid;
	int type;
};

static bool station_params(const json_t *params, struct station *s, struct error *e)
{
	*s = (struct station){.port = param_wanted(params, "port", e),
			      .text = param_text(params, "mac"),
			      .type = FDB_STATIC};
	if (!s->port || !mac_param(params, &s->mac, e) || !vlan_param(params, &s->vid, e) ||
	    !type_param(params, &s->type, e))
		return false;
	if (!s->mac || !s->vid)
		return method_refuse(
			e, METHOD_USAGE,
			"a station's MAC and a VLAN are wanted (fdb add MAC vlan V port P)");
	return s->type == FDB_STATIC || s->type == FDB_DYNAMIC ||
	       method_refuse(e, METHOD_USAGE,
			     "entries of type %s cannot be added (static or dynamic)",
			     type_name(NULL, (size_t)s->type));
}

static json_t *refuse_static(const struct station *s, struct error *e)
{
	return method_refuse(
		e, METHOD_REFUSED,
		"MAC %s is static in VLAN %u already (fdb replace moves it, fdb del removes it)",
		s->text, s->vid);
}

static json_t *put_static(struct control *k, const struct station *s, struct error *e)
{
	struct change ch;

	if (!change_begin(&ch, k, e))
		return NULL;
	int i = find_static(ch.c, s->mac, s->vid);
	struct config_static *f = i < 0 ? config_add_static(ch.c) : &ch.c->fixed[i];
	if (!f) {
		method_refuse(e, METHOD_REFUSED,
			      "there are %d static MACs already, the most there can be",
			      CONFIG_STATICS_MAX);
		return change_finish(&ch, false);
	}
	*f = (struct config_static){.mac = s->mac, .vid = s->vid};
	strcpy(f->port, s->port);
	return change_finish(&ch, true);
}

static json_t *remove_static(struct control *k, int i, struct error *e)
{
	struct change ch;

	if (!change_begin(&ch, k, e))
		return NULL;
	struct config_static *s = &ch.c->fixed[i];
	memmove(s, s + 1, (size_t)(&ch.c->fixed[--ch.c->fixed_count] - s) * sizeof *s);
	return change_finish(&ch, true);
}

// Whether a port can have a dynamic entry now.
static bool can_learn(const struct vswitch *sw, const struct station *s, unsigned port,
		      struct error *e)
{
	if (!portset_has(sw->conf->vlan[s->vid].member, port))
		return method_refuse(e, METHOD_REFUSED,
				     "port '%s' is not in VLAN %u (allow the VLAN on the port)",
				     s->port, s->vid);
	if (!sw->conf->port[port].learner.learns)
		return method_refuse(
			e, METHOD_REFUSED,
			"port '%s' has no dynamic MACs, because its mac-learning is off "
			"(type static)",
			s->port);
	return switch_port_state(sw, port) == PORT_UP ||
	       method_refuse(
		       e, METHOD_REFUSED,
		       "port '%s' is %s, and has no dynamic MACs until it is up (type static)",
		       s->port, port_state_names[switch_port_state(sw, port)]);
}

// Whether an entry can become dynamic on a port.
static bool can_replace(const struct vswitch *sw, const struct fdb_entry *old, bool replace,
			const struct station *s, struct error *e)
{
	const char *on = sw->port[old->port].name;

	if (old->type == FDB_ASSIGNED)
		return method_refuse(e, METHOD_REFUSED,
				     "MAC %s is assigned to port '%s' (port unset %s mac-address)",
				     s->text, on, on);
	return replace ||
	       (old->type == FDB_STATIC
			? refuse_static(s, e)
			: method_refuse(e, METHOD_REFUSED,
					"MAC %s is learned on port '%s' in VLAN %u already "
					"(fdb replace moves it)",
					s->text, on, s->vid));
}

// Removes what is in the place of a new dynamic entry.
static bool make_way(struct control *k, const struct station *s, const struct fdb_entry *old,
		     unsigned port, struct error *e)
{
	if (old->type == FDB_STATIC) {
		json_t *done = remove_static(k, find_static(k->sw->config, s->mac, s->vid), e);
		json_decref(done);
		return done;
	}
	if (old->port != port || old->type == FDB_STICKY)
		fdb_del(k->sw->shared.fdb, old->key, (enum fdb_type)old->type);
	return true;
}

static json_t *put_dynamic(struct control *k, const struct station *s, bool replace,
			   struct error *e)
{
	struct vswitch *sw = k->sw;
	unsigned port = (unsigned)switch_port(sw, s->port);
	uint64_t key = key_make(s->vid, s->mac);
	struct fdb_entry old;
	bool there = fdb_lookup(sw->shared.fdb, key, switch_tick(sw), &old);
	bool counts = there && old.port == port && old.type != FDB_STATIC;

	if (!can_learn(sw, s, port, e) || (there && !can_replace(sw, &old, replace, s, e)))
		return NULL;
	if (!counts && fdb_count(sw->shared.fdb, port) >= sw->conf->port[port].learner.limit)
		return method_refuse(
			e, METHOD_REFUSED,
			"port '%s' has its %u learned MACs already (raise its mac-limit)", s->port,
			sw->conf->port[port].learner.limit);
	if (there && !make_way(k, s, &old, port, e))
		return NULL;
	if (mactable_learn(sw, port, key))
		return method_refuse(e, METHOD_REFUSED,
				     "the table has no room for MAC %s on port '%s' (fdb show)",
				     s->text, s->port);
	return json_pack("{s:[]}", "warnings");
}

static json_t *table_put(struct control *k, const json_t *params, bool replace, struct error *e)
{
	struct station s;

	if (!station_params(params, &s, e) || !settle_begin(k->sw, e))
		return NULL;
	if (!config_port(k->sw->config, s.port))
		return method_no_port(e, k->sw->config, s.port);
	if (s.type == FDB_DYNAMIC)
		return put_dynamic(k, &s, replace, e);
	int i = find_static(k->sw->config, s.mac, s.vid);
	if (i >= 0 && !replace)
		return refuse_static(&s, e);
	if (i >= 0 && !strcmp(k->sw->config->fixed[i].port, s.port))
		return json_pack("{s:[]}", "warnings");
	return put_static(k, &s, e);
}

static json_t *table_add(struct control *k, const json_t *params, struct error *e)
{
	return table_put(k, params, false, e);
}

static json_t *table_replace(struct control *k, const json_t *params, struct error *e)
{
	return table_put(k, params, true, e);
}

static json_t *refuse_remote(struct error *e)
{
	return method_refuse(
		e, METHOD_REFUSED,
		"remote MACs belong to their VTEP (port P flushes those of a port here)");
}

static json_t *table_del(struct control *k, const json_t *params, struct error *e)
{
	struct vswitch *sw = k->sw;
	uint64_t mac = 0;
	uint16_t vid = 0;
	struct fdb_entry old;

	if (!mac_param(params, &mac, e) || !vlan_param(params, &vid, e))
		return NULL;
	if (!mac || !vid)
		return method_refuse(e, METHOD_USAGE,
				     "a MAC and a VLAN are wanted (fdb del MAC vlan V)");
	if (!settle_begin(sw, e))
		return NULL;
	int i = find_static(sw->config, mac, vid);
	if (i >= 0)
		return remove_static(k, i, e);
	bool learned = fdb_lookup(sw->shared.fdb, key_make(vid, mac), switch_tick(sw), &old) &&
		       old.type != FDB_ASSIGNED;
	if (learned && tunnels_is_tunnel(sw, old.port))
		return refuse_remote(e);
	struct fdb_filter f = {.port = -1, .vid = vid, .mac = mac, .type = old.type};
	if (learned && mactable_flush(sw, &f))
		return json_object();
	return method_refuse(
		e, METHOD_REFUSED,
		"there is no static or learned entry of MAC %s in VLAN %u (fdb show mac %s)",
		param_text(params, "mac"), vid, param_text(params, "mac"));
}

static bool takes_static(const struct vswitch *sw, const struct fdb_filter *f,
			 const struct config_static *s)
{
	struct fdb_entry e = {.key = key_make(s->vid, s->mac),
			      .port = (uint8_t)switch_port(sw, s->port),
			      .type = FDB_STATIC};

	return !mac_is_group(s->mac) && fdb_filter_takes(f, &e);
}

// Static entries belong to the configuration, and leave it.
static json_t *flush_static(struct control *k, const struct fdb_filter *f, struct error *e)
{
	unsigned kept = 0, count = k->sw->config->fixed_count;
	struct change ch;

	if (!change_begin(&ch, k, e))
		return NULL;
	ch.flush = f;
	for (unsigned i = 0; i < count; i++)
		if (!takes_static(k->sw, f, &ch.c->fixed[i]))
			ch.c->fixed[kept++] = ch.c->fixed[i];
	ch.c->fixed_count = kept;
	json_t *result = change_finish(&ch, true);
	if (result)
		json_object_set_new(result, "count", json_integer(count - kept));
	return result;
}

static json_t *table_flush(struct control *k, const json_t *params, struct error *e)
{
	const char *type = param_text(params, "type");
	struct fdb_filter f;

	if (!filter_params(k->sw, params, &f, e) || !settle_begin(k->sw, e))
		return NULL;
	if ((f.port >= 0 && tunnels_is_tunnel(k->sw, (unsigned)f.port)) ||
	    strcmp(type ? type : "", remote_types[FDB_DYNAMIC]) == 0 ||
	    strcmp(type ? type : "", remote_types[FDB_STICKY]) == 0)
		return refuse_remote(e);
	if (f.type == FDB_ASSIGNED)
		return method_refuse(
			e, METHOD_REFUSED,
			"assigned entries belong to their ports (port unset NAME mac-address)");
	if (f.type == FDB_STATIC)
		return flush_static(k, &f, e);
	return json_pack("{s:I}", "count", (json_int_t)mactable_flush(k->sw, &f));
}

const struct method methods_fdb[] = {
	{"fdb.show", table_show, METHOD_PUBLIC, NULL,
	 PARAMS("port", "vlan", "mac", "type", "after")},
	{"fdb.add", table_add, 0, "mac", PARAMS("mac", "vlan", "port", "type")},
	{"fdb.replace", table_replace, 0, "mac", PARAMS("mac", "vlan", "port", "type")},
	{"fdb.del", table_del, 0, "mac", PARAMS("mac", "vlan")},
	{"fdb.flush", table_flush, 0, NULL, PARAMS("port", "vlan", "mac", "type")},
	{0},
};
