// SPDX-License-Identifier: BSD-3-Clause
// mactable: ageing, flushes and fixed entries of the MAC table, while workers learn.
//
// Threads  The control thread.
#pragma once

#include "control/switch/compile.h"
#include "control/switch/state.h"
#include "dataplane/fdb.h"

// Removes expired entries from the next `count` lines of the table, continuing at its start. A live
// switch sweeps a slice every SWITCH_TICK_MS, and therefore the whole table in about a quarter of a
// second.
enum { SWITCH_TICK_MS = 20, SWITCH_SWEEP_TICKS = 12 };
void mactable_sweep(struct vswitch *sw, uint32_t count);

// Removes all expired entries. Returns the next tick at which an entry can expire, UINT32_MAX if
// none can.
uint32_t mactable_sweep_all(struct vswitch *sw);

// Selects learned entries by port, VLAN, MAC and type. -1 or 0 matches any.
struct fdb_filter {
	int port;
	uint16_t vid;
	uint64_t mac;
	int type; // enum fdb_type
};

bool fdb_filter_takes(const struct fdb_filter *f, const struct fdb_entry *e);

// Flushes dynamic entries, or those of the filter's type. Returns how many.
uint32_t mactable_flush(struct vswitch *sw, const struct fdb_filter *f);

// Adds the fixed entries of a new configuration whose keys the current one does not have.
void mactable_add_fixed(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count);

// Changes the fixed entries whose port or type differs in a new configuration.
void mactable_change_fixed(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count);

// Removes the entries that the switch's configuration no longer allows, and those above a lowered
// limit.
void mactable_remove_invalid(struct vswitch *sw);
