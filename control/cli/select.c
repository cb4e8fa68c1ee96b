// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/cli/select.h"

#include <stdlib.h>
#include <string.h>

#include "control/common/table.h"

json_t *select_take(json_t *params)
{
	static const char *const members[] = {"where", "sort", "limit"};
	json_t *selection = json_object();

	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (json_object_get(params, members[i])) {
			json_object_set(selection, members[i], json_object_get(params, members[i]));
			json_object_del(params, members[i]);
		}
	return selection;
}

static bool row_matches(json_t *row, json_t *where)
{
	char text[TABLE_CELL];
	const char *name;
	json_t *wanted;

	json_object_foreach(where, name, wanted) {
		json_t *v = json_object_get(row, name);
		if (json_is_object(v))
			snprintf(text, sizeof text, "%.0f", table_number(v));
		else
			table_plain_cell(v, text);
		if (strcmp(text, json_string_value(wanted)))
			return false;
	}
	return true;
}

struct item {
	json_t *row, *value;
	size_t place;
};

static int rank(const json_t *v)
{
	return !v || json_is_null(v) ? 0 : json_is_string(v) ? 2 : 1;
}

static int compare_values(json_t *a, json_t *b)
{
	if (rank(a) != rank(b))
		return rank(a) - rank(b);
	if (rank(a) == 2)
		return strcmp(json_string_value(a), json_string_value(b));
	double x = table_number(a), y = table_number(b);
	return (x > y) - (x < y);
}

// Rows without a value come last, whichever way the others are sorted.
static int compare_items(const void *a, const void *b, void *descending)
{
	const struct item *x = a, *y = b;
	int order = compare_values(x->value, y->value), none = !rank(x->value) - !rank(y->value);

	if (!order)
		return x->place < y->place ? -1 : 1;
	return none ? none : *(bool *)descending ? -order : order;
}

static json_t *sort_rows(json_t *rows, const char *by)
{
	size_t n = json_array_size(rows);
	struct item *item = calloc(n + 1, sizeof *item);
	bool descending = *by == '-';
	json_t *all = item ? json_array() : NULL;

	for (size_t i = 0; all && i < n; i++) {
		json_t *row = json_array_get(rows, i);
		item[i] = (struct item){row, json_object_get(row, by + descending), i};
	}
	if (all)
		qsort_r(item, n, sizeof *item, compare_items, &descending);
	for (size_t i = 0; all && i < n; i++)
		json_array_append(all, item[i].row);
	free(item);
	return all;
}

// Selects and sorts rows of an array.
static json_t *select_array(const json_t *selection, json_t *rows)
{
	const char *by = json_string_value(json_object_get(selection, "sort"));
	const json_t *limit = json_object_get(selection, "limit");
	json_t *all = json_array(), *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (row_matches(row, json_object_get(selection, "where")))
			json_array_append(all, row);
	if (by) {
		json_t *unsorted = all;
		all = sort_rows(unsorted, by);
		json_decref(unsorted);
	}
	while (limit && json_array_size(all) > (size_t)json_integer_value(limit))
		json_array_remove(all, json_array_size(all) - 1);
	return all;
}

static json_t *select_policy(const json_t *selection, json_t *policy)
{
	json_t *rows = view_policy_rows(policy), *some = select_array(selection, rows),
	       *all = json_object(), *row;
	size_t i;

	json_array_foreach(some, i, row) {
		const char *key = json_string_value(json_object_get(row, "key"));
		json_object_set(all, key, json_object_get(policy, key));
	}
	json_decref(rows);
	json_decref(some);
	return all;
}

json_t *select_rows(const json_t *selection, enum view view, json_t *result)
{
	if (!json_object_size(selection) || !view_member(view, 0))
		return json_incref(result);
	if (view == VIEW_EVENTS)
		return json_pack("{s:o}", "events",
				 select_array(selection, json_object_get(result, "events")));
	return view == VIEW_POLICY ? select_policy(selection, result)
				   : select_array(selection, result);
}
