// SPDX-License-Identifier: BSD-3-Clause
// flush: reports flushes of the MAC table.
//
// Model    A flush has one event, whatever its size, also if there was nothing to flush. Workers
//          learn meanwhile, and their events wait in rings. So that the events in their order give
//          the table, those of entries that a flush removed come before its event, and entries
//          that were learned since are reported again behind it.
// Threads  The control thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/switch/state.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/portset.h"

// Selects entries by port, VLAN, MAC and type. -1 or 0 matches any.
struct fdb_filter {
	int port;
	uint16_t vid;
	uint64_t mac;
	int type;       // enum fdb_type
	portset spared; // ports whose entries it does not match
};

bool fdb_filter_takes(const struct fdb_filter *f, const struct fdb_entry *e);

// Reports that the entries of a filter, which has a type, were flushed.
void flush_report(struct vswitch *sw, const struct fdb_filter *f, enum flush_cause cause);

// Reports that one entry was flushed, when the pending events have been passed on.
void flush_report_entry(struct vswitch *sw, const struct fdb_entry *e, enum flush_cause cause);

// Passes on the event of a flush alone, for entries that no worker can learn again.
void flush_emit(struct vswitch *sw, const struct fdb_filter *f, enum flush_cause cause);

// Passes on that an entry is in the table.
void flush_emit_added(struct vswitch *sw, const struct fdb_entry *e);
