// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/commands.h"

#include <string.h>

#include "control/common/complain.h"
#include "control/common/text.h"
#include "control/common/unixsocket.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"

static const char *const fdb_types[] = {
#define X(id, name) name,
	FDB_TYPE_LIST(X)
#undef X
		NULL,
};

static const char *const event_types[] = {
#define X(id, name) name,
	EVENT_TYPE_LIST(X)
#undef X
		NULL,
};

static const char *const capture_directions[] = {"rx", "tx", "both", "drop", NULL};

const struct argument port_settings[] = {
	{"device", ARG_SETTING, KIND_TEXT, "DEVICE",
	 .help = "what is behind the port, KIND:ARGUMENT"},
	{"mac-address", ARG_SETTING, KIND_TEXT, "MAC",
	 .help = "the address that the hypervisor assigned to the vNIC"},
	{"effective-mac", ARG_SETTING, KIND_TEXT, "MAC",
	 .help = "what the guest set it to; unset: mac-address"},
	{"port-group", ARG_SETTING, KIND_GROUP, "GROUP",
	 .help = "the group that the port inherits policy from"},
	{"mtu", ARG_SETTING, KIND_TEXT, "BYTES", .help = "longest packet that is sent, 68 to 9000"},
	{"queues", ARG_SETTING, KIND_TEXT, "N",
	 .help = "ingress queues, 1 to 8; with port add only"},
	{0},
};

static const char *const colour_choices[] = {"auto", "always", "never", NULL};

const struct command_option command_options[] = {
	{"socket", 's', "PATH", .help = "the switch's control socket (default " CONTROL_SOCKET ")"},
	{"json", 'j', .help = "results as JSON"},
	{"color", 'c', "WHEN",
	 .help = "auto (default), always or never; auto: on a terminal, unless NO_COLOR is set",
	 .words = colour_choices},
	{"help", 'h', .help = "what can be said, of a command if one is named"},
	{"version", 'V', .help = "which version this is"},
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
		"name", ARG_WORD, KIND_PORT, "NAME", .help = "a port" \
	}
#define NEW_PORT \
	{ \
		"name", ARG_WORD, KIND_TEXT, "NAME", \
			.help = "its name: 1 to 15 of A-Z a-z 0-9 _ . -" \
	}
#define GROUP \
	{ \
		"name", ARG_WORD, KIND_GROUP, "NAME", .help = "a port group" \
	}
#define NEW_GROUP \
	{ \
		"name", ARG_WORD, KIND_TEXT, "NAME", \
			.help = "its name: 1 to 63 of A-Z a-z 0-9 _ . -" \
	}
#define PAIRS \
	{ \
		"set", ARG_PAIRS, .value = "KEY VALUE …", .help = "what is set" \
	}
#define KEYS \
	{ \
		"keys", ARG_KEYS, .value = "KEY …", .help = "what is set no more" \
	}
#define PORT_PAIRS \
	{ \
		"set", ARG_PAIRS, .value = "KEY VALUE …", .help = "what is set", \
				  .settings = port_settings \
	}
#define PORT_KEYS \
	{ \
		"keys", ARG_KEYS, .value = "KEY …", .help = "what is set no more", \
				  .settings = port_settings \
	}
#define MAC \
	{ \
		"mac", ARG_WORD, KIND_MAC, "MAC", .help = "a station's MAC address" \
	}
#define VLAN \
	{ \
		"vlan", ARG_VALUE, KIND_VLAN, "V", .help = "a VLAN" \
	}
#define FDB_FILTER \
	{"port", ARG_VALUE, KIND_PORT, "P", .help = "behind this port", .optional = true}, \
		{"vlan", ARG_VALUE, KIND_VLAN, "V", .help = "in this VLAN", .optional = true}, \
		{"mac", ARG_VALUE, KIND_MAC, "M", .help = "of this MAC address", .optional = true}, \
	{ \
		"type", ARG_VALUE, KIND_CHOICE, "T", .help = "of this type", .optional = true, \
						     .words = fdb_types \
	}
