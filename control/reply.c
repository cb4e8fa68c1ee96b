// SPDX-License-Identifier: BSD-3-Clause
#include "reply.h"

#include <string.h>
#include <time.h>

void reply_plain(json_t *v, char out[REPLY_CELL])
{
	if (json_is_string(v))
		snprintf(out, REPLY_CELL, "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(out, REPLY_CELL, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		snprintf(out, REPLY_CELL, "%.3f", json_real_value(v));
	else if (json_is_boolean(v))
		snprintf(out, REPLY_CELL, "%s", json_is_true(v) ? "on" : "off");
	else
		snprintf(out, REPLY_CELL, "-");
}

static void vlan(json_t *v, char out[REPLY_CELL])
{
	if (json_is_integer(v))
		reply_plain(v, out);
	else
		snprintf(out, REPLY_CELL, "all");
}

// key=value of each member.
static void list_members(json_t *object, bool zeros, char out[REPLY_CELL])
{
	const char *key;
	json_t *v;
	size_t at = 0;
	char text[REPLY_CELL];

	strcpy(out, "-");
	json_object_foreach(object, key, v) {
		if (!zeros && json_is_integer(v) && !json_integer_value(v))
			continue;
		reply_plain(v, text);
		if (at < REPLY_CELL)
			at += (size_t)snprintf(out + at, REPLY_CELL - at, "%s%s=%s", at ? " " : "", key, text);
	}
}

static void counts(json_t *object, char out[REPLY_CELL])
{
	list_members(object, false, out);
}

static void settings(json_t *object, char out[REPLY_CELL])
{
	list_members(object, true, out);
}

static void list(json_t *array, char out[REPLY_CELL])
{
	char text[REPLY_CELL];
	size_t at = 0, i;
	json_t *v;

	strcpy(out, "-");
	json_array_foreach(array, i, v) {
		reply_plain(v, text);
		if (at < REPLY_CELL)
			at += (size_t)snprintf(out + at, REPLY_CELL - at, "%s%s", at ? " " : "", text);
	}
}

static void sum(json_t *object, char out[REPLY_CELL])
{
	const char *key;
	json_t *v;
	long long total = 0;

	json_object_foreach(object, key, v)
		total += json_integer_value(v);
	snprintf(out, REPLY_CELL, "%lld", total);
}

static const struct reply_column counter_columns[] = {
	{"PORT", "name", reply_plain, false},        {"STATE", "state", reply_plain, false},
	{"RX", "rx_packets", reply_plain, true},     {"FORWARDED", "rx_forwarded", reply_plain, true},
	{"FLOODED", "rx_flooded", reply_plain, true}, {"DROPPED", "rx_drops", sum, true},
	{"TX", "tx_packets", reply_plain, true},     {"MACS", "macs", reply_plain, true},
	{"DROPPED AS", "rx_drops", counts, false}, {"NOT SENT AS", "tx_drops", counts, false},
	{0},
};

static const struct reply_column port_columns[] = {
	{"PORT", "name", reply_plain, false},        {"STATE", "state", reply_plain, false},
	{"GROUP", "port_group", reply_plain, false}, {"DEVICE", "device", reply_plain, false},
	{"MAC", "mac_address", reply_plain, false},  {"EFFECTIVE MAC", "effective_mac", reply_plain, false},
	{"MACS", "macs", reply_plain, true},         {"POLICY", "policy", settings, false},
	{0},
};

static const struct reply_column group_columns[] = {
	{"GROUP", "name", reply_plain, false},
	{"POLICY", "policy", settings, false},
	{0},
};

static const struct reply_column fdb_columns[] = {
	{"VLAN", "vlan", vlan, true}, {"MAC", "mac", reply_plain, false}, {"PORT", "port", reply_plain, false},
	{"TYPE", "type", reply_plain, false}, {"AGE", "age", reply_plain, true}, {0},
};

static const struct reply_column policy_columns[] = {
	{"KEY", "key", reply_plain, false},
	{"VALUE", "value", reply_plain, false},
	{"FROM", "from", reply_plain, false},
	{0},
};

static void wall_time(json_t *v, char out[REPLY_CELL])
{
	time_t seconds = (time_t)json_number_value(v);
	struct tm tm;

	strftime(out, REPLY_CELL, "%F %T", localtime_r(&seconds, &tm));
}

static const struct reply_column history_columns[] = {
	{"NUMBER", "number", reply_plain, true},
	{"TIME", "time", wall_time, false},
	{"MADE BY", "what", reply_plain, false},
	{0},
};

static const struct reply_column worker_columns[] = {
	{"WORKER", "id", reply_plain, true},
	{"LCORE", "lcore", reply_plain, true},
	{"LOAD", "load", reply_plain, true},
	{"PORTS", "ports", list, false},
	{0},
};

static void measure(json_t *rows, const struct reply_column *c, int width[REPLY_COLUMNS_MAX])
{
	char text[REPLY_CELL];
	size_t i;
	json_t *row;

	for (int k = 0; c[k].title; k++) {
		width[k] = (int)strlen(c[k].title);
		json_array_foreach(rows, i, row) {
			c[k].cell(json_object_get(row, c[k].key), text);
			if ((int)strlen(text) > width[k])
				width[k] = (int)strlen(text);
		}
	}
}

static void put_cell(FILE *out, const struct reply_column *c, const char *text, int width)
{
	bool last = !c[1].title;

	if (c->right)
		fprintf(out, "%*s%s", width, text, last ? "\n" : "  ");
	else
		fprintf(out, "%-*s%s", last ? 0 : width, text, last ? "\n" : "  ");
}

void reply_table(FILE *out, json_t *rows, const struct reply_column *c)
{
	int width[REPLY_COLUMNS_MAX];
	char text[REPLY_CELL];
	size_t i;
	json_t *row;

	measure(rows, c, width);
	for (int k = 0; c[k].title; k++)
		put_cell(out, &c[k], c[k].title, width[k]);
	json_array_foreach(rows, i, row)
		for (int k = 0; c[k].title; k++) {
			c[k].cell(json_object_get(row, c[k].key), text);
			put_cell(out, &c[k], text, width[k]);
		}
}

static void print_policy(FILE *out, json_t *policy)
{
	json_t *rows = json_array(), *v;
	const char *key;

	json_object_foreach(policy, key, v)
		json_array_append_new(rows, json_pack("{s:s, s:O, s:O}", "key", key, "value", json_object_get(v, "value"), "from",
						      json_object_get(v, "from")));
	reply_table(out, rows, policy_columns);
	json_decref(rows);
}

static void print_status(FILE *out, json_t *s)
{
	json_t *fdb = json_object_get(s, "fdb"), *buffers = json_object_get(s, "buffers"), *confirm = json_object_get(s, "confirm");

	fprintf(out, "switch   %s, nestswitch %s\n", json_string_value(json_object_get(s, "name")),
		json_string_value(json_object_get(s, "version")));
	fprintf(out, "uptime   %.0f s\n", json_number_value(json_object_get(s, "uptime")));
	fprintf(out, "table    %lld of %lld learned, %lld fixed\n", (long long)json_integer_value(json_object_get(fdb, "learned")),
		(long long)json_integer_value(json_object_get(fdb, "size")),
		(long long)json_integer_value(json_object_get(fdb, "fixed")));
	fprintf(out, "buffers  %lld of %lld used\n", (long long)json_integer_value(json_object_get(buffers, "used")),
		(long long)json_integer_value(json_object_get(buffers, "size")));
	if (json_is_object(confirm))
		fprintf(out, "confirm  %lld s left, then configuration %lld comes back\n",
			(long long)json_integer_value(json_object_get(confirm, "seconds_left")),
			(long long)json_integer_value(json_object_get(confirm, "number")));
	reply_table(out, json_object_get(s, "workers"), worker_columns);
}

// TIME type key=value …, one line.
static void print_event(FILE *out, json_t *event)
{
	const char *key;
	json_t *v;
	char text[REPLY_CELL];

	reply_plain(json_object_get(event, json_object_get(event, "date") ? "date" : "time"), text);
	fprintf(out, "%s %s", text, json_string_value(json_object_get(event, "type")));
	json_object_foreach(event, key, v) {
		if (!strcmp(key, "time") || !strcmp(key, "date") || !strcmp(key, "type"))
			continue;
		reply_plain(v, text);
		fprintf(out, " %s=%s", key, text);
	}
	fputc('\n', out);
}

static void print_events(FILE *out, json_t *result)
{
	size_t i;
	json_t *event;

	json_array_foreach(json_object_get(result, "events"), i, event)
		print_event(out, event);
}

// + or -, object, key, value; of an object that comes or goes its name alone, which the object has in it.
static void print_side(FILE *out, char sign, json_t *row, const char *side, bool both)
{
	const char *object = json_string_value(json_object_get(row, "object")), *key = json_string_value(json_object_get(row, "key"));
	const char *value = json_string_value(json_object_get(row, side));

	if (!value)
		return;
	if (!both && !strcmp(key, "name"))
		fprintf(out, "%c %s\n", sign, object);
	else
		fprintf(out, "%c %s %s %s\n", sign, object, key, value);
}

static void print_diff(FILE *out, json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row) {
		bool both = json_is_string(json_object_get(row, "running")) && json_is_string(json_object_get(row, "file"));
		print_side(out, '-', row, "running", both);
		print_side(out, '+', row, "file", both);
	}
	if (!json_array_size(rows))
		fputs("no difference\n", out);
}

