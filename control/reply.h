// SPDX-License-Identifier: BSD-3-Clause
// reply: results for people: a JSON result and the view that fits it become a table.
//
// Model  Without colours the text is the same on a terminal, in a pipe and in a file.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum reply_view {
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
	VIEW_COUNT, // {"count"}: how many were changed
	VIEW_TRACE,
	VIEW_DIFF,    // {"differences"}
	VIEW_HISTORY, // array of configurations
	VIEW_SAVED,   // {"file", "written"}
	VIEWS,
};

void reply_print(FILE *out, enum reply_view view, json_t *result, bool colours);

// The i-th member of a table's rows that they can be sorted by and chosen by; NULL behind the last, or where the view is no
// table.
const char *reply_member(enum reply_view view, size_t i);

// The rows of VIEW_POLICY: "key", "value", "from". A new reference.
json_t *reply_policy_rows(json_t *policy);

// The number that a member stands for: itself, of an object the sum of its members.
double reply_number(json_t *value);

// Tables of other programs than nestctl. How a cell is made from a member of a row, NULL where the row has none.
enum { REPLY_CELL = 512, REPLY_COLUMNS_MAX = 12 };
typedef void (*reply_cell_fn)(json_t *value, char out[REPLY_CELL]);

enum reply_colour { REPLY_PLAIN, REPLY_RED, REPLY_GREEN, REPLY_YELLOW, REPLY_BOLD };

struct reply_column {
	const char *title; // NULL behind the last one
	const char *key;
	reply_cell_fn cell;
	bool right;                                // numbers
	enum reply_colour (*paint)(json_t *value); // NULL: plain
};

void reply_plain(json_t *value, char out[REPLY_CELL]);
void reply_table(FILE *out, json_t *rows, const struct reply_column *columns, bool colours);

// The columns of a view, NULL where it is no table; of the workers in VIEW_STATUS.
const struct reply_column *reply_columns(enum reply_view view);
extern const struct reply_column reply_workers[];

// Part of reply_print(): what became of traced frames.
void reply_trace(FILE *out, const json_t *stories);
