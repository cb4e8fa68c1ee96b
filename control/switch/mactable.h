// SPDX-License-Identifier: BSD-3-Clause
// mactable: what control does to the MAC table while workers learn: ageing, flushes, fixed entries.
//
// Threads  The control thread.
#pragma once

#include "control/switch/compile.h"
#include "control/switch/state.h"
#include "dataplane/fdb.h"

// Sweeps the next `count` lines of the table, round and round: expired entries go. A live switch
// does a slice every SWITCH_TICK_MS, therefore the whole table in about a quarter of a second. The
// sweep of the whole table returns the next tick at which an entry can expire, UINT32_MAX for none.
enum { SWITCH_TICK_MS = 20, SWITCH_SWEEP_TICKS = 12 };
void mactable_sweep(struct vswitch *sw, uint32_t count);
uint32_t mactable_sweep_all(struct vswitch *sw);

// Learned entries to forget: those of a port, a VLAN, a MAC, a type; -1 or 0: any.
struct fdb_filter {
	int port;
	uint16_t vid;
	uint64_t mac;
	int type; // enum fdb_type
};

bool fdb_filter_takes(const struct fdb_filter *f, const struct fdb_entry *e);

// Forgets dynamic entries, or those of the filter's type; returns how many.
uint32_t mactable_flush(struct vswitch *sw, const struct fdb_filter *f);

// Puts the fixed entries of a new configuration into the table: first those with a key that the
// switch's configuration does not have, later those that differ from it.
void mactable_add_fixed(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count);
void mactable_change_fixed(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count);

// Removes the entries that the switch's configuration does not allow any more, and those above a
// lowered limit.
void mactable_remove_invalid(struct vswitch *sw);
