// SPDX-License-Identifier: BSD-3-Clause
// Rows of results as comma-separated values (RFC 4180). A measured value takes three columns.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/bench/bench.h"
#include "control/common/complain.h"
#include "control/common/table.h"

static const char *const parts[] = {"median", "min", "max"};

static void put_titles(FILE *f, json_t *row)
{
	const char *key, *comma = "";
	json_t *value;

	json_object_foreach(row, key, value) {
		fprintf(f, "%s%s", comma, key);
		if (json_is_object(value))
			fprintf(f, ",%s_min,%s_max", key, key);
		comma = ",";
	}
	fputs("\r\n", f);
}

static void put_values(FILE *f, json_t *row)
{
	const char *key, *comma = "";
	char text[TABLE_CELL];
	json_t *value;

	json_object_foreach(row, key, value) {
		fputs(comma, f);
		comma = ",";
		if (json_is_object(value))
			for (int i = 0; i < 3; i++)
				fprintf(f, "%s%.9g", i ? "," : "",
					json_number_value(json_object_get(value, parts[i])));
		else if (json_is_real(value))
			fprintf(f, "%.9g", json_real_value(value));
		else if (!json_is_null(value)) {
			table_plain_cell(value, text);
			fputs(text, f);
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
	put_titles(f, json_array_get(rows, 0));
	json_array_foreach(rows, i, row)
		put_values(f, row);
	bool good = !ferror(f);
	return (!fclose(f) && good) || complain("%s: %s", path, strerror(errno));
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
