// SPDX-License-Identifier: BSD-3-Clause
// eventtype: the types of events and their names.
#pragma once

#define EVENT_TYPE_LIST(X) \
	X(MAC_LEARNED, "mac-learned") \
	X(MAC_MOVED, "mac-moved") /* from: the port it left; reason: OUT_MAC_LIMIT if not learned \
				   */ \
	X(MAC_AGED, "mac-aged") \
	X(MAC_FLAP, "mac-flap")       /* from: where it is held, port: the other port */ \
	X(MAC_ADDED, "mac-added")     /* by control; reason: enum fdb_type */ \
	X(MAC_REMOVED, "mac-removed") /* the same */ \
	X(MAC_FLUSHED, "mac-flushed") /* key and port of what was flushed, 0 and EVENT_PORT_ANY if \
				       * any; reason: enum fdb_type; from: enum flush_cause */ \
	X(VIOLATION, "violation")     /* reason, count; from: 1 if the rule is on trial */ \
	X(PORT_ERR_DISABLED, "port-err-disabled") /* reason */ \
	X(PORT_RECOVERED, "port-recovered") \
	X(TABLE_FULL, "table-full") \
	X(MAC_CHANGED, "mac-changed") /* by the guest; key without a VLAN */ \
	X(PORT_UP, "port-up") \
	X(PORT_DOWN, "port-down") \
	X(LOST, "events-lost")                      /* count: messages that found the ring full */ \
	X(CONFIG_ROLLED_BACK, "config-rolled-back") /* count: number of the configuration in force \
						     */ \
	X(CONFIG_ROLLBACK_FAILED, "config-rollback-failed") /* the same */ \
	X(WORKER_STUCK, "worker-stuck")   /* from: the worker; count: seconds without a round */ \
	X(WORKER_TURNS, "worker-turns")   /* the same */ \
	X(GROUP_JOINED, "group-joined")   /* key: the VLAN; count: version of the protocol; from: \
					   * EVENT_PORT_ANY if no frame did it */ \
	X(GROUP_LEFT, "group-left")       /* the same */ \
	X(GROUP_LIMIT, "group-limit")     /* the same */ \
	X(GROUP_ADDED, "group-added")     /* a static one, by control; key: with its MAC */ \
	X(GROUP_REMOVED, "group-removed") /* the same */ \
	X(QUERIER_CHANGED, "querier-changed") /* the same; port EVENT_PORT_ANY: there is none, and \
					       * reason is its enum snoop_family */ \
	X(BINDING_LEARNED, "binding-learned") /* key, group: the address; count: bits of its \
					       * prefix */ \
	X(BINDING_ENDED, "binding-ended")     /* the same; reason: enum lease_end */ \
	X(BINDING_REFUSED, "binding-refused") /* the same; reason: enum lease_grant */ \
	X(VTEP_UP, "vtep-up")                 /* group: its address */ \
	X(VTEP_DOWN, "vtep-down")             /* the same */ \
	X(EVPN_RESYNC, "evpn-resync")         /* reason: enum resync_cause */ \
	X(EVPN_TABLE_FULL, "evpn-table-full") /* group: the VTEP; count: of its MACs */ \
	X(EVPN_PORT_LIMIT, "evpn-port-limit") /* group: the VTEP */ \
	X(EVPN_NEIGHBOUR_LIMIT, "evpn-neighbour-limit") /* port, or EVENT_PORT_ANY */

enum { EVENT_PORT_ANY = 255 };

// Added to the kind of an entry that is behind a tunnel.
enum { EVENT_REMOTE = 4 };

#define FLUSH_CAUSE_LIST(X) \
	X(COMMAND, "command")     /* or a configuration that allows the entries no more */ \
	X(PORT_DOWN, "port-down") /* or removed */ \
	X(VLAN, "vlan")           /* the port left the VLAN */ \
	X(LIMIT, "limit")         /* the port's mac-limit was lowered */

enum flush_cause {
#define X(id, name) FLUSH_##id,
	FLUSH_CAUSE_LIST(X)
#undef X
};

#define RESYNC_CAUSE_LIST(X) \
	X(START, "start") \
	X(OVERRUN, "overrun") /* news of the kernel were lost */ \
	X(COMMAND, "command")

enum resync_cause {
#define X(id, name) RESYNC_##id,
	RESYNC_CAUSE_LIST(X)
#undef X
};

enum event_type {
#define X(id, name) EVENT_##id,
	EVENT_TYPE_LIST(X)
#undef X
		EVENT_TYPES,
};
