// SPDX-License-Identifier: BSD-3-Clause
// The tables of reply: what columns they have, what stands in their cells, how they are printed.
#include "reply.h"

#include <string.h>
#include <time.h>

#include "text.h"

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

double reply_number(json_t *v)
{
	const char *key;
	double sum = json_number_value(v);
	json_t *member;

	json_object_foreach(v, key, member)
		sum += json_number_value(member);
	return sum;
}

static void total(json_t *object, char out[REPLY_CELL])
{
	snprintf(out, REPLY_CELL, "%.0f", reply_number(object));
}

// Three digits and the unit that goes with them.
static void scaled(json_t *v, char out[REPLY_CELL])
{
	static const char *const unit[] = {"", "k", "M", "G", "T"};
	double n = json_number_value(v);
	size_t u = 0;

	for (; n >= 999.5 && u < sizeof unit / sizeof *unit - 1; u++)
		n /= 1000;
	int digits = n >= 99.95 || (!u && n == (long)n) ? 0 : n >= 9.995 ? 1 : 2;
	snprintf(out, REPLY_CELL, "%.*f%s", digits, n, unit[u]);
}

static void vlan(json_t *v, char out[REPLY_CELL])
{
	if (json_is_integer(v))
		reply_plain(v, out);
	else
		snprintf(out, REPLY_CELL, "all");
}

// key=value of each member.
static void list_members(json_t *object, bool zeros, reply_cell_fn cell, char out[REPLY_CELL])
{
	const char *key;
	json_t *v;
	size_t at = 0;
	char text[REPLY_CELL];

	strcpy(out, "-");
	json_object_foreach(object, key, v) {
		if (!zeros && json_is_number(v) && !json_number_value(v))
			continue;
		cell(v, text);
		if (at < REPLY_CELL)
			at += (size_t)snprintf(out + at, REPLY_CELL - at, "%s%s=%s", at ? " " : "", key, text);
	}
}

static void counts(json_t *object, char out[REPLY_CELL])
{
	list_members(object, false, reply_plain, out);
}

static void rates(json_t *object, char out[REPLY_CELL])
{
	list_members(object, false, scaled, out);
}

