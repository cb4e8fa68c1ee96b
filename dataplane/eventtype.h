// SPDX-License-Identifier: BSD-3-Clause
// eventtype: the types of events and their names.
#pragma once

#define EVENT_TYPE_LIST(X) \
	X(MAC_LEARNED, "mac-learned") \
	X(MAC_MOVED, "mac-moved") /* from: the port it left */ \
	X(MAC_AGED, "mac-aged") \
	X(MAC_FLAP, "mac-flap")   /* from: where it is held, port: where it was seen */ \
	X(VIOLATION, "violation") /* reason, count */ \
	X(PORT_ERR_DISABLED, "port-err-disabled") /* reason */ \
	X(PORT_RECOVERED, "port-recovered") \
	X(TABLE_FULL, "table-full") \
	X(PORT_UP, "port-up") \
	X(PORT_DOWN, "port-down") \
	X(LOST, "events-lost")                      /* count: messages that found the ring full */ \
	X(CONFIG_ROLLED_BACK, "config-rolled-back") /* count: number of the configuration in force \
						     */ \
	X(CONFIG_ROLLBACK_FAILED, "config-rollback-failed") /* the same */

enum event_type {
#define X(id, name) EVENT_##id,
	EVENT_TYPE_LIST(X)
#undef X
		EVENT_TYPES,
};
