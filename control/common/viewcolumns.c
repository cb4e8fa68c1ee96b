// SPDX-License-Identifier: BSD-3-Clause
// The columns of view's tables, and the formats of their cells.
#include <string.h>
#include <time.h>

#include "control/common/table.h"
#include "control/common/view.h"

static void sum_cell(json_t *object, char out[TABLE_CELL])
{
	snprintf(out, TABLE_CELL, "%.0f", table_number(object));
}

// Three digits and a unit prefix.
static void scaled_cell(json_t *v, char out[TABLE_CELL])
{
	static const char *const unit[] = {"", "k", "M", "G", "T"};
	double n = json_number_value(v);
	size_t u = 0;

	for (; n >= 999.5 && u < sizeof unit / sizeof *unit - 1; u++)
		n /= 1000;
	int digits = n >= 99.95 || (!u && n == (long)n) ? 0 : n >= 9.995 ? 1 : 2;
	snprintf(out, TABLE_CELL, "%.*f%s", digits, n, unit[u]);
}

static void vlan_cell(json_t *v, char out[TABLE_CELL])
{
	if (json_is_integer(v))
		table_plain_cell(v, out);
	else
		snprintf(out, TABLE_CELL, "all");
}

// Lists key=value of each member.
static void list_members(json_t *object, bool zeros, table_cell_fn cell, char out[TABLE_CELL])
{
	const char *key;
	json_t *v;
	size_t at = 0;
	char text[TABLE_CELL];

	strcpy(out, "-");
	json_object_foreach(object, key, v) {
		if (!zeros && json_is_number(v) && !json_number_value(v))
			continue;
		cell(v, text);
		if (at < TABLE_CELL)
			at += (size_t)snprintf(out + at, TABLE_CELL - at, "%s%s=%s", at ? " " : "",
					       key, text);
	}
}

static void counts_cell(json_t *object, char out[TABLE_CELL])
{
	list_members(object, false, table_plain_cell, out);
}

static void rates_cell(json_t *object, char out[TABLE_CELL])
{
	list_members(object, false, scaled_cell, out);
}

static void settings_cell(json_t *object, char out[TABLE_CELL])
{
	list_members(object, true, table_plain_cell, out);
}

static void seconds_cell(json_t *v, char out[TABLE_CELL])
{
	snprintf(out, TABLE_CELL, "%.0f s ago", json_number_value(v));
}

static void list_cell(json_t *array, char out[TABLE_CELL])
{
	char text[TABLE_CELL];
	size_t at = 0, i;
	json_t *v;

	strcpy(out, "-");
	json_array_foreach(array, i, v) {
		table_plain_cell(v, text);
		if (at < TABLE_CELL)
			at += (size_t)snprintf(out + at, TABLE_CELL - at, "%s%s", at ? " " : "",
					       text);
	}
}

// The mirrors of a port, as its row shows them: with the port at the other end.
static void mirrors_cell(json_t *row, char out[TABLE_CELL])
{
	const char *port = json_string_value(json_object_get(row, "name"));
	size_t at = 0, i;
	json_t *m;

	strcpy(out, "-");
	json_array_foreach(json_object_get(row, "mirrors"), i, m) {
		const char *to = json_string_value(json_object_get(m, "destination"));
		char from[TABLE_CELL];
		list_cell(json_object_get(m, "source"), from);
		bool copied = strcmp(to, port) != 0;
		if (at < TABLE_CELL)
			at += (size_t)snprintf(
				out + at, TABLE_CELL - at, "%s%s %s %s%s%s%s", at ? ", " : "",
				json_string_value(json_object_get(m, "name")),
				copied ? "to" : "from", copied ? to : from, copied ? " (" : "",
				copied ? json_string_value(json_object_get(m, "destination_state"))
				       : "",
				copied ? ")" : "");
	}
}

static enum table_colour paint_state(json_t *v)
{
	const char *state = json_string_value(v);

	if (!state)
		return TABLE_PLAIN;
	if (!strcmp(state, "up") || !strcmp(state, "turning"))
		return TABLE_GREEN;
	return !strcmp(state, "err-disabled") || !strcmp(state, "stuck") ? TABLE_RED : TABLE_YELLOW;
}

static enum table_colour paint_drops(json_t *v)
{
	return table_number(v) > 0 ? TABLE_YELLOW : TABLE_PLAIN;
}

static enum table_colour paint_growth(json_t *v)
{
	return table_number(v) > 0 ? TABLE_RED : TABLE_PLAIN;
}

static enum table_colour paint_change(json_t *v)
{
	const char *change = json_string_value(v);

	return !change                   ? TABLE_PLAIN
	       : !strcmp(change, "new")  ? TABLE_GREEN
	       : !strcmp(change, "gone") ? TABLE_RED
					 : TABLE_YELLOW;
}

#define WORD(title, key) \
	{ \
		title, key, .cell = table_plain_cell \
	}
#define NUMBER(title, key) \
	{ \
		title, key, .cell = table_plain_cell, .right = true \
	}

