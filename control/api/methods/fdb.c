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
#include "control/switch/mactable.h"
#include "control/switch/state.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"

enum { FDB_PAGE = 4096 };

static bool vlan_param(const json_t *params, uint16_t *vid, struct error *e)
{
	uint64_t number = *vid;

	if (!param_number(params, "vlan", 1, VID_MAX, &number, e))
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
	return true;
}

static const char *type_name(void *unused, size_t i)
{
	(void)unused;
	return i < FDB_TYPES ? fdb_type_names[i] : NULL;
}

static bool type_param(const json_t *params, int *type, struct error *e)
{
	const json_t *v = json_object_get(params, "type");
	const char *text = json_string_value(v);
	char hint[TEXT_HINT];

	if (!v)
		return true;
	for (*type = 0; *type < FDB_TYPES; ++*type)
		if (text && !strcmp(text, fdb_type_names[*type]))
			return true;
	return method_refuse(e, METHOD_USAGE, "type cannot be '%.40s'%s", text ? text : "",
			     text_hint(hint, text ? text : "", type_name, NULL, NULL));
}

static bool filter_params(const struct vswitch *sw, const json_t *params, struct fdb_filter *f,
			  struct error *e)
{
	const char *port;

	if (!param_optional(params, "port", &port, e))
		return false;
	*f = (struct fdb_filter){.port = port ? switch_port(sw, port) : -1, .type = -1};
	if (port && f->port < 0)
		return method_no_port(e, sw->config, port);
	return vlan_param(params, &f->vid, e) && mac_param(params, &f->mac, e) &&
	       type_param(params, &f->type, e);
}

// A page of the table: {"entries": […], "next": KEY or null}; KEY as `after` asks for the next
// page. It is a text, as it has more bits than a number has in JavaScript.
static json_t *table_show(struct control *k, const json_t *params, struct error *e)
{
	struct fdb_filter f;
	uint64_t after = 0;
	bool more;

	if (!filter_params(k->sw, params, &f, e) ||
	    !param_number(params, "after", 1, UINT64_MAX, &after, e))
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

static json_t *table_add(struct control *k, const json_t *params, struct error *e)
{
	const char *port = param_wanted(params, "port", e);
	struct change ch;
	uint64_t mac = 0;
	uint16_t vid = 0;

	if (!port || !mac_param(params, &mac, e) || !vlan_param(params, &vid, e))
		return NULL;
	if (!mac || mac_is_group(mac) || !vid)
		return method_refuse(
			e, METHOD_USAGE,
			"a station's MAC and a VLAN are wanted (fdb add MAC vlan V port P)");
	if (!config_port(k->sw->config, port))
		return method_no_port(e, k->sw->config, port);
	if (find_static(k->sw->config, mac, vid) >= 0)
		return method_refuse(
			e, METHOD_REFUSED,
			"MAC %s is static in VLAN %u already (fdb del %s vlan %u first)",
			param_text(params, "mac"), vid, param_text(params, "mac"), vid);
	if (!change_begin(&ch, k, e))
		return NULL;
	struct config_static *s = config_add_static(ch.c);
	if (!s)
		method_refuse(e, METHOD_REFUSED,
			      "there are %d static MACs already, the most there can be",
			      CONFIG_STATICS_MAX);
	else
		*s = (struct config_static){.mac = mac, .vid = vid};
	if (s)
		strcpy(s->port, port);
	return change_finish(&ch, s);
}

static json_t *table_del(struct control *k, const json_t *params, struct error *e)
{
	struct change ch;
	uint64_t mac = 0;
	uint16_t vid = 0;

	if (!mac_param(params, &mac, e) || !vlan_param(params, &vid, e))
		return NULL;
	if (!mac || !vid)
		return method_refuse(e, METHOD_USAGE,
				     "a MAC and a VLAN are wanted (fdb del MAC vlan V)");
	int i = find_static(k->sw->config, mac, vid);
	struct fdb_filter f = {.port = -1, .vid = vid, .mac = mac, .type = -1};
	if (i < 0 && mactable_flush(k->sw, &f))
		return json_object();
	if (i < 0)
		return method_refuse(
			e, METHOD_REFUSED,
			"there is no static or learned entry of MAC %s in VLAN %u (fdb show mac %s)",
			param_text(params, "mac"), vid, param_text(params, "mac"));
	if (!change_begin(&ch, k, e))
		return NULL;
	struct config_static *s = &ch.c->fixed[i];
	memmove(s, s + 1, (size_t)(&ch.c->fixed[--ch.c->fixed_count] - s) * sizeof *s);
	return change_finish(&ch, true);
}

static json_t *table_flush(struct control *k, const json_t *params, struct error *e)
{
	struct fdb_filter f;

	if (!filter_params(k->sw, params, &f, e))
		return NULL;
	if (f.type == FDB_STATIC || f.type == FDB_ASSIGNED)
		return method_refuse(
			e, METHOD_REFUSED,
			"%s entries belong to the configuration (fdb del, port unset NAME mac-address)",
			fdb_type_names[f.type]);
	return json_pack("{s:I}", "count", (json_int_t)mactable_flush(k->sw, &f));
}

const struct method methods_fdb[] = {
	{"fdb.show", table_show, METHOD_PUBLIC, NULL},
	{"fdb.add", table_add, 0, "mac"},
	{"fdb.del", table_del, 0, "mac"},
	{"fdb.flush", table_flush, 0, NULL},
	{0},
};
