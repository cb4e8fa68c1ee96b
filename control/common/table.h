// SPDX-License-Identifier: BSD-3-Clause
// table: JSON objects as the rows of a table for people.
//
// Model   A column takes one member of each row and makes a cell of it. Columns are as wide as
//         their widest cell.
// Limits  12 columns; a cell is cut off at 511 bytes, and shows that.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

// How a cell is made from a member of a row; value NULL: the row has none.
enum { TABLE_CELL = 512, TABLE_COLUMNS_MAX = 12 };
typedef void (*table_cell_fn)(json_t *value, char out[TABLE_CELL]);

enum table_colour { TABLE_PLAIN, TABLE_RED, TABLE_GREEN, TABLE_YELLOW, TABLE_BOLD };

struct table_column {
	const char *title; // NULL behind the last one
	const char *key;
	table_cell_fn cell;
	bool right;                                // numbers
	enum table_colour (*paint)(json_t *value); // NULL: plain
};

// A scalar as it is.
void table_plain_cell(json_t *value, char out[TABLE_CELL]);

// The number that a member stands for: itself, of an object the sum of its members.
double table_number(json_t *value);

void table_print(FILE *out, json_t *rows, const struct table_column *columns, bool colours);
