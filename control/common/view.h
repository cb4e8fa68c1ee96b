// SPDX-License-Identifier: BSD-3-Clause
// view: prints JSON results as text and tables.
//
// Model  Without colours, the text is the same on a terminal, in a pipe and in a file.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "control/common/table.h"

enum view {
	VIEW_NONE,     // prints nothing
	VIEW_TEXT,     // a text, unchanged
	VIEW_COUNTERS, // array of ports: counters
	VIEW_PORT,     // array of one port: its counters, and the meaning of each drop reason
	VIEW_RATES,    // array of ports: frame and bit rates
	VIEW_PORTS,    // array of ports: settings
	VIEW_GROUPS,
	VIEW_MIRRORS, // array of mirrors
	VIEW_POLICY,  // object of keys, each with value and origin
	VIEW_AUDIT,   // what rules on trial would drop
	VIEW_BINDINGS,
	VIEW_EVPN,  // {"source", …, "vnis"}
	VIEW_VTEPS, // array of VTEPs
	VIEW_FDB,
	VIEW_CHANGES, // entries of the table with their changes
	VIEW_MDB,
	VIEW_ROUTERS, // ports with a multicast router
	VIEW_VLANS,   // VLANs with multicast snooping
	VIEW_STATUS,
	VIEW_EVENT,
	VIEW_EVENTS,  // {"events"}
	VIEW_FLUSHED, // {"count"}: number of flushed entries
	VIEW_TRACE,
	VIEW_DIFF,    // {"differences"}
	VIEW_HISTORY, // array of configurations
	VIEW_SAVED,   // {"file", "written"}
	VIEWS,
};

void view_print(FILE *out, enum view view, json_t *result, bool colours);

// The i-th member by which rows of a table can be sorted and selected. NULL: after the last, or the
// view is not a table.
const char *view_member(enum view view, size_t i);

// The rows of VIEW_POLICY: "key", "value", "from". Returns a new reference.
json_t *view_policy_rows(json_t *policy);

// The columns of a view, NULL if it is not a table; and those of the workers in VIEW_STATUS.
const struct table_column *view_columns(enum view view);
extern const struct table_column view_worker_columns[];

// Part of view_print(): prints traced frames.
void view_trace(FILE *out, const json_t *stories);
