// SPDX-License-Identifier: BSD-3-Clause
#include "events.h"

#include <string.h>

const char *const event_type_names[EVENT_TYPES] = {
#define X(id, name) [EVENT_##id] = (name),
	EVENT_TYPE_LIST(X)
#undef X
};

int event_type_find(const char *name)
{
	for (int t = 0; t < EVENT_TYPES; t++)
		if (!strcmp(event_type_names[t], name))
			return t;
	return -1;
}

static void set_station(json_t *o, uint64_t key)
{
	char mac[MAC_TEXT];

	text_put_mac(key_mac(key), mac);
	json_object_set_new(o, "mac", json_string(mac));
	json_object_set_new(o, "vlan", json_integer(key_vid(key)));
}

static void set_port(json_t *o, const char *name, const struct vswitch *sw, unsigned port)
{
	json_object_set_new(o, name, json_string(sw->port[port].name));
}

json_t *event_json(const struct vswitch *sw, const struct event *e)
{
	json_t *o = json_pack("{s:f, s:s}", "time", (double)e->ns / 1e9, "type", event_type_names[e->type]);

	if (!o)
		return NULL;
	switch ((enum event_type)e->type) {
	case EVENT_MAC_LEARNED:
	case EVENT_MAC_AGED:
		set_station(o, e->key);
		set_port(o, "port", sw, e->port);
		break;
	case EVENT_MAC_MOVED:
	case EVENT_MAC_FLAP:
		set_station(o, e->key);
		set_port(o, "from", sw, e->from);
		set_port(o, "to", sw, e->port);
		break;
	case EVENT_VIOLATION:
		set_port(o, "port", sw, e->port);
		json_object_set_new(o, "reason", json_string(outcome_names[e->reason]));
		set_station(o, e->key);
		json_object_set_new(o, "count", json_integer(e->count));
		break;
	case EVENT_PORT_ERR_DISABLED:
		set_port(o, "port", sw, e->port);
		json_object_set_new(o, "reason", json_string(outcome_names[e->reason]));
		break;
	case EVENT_PORT_RECOVERED:
	case EVENT_TABLE_FULL:
	case EVENT_PORT_UP:
	case EVENT_PORT_DOWN:
		set_port(o, "port", sw, e->port);
		break;
	case EVENT_LOST:
		json_object_set_new(o, "count", json_integer(e->count));
		break;
	case EVENT_TYPES:
		break;
	}
	return o;
}
