// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/commands.h"

#include <string.h>

#include "control/common/complain.h"
#include "control/common/portsettings.h"
#include "control/common/text.h"
#include "control/common/unixsocket.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"

static const char *const fdb_types[] = {
#define X(id, name) name,
	FDB_TYPE_LIST(X)
#undef X
		"remote",
	"remote-sticky",
	NULL,
};

static const char *const fdb_flushed[] = {"dynamic", "sticky", "static", NULL};
static const char *const fdb_added[] = {"static", "dynamic", NULL};

static const char *const event_types[] = {
#define X(id, name) name,
	EVENT_TYPE_LIST(X)
#undef X
		NULL,
};

static const char *const switch_words[] = {"on", "off", NULL};

static const char *const mirror_directions[] = {"rx", "tx", "both", NULL};
static const char *const capture_directions[] = {"rx", "tx", "both", "drop", NULL};

// How an argument of each type of PORT_SETTINGS is checked and explained.
#define QUOTED(number) #number
#define LIMITS(minimum, maximum) QUOTED(minimum) " to " QUOTED(maximum)
#define AS_DEVICE(text, minimum, maximum) .kind = KIND_TEXT, .help = (text)
#define AS_TEXT(text, minimum, maximum) .kind = KIND_TEXT, .help = (text)
#define AS_GROUP(text, minimum, maximum) .kind = KIND_GROUP, .help = (text)
#define AS_MAC(text, minimum, maximum) .kind = KIND_TEXT, .help = (text)
#define AS_NUMBER(text, minimum, maximum) \
	.kind = KIND_TEXT, .help = text ", " LIMITS(minimum, maximum)
