// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/eventtypes.h"

#include <string.h>

#include "dataplane/eventtype.h"

const char *const event_type_names[EVENT_TYPES] = {
#define X(id, name) [EVENT_##id] = (name),
	EVENT_TYPE_LIST(X)
#undef X
};

static const char *const meanings[EVENT_TYPES] = {
	[EVENT_MAC_LEARNED] = "a station is new: mac, vlan, port",
	[EVENT_MAC_MOVED] = "a station is behind another port now: mac, vlan, from, to",
	[EVENT_MAC_AGED] =
		"a station was not heard for `aging-time`, and is forgotten: mac, vlan, port",
	[EVENT_MAC_FLAP] = "a station moved too often and is held where it is: mac, vlan, from, to",
	[EVENT_VIOLATION] =
		"frames broke a rule: port, reason, mac and vlan of the first one, their count in that second",
	[EVENT_PORT_ERR_DISABLED] = "a violation ended the port: port, reason",
	[EVENT_PORT_RECOVERED] = "an err-disabled port is back: port",
	[EVENT_TABLE_FULL] = "a MAC found no place in the table: port",
	[EVENT_PORT_UP] = "the port has a link: port",
	[EVENT_PORT_DOWN] = "the port has lost its link: port",
	[EVENT_LOST] = "so many events were not told, for they came too fast: count",
	[EVENT_CONFIG_ROLLED_BACK] =
		"a configuration was not confirmed, the one before came back: number of the one in force",
	[EVENT_CONFIG_ROLLBACK_FAILED] =
		"the same, but it cannot come back, and is tried again: number of the one in force",
};

int event_type_find(const char *name)
{
	for (int t = 0; t < EVENT_TYPES; t++)
		if (!strcmp(event_type_names[t], name))
			return t;
	return -1;
}

void event_types_print(FILE *out)
{
	for (int t = 0; t < EVENT_TYPES; t++)
		fprintf(out, "  %-22s  %s\n", event_type_names[t], meanings[t]);
}
