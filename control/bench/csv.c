// SPDX-License-Identifier: BSD-3-Clause
// Rows of results as comma-separated values (RFC 4180). A measured value takes three columns. No
// value has a comma.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/bench/bench.h"
#include "control/common/complain.h"
#include "control/common/table.h"

static const char *const parts[] = {"median", "min", "max"};

static void put_value(FILE *f, json_t *value)
{
	char text[TABLE_CELL];

	if (json_is_real(value)) {
		fprintf(f, "%.9g", json_real_value(value));
	} else if (value && !json_is_null(value)) {
		table_plain_cell(value, text);
		fputs(text, f);
	}
}

// The members of all rows, in their order: true where one of them is measured.
static json_t *collect_titles(json_t *rows)
{
	json_t *titles = json_object(), *row, *value;
	const char *key;
	size_t i;

	json_array_foreach(rows, i, row)
		json_object_foreach(row, key, value)
			if (json_is_object(value) || !json_object_get(titles, key))
				json_object_set_new(titles, key,
						    json_boolean(json_is_object(value)));
	return titles;
}

static void put_titles(FILE *f, json_t *titles)
{
	const char *key, *comma = "";
	json_t *measured;

	json_object_foreach(titles, key, measured) {
		fprintf(f, "%s%s", comma, key);
		if (json_is_true(measured))
			fprintf(f, ",%s_min,%s_max", key, key);
		comma = ",";
	}
	fputs("\r\n", f);
}

// Puts the values of a row. What it has not stays empty.
static void put_values(FILE *f, json_t *titles, json_t *row)
{
	const char *key, *comma = "";
	json_t *measured;

	json_object_foreach(titles, key, measured) {
		json_t *value = json_object_get(row, key);
		for (int i = 0; i < (json_is_true(measured) ? 3 : 1); i++) {
			fputs(comma, f);
			comma = ",";
			put_value(f,
				  json_is_object(value) ? json_object_get(value, parts[i]) : value);
		}
	}
	fputs("\r\n", f);
}

static bool write_rows(const char *path, json_t *rows)
{
	FILE *f = fopen(path, "w");
	size_t i;
	json_t *row;

	if (!f)
		return complain("%s: %s", path, strerror(errno));
	json_t *titles = collect_titles(rows);
	put_titles(f, titles);
	json_array_foreach(rows, i, row)
		put_values(f, titles, row);
	json_decref(titles);
	bool good = !ferror(f);
	return (!fclose(f) && good) || complain("%s: %s", path, strerror(errno));
}

bool bench_csv_ready(const struct bench *b)
{
	return bench_can_write(b->o.csv);
}

bool bench_csv(const struct bench *b)
{
	const char *path = b->o.csv, *end = strrchr(path, '.');
	int stem = (int)(end ? end - path : (long)strlen(path));
	char details[4096];

	if (!write_rows(path, b->rows))
		return false;
	if (!json_array_size(b->details))
		return true;
	snprintf(details, sizeof details, "%.*s-details%s", stem, path, end ? end : "");
	return write_rows(details, b->details);
}
