// SPDX-License-Identifier: BSD-3-Clause
// reply: results for people: a JSON result and the view that fits it become a table.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum reply_view {
	VIEW_NONE,     // nothing to say
	VIEW_TEXT,     // a text, as it is
	VIEW_COUNTERS, // array of ports: frames in and out
	VIEW_PORTS,    // array of ports: settings
	VIEW_GROUPS,
	VIEW_POLICY, // object of keys with value and origin
	VIEW_FDB,
	VIEW_STATUS,
	VIEW_EVENT,
	VIEW_EVENTS, // {"events"}
	VIEW_COUNT, // {"count"}: how many were changed
	VIEW_TRACE,
	VIEW_DIFF,    // {"differences"}
	VIEW_HISTORY, // array of configurations
	VIEW_SAVED,   // {"file", "written"}
};

void reply_print(FILE *out, enum reply_view view, json_t *result);

// Tables of other programs than nestctl. How a cell is made from a member of a row, NULL where the row has none.
enum { REPLY_CELL = 512, REPLY_COLUMNS_MAX = 12 };
typedef void (*reply_cell_fn)(json_t *value, char out[REPLY_CELL]);

struct reply_column {
	const char *title; // NULL behind the last one
	const char *key;
	reply_cell_fn cell;
	bool right; // numbers
};

void reply_plain(json_t *value, char out[REPLY_CELL]);
void reply_table(FILE *out, json_t *rows, const struct reply_column *columns);

// Part of reply_print(): what became of traced frames.
void reply_trace(FILE *out, const json_t *stories);