static void print_saved(FILE *out, json_t *r)
{
	fprintf(out, "%s: %s\n", json_string_value(json_object_get(r, "file")),
		json_is_true(json_object_get(r, "written")) ? "written" : "left alone, it holds this configuration");
}

void reply_print(FILE *out, enum reply_view view, json_t *r)
{
	switch (view) {
	case VIEW_NONE:
		break;
	case VIEW_TEXT:
		fputs(json_string_value(r), out);
		break;
	case VIEW_COUNTERS:
		reply_table(out, r, counter_columns);
		break;
	case VIEW_PORTS:
		reply_table(out, r, port_columns);
		break;
	case VIEW_GROUPS:
		reply_table(out, r, group_columns);
		break;
	case VIEW_FDB:
		reply_table(out, r, fdb_columns);
		break;
	case VIEW_POLICY:
		print_policy(out, r);
		break;
	case VIEW_STATUS:
		print_status(out, r);
		break;
	case VIEW_EVENT:
		print_event(out, r);
		break;
	case VIEW_EVENTS:
		print_events(out, r);
		break;
	case VIEW_DIFF:
		print_diff(out, json_object_get(r, "differences"));
		break;
	case VIEW_HISTORY:
		reply_table(out, r, history_columns);
		break;
	case VIEW_SAVED:
		print_saved(out, r);
		break;
	case VIEW_COUNT:
		fprintf(out, "%lld\n", (long long)json_integer_value(json_object_get(r, "count")));
		break;
	case VIEW_TRACE:
		reply_trace(out, r);
		break;
	}
}
