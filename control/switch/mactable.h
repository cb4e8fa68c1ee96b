// SPDX-License-Identifier: BSD-3-Clause
// mactable: what control does to learned entries of the MAC table: ageing, limits, what is no
// longer allowed.
//
// Threads  The control thread.
#pragma once

#include <stdint.h>

#include "control/switch/flush.h"
#include "control/switch/state.h"

// Removes expired entries from the next `count` lines of the table, continuing at its start. A live
// switch sweeps a slice every SWITCH_TICK_MS, and therefore the whole table in about a quarter of a
// second.
enum { SWITCH_SWEEP_TICKS = 12 };
void mactable_sweep(struct vswitch *sw, uint32_t count);

// Removes all expired entries. Returns the next tick at which an entry can expire, UINT32_MAX if
// none can.
uint32_t mactable_sweep_all(struct vswitch *sw);

// Flushes the learned entries that a filter takes, dynamic ones unless it has a type, and reports
// it. Those of
// tunnels stay. Returns how many.
uint32_t mactable_flush(struct vswitch *sw, const struct fdb_filter *f);

// Removes the entries that the switch's configuration no longer allows, and those above a lowered
// limit.
void mactable_remove_invalid(struct vswitch *sw);

// Makes a dynamic entry on a port, as a frame there would, whatever its move limit. Reports it.
// -EDQUOT at the port's limit, -ENOSPC if the table is full, -EEXIST if a fixed entry is in the
// way.
int mactable_learn(struct vswitch *sw, unsigned port, uint64_t key);
