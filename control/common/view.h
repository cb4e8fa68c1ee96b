// SPDX-License-Identifier: BSD-3-Clause
// view: results for people: a JSON result and the view that fits it become a table.
//
// Model  Without colours the text is the same on a terminal, in a pipe and in a file.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "control/common/table.h"

enum view {
	VIEW_NONE,     // nothing to say
	VIEW_TEXT,     // a text, as it is
	VIEW_COUNTERS, // array of ports: frames in and out
	VIEW_PORT,     // array of one port: the same at length, with what each reason to drop means
	VIEW_RATES,    // array of ports: frames and bits a second
	VIEW_PORTS,    // array of ports: settings
	VIEW_GROUPS,
	VIEW_POLICY, // object of keys with value and origin
	VIEW_FDB,
	VIEW_CHANGES, // entries of the table, with what has changed
	VIEW_STATUS,
	VIEW_EVENT,
	VIEW_EVENTS, // {"events"}
	VIEW_COUNT,  // {"count"}: how many were changed
	VIEW_TRACE,
	VIEW_DIFF,    // {"differences"}
	VIEW_HISTORY, // array of configurations
	VIEW_SAVED,   // {"file", "written"}
	VIEWS,
};

void view_print(FILE *out, enum view view, json_t *result, bool colours);

// The i-th member of a table's rows that they can be sorted by and chosen by; NULL behind the last,
// or where the view is no table.
const char *view_member(enum view view, size_t i);

// The rows of VIEW_POLICY: "key", "value", "from". A new reference.
json_t *view_policy_rows(json_t *policy);

// The columns of a view, NULL where it is no table; of the workers in VIEW_STATUS.
const struct table_column *view_columns(enum view view);
extern const struct table_column view_worker_columns[];

// Part of view_print(): what became of traced frames.
void view_trace(FILE *out, const json_t *stories);
