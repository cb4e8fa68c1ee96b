// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/event_json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control/common/eventtypes.h"
#include "control/common/text.h"
#include "control/switch/state.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/key.h"

static void set_station(json_t *o, uint64_t key)
{
	char mac[MAC_TEXT];

	text_put_mac(key_mac(key), mac);
	json_object_set_new(o, "mac", json_string(mac));
	json_object_set_new(o, "vlan", json_integer(key_vid(key)));
}

json_t *event_json_named(const struct event *e, const char *from, const char *port)
{
	json_t *o = json_pack("{s:f, s:s}", "time", (double)e->ns / 1e9, "type",
			      event_type_names[e->type]);

	if (!o)
		return NULL;
	switch ((enum event_type)e->type) {
	case EVENT_MAC_LEARNED:
	case EVENT_MAC_AGED:
		set_station(o, e->key);
		json_object_set_new(o, "port", json_string(port));
		break;
	case EVENT_MAC_MOVED:
	case EVENT_MAC_FLAP:
		set_station(o, e->key);
		json_object_set_new(o, "from", json_string(from));
		json_object_set_new(o, "to", json_string(port));
		break;
	case EVENT_VIOLATION:
		json_object_set_new(o, "port", json_string(port));
		json_object_set_new(o, "reason", json_string(outcome_names[e->reason]));
		set_station(o, e->key);
		json_object_set_new(o, "count", json_integer(e->count));
		break;
	case EVENT_PORT_ERR_DISABLED:
		json_object_set_new(o, "port", json_string(port));
		json_object_set_new(o, "reason", json_string(outcome_names[e->reason]));
		break;
	case EVENT_PORT_RECOVERED:
	case EVENT_TABLE_FULL:
	case EVENT_PORT_UP:
	case EVENT_PORT_DOWN:
		json_object_set_new(o, "port", json_string(port));
		break;
	case EVENT_CONFIG_ROLLED_BACK:
	case EVENT_CONFIG_ROLLBACK_FAILED:
		json_object_set_new(o, "number", json_integer(e->count));
		break;
	case EVENT_LOST:
		json_object_set_new(o, "count", json_integer(e->count));
		break;
	case EVENT_TYPES:
		break;
	}
	return o;
}

json_t *event_json(const struct vswitch *sw, const struct event *e)
{
	return event_json_named(e, sw->port[e->from].name, sw->port[e->port].name);
}

uint64_t event_unix_ms(const struct vswitch *sw, const struct event *e)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 -
	       (switch_now(sw) - e->ns) / 1000000;
}
