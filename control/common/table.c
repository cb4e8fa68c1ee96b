// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/table.h"

#include <string.h>

#include "control/common/text.h"

void table_plain_cell(json_t *v, char out[TABLE_CELL])
{
	if (json_is_string(v))
		snprintf(out, TABLE_CELL, "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(out, TABLE_CELL, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		snprintf(out, TABLE_CELL, "%.3f", json_real_value(v));
	else if (json_is_boolean(v))
		snprintf(out, TABLE_CELL, "%s", json_is_true(v) ? "on" : "off");
	else
		snprintf(out, TABLE_CELL, "-");
}

double table_number(json_t *v)
{
	const char *key;
	double sum = json_number_value(v);
	json_t *member;

	json_object_foreach(v, key, member)
		sum += json_number_value(member);
	return sum;
}

// Formats the cell of a row's column. A truncated cell ends in an ellipsis.
static void make_cell(json_t *row, const struct table_column *c, char out[TABLE_CELL])
{
	static const char more[] = "…";
	size_t end = TABLE_CELL - sizeof more;

	if (c->row_cell)
		c->row_cell(row, out);
	else
		c->cell(json_object_get(row, c->key), out);
	if (strlen(out) < TABLE_CELL - 1)
		return;
	while (end && (out[end] & 0xc0) == 0x80) // do not split a UTF-8 sequence
		end--;
	strcpy(out + end, more);
}

static size_t count_columns(const struct table_column *c)
{
	size_t n = 0;

	while (c[n].title)
		n++;
	return n;
}

static void measure_columns(json_t *rows, const struct table_column *c, int width[])
{
	char text[TABLE_CELL];
	size_t i;
	json_t *row;

	for (int k = 0; c[k].title; k++) {
		width[k] = (int)text_columns(c[k].title);
		json_array_foreach(rows, i, row) {
			make_cell(row, &c[k], text);
			if ((int)text_columns(text) > width[k])
				width[k] = (int)text_columns(text);
		}
	}
}

static void print_cell(FILE *out, const struct table_column *c, const char *text, int width,
		       enum table_colour colour)
{
	static const char *const start[] = {"", "\033[31m", "\033[32m", "\033[33m", "\033[1m"};
	bool last = !c[1].title;
	int blank = width - (int)text_columns(text);

	fprintf(out, "%*s%s%s%s", c->right ? blank : 0, "", start[colour], text,
		colour ? "\033[0m" : "");
	fprintf(out, "%*s%s", c->right || last ? 0 : blank, "", last ? "\n" : "  ");
}

void table_print(FILE *out, json_t *rows, const struct table_column *c, bool colours)
{
	int width[count_columns(c)];
	char text[TABLE_CELL];
	size_t i;
	json_t *row;

	measure_columns(rows, c, width);
	for (int k = 0; c[k].title; k++)
		print_cell(out, &c[k], c[k].title, width[k], colours ? TABLE_BOLD : TABLE_PLAIN);
	json_array_foreach(rows, i, row)
		for (int k = 0; c[k].title; k++) {
			json_t *v = json_object_get(row, c[k].key);
			make_cell(row, &c[k], text);
			print_cell(out, &c[k], text, width[k],
				   colours && c[k].paint ? c[k].paint(v) : TABLE_PLAIN);
		}
}