static void settings(json_t *object, char out[REPLY_CELL])
{
	list_members(object, true, reply_plain, out);
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

static enum reply_colour paint_state(json_t *v)
{
	const char *state = json_string_value(v);

	return !state ? REPLY_PLAIN : !strcmp(state, "up") ? REPLY_GREEN : !strcmp(state, "err-disabled") ? REPLY_RED : REPLY_YELLOW;
}

static enum reply_colour paint_drops(json_t *v)
{
	return reply_number(v) > 0 ? REPLY_YELLOW : REPLY_PLAIN;
}

static enum reply_colour paint_growth(json_t *v)
{
	return reply_number(v) > 0 ? REPLY_RED : REPLY_PLAIN;
}

static enum reply_colour paint_change(json_t *v)
{
	const char *change = json_string_value(v);

	return !change ? REPLY_PLAIN : !strcmp(change, "new") ? REPLY_GREEN : !strcmp(change, "gone") ? REPLY_RED : REPLY_YELLOW;
}

#define WORD(title, key) {title, key, .cell = reply_plain}
#define NUMBER(title, key) {title, key, .cell = reply_plain, .right = true}

static const struct reply_column counter_columns[] = {
	WORD("PORT", "name"),
	{"STATE", "state", .cell = reply_plain, .paint = paint_state},
	NUMBER("RX", "rx_packets"),
	NUMBER("FORWARDED", "rx_forwarded"),
	NUMBER("FLOODED", "rx_flooded"),
	{"DROPPED", "rx_drops", .cell = total, .right = true, .paint = paint_drops},
	NUMBER("TX", "tx_packets"),
	NUMBER("MACS", "macs"),
	{"DROPPED AS", "rx_drops", .cell = counts},
	{"NOT SENT AS", "tx_drops", .cell = counts},
	{0},
};

static const struct reply_column rate_columns[] = {
	WORD("PORT", "name"),
	{"STATE", "state", .cell = reply_plain, .paint = paint_state},
	{"RX FRAMES/S", "rx_pps", .cell = scaled, .right = true},
	{"RX BIT/S", "rx_bps", .cell = scaled, .right = true},
	{"TX FRAMES/S", "tx_pps", .cell = scaled, .right = true},
	{"TX BIT/S", "tx_bps", .cell = scaled, .right = true},
	{"DROPS/S", "drops_pps", .cell = scaled, .right = true, .paint = paint_growth},
	NUMBER("MACS", "macs"),
	{"DROPPED AS", "rx_drops_pps", .cell = rates},
	{"NOT SENT AS", "tx_drops_pps", .cell = rates},
	{0},
};

static const struct reply_column port_columns[] = {
	WORD("PORT", "name"),
	{"STATE", "state", .cell = reply_plain, .paint = paint_state},
	WORD("GROUP", "port_group"),
	WORD("DEVICE", "device"),
	WORD("MAC", "mac_address"),
	WORD("EFFECTIVE MAC", "effective_mac"),
	NUMBER("MACS", "macs"),
	{"POLICY", "policy", .cell = settings},
	{0},
};

static const struct reply_column group_columns[] = {
	WORD("GROUP", "name"),
	{"POLICY", "policy", .cell = settings},
	{0},
};

static const struct reply_column fdb_columns[] = {
	{"VLAN", "vlan", .cell = vlan, .right = true},
	WORD("MAC", "mac"),
	WORD("PORT", "port"),
	WORD("TYPE", "type"),
	NUMBER("AGE", "age"),
	{0},
};

static const struct reply_column policy_columns[] = {
	WORD("KEY", "key"),
	WORD("VALUE", "value"),
	WORD("FROM", "from"),
	{0},
};

static void wall_time(json_t *v, char out[REPLY_CELL])
{
	time_t seconds = (time_t)json_number_value(v);
	struct tm tm;

	strftime(out, REPLY_CELL, "%F %T", localtime_r(&seconds, &tm));
}

static const struct reply_column history_columns[] = {
	NUMBER("NUMBER", "number"),
	{"TIME", "time", .cell = wall_time},
	WORD("MADE BY", "what"),
	{0},
};

const struct reply_column reply_workers[] = {
	NUMBER("WORKER", "id"),
	NUMBER("LCORE", "lcore"),
	NUMBER("LOAD", "load"),
	{"PORTS", "ports", .cell = list},
	{0},
};

static const struct reply_column change_columns[] = {
	{"CHANGE", "change", .cell = reply_plain, .paint = paint_change},
	{"VLAN", "vlan", .cell = vlan, .right = true},
	WORD("MAC", "mac"),
	WORD("PORT", "port"),
	WORD("FROM", "from"),
	WORD("TYPE", "type"),
	NUMBER("AGE", "age"),
	{0},
};

static const char *const counter_members[] = {"device", "port_group", "rx_bytes", "tx_bytes", "tx_drops", "not_learned",
					      "mac_moves", "truncated", NULL};
static const char *const port_members[] = {"rx_packets", "rx_bytes", "rx_forwarded", "rx_flooded", "rx_drops", "tx_packets",
					   "tx_bytes", "tx_drops", "not_learned", "mac_moves", "truncated", "mtu", "queues", NULL};
static const char *const event_members[] = {"date", "time", "type", "port", "mac", "vlan", "from", "to", "reason", "count", NULL};

// Views that have rows.
static const struct {
	const struct reply_column *columns;
	const char *const *others; // what a row has besides
} tables[VIEWS] = {
	[VIEW_COUNTERS] = {counter_columns, counter_members}, [VIEW_RATES] = {rate_columns, NULL},
	[VIEW_PORTS] = {port_columns, port_members},          [VIEW_GROUPS] = {group_columns, NULL},
	[VIEW_POLICY] = {policy_columns, NULL},               [VIEW_FDB] = {fdb_columns, NULL},
	[VIEW_CHANGES] = {change_columns, NULL},              [VIEW_EVENTS] = {NULL, event_members},
	[VIEW_HISTORY] = {history_columns, NULL},
};

static bool is_comparable(const struct reply_column *c)
{
	return c->cell == reply_plain || c->cell == vlan || c->cell == total || c->cell == scaled || c->cell == wall_time;
}

const struct reply_column *reply_columns(enum reply_view view)
{
	return tables[view].columns;
}

const char *reply_member(enum reply_view view, size_t i)
{
	const char *const *other = tables[view].others;

	for (const struct reply_column *c = tables[view].columns; c && c->title; c++)
		if (is_comparable(c) && !i--)
			return c->key;
	for (; other && *other && i; i--)
		other++;
	return other ? *other : NULL;
}

// What stands in a row's column; where there is more of it than a cell takes, that is to be seen.
static void make_cell(json_t *row, const struct reply_column *c, char out[REPLY_CELL])
{
	static const char more[] = "…";
	size_t end = REPLY_CELL - sizeof more;

	c->cell(json_object_get(row, c->key), out);
	if (strlen(out) < REPLY_CELL - 1)
		return;
	while (end && (out[end] & 0xc0) == 0x80) // not within a letter
		end--;
	strcpy(out + end, more);
}

static void measure(json_t *rows, const struct reply_column *c, int width[REPLY_COLUMNS_MAX])
{
	char text[REPLY_CELL];
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

static void put_cell(FILE *out, const struct reply_column *c, const char *text, int width, enum reply_colour colour)
{
	static const char *const start[] = {"", "\033[31m", "\033[32m", "\033[33m", "\033[1m"};
	bool last = !c[1].title;
	int blank = width - (int)text_columns(text);

	fprintf(out, "%*s%s%s%s", c->right ? blank : 0, "", start[colour], text, colour ? "\033[0m" : "");
	fprintf(out, "%*s%s", c->right || last ? 0 : blank, "", last ? "\n" : "  ");
}

void reply_table(FILE *out, json_t *rows, const struct reply_column *c, bool colours)
{
	int width[REPLY_COLUMNS_MAX];
	char text[REPLY_CELL];
	size_t i;
	json_t *row;

	measure(rows, c, width);
	for (int k = 0; c[k].title; k++)
		put_cell(out, &c[k], c[k].title, width[k], colours ? REPLY_BOLD : REPLY_PLAIN);
	json_array_foreach(rows, i, row)
		for (int k = 0; c[k].title; k++) {
			json_t *v = json_object_get(row, c[k].key);
			make_cell(row, &c[k], text);
			put_cell(out, &c[k], text, width[k], colours && c[k].paint ? c[k].paint(v) : REPLY_PLAIN);
		}
}