#define ROWS \
	{COMMAND_SORT, \
	 ARG_VALUE, \
	 KIND_COLUMN, \
	 "[-]COLUMN", \
	 .help = "by this column; with a '-' the greatest first", \
	 .optional = true}, \
		{"limit",         ARG_VALUE, KIND_NUMBER, "N", .help = "so many rows at most", \
		 .optional = true}, \
	{ \
		"where", ARG_COLUMNS, .value = "COLUMN VALUE …", \
				      .help = "rows that have this value there", .optional = true \
	}
#define AGAIN \
	{"interval", \
	 ARG_VALUE, \
	 KIND_SECONDS, \
	 "S", \
	 .help = "seconds from one reading to the next, 1 if not said", \
	 .optional = true}, \
	{ \
		"count", ARG_VALUE, KIND_NUMBER, "N", .help = "so many tables, then end", \
						      .optional = true \
	}
#define ONE_PORT \
	{ \
		"name", ARG_WORD, KIND_PORT, "NAME", .help = "this one only", .optional = true \
	}
#define OF_PORT \
	{ \
		"port", ARG_VALUE, KIND_PORT, "P", .help = "of this one only", .optional = true \
	}
#define FILE_READ \
	{ \
		"file", ARG_WORD, KIND_FILE, "FILE", .help = "a configuration; -: standard input" \
	}