#define AS_SWITCH(text, minimum, maximum) .kind = KIND_CHOICE, .help = (text), .words = switch_words
#define X(key, type, member, minimum, maximum, unit, standard, argument, text) \
	{key, .form = ARG_SETTING, .value = (argument), AS_##type(text, minimum, maximum)},

const struct argument port_settings[] = {PORT_SETTINGS(X){0}};
#undef X

static const char *const colour_choices[] = {"auto", "always", "never", NULL};

const struct command_option command_options[] = {
	{"socket", 's', "PATH",
	 .help = "connect to this control socket (default " CONTROL_SOCKET ")"},
	{"json", 'j', .help = "print results as JSON"},
	{"color", 'c', "WHEN",
	 .help = "use colours: auto (default; on a terminal, unless NO_COLOR is set), always or never",
	 .words = colour_choices},
	{"help", 'h', .help = "show this help, or the help of one command"},
	{"version", 'V', .help = "show the version"},
	{0},
};

#define ARGS(...) \
	(const struct argument[]) \
	{ \
		__VA_ARGS__, \
		{ \
			0 \
		} \
	}
#define PORT \
	{ \
		"name", ARG_WORD, KIND_PORT, "NAME", .help = "name of a port" \
	}
#define NEW_PORT \
	{ \
		"name", ARG_WORD, KIND_TEXT, "NAME", \
			.help = "name of the new port: 1 to 15 characters of A-Z a-z 0-9 _ . -" \
	}
#define GROUP \
	{ \
		"name", ARG_WORD, KIND_GROUP, "NAME", .help = "name of a port group" \
	}
#define NEW_GROUP \
	{ \
		"name", ARG_WORD, KIND_TEXT, "NAME", \
			.help = "name of the new group: 1 to 63 characters of A-Z a-z 0-9 _ . -" \
	}
#define PAIRS \
	{ \
		"set", ARG_PAIRS, .value = "KEY VALUE …", .help = "keys to set" \
	}
#define KEYS \
	{ \
		"keys", ARG_KEYS, .value = "KEY …", .help = "keys to unset" \
	}
#define PORT_PAIRS \
	{ \
		"set", ARG_PAIRS, .value = "KEY VALUE …", .help = "keys to set", \
				  .settings = port_settings \
	}
#define PORT_KEYS \
	{ \
		"keys", ARG_KEYS, .value = "KEY …", .help = "keys to unset", \
				  .settings = port_settings \
	}
#define MAC \
	{ \
		"mac", ARG_WORD, KIND_MAC, "MAC", .help = "the MAC address of a station" \
	}
#define VLAN \
	{ \
		"vlan", ARG_VALUE, KIND_VLAN, "V", .help = "a VLAN" \
	}
#define FDB_FILTER(types) \
	{"port",           ARG_VALUE,   KIND_PORT, "P", .help = "only MACs on this port", \
	 .optional = true, .bare = true}, \
		{"vlan",          ARG_VALUE, KIND_VLAN, "V", .help = "only MACs in this VLAN", \
		 .optional = true}, \
		{"mac",           ARG_VALUE, KIND_MAC, "M", .help = "only this MAC address", \
		 .optional = true}, \
	{ \
		"type", ARG_VALUE, KIND_CHOICE, "T", .help = "only MACs of this type", \
						     .optional = true, .words = (types) \
	}
#define MDB_FILTER \
	{"vlan", ARG_VALUE, KIND_VLAN, "V", .help = "only groups in this VLAN", .optional = true}, \
		{"group", ARG_VALUE, KIND_TEXT, "G", .help = "only this group", .optional = true}, \
	{ \
		"port", ARG_VALUE, KIND_PORT, "P", .help = "only groups of this port", \
						   .optional = true \
	}
#define STATIC_GROUP \
	{ \
		"group", ARG_WORD, KIND_TEXT, "GROUP", \
			.help = "a group: an IP address such as 239.1.2.3, or a MAC" \
	}
#define FDB_STATION \
	MAC, VLAN, {"port", ARG_VALUE, KIND_PORT, "P", .help = "the port that the MAC is on"}, \
	{ \
		"type", ARG_VALUE, KIND_CHOICE, "T", \
			.help = "static (default), or dynamic: it ages, moves and is flushed", \
			.optional = true, .words = fdb_added \
	}
#define BINDING \
	{"ip", ARG_WORD, KIND_TEXT, "IP[/BITS]", .help = "an IPv4 or IPv6 address, or a prefix"}, \
		{"port", ARG_VALUE, KIND_PORT, "P", \
		 .help = "the port that the station is behind"}, \
		{"mac",           ARG_VALUE, KIND_MAC, "M", .help = "the station's MAC address", \
		 .optional = true}, \
	{ \
		"vlan", ARG_VALUE, KIND_VLAN, "V", .help = "the VLAN", .optional = true \
	}
#define ROWS \
	{COMMAND_SORT, \
	 ARG_VALUE, \
	 KIND_COLUMN, \
	 "[-]COLUMN", \
	 .help = "sort by this column; with '-', in descending order", \
	 .optional = true}, \
		{"limit",          ARG_VALUE,     KIND_NUMBER, "N", .help = "show at most N rows", \
		 .optional = true, .unit = "rows"}, \
	{ \
		"where", ARG_COLUMNS, .value = "COLUMN VALUE …", \
				      .help = "show only rows with this value in this column", \
				      .optional = true \
	}
#define AGAIN \
	{"interval", \
	 ARG_VALUE, \
	 KIND_SECONDS, \
	 "S", \
	 .help = "seconds between refreshes (default 1)", \
	 .optional = true}, \
	{ \
		"count", ARG_VALUE, KIND_NUMBER, "N", .help = "stop after N tables", \
						      .optional = true, .unit = "tables" \
	}
#define ONE_PORT \
	{ \
		"name", ARG_WORD, KIND_PORT, "NAME", .help = "show only this port", \
						     .optional = true \
	}
#define OF_PORT \
	{ \
		"port", ARG_VALUE, KIND_PORT, "P", .help = "show only this port", \
						   .optional = true, .bare = true \
	}
#define FILE_READ \
	{ \
		"file", ARG_WORD, KIND_FILE, "FILE", \
			.help = "a configuration file; -: standard input" \
	}

const struct command commands[] = {
	{"status", "show", "status", VIEW_STATUS,
	 .help = "show version, uptime, load of the workers, and table use"},
	{"status", "watch", "status", VIEW_STATUS,
	 .help = "show the status, refreshing every second", .args = ARGS(AGAIN), .way = WAY_WATCH},

	{"port", "show", "port.show", VIEW_PORTS, .help = "show the ports and their settings",
	 .args = ARGS(ONE_PORT, ROWS),
	 .examples = "port\n"
		     "port show esx1\n"
		     "port state down"},
	{"port", "watch", "port.show", VIEW_PORTS,
	 .help = "show the ports, refreshing every second", .args = ARGS(ONE_PORT, AGAIN, ROWS),
	 .way = WAY_WATCH},
	{"port", "add", "port.add", VIEW_NONE, .help = "create a port",
	 .args = ARGS(NEW_PORT,
		      {"device", ARG_SETTING, KIND_TEXT, "DEVICE",
		       .help = "the port's device, as KIND:ARGUMENT"},
		      {"set", ARG_PAIRS, .value = "KEY VALUE …", .help = "keys to set",
		       .optional = true, .settings = port_settings}),
	 .more = "The switch opens the device first. If that fails, nothing changes. KIND is tap, af_packet, af_xdp, vhost, "
		 "vhost-client, virtio_user, memif, pcap, null, pci or bond. You can also give a DPDK vdev or a PCI address without a "
		 "KIND. See nestswitch.yaml(5).",
	 .examples = "port add esx4 device tap:esx4 port-group nested-hosts mac-limit 64"},
	{"port", "del", "port.del", VIEW_NONE,
	 .help = "delete a port; this closes its device and flushes its MACs", .args = ARGS(PORT),
	 .more = "You cannot delete a port that a static MAC or a mirror uses. Delete these first.",
	 .examples = "port del esx4"},
	{"port", "set", "port.set", VIEW_NONE,
	 .help = "set a port's policy, addresses, group or device", .args = ARGS(PORT, PORT_PAIRS),
	 .more = "Either all keys are set or none. The switch keeps forwarding. If you change the device, the port's counters "
		 "and learned MACs are reset.",
	 .examples = "port set esx3 forged-transmits reject violation shutdown recovery-time 60\n"
		     "port set esx3 vlan-mode trunk allowed-vlans 1,10-20\n"
		     "port set esx3 port-group nested-hosts"},
	{"port", "unset", "port.unset", VIEW_NONE,
	 .help = "unset keys, so that the port inherits their values",
	 .args = ARGS(PORT, PORT_KEYS), .examples = "port unset esx3 forged-transmits mac-limit"},
	{"port", "enable", "port.enable", VIEW_NONE, .help = "enable a port", .args = ARGS(PORT),
	 .more = "This also recovers an err-disabled port.", .examples = "port enable esx3"},
	{"port", "disable", "port.disable", VIEW_NONE,
	 .help = "disable a port; this flushes its learned MACs", .args = ARGS(PORT),
	 .examples = "port disable esx3"},

	{"group", "show", "group.show", VIEW_GROUPS,
	 .help = "show the port groups and their policy",
	 .args = ARGS({"name", ARG_WORD, KIND_GROUP, "NAME", .help = "show only this group",
		       .optional = true},
		      ROWS),
	 .examples = "group show nested-hosts"},
	{"group", "add", "group.add", VIEW_NONE, .help = "create a port group",
	 .args = ARGS(NEW_GROUP, {"set", ARG_PAIRS, .value = "KEY VALUE …", .help = "keys to set",
				  .optional = true}),
	 .examples = "group add nested-hosts aging-time 120 storm-broadcast 500"},
	{"group", "set", "group.set", VIEW_NONE, .help = "set the policy of a group's ports",
	 .args = ARGS(GROUP, PAIRS), .examples = "group set nested-hosts mac-limit 256"},
	{"group", "unset", "group.unset", VIEW_NONE,
	 .help = "unset keys, so that the group inherits their values", .args = ARGS(GROUP, KEYS),
	 .examples = "group unset nested-hosts mac-limit"},
	{"group", "del", "group.del", VIEW_NONE, .help = "delete an empty port group",
	 .args = ARGS(GROUP), .examples = "group del nested-hosts"},

	{"policy", "show", "policy.show", VIEW_POLICY,
	 .help = "show the policy in force on a port, a group or the switch, and its origin",
	 .args = ARGS({"name", ARG_WORD, KIND_PORT_OR_GROUP, "NAME",
		       .help = "name of a port or a port group", .optional = true},
		      ROWS),
	 .more = "The port's value takes precedence over its group's, then the switch's, then the default.",
	 .examples = "policy show esx3\n"
		     "policy show esx3 from port"},
	{"policy", "audit", "policy.audit", VIEW_AUDIT,
	 .help = "show the MACs whose frames the ports with `audit on` would drop",
	 .args = ARGS(ONE_PORT, ROWS), .noun = true,
	 .more = "The MACs with the most frames are kept, for each port and reason. Write exceptions for them, such as allowed-macs, "
		 "before you set audit off. stats clear empties the list.",
	 .examples = "policy audit\n"
		     "policy audit show esx3\n"
		     "policy audit reason forged_transmit"},
	{"policy", "set", "policy.set", VIEW_NONE, .help = "set the policy of the whole switch",
	 .args = ARGS(PAIRS), .more = "A port or its group can override this policy.",
	 .examples = "policy set mac-limit 256 mac-limit-policy drop"},
	{"policy", "unset", "policy.unset", VIEW_NONE,
	 .help = "unset keys, so that the switch uses their defaults", .args = ARGS(KEYS),
	 .examples = "policy unset mac-limit"},

	{"fdb", "show", "fdb.show", VIEW_FDB, .help = "show the MAC table (FDB)",
	 .args = ARGS(FDB_FILTER(fdb_types), ROWS),
	 .more = "The assigned MAC of a port is valid in every VLAN of the port. Therefore its VLAN is shown as `all`.",
	 .examples = "fdb show esx1 type dynamic\n"
		     "fdb show sort age limit 20\n"
		     "fdb show mac 02:00:00:00:00:99"},
	{"fdb", "watch", "fdb.show", VIEW_CHANGES,
	 .help = "show the MAC table, refreshing every second; changes come first, then the most recently seen MACs",
	 .args = ARGS(FDB_FILTER(fdb_types), AGAIN, ROWS), .way = WAY_WATCH,
	 .more = "Each refresh reads every matching entry. If the table is large, name a port or a VLAN.",
	 .examples = "fdb watch esx1\n"
		     "fdb watch change moved"},
	{"fdb", "add", "fdb.add", VIEW_NONE, .help = "add a MAC, static unless you name a type",
	 .args = ARGS(FDB_STATION),
	 .more = "Static MACs are part of the configuration. Dynamic ones are not, and count against the port's mac-limit.",
	 .examples = "fdb add 02:00:00:00:00:99 vlan 10 port esx1\n"
		     "fdb add 02:00:00:00:00:99 vlan 10 port esx1 type dynamic"},
	{"fdb", "replace", "fdb.replace", VIEW_NONE,
	 .help = "add a MAC, or move it to this port and type", .args = ARGS(FDB_STATION),
	 .more = "A static MAC moves in one step: no frame meets a table without it.",
	 .examples = "fdb replace 02:00:00:00:00:99 vlan 10 port esx2"},
	{"fdb", "del", "fdb.del", VIEW_NONE, .help = "delete a static or learned MAC",
	 .args = ARGS(MAC, VLAN), .examples = "fdb del 02:00:00:00:00:99 vlan 10"},
	{"fdb", "flush", "fdb.flush", VIEW_FLUSHED,
	 .help = "flush MACs of one type: dynamic ones, unless you name another",
	 .args = ARGS(FDB_FILTER(fdb_flushed)),
	 .more = "Static MACs leave the configuration. The assigned MAC of a port is not flushed: use port unset NAME mac-address.",
	 .examples = "fdb flush\n"
		     "fdb flush esx1 vlan 10\n"
		     "fdb flush type static port esx1"},

	{"mirror", "show", "mirror.show", VIEW_MIRRORS,
	 .help = "show the mirrors and the state of their destinations",
	 .args = ARGS({"name", ARG_WORD, KIND_MIRROR, "NAME", .help = "show only this mirror",
		       .optional = true},
		      ROWS),
	 .examples = "mirror"},
	{"mirror", "add", "mirror.add", VIEW_NONE,
	 .help = "copy the frames of ports to another port",
	 .args = ARGS({"name", ARG_WORD, KIND_TEXT, "NAME",
		       .help = "name of the new mirror: 1 to 63 characters of A-Z a-z 0-9 _ . -"},
		      {"source", ARG_VALUE, KIND_PORT, "P", .help = "the ports to copy",
		       .repeated = true},
		      {"direction", ARG_VALUE, KIND_CHOICE, "D", .optional = true,
		       .words = mirror_directions,
		       .help = "rx: what the ports receive, tx: what they send, both (default)"},
		      {"destination", ARG_VALUE, KIND_PORT, "P",
		       .help = "the port that gets the copies; it forwards nothing"}),
	 .more = "The destination is in no VLAN, and what it receives is dropped. Create a port for it: port add sniffer device "
		 "tap:sniffer. To look at frames only once, use capture.",
	 .examples = "mirror add span1 source esx1 destination sniffer\n"
		     "mirror add span2 source esx1 esx2 direction rx destination sniffer"},
	{"mirror", "del", "mirror.del", VIEW_NONE,
	 .help = "delete a mirror; its destination forwards again",
	 .args = ARGS({"name", ARG_WORD, KIND_MIRROR, "NAME", .help = "name of a mirror"}),
	 .examples = "mirror del span1"},

	{"mdb", "show", "mdb.show", VIEW_MDB,
	 .help = "show the multicast groups of the ports (MDB): joined ones and static ones",
	 .args = ARGS(MDB_FILTER, ROWS),
	 .more = "Guests join groups only in VLANs with multicast-snooping on. LEFT is the time in seconds until the membership ends "
		 "unless the guest renews it. Static groups are named by their MAC.",
	 .examples = "mdb show vlan 10\n"
		     "mdb show group 239.1.2.3\n"
		     "mdb show port esx1 sort -age_left"},
	{"mdb", "add", "mdb.add", VIEW_NONE, .help = "add a port to a static group",
	 .args = ARGS(STATIC_GROUP, VLAN,
		      {"port", ARG_VALUE, KIND_PORT, "P", .help = "a port that gets the group"}),
	 .more = "Frames to the group's MAC go only to its static ports. With multicast-snooping, IP groups also go to the ports that "
		 "joined them and to multicast routers. Static groups are part of the configuration (static-macs).",
	 .examples = "mdb add 239.1.2.3 vlan 10 port esx1\n"
		     "mdb add 03:bf:0a:00:00:64 vlan 10 port esx1"},
	{"mdb", "del", "mdb.del", VIEW_NONE,
	 .help = "delete a port from a static group, or the whole static group",
	 .args = ARGS(
		 STATIC_GROUP, VLAN,
		 {"port", ARG_VALUE, KIND_PORT, "P", .help = "only this port", .optional = true}),
	 .examples = "mdb del 239.1.2.3 vlan 10 port esx1\n"
		     "mdb del 03:bf:0a:00:00:64 vlan 10"},
	{"mdb", "vlans", "mdb.vlans", VIEW_VLANS,
	 .help = "show the VLANs with multicast snooping, their queriers and whether they prune",
	 .args = ARGS(ROWS),
	 .more = "Open ports get every group, because no querier has asked them yet.",
	 .examples = "mdb vlans"},
	{"mdb", "routers", "mdb.routers", VIEW_ROUTERS,
	 .help = "show the ports with a multicast router, which get every group",
	 .args = ARGS(ROWS), .examples = "mdb routers"},
	{"mdb", "flush", "mdb.flush", VIEW_FLUSHED,
	 .help = "end memberships; guests join again when a querier asks", .args = ARGS(MDB_FILTER),
	 .examples = "mdb flush\n"
		     "mdb flush vlan 10 group 239.1.2.3"},

	{"binding", "show", "binding.show", VIEW_BINDINGS,
	 .help = "show which IP addresses stations may use, for spoof-guard",
	 .more = "Bindings of type dhcp were learned; LEASE is the time in seconds that they have left. In VLANs with "
		 "neighbour-suppression on, requests for a bound address go to its owner alone. Those of type remote are bound at "
		 "other machines, which tell of them by EVPN; spoof-guard does not use them.",
	 .args = ARGS(OF_PORT,
		      {"mac", ARG_VALUE, KIND_MAC, "M", .help = "only bindings of this MAC",
		       .optional = true},
		      {"vlan", ARG_VALUE, KIND_VLAN, "V", .help = "only bindings in this VLAN",
		       .optional = true},
		      ROWS),
	 .examples = "binding\n"
		     "binding show port esx1"},
	{"binding", "add", "binding.add", VIEW_NONE, .help = "let a station use an IP address",
	 .args = ARGS(BINDING),
	 .more = "Without mac, every station behind the port may use the address; without vlan, in every VLAN of the port.",
	 .examples = "binding add 10.0.0.7 port esx1 mac 02:00:00:00:00:07\n"
		     "binding add 2001:db8:1::/64 port esx1 vlan 10"},
	{"binding", "del", "binding.del", VIEW_NONE, .help = "take that permission away",
	 .args = ARGS(BINDING), .examples = "binding del 10.0.0.7 port esx1 mac 02:00:00:00:00:07"},

	{"evpn", "show", "evpn.show", VIEW_EVPN,
	 .help = "show the VNIs of the VLANs, and who else is in them",
	 .more = "A VNI is up, alone (no other VTEP takes floods for it: is FRR running?) or down, with the reason. The last line "
		 "counts the kernel's rows, by which FRR and the switch exchange MACs; and addresses, where neighbour-suppression is "
		 "on. An address is contested for a minute after it changed its MAC: requests for it are flooded.",
	 .examples = "evpn"},
	{"evpn", "vtep", "evpn.vtep", VIEW_VTEPS,
	 .help = "show the other VTEPs, and how packets reach them", .args = ARGS(ROWS),
	 .more = "A VTEP is a port as well, whose name is its address: stats 10.9.0.2. Frames to an unresolved one are dropped "
		 "as no_route. One that is held was withdrawn by FRR; its MACs stay for the time vtep-hold.",
	 .examples = "evpn vtep"},
	{"evpn", "resync", "evpn.resync", VIEW_NONE,
	 .help = "read what FRR has in the kernel again, as a whole",
	 .args = ARGS({"hard", ARG_FLAG, .value = "hard", .help = "let FRR tell everything anew",
		       .optional = true}),
	 .more = "With hard, the switch takes its VXLAN devices in the kernel down and up. This clears what a restart of zebra alone "
		 "leaves behind. Frames go on meanwhile, for the time vtep-hold. With control none there is nothing to read.",
	 .examples = "evpn resync\n"
		     "evpn resync hard"},
	{"evpn", "add", "evpn.add", VIEW_NONE, .help = "give a VLAN a VNI",
	 .args = ARGS({"vlan", ARG_VALUE, KIND_VLAN, "V", .help = "a VLAN without a VNI"},
		      {"vni", ARG_VALUE, KIND_NUMBER, "N", .help = "the VNI, 1 to 16777215"}),
	 .examples = "evpn add vlan 30 vni 10030"},
	{"evpn", "del", "evpn.del", VIEW_NONE, .help = "take the VNI of a VLAN away",
	 .args = ARGS({"vlan", ARG_VALUE, KIND_VLAN, "V", .help = "a VLAN with a VNI"}),
	 .more = "Frames of the VLAN stay on this machine, and the remote MACs in it are removed.",
	 .examples = "evpn del vlan 30"},

	{"stats", "show", "stats.show", VIEW_COUNTERS,
	 .help = "show the ports' counters; for one port, explain its drops",
	 .args = ARGS(OF_PORT, ROWS), .one = VIEW_PORT,
	 .more = "RX is the sum of FORWARDED, FLOODED and DROPPED. Each drop has a reason.",
	 .examples = "stats\n"
		     "stats esx1\n"
		     "stats sort -rx_drops limit 5"},
	{"stats", "watch", "stats.show", VIEW_RATES,
	 .help = "show frame and bit rates, refreshing every second",
	 .args = ARGS(OF_PORT, AGAIN, ROWS), .way = WAY_WATCH,
	 .more = "Bits are counted as on the wire, but without FCS. Drops count dropped received frames and frames that could "
		 "not be sent.",
	 .examples = "stats watch sort -rx_bps limit 10\n"
		     "stats watch interval 0.5"},
	{"stats", "clear", "stats.clear", VIEW_NONE, .help = "reset the counters to 0"},

	{"events", "show", "events.show", VIEW_EVENTS, .help = "show the latest events",
	 .args = ARGS({"count", ARG_VALUE, KIND_NUMBER, "N", .help = "show at most N events",
		       .optional = true, .unit = "events"},
		      ROWS),
	 .examples = "events count 20\n"
		     "events type violation port esx1"},
	{"events", "watch", "events.show", VIEW_EVENTS,
	 .help = "show the latest events, refreshing every second", .args = ARGS(AGAIN, ROWS),
	 .way = WAY_WATCH},
	{"monitor", "show", "monitor", VIEW_EVENT,
	 .help = "print events as they happen, until you press Ctrl-C",
	 .args = ARGS({"port", ARG_VALUE, KIND_PORT, "P", .help = "print only events of this port",
		       .optional = true, .bare = true},
		      {"types", ARG_LIST, KIND_CHOICE, "TYPE …",
		       .help = "print only events of these types", .optional = true,
		       .words = event_types}),
	 .way = WAY_FOLLOW,
	 .more = "Without a TYPE, all events are printed. A MAC that moves is an event of both ports.",
	 .examples = "monitor violation port-err-disabled\n"
		     "monitor esx1 mac-moved"},

	{"trace", "show", "trace", VIEW_TRACE,
	 .help = "explain step by step how the switch would handle a frame",
	 .args = ARGS({"port", ARG_VALUE, KIND_PORT, "P", .help = "the ingress port", .bare = true},
		      {"frame", ARG_VALUE, KIND_TEXT, "HEX", .help = "the frame's bytes",
		       .optional = true},
		      {"pcap", ARG_VALUE, KIND_PATH, "FILE",
		       .help = "the frames of this capture, in order", .optional = true},
		      {"last-drop", ARG_FLAG, .value = "last-drop",
		       .help = "the newest frame that the port has dropped", .optional = true}),
	 .way = WAY_TRACE,
	 .examples = "trace port esx1 pcap in.pcap\n"
		     "trace port esx1 frame ffffffffffff0200000000010806\n"
		     "trace esx1 last-drop"},
	{"capture", "show", "capture", VIEW_NONE,
	 .help = "print forwarded or dropped frames, or write them to a pcapng file",
	 .args = ARGS(
		 {"port", ARG_VALUE, KIND_PORT, "P",
		  .help = "capture on these ports (default: all)", .optional = true,
		  .repeated = true, .bare = true},
		 {"direction", ARG_VALUE, KIND_CHOICE, "D", .optional = true,
		  .words = capture_directions,
		  .help = "rx: received, tx: sent, both: received and sent (default), drop: dropped or undelivered"},
		 {"filter", ARG_VALUE, KIND_TEXT, "EXPR",
		  .help = "a filter in libpcap's syntax, in quotes", .optional = true},
		 {"count", ARG_VALUE, KIND_NUMBER, "N",
		  .help = "stop after N frames (default: when you press Ctrl-C)", .optional = true,
		  .unit = "frames"},
		 {"snaplen", ARG_VALUE, KIND_NUMBER, "BYTES",
		  .help = "capture at most this many bytes of each frame", .optional = true,
		  .unit = "bytes"},
		 {"size", ARG_VALUE, KIND_NUMBER, "MIB",
		  .help = "write FILE.0, FILE.1 … of this size each", .optional = true,
		  .unit = "MiB"},
		 {"files", ARG_VALUE, KIND_NUMBER, "N",
		  .help = "keep only the last N of these files", .optional = true, .unit = "files"},
		 {"write", ARG_VALUE, KIND_PATH, "FILE",
		  .help = "the file to write; -: standard output (default: print a line for each frame)",
		  .optional = true}),
	 .way = WAY_CAPTURE,
	 .more = "Each frame is stored with its port and its direction. A dropped frame also has its reason as a comment. Forwarding does not "
		 "wait for a capture. Therefore frames that the switch had no room to copy are counted as lost, for each port. For a "
		 "live view in another program, write to - and pipe the output into wireshark -k -i - or tcpdump -r -.",
	 .examples = "capture esx1\n"
		     "capture esx1 esx2 count 100 write esx.pcapng\n"
		     "capture direction drop filter 'arp or port 67' write drops.pcapng\n"
		     "capture size 100 files 10 write lab.pcapng\n"
		     "capture esx1 write -"},

	{"config", "show", "config.show", VIEW_TEXT,
	 .help = "print the running configuration as YAML",
	 .args = ARGS({"number", ARG_WORD, KIND_NUMBER, "N",
		       .help = "number of an earlier configuration in the history",
		       .optional = true}),
	 .examples = "config show\n"
		     "config show 4"},
	{"config", "check", "config.check", VIEW_NONE, .help = "check a configuration file",
	 .args = ARGS(FILE_READ),
	 .more = "This checks syntax, values and devices. Nothing changes.",
	 .examples = "config check lab.yaml"},
	{"config", "diff", "config.diff", VIEW_DIFF, .help = "show what apply would change",
	 .args = ARGS(FILE_READ),
	 .more = "Lines with - are in the running configuration, lines with + are in the file. Order does not matter. The exit "
		 "status is 0, with and without differences. With -j, `differences` is empty if there are none.",
	 .examples = "config diff lab.yaml"},
	{"config", "apply", "config.apply", VIEW_DIFF,
	 .help = "apply a configuration, all or nothing",
	 .args = ARGS(FILE_READ, {"confirm", ARG_VALUE, KIND_NUMBER, "SECONDS",
				  .help = "roll back unless you confirm within SECONDS",
				  .optional = true, .unit = "seconds"}),
	 .more = "Prints what has changed: lines with - are former settings, lines with + are new ones. "
		 "With confirm, the switch rolls back to the previous configuration after SECONDS (1 to 86400). The rollback also "
		 "reverts every change made in the meantime. Another apply with confirm restarts the timer.",
	 .examples = "config apply lab.yaml\n"
		     "config apply lab.yaml confirm 60"},
	{"config", "confirm", "config.confirm", VIEW_NONE,
	 .help = "keep the applied configuration; this cancels the rollback",
	 .examples = "config confirm"},
	{"config", "reload", "config.reload", VIEW_DIFF,
	 .help = "apply the configuration file again, as SIGHUP does", .examples = "config reload"},
	{"config", "save", "config.save", VIEW_SAVED,
	 .help = "write the running configuration to its file, or to another file",
	 .args = ARGS({"file", ARG_WORD, KIND_PATH, "FILE", .help = "the file to write",
		       .optional = true}),
	 .more = "The switch replaces the whole file. It keeps the old file as FILE~ if that had comments, or settings that the "
		 "switch never ran. If somebody edited the file since the switch read it, you must name the file.",
	 .examples = "config save\n"
		     "config save backup.yaml"},
	{"config", "history", "config.history", VIEW_HISTORY,
	 .help = "list the configurations so far: number, time, origin", .args = ARGS(ROWS),
	 .examples = "config history"},
	{"config", "rollback", "config.rollback", VIEW_DIFF,
	 .help = "apply an earlier configuration again",
	 .args = ARGS({"number", ARG_WORD, KIND_NUMBER, "N",
		       .help = "number of the configuration in the history",
		       .unit = "config history"}),
	 .examples = "config rollback 3"},
	{0},
};

bool command_is_alone(const struct command *c)
{
	for (const struct command *other = commands; other->group; other++)
		if (other != c && !strcmp(other->group, c->group))
			return false;
	return true;
}

const char *argument_usage(const struct argument *a, char out[ARGUMENT_USAGE])
{
	bool keyword = a->form == ARG_VALUE || a->form == ARG_SETTING;

	// A flag's placeholder is its name.
	snprintf(out, ARGUMENT_USAGE, "%s%s%s%s", keyword ? a->name : "", keyword ? " " : "",
		 a->value, a->repeated ? " …" : "");
	return out;
}

const char *command_usage(const struct command *c, char out[COMMAND_USAGE])
{
	size_t at = (size_t)snprintf(out, COMMAND_USAGE, command_is_alone(c) ? "%s" : "%s %s",
				     c->group, c->verb);
	char argument[ARGUMENT_USAGE];

	for (const struct argument *a = c->args; a && a->name && at < COMMAND_USAGE; a++)
		at += (size_t)snprintf(out + at, COMMAND_USAGE - at, a->optional ? " [%s]" : " %s",
				       argument_usage(a, argument));
	return out;
}

static const char *group_name(void *unused, size_t i)
{
	(void)unused;
	return commands[i].group;
}

const struct command *command_find(char *const *word, int *used)
{
	const struct command *show = NULL;

	*used = 1;
	for (const struct command *c = commands; c->group; c++) {
		if (strcmp(c->group, word[0]))
			continue;
		if (word[1] && !strcmp(c->verb, word[1])) {
			*used = c->noun && word[2] && !strcmp(word[2], "show") ? 3 : 2;
			return c;
		}
		if (!strcmp(c->verb, "show"))
			show = c;
	}
	return show;
}

// The first words of other switches' commands, and what is typed here.
static const struct {
	const char *word, *typed;
} elsewhere[] = {
	{"mac", "fdb"},
	{"macs", "fdb"},
	{"mac-table", "fdb"},
	{"mac-address-table", "fdb"},
	{"bridge", "fdb"},
	{"ports", "port"},
	{"interface", "port"},
	{"interfaces", "port"},
	{"link", "port"},
	{"groups", "group"},
	{"portgroup", "group"},
	{"vlan", "port set NAME vlan-mode access access-vlan V"},
	{"vlans", "policy show NAME"},
	{"counters", "stats"},
	{"drops", "stats"},
	{"statistics", "stats"},
	{"log", "events"},
	{"logging", "events"},
	{"span", "mirror"},
	{"mirrors", "mirror"},
	{"tcpdump", "capture"},
	{"version", "--version"},
	{"running-config", "config show"},
	{"running", "config show"},
	{"write", "config save"},
	{"save", "config save"},
	{"copy", "config save"},
	{"reload", "config reload"},
	{"rollback", "config rollback N"},
	{"clear", "stats clear"},
};

// Words for what nestctl does not do.
static const char *const process_words[] = {"start", "stop", "restart", "shutdown", "quit"};

static bool is_about_process(const char *word)
{
	for (size_t i = 0; i < sizeof process_words / sizeof *process_words; i++)
		if (!strcmp(process_words[i], word))
			return true;
	return false;
}

// What is typed here instead of a first word. NULL: unknown.
static const char *typed_here(const char *word)
{
	for (const struct command *c = commands; c->group; c++)
		if (!strcmp(c->group, word))
			return c->group;
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
		if (!strcmp(elsewhere[i].word, word))
			return elsewhere[i].typed;
	return NULL;
}

// Prints that there is no such command. `show` as the first word is one too many.
static void refuse_command(char *const *word)
{
	bool verb_first = !strcmp(word[0], "show");
	const char *noun = verb_first ? word[1] : word[0], *typed = noun ? typed_here(noun) : NULL;
	char hint[TEXT_HINT];

	if (typed)
		complain("unknown command '%s%s%s' (type: nestctl %s)", word[0],
			 verb_first ? " " : "", verb_first ? noun : "", typed);
	else if (is_about_process(word[0]))
		complain(
			"unknown command '%s' (nestctl does not start or end the switch: use systemctl, or end nestswitch run)",
			word[0]);
	else if (verb_first)
		complain(
			"unknown command 'show' (the verb comes second, and may be left out: nestctl port)");
	else
		complain("unknown command '%s'%s", word[0],
			 text_hint(hint, word[0], group_name, NULL, "see nestctl --help"));
}

const struct command *command_wanted(char *const *word, int *used)
{
	const struct command *c = command_find(word, used);

	if (!c)
		refuse_command(word);
	return c;
}

// The verb of the i-th command in the group of *arg.
static const char *verb_name(void *arg, size_t i)
{
	const struct command *of = arg, *c = commands;

	for (; c->group; c++)
		if (!strcmp(c->group, of->group) && !i--)
			break;
	return c->verb;
}

// The i-th word of an argument.
static const char *choice_name(void *arg, size_t i)
{
	const struct argument *a = arg;

	return a->words ? a->words[i] : NULL;
}

const char *command_nearest_verb(const struct command *c, const char *word)
{
	const struct argument *last = c->args;

	if (!command_is_alone(c))
		return text_nearest(word, verb_name, (void *)(uintptr_t)c);
	while (last && last->name && last->form != ARG_LIST)
		last++;
	return last && last->name ? text_nearest(word, choice_name, (void *)(uintptr_t)last) : NULL;
}
