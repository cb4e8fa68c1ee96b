// SPDX-License-Identifier: BSD-3-Clause
// table: prints JSON objects as the rows of a table.
//
// Model   A column formats one member of each row as a cell. A column is as wide as its widest
//         cell.
// Limits  A cell is truncated at 511 bytes and then ends in an ellipsis.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

// Formats a member of a row as a cell. value NULL: the row does not have this member.
enum { TABLE_CELL = 512 };
typedef void (*table_cell_fn)(json_t *value, char out[TABLE_CELL]);

enum table_colour { TABLE_PLAIN, TABLE_RED, TABLE_GREEN, TABLE_YELLOW, TABLE_BOLD };

struct table_column {
	const char *title; // NULL after the last one
	const char *key;
	table_cell_fn cell;
	table_cell_fn row_cell;                    // of the whole row instead; NULL: `cell`
	bool right;                                // aligned to the right
	enum table_colour (*paint)(json_t *value); // NULL: plain
};

// Prints a scalar unchanged.
void table_plain_cell(json_t *value, char out[TABLE_CELL]);

// The value of a number, or the sum of the members of an object.
double table_number(json_t *value);

void table_print(FILE *out, json_t *rows, const struct table_column *columns, bool colours);