const struct command commands[] = {
	{"status", "show", "status", VIEW_STATUS,
	 .help = "version, uptime, workers and their load, table use"},
	{"status", "watch", "status", VIEW_STATUS, .help = "the same, again and again",
	 .args = ARGS(AGAIN), .way = WAY_WATCH},

	{"port", "show", "port.show", VIEW_PORTS, .help = "ports and what is set on them",
	 .args = ARGS(ONE_PORT, ROWS),
	 .examples = "port\n"
		     "port show esx1\n"
		     "port state down"},
	{"port", "watch", "port.show", VIEW_PORTS, .help = "the same, again and again",
	 .args = ARGS(ONE_PORT, AGAIN, ROWS), .way = WAY_WATCH},
	{"port", "add", "port.add", VIEW_NONE, .help = "a new port",
	 .args = ARGS(NEW_PORT,
		      {"device", ARG_SETTING, KIND_TEXT, "DEVICE",
		       .help = "what is behind it, KIND:ARGUMENT"},
		      {"set", ARG_PAIRS, .value = "KEY VALUE …", .help = "what is set",
		       .optional = true, .settings = port_settings}),
	 .more = "The device is opened before anything changes: if it does not open, nothing has. KIND is tap, af_packet, af_xdp, "
		 "vhost, vhost-client, virtio_user, memif, pcap, null, pci or bond; a DPDK vdev or a PCI address may stand as it is. "
		 "See nestswitch.yaml(5).",
	 .examples = "port add esx4 device tap:esx4 port-group nested-hosts mac-limit 64"},
	{"port", "del", "port.del", VIEW_NONE, .help = "a port and its device, with all it learned",
	 .args = ARGS(PORT),
	 .more = "A port that a static MAC or a mirror names stays until these are gone.",
	 .examples = "port del esx4"},
	{"port", "set", "port.set", VIEW_NONE,
	 .help = "policy of a port, its addresses, group and device",
	 .args = ARGS(PORT, PORT_PAIRS),
	 .more = "All of it or nothing; frames are forwarded meanwhile. A port that gets another device is a new port.",
	 .examples = "port set esx3 forged-transmits reject violation shutdown recovery-time 60\n"
		     "port set esx3 vlan-mode trunk allowed-vlans 1,10-20\n"
		     "port set esx3 port-group nested-hosts"},
	{"port", "unset", "port.unset", VIEW_NONE, .help = "back to what the port inherits",
	 .args = ARGS(PORT, PORT_KEYS), .examples = "port unset esx3 forged-transmits mac-limit"},
	{"port", "enable", "port.enable", VIEW_NONE, .help = "administratively up",
	 .args = ARGS(PORT), .more = "A port that a violation has disabled comes back as well.",
	 .examples = "port enable esx3"},
	{"port", "disable", "port.disable", VIEW_NONE, .help = "administratively down",
	 .args = ARGS(PORT), .examples = "port disable esx3"},

	{"group", "show", "group.show", VIEW_GROUPS, .help = "port groups and their policy",
	 .args = ARGS(
		 {"name", ARG_WORD, KIND_GROUP, "NAME", .help = "this one only", .optional = true},
		 ROWS),
	 .examples = "group show nested-hosts"},
	{"group", "add", "group.add", VIEW_NONE, .help = "a new port group",
	 .args = ARGS(NEW_GROUP, {"set", ARG_PAIRS, .value = "KEY VALUE …", .help = "what is set",
				  .optional = true}),
	 .examples = "group add nested-hosts aging-time 120 storm-broadcast 500"},
	{"group", "set", "group.set", VIEW_NONE, .help = "policy of all its ports",
	 .args = ARGS(GROUP, PAIRS), .examples = "group set nested-hosts mac-limit 256"},
	{"group", "unset", "group.unset", VIEW_NONE, .help = "back to what the switch has",
	 .args = ARGS(GROUP, KEYS), .examples = "group unset nested-hosts mac-limit"},
	{"group", "del", "group.del", VIEW_NONE, .help = "an empty port group", .args = ARGS(GROUP),
	 .examples = "group del nested-hosts"},

	{"policy", "show", "policy.show", VIEW_POLICY,
	 .help = "policy in force on a port or group (or the switch), and where it comes from",
	 .args = ARGS({"name", ARG_WORD, KIND_PORT_OR_GROUP, "NAME", .help = "a port or port group",
		       .optional = true},
		      ROWS),
	 .more = "A value is looked for at the port, then at its group, then at the switch; else the default holds.",
	 .examples = "policy show esx3\n"
		     "policy show esx3 from port"},
	{"policy", "set", "policy.set", VIEW_NONE, .help = "policy of the whole switch",
	 .args = ARGS(PAIRS),
	 .more = "It holds for every port that does not say otherwise, by itself or by its group.",
	 .examples = "policy set mac-limit 256 mac-limit-policy drop"},
	{"policy", "unset", "policy.unset", VIEW_NONE, .help = "back to the default",
	 .args = ARGS(KEYS), .examples = "policy unset mac-limit"},

	{"fdb", "show", "fdb.show", VIEW_FDB, .help = "the MAC table",
	 .args = ARGS(FDB_FILTER, ROWS),
	 .more = "An address that is assigned to a port is in every VLAN of that port: its VLAN is `all`.",
	 .examples = "fdb show port esx1 type dynamic\n"
		     "fdb show sort age limit 20\n"
		     "fdb show mac 02:00:00:00:00:99"},
	{"fdb", "watch", "fdb.show", VIEW_CHANGES,
	 .help = "the same, again and again: what came, moved and went first, then what was heard last",
	 .args = ARGS(FDB_FILTER, AGAIN, ROWS), .way = WAY_WATCH,
	 .more = "All that is asked for is read each time: of a large table, name a port or a VLAN.",
	 .examples = "fdb watch port esx1\n"
		     "fdb watch change moved"},
	{"fdb", "add", "fdb.add", VIEW_NONE, .help = "a static MAC",
	 .args = ARGS(MAC, VLAN, {"port", ARG_VALUE, KIND_PORT, "P", .help = "where it is"}),
	 .examples = "fdb add 02:00:00:00:00:99 vlan 10 port esx1"},
	{"fdb", "del", "fdb.del", VIEW_NONE, .help = "a static or learned MAC",
	 .args = ARGS(MAC, VLAN), .examples = "fdb del 02:00:00:00:00:99 vlan 10"},
	{"fdb", "flush", "fdb.flush", VIEW_COUNT,
	 .help = "forget learned MACs, dynamic ones unless a type is named",
	 .args = ARGS(FDB_FILTER),
	 .more = "Static and assigned addresses belong to the configuration and are not flushed.",
	 .examples = "fdb flush\n"
		     "fdb flush port esx1 vlan 10"},

	{"stats", "show", "stats.show", VIEW_COUNTERS,
	 .help = "counters of the ports; of one, why its frames were dropped and what to do",
	 .args = ARGS(OF_PORT, ROWS), .one = VIEW_PORT,
	 .more = "RX is the sum of what was forwarded, flooded and dropped; each drop has a reason.",
	 .examples = "stats\n"
		     "stats port esx1\n"
		     "stats sort -rx_drops limit 5"},
	{"stats", "watch", "stats.show", VIEW_RATES,
	 .help = "frames and bits a second, again and again", .args = ARGS(OF_PORT, AGAIN, ROWS),
	 .way = WAY_WATCH,
	 .more = "Bits are those of the frames as on the wire, without FCS. Drops are received frames that were dropped, and "
		 "those that could not be sent.",
	 .examples = "stats watch sort -rx_bps limit 10\n"
		     "stats watch interval 0.5"},
	{"stats", "clear", "stats.clear", VIEW_NONE, .help = "start them anew at 0"},

	{"events", "show", "events.show", VIEW_EVENTS, .help = "the latest events",
	 .args = ARGS({"count", ARG_VALUE, KIND_NUMBER, "N", .help = "so many at most",
		       .optional = true},
		      ROWS),
	 .examples = "events count 20\n"
		     "events type violation port esx1"},
	{"events", "watch", "events.show", VIEW_EVENTS, .help = "the same, again and again",
	 .args = ARGS(AGAIN, ROWS), .way = WAY_WATCH},
	{"monitor", "show", "monitor", VIEW_EVENT, .help = "events as they come, until interrupted",
	 .args = ARGS({"types", ARG_LIST, KIND_CHOICE, "TYPE …",
		       .help = "events of these types only", .optional = true,
		       .words = event_types}),
	 .way = WAY_FOLLOW, .more = "Without a TYPE: all of them.",
	 .examples = "monitor violation port-err-disabled"},

	{"trace", "show", "trace", VIEW_TRACE,
	 .help = "what would become of a frame that came in, step by step, and why",
	 .args = ARGS({"port", ARG_VALUE, KIND_PORT, "P", .help = "where it comes in"},
		      {"frame", ARG_VALUE, KIND_TEXT, "HEX", .help = "its bytes", .optional = true},
		      {"pcap", ARG_VALUE, KIND_PATH, "FILE",
		       .help = "or the frames of a capture, one after another", .optional = true}),
	 .way = WAY_TRACE,
	 .examples = "trace port esx1 pcap in.pcap\n"
		     "trace port esx1 frame ffffffffffff0200000000010806"},
	{"capture", "show", "capture", VIEW_NONE,
	 .help = "frames as they pass, or as they are dropped, into a pcapng file",
	 .args = ARGS(
		 {"port", ARG_VALUE, KIND_PORT, "P", .help = "of these ports; else of all",
		  .optional = true, .repeated = true},
		 {"direction", ARG_VALUE, KIND_CHOICE, "D", .optional = true,
		  .words = capture_directions,
		  .help = "rx: received, tx: sent, both: these two (unless said otherwise), drop: dropped or not delivered"},
		 {"filter", ARG_VALUE, KIND_TEXT, "EXPR", .help = "in libpcap's syntax, in quotes",
		  .optional = true},
		 {"count", ARG_VALUE, KIND_NUMBER, "N",
		  .help = "so many frames; else until interrupted", .optional = true},
		 {"snaplen", ARG_VALUE, KIND_NUMBER, "BYTES",
		  .help = "so many bytes of each frame at most", .optional = true},
		 {"size", ARG_VALUE, KIND_NUMBER, "MIB",
		  .help = "into FILE.0, FILE.1 … of this size", .optional = true},
		 {"files", ARG_VALUE, KIND_NUMBER, "N",
		  .help = "of which the last so many are kept", .optional = true},
		 {"write", ARG_VALUE, KIND_PATH, "FILE", .help = "where to; -: standard output"}),
	 .way = WAY_CAPTURE,
	 .more = "Each frame carries its port, its direction, and where it was dropped the reason, as a comment. What the switch had no room to "
		 "copy is counted as lost, by port; forwarding does not wait for a capture. To watch one live, write - and pipe it "
		 "into wireshark -k -i - or tcpdump -r -.",
	 .examples = "capture port esx1 esx2 count 100 write esx.pcapng\n"
		     "capture direction drop filter 'arp or port 67' write drops.pcapng\n"
		     "capture size 100 files 10 write lab.pcapng\n"
		     "capture port esx1 write -"},

	{"config", "show", "config.show", VIEW_TEXT,
	 .help = "the running configuration, as a file for run",
	 .args = ARGS({"number", ARG_WORD, KIND_NUMBER, "N",
		       .help = "an earlier one, by its number in the history", .optional = true}),
	 .examples = "config show\n"
		     "config show 4"},
	{"config", "check", "config.check", VIEW_NONE, .help = "whether a configuration is good",
	 .args = ARGS(FILE_READ),
	 .more = "Syntax, values and devices are looked at; nothing changes.",
	 .examples = "config check lab.yaml"},
	{"config", "diff", "config.diff", VIEW_DIFF, .help = "what apply would change",
	 .args = ARGS(FILE_READ),
	 .more = "- is what runs, + what the file has. The order of ports and the like is no difference. The exit status is 0 either way; "
		 "with -j, `differences` is empty where there are none.",
	 .examples = "config diff lab.yaml"},
	{"config", "apply", "config.apply", VIEW_NONE,
	 .help = "change what differs, all or nothing",
	 .args = ARGS(FILE_READ, {"confirm", ARG_VALUE, KIND_NUMBER, "SECONDS",
				  .help = "taken back unless confirmed by then", .optional = true}),
	 .more = "With confirm, what ran before comes back after SECONDS (1 to 86400), and all that was changed meanwhile goes with it. "
		 "Another apply with confirm sets the time anew.",
	 .examples = "config apply lab.yaml\n"
		     "config apply lab.yaml confirm 60"},
	{"config", "confirm", "config.confirm", VIEW_NONE, .help = "keep what was applied",
	 .examples = "config confirm"},
	{"config", "reload", "config.reload", VIEW_NONE,
	 .help = "apply the file that run was started with, as SIGHUP does",
	 .examples = "config reload"},
	{"config", "save", "config.save", VIEW_SAVED,
	 .help = "write the running configuration to the file that run was started with, or to another",
	 .args = ARGS({"file", ARG_WORD, KIND_PATH, "FILE", .help = "where to", .optional = true}),
	 .more = "The file is replaced as a whole. An old one that had comments, or what the switch has never had, is kept as FILE~. The "
		 "file of run has to be named for that, if somebody edited it.",
	 .examples = "config save\n"
		     "config save backup.yaml"},
	{"config", "history", "config.history", VIEW_HISTORY,
	 .help = "configurations so far: number, time, what made them", .args = ARGS(ROWS),
	 .examples = "config history"},
	{"config", "rollback", "config.rollback", VIEW_NONE, .help = "apply an earlier one again",
	 .args = ARGS({"number", ARG_WORD, KIND_NUMBER, "N", .help = "its number in the history"}),
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

	for (const struct command *c = commands; c->group; c++) {
		if (strcmp(c->group, word[0]))
			continue;
		if (word[1] && !strcmp(c->verb, word[1]))
			return *used = 2, c;
		if (!strcmp(c->verb, "show"))
			show = c;
	}
	*used = 1;
	return show;
}

const struct command *command_wanted(char *const *word, int *used)
{
	const struct command *c = command_find(word, used);
	char hint[TEXT_HINT];

	if (!c)
		complain("unknown command '%s'%s", word[0],
			 text_hint(hint, word[0], group_name, NULL, "see nestctl --help"));
	return c;
}

// The i-th command of the group that *arg is a command of.
static const char *verb_name(void *arg, size_t i)
{
	const struct command *of = arg, *c = commands;

	for (; c->group; c++)
		if (!strcmp(c->group, of->group) && !i--)
			break;
	return c->verb;
}

const char *command_nearest_verb(const struct command *c, const char *word)
{
	return command_is_alone(c) ? NULL : text_nearest(word, verb_name, (void *)(uintptr_t)c);
}