static const struct table_column counter_columns[] = {
	WORD("PORT", "name"),
	{"STATE", "state", .cell = table_plain_cell, .paint = paint_state},
	NUMBER("RX", "rx_packets"),
	NUMBER("FORWARDED", "rx_forwarded"),
	NUMBER("FLOODED", "rx_flooded"),
	{"DROPPED", "rx_drops", .cell = sum_cell, .right = true, .paint = paint_drops},
	NUMBER("TX", "tx_packets"),
	NUMBER("MACS", "macs"),
	{"DROPPED AS", "rx_drops", .cell = counts_cell},
	{"NOT SENT AS", "tx_drops", .cell = counts_cell},
	{"LOST BY DEVICE", "device_drops", .cell = counts_cell},
	{0},
};

static const struct table_column rate_columns[] = {
	WORD("PORT", "name"),
	{"STATE", "state", .cell = table_plain_cell, .paint = paint_state},
	{"RX FRAMES/S", "rx_pps", .cell = scaled_cell, .right = true},
	{"RX BIT/S", "rx_bps", .cell = scaled_cell, .right = true},
	{"TX FRAMES/S", "tx_pps", .cell = scaled_cell, .right = true},
	{"TX BIT/S", "tx_bps", .cell = scaled_cell, .right = true},
	{"DROPS/S", "drops_pps", .cell = scaled_cell, .right = true, .paint = paint_growth},
	NUMBER("MACS", "macs"),
	{"DROPPED AS", "rx_drops_pps", .cell = rates_cell},
	{"NOT SENT AS", "tx_drops_pps", .cell = rates_cell},
	{0},
};

static const struct table_column port_columns[] = {
	WORD("PORT", "name"),
	{"STATE", "state", .cell = table_plain_cell, .paint = paint_state},
	WORD("LINK", "link"),
	WORD("GROUP", "port_group"),
	WORD("DEVICE", "device"),
	WORD("MAC", "mac_address"),
	WORD("EFFECTIVE MAC", "effective_mac"),
	WORD("UPLINK", "uplink"),
	NUMBER("MACS", "macs"),
	NUMBER("STATIC", "static_macs"),
	{"MIRROR", "mirrors", .row_cell = mirrors_cell},
	WORD("PROBLEM", "problem"),
	{"POLICY", "policy", .cell = settings_cell},
	{0},
};

static const struct table_column mirror_columns[] = {
	WORD("MIRROR", "name"),
	{"SOURCE", "source", .cell = list_cell},
	WORD("DIRECTION", "direction"),
	WORD("DESTINATION", "destination"),
	{"STATE", "destination_state", .cell = table_plain_cell, .paint = paint_state},
	{0},
};

static const struct table_column group_columns[] = {
	WORD("GROUP", "name"),
	{"POLICY", "policy", .cell = settings_cell},
	{0},
};

static const struct table_column fdb_columns[] = {
	{"VLAN", "vlan", .cell = vlan_cell, .right = true},
	WORD("MAC", "mac"),
	WORD("PORT", "port"),
	WORD("TYPE", "type"),
	NUMBER("AGE", "age"),
	NUMBER("HELD", "held"),
	{0},
};

static const struct table_column mdb_columns[] = {
	NUMBER("VLAN", "vlan"),
	WORD("GROUP", "group"),
	WORD("PORT", "port"),
	WORD("TYPE", "type"),
	NUMBER("VERSION", "version"),
	NUMBER("LEFT", "age_left"),
	{0},
};

static const struct table_column router_columns[] = {
	NUMBER("VLAN", "vlan"),
	WORD("PORT", "port"),
	WORD("TYPE", "type"),
	NUMBER("LEFT", "age_left"),
	{0},
};

static const struct table_column vlan_columns[] = {
	NUMBER("VLAN", "vlan"),
	WORD("PROTOCOL", "protocol"),
	WORD("UNREGISTERED", "unregistered"),
	WORD("QUERIER", "querier"),
	WORD("SELF", "self"),
	WORD("PORT", "port"),
	NUMBER("LEFT", "age_left"),
	WORD("PRUNED", "pruned"),
	{"OPEN PORTS", "open_ports", .cell = list_cell},
	NUMBER("INVALID", "invalid"),
	NUMBER("QUERIES", "queries"),
	{0},
};

static const struct table_column policy_columns[] = {
	WORD("KEY", "key"),
	WORD("VALUE", "value"),
	WORD("FROM", "from"),
	{0},
};

static void wall_time_cell(json_t *v, char out[TABLE_CELL])
{
	time_t seconds = (time_t)json_number_value(v);
	struct tm tm;

	strftime(out, TABLE_CELL, "%F %T", localtime_r(&seconds, &tm));
}

static const struct table_column history_columns[] = {
	NUMBER("NUMBER", "number"),
	{"TIME", "time", .cell = wall_time_cell},
	WORD("MADE BY", "what"),
	{0},
};

