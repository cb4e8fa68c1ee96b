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
	[EVENT_MAC_LEARNED] = "The switch learned a new MAC: mac, vlan, port",
	[EVENT_MAC_MOVED] =
		"A MAC moved to another port: mac, vlan, from, to; learned is false if that port was at its mac-limit",
	[EVENT_MAC_AGED] = "A MAC aged out after `aging-time` without a frame: mac, vlan, port",
	[EVENT_MAC_FLAP] =
		"A MAC moved too often and is held: mac, vlan, from (where it is held), to (the other port)",
	[EVENT_MAC_ADDED] =
		"An entry was added by a command or a configuration: mac, vlan (null: all of the port's), port, kind",
	[EVENT_MAC_REMOVED] = "Such an entry was removed: mac, vlan, port, kind",
	[EVENT_MAC_FLUSHED] =
		"The entries of one kind were flushed, of this port, vlan and mac (null: of any): reason is command, port-down, vlan or limit",
	[EVENT_VIOLATION] =
		"Frames violated a policy: port, reason, count in that second, mac and vlan of the first frame; audit is true if the policy is on trial",
	[EVENT_PORT_ERR_DISABLED] = "A violation shut the port down: port, reason",
	[EVENT_PORT_RECOVERED] = "An err-disabled port recovered: port",
	[EVENT_TABLE_FULL] = "The table had no room for a new MAC: port",
	[EVENT_MAC_CHANGED] = "The guest's NIC has another MAC, as QEMU says: port, mac",
	[EVENT_PORT_UP] = "The port's link came up: port",
	[EVENT_PORT_DOWN] =
		"The port went down: port, link (why it has none; absent if a command did it)",
	[EVENT_LOST] = "Events were lost because too many came at once: count",
	[EVENT_CONFIG_ROLLED_BACK] =
		"A configuration was not confirmed and was rolled back: number of the one in force",
	[EVENT_CONFIG_ROLLBACK_FAILED] =
		"A rollback failed; the switch will retry: number of the one in force",
	[EVENT_WORKER_STUCK] =
		"A worker has not finished its round for seconds: worker, seconds; its ports do not forward",
	[EVENT_WORKER_TURNS] = "A stuck worker turns again: worker, seconds that it was stuck",
	[EVENT_GROUP_JOINED] =
		"A port joined a multicast group: group, vlan, port, version of IGMP or MLD",
	[EVENT_GROUP_LEFT] =
		"A port is no member of a multicast group any more: group, vlan, port, version",
	[EVENT_GROUP_LIMIT] =
		"A port asked for more groups than multicast-groups allows, and gets every group: group, vlan, port, version",
	[EVENT_GROUP_ADDED] =
		"A static group got a port, by a command or a configuration: group (its MAC), vlan, port",
	[EVENT_GROUP_REMOVED] = "A static group lost a port: group (its MAC), vlan, port",
	[EVENT_QUERIER_CHANGED] =
		"Another multicast querier was elected in a VLAN: protocol, vlan, port, address (null: there is none)",
	[EVENT_BINDING_LEARNED] =
		"A DHCP server gave a station an address, which is bound to it: ip, mac, vlan, port",
	[EVENT_BINDING_ENDED] =
		"A learned binding ended: ip, mac, vlan, port; reason is expired, released, revoked (by the server), port or command",
	[EVENT_BINDING_REFUSED] =
		"An address from a DHCP server is not bound: ip, mac, vlan, port; reason is taken (bound to another station) or limit (of the port)",
	[EVENT_VTEP_UP] = "Frames can go to another machine of the EVPN: vtep",
	[EVENT_VTEP_DOWN] =
		"Frames cannot go to another machine of the EVPN any more: vtep (evpn vtep says why)",
	[EVENT_EVPN_RESYNC] =
		"What FRR has in the kernel was read as a whole: reason is start, overrun (news were lost) or command",
	[EVENT_EVPN_TABLE_FULL] =
		"MACs of another machine are not in the MAC table, because it is full: vtep, count",
	[EVENT_EVPN_PORT_LIMIT] =
		"Another machine gets no frames, because no port number is left for it: vtep",
	[EVENT_EVPN_NEIGHBOUR_LIMIT] =
		"More addresses are bound behind a port than other machines are told; without a port, other machines have more than there is room for: port",
};

enum event_class event_type_class(enum event_type type)
{
	switch (type) {
	case EVENT_MAC_LEARNED:
	case EVENT_MAC_MOVED:
	case EVENT_MAC_AGED:
	case EVENT_MAC_FLAP:
	case EVENT_MAC_ADDED:
	case EVENT_MAC_REMOVED:
	case EVENT_MAC_FLUSHED:
	case EVENT_VIOLATION:
	case EVENT_MAC_CHANGED:
	case EVENT_TABLE_FULL:
	case EVENT_LOST:
	case EVENT_GROUP_JOINED:
	case EVENT_GROUP_LEFT:
	case EVENT_GROUP_LIMIT:
	case EVENT_GROUP_ADDED:
	case EVENT_GROUP_REMOVED:
	case EVENT_QUERIER_CHANGED:
	case EVENT_BINDING_LEARNED:
	case EVENT_BINDING_ENDED:
	case EVENT_BINDING_REFUSED:
		return EVENTS_FREQUENT;
	case EVENT_PORT_UP:
	case EVENT_PORT_DOWN:
		return EVENTS_LINK;
	default:
		return EVENTS_RARE;
	}
}

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
