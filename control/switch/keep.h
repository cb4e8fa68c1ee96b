// SPDX-License-Identifier: BSD-3-Clause
// keep: keeps what the switch has learned over a restart, an upgrade and a crash.
//
// Model     A file beside the control socket has the learned entries with their ages, and the
//           leases with the times that they have left, by the names of their ports. It is written
//           every KEEP_PERIOD_S and at the end. It is written beside and renamed, and has a
//           checksum, therefore it is whole or not believed. A new switch reads it before its
//           workers run. An entry comes back if the configuration would let the port learn it now,
//           and if it has not aged out since. The ages count the time in which no switch ran.
//           Leases come back likewise. A MAC that two ports claim is not kept: where it came back
//           it would be at home, and that might be the port of a forger.
// Trust     The file must be a regular file of this user, which nobody else may read or write, and
//           of this boot of the machine.
// Threads   The control thread. The table is read in slices.
// Limits    KEEP_MAX entries. A larger table keeps those that its walk meets first.
// Errors    A file that cannot be written or believed is logged, and changes nothing else.
#pragma once

#include <stdint.h>

#include "control/switch/state.h"

enum { KEEP_MAX = 262144, KEEP_PERIOD_S = 5 };

struct keep;

// socket: path of the control socket. NULL: no memory.
struct keep *keep_create(const char *socket);
void keep_destroy(struct keep *k);

// Learns what the file has. The switch is not launched yet. Returns the number of entries.
uint32_t keep_restore(struct keep *k, struct vswitch *sw);

// Reads the next slice of the table; after the last one it writes the file. Called every
// SWITCH_TICK_MS.
void keep_tick(struct keep *k, struct vswitch *sw);

// Writes the file now.
void keep_save(struct keep *k, struct vswitch *sw);