const struct table_column view_worker_columns[] = {
	NUMBER("WORKER", "id"),
	NUMBER("LCORE", "lcore"),
	{"STATE", "state", .cell = table_plain_cell, .paint = paint_state},
	{"LAST ROUND", "seconds_since_round", .cell = seconds_cell, .right = true},
	NUMBER("LOAD", "load"),
	{"PORTS", "ports", .cell = list_cell},
	{0},
};

static const struct table_column audit_columns[] = {
	WORD("PORT", "port"),
	WORD("REASON", "reason"),
	NUMBER("VLAN", "vlan"),
	WORD("MAC", "mac"),
	NUMBER("FRAMES", "frames"),
	{"LAST", "age", .cell = seconds_cell, .right = true},
	{0},
};

static const struct table_column binding_columns[] = {
	WORD("PORT", "port"),
	{"VLAN", "vlan", .cell = vlan_cell, .right = true},
	WORD("MAC", "mac"),
	WORD("TYPE", "type"),
	NUMBER("LEASE", "lease"),
	{"IP", "ip", .cell = list_cell},
	{0},
};

static const struct table_column vni_columns[] = {
	NUMBER("VLAN", "vlan"),
	NUMBER("VNI", "vni"),
	WORD("STATE", "state"),
	NUMBER("LOCAL MACS", "macs_local"),
	NUMBER("REMOTE MACS", "macs_remote"),
	{"VTEPS", "vteps", .cell = list_cell},
	WORD("REASON", "reason"),
	{0},
};

static const struct table_column vtep_columns[] = {
	WORD("VTEP", "vtep"),
	WORD("STATE", "state"),
	WORD("NEXT HOP", "next_hop"),
	WORD("MAC", "next_hop_mac"),
	WORD("INTERFACE", "interface"),
	NUMBER("MACS", "macs"),
	{"SINCE", "since", .cell = seconds_cell, .right = true},
	{"VNIS", "vnis", .cell = list_cell},
	{0},
};

static const struct table_column change_columns[] = {
	{"CHANGE", "change", .cell = table_plain_cell, .paint = paint_change},
	{"VLAN", "vlan", .cell = vlan_cell, .right = true},
	WORD("MAC", "mac"),
	WORD("PORT", "port"),
	WORD("FROM", "from"),
	WORD("TYPE", "type"),
	NUMBER("AGE", "age"),
	NUMBER("HELD", "held"),
	{0},
};

static const char *const counter_members[] = {
	"kind",       "link",      "device",        "port_group",   "rx_bytes",
	"rx_unknown", "tx_bytes",  "rx_would_drop", "tx_drops",     "not_learned",
	"mac_moves",  "truncated", "problem",       "device_drops", NULL};
static const char *const port_members[] = {
	"kind",      "rx_packets",    "rx_bytes",   "rx_forwarded", "rx_flooded", "rx_unknown",
	"rx_drops",  "rx_would_drop", "tx_packets", "tx_bytes",     "tx_drops",   "not_learned",
	"mac_moves", "truncated",     "mtu",        "queues",       "offload",    "qmp",
	"guest",     "device_drops",  NULL};
static const char *const event_members[] = {"date",  "time",  "type", "link",    "port",   "mac",
					    "vlan",  "from",  "to",   "learned", "reason", "count",
					    "audit", "group", "vtep", NULL};

// Views with rows.
static const struct {
	const struct table_column *columns;
	const char *const *others; // more members of a row
} tables[VIEWS] = {
	[VIEW_COUNTERS] = {counter_columns, counter_members},
	[VIEW_RATES] = {rate_columns, NULL},
	[VIEW_PORTS] = {port_columns, port_members},
	[VIEW_GROUPS] = {group_columns, NULL},
	[VIEW_MIRRORS] = {mirror_columns, NULL},
	[VIEW_POLICY] = {policy_columns, NULL},
	[VIEW_FDB] = {fdb_columns, NULL},
	[VIEW_CHANGES] = {change_columns, NULL},
	[VIEW_MDB] = {mdb_columns, NULL},
	[VIEW_ROUTERS] = {router_columns, NULL},
	[VIEW_VLANS] = {vlan_columns, NULL},
	[VIEW_EVENTS] = {NULL, event_members},
	[VIEW_AUDIT] = {audit_columns, NULL},
	[VIEW_BINDINGS] = {binding_columns, NULL},
	[VIEW_EVPN] = {vni_columns, NULL},
	[VIEW_VTEPS] = {vtep_columns, NULL},
	[VIEW_HISTORY] = {history_columns, NULL},
};

static bool is_comparable(const struct table_column *c)
{
	return c->cell == table_plain_cell || c->cell == vlan_cell || c->cell == sum_cell ||
	       c->cell == scaled_cell || c->cell == wall_time_cell || c->cell == seconds_cell;
}

const struct table_column *view_columns(enum view view)
{
	return tables[view].columns;
}

const char *view_member(enum view view, size_t i)
{
	const char *const *other = tables[view].others;

	for (const struct table_column *c = tables[view].columns; c && c->title; c++)
		if (is_comparable(c) && !i--)
			return c->key;
	for (; other && *other && i; i--)
		other++;
	return other ? *other : NULL;
}
