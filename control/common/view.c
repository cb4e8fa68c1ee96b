// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/view.h"

#include <string.h>

#include "control/common/reasons.h"

json_t *view_policy_rows(json_t *policy)
{
	json_t *rows = json_array(), *v;
	const char *key;

	json_object_foreach(policy, key, v)
		json_array_append_new(rows, json_pack("{s:s, s:O, s:O}", "key", key, "value",
						      json_object_get(v, "value"), "from",
						      json_object_get(v, "from")));
	return rows;
}

static void print_policy(FILE *out, json_t *policy, bool colours)
{
	json_t *rows = view_policy_rows(policy);

	table_print(out, rows, view_columns(VIEW_POLICY), colours);
	json_decref(rows);
}

static long long member_number(json_t *o, const char *name)
{
	return (long long)json_integer_value(json_object_get(o, name));
}

static const char *member_string(json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static void print_status(FILE *out, json_t *s, bool colours)
{
	json_t *fdb = json_object_get(s, "fdb"), *buffers = json_object_get(s, "buffers"),
	       *confirm = json_object_get(s, "confirm");

	fprintf(out, "switch   %s, nestswitch %s\n", member_string(s, "name"),
		member_string(s, "version"));
	fprintf(out, "uptime   %.0f s\n", json_number_value(json_object_get(s, "uptime")));
	fprintf(out, "table    %lld of %lld MACs learned; %lld assigned, %lld static\n",
		member_number(fdb, "learned"), member_number(fdb, "size"),
		member_number(fdb, "assigned"), member_number(fdb, "static"));
	fprintf(out, "buffers  %lld of %lld used\n", member_number(buffers, "used"),
		member_number(buffers, "size"));
	if (json_is_object(confirm))
		fprintf(out, "confirm  %lld s left, then rollback to configuration %lld\n",
			member_number(confirm, "seconds_left"), member_number(confirm, "number"));
	table_print(out, json_object_get(s, "workers"), view_worker_columns, colours);
}

// Prints a table of the reasons that a port has counted, if there are any.
static void print_reasons(FILE *out, const char *title,
			  const struct reason_row *(*find)(const char *), json_t *counted,
			  bool colours)
{
	const struct table_column columns[] = {
		{title, "reason", .cell = table_plain_cell},
		{"FRAMES", "frames", .cell = table_plain_cell, .right = true},
		{"MEANING AND ADVICE", "text", .cell = table_plain_cell},
		{0},
	};
	json_t *rows = json_array(), *v;
	const char *name;

	json_object_foreach(counted, name, v) {
		const struct reason_row *r = json_integer_value(v) ? find(name) : NULL;
		if (!r)
			continue;
		json_array_append_new(rows, json_pack("{s:s, s:O, s:s}", "reason", name, "frames",
						      v, "text", r->meaning));
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "reason", "", "frames", "",
						      "text", r->advice));
	}
	if (json_array_size(rows)) {
		fputc('\n', out);
		table_print(out, rows, columns, colours);
	}
	json_decref(rows);
}

// Prints one port: the outcomes of its frames, and their reasons.
static void print_port(FILE *out, json_t *p, bool colours)
{
	json_t *rx = json_object_get(p, "rx_drops"), *tx = json_object_get(p, "tx_drops");

	fprintf(out, "port      %s, %s\n", member_string(p, "name"), member_string(p, "state"));
	fprintf(out,
		"received  %lld frames, %lld bytes: %lld forwarded, %lld flooded (%lld to unknown MACs), %.0f dropped\n",
		member_number(p, "rx_packets"), member_number(p, "rx_bytes"),
		member_number(p, "rx_forwarded"), member_number(p, "rx_flooded"),
		member_number(p, "rx_unknown"), table_number(rx));
	fprintf(out, "sent      %lld frames, %lld bytes; %.0f could not be sent\n",
		member_number(p, "tx_packets"), member_number(p, "tx_bytes"), table_number(tx));
	if (json_object_get(p, "device_drops"))
		fprintf(out, "device    %.0f frames lost\n",
			table_number(json_object_get(p, "device_drops")));
	fprintf(out,
		"MACs      %lld learned, %lld moves, %lld frames from MACs that were not learned\n",
		member_number(p, "macs"), member_number(p, "mac_moves"),
		member_number(p, "not_learned"));
	print_reasons(out, "DROPPED AS", reason_find, rx, colours);
	print_reasons(out, "WOULD DROP AS", reason_find, json_object_get(p, "rx_would_drop"),
		      colours);
	print_reasons(out, "NOT SENT AS", reason_find_tx, tx, colours);
}

// Prints one line: TIME type key=value …
static void view_print_event(FILE *out, json_t *event)
{
	const char *key;
	json_t *v;
	char text[TABLE_CELL];

	table_plain_cell(json_object_get(event, json_object_get(event, "date") ? "date" : "time"),
			 text);
	fprintf(out, "%s %s", text, member_string(event, "type"));
	json_object_foreach(event, key, v) {
		if (!strcmp(key, "time") || !strcmp(key, "date") || !strcmp(key, "type"))
			continue;
		table_plain_cell(v, text);
		fprintf(out, " %s=%s", key, text);
	}
	fputc('\n', out);
}

static void view_print_events(FILE *out, json_t *result)
{
	size_t i;
	json_t *event, *events = json_object_get(result, "events");

	json_array_foreach(events, i, event)
		view_print_event(out, event);
	if (!json_array_size(events))
		fputs("no events\n", out);
}

// Prints + or -, object, key, value. Of an added or removed object, prints only the object, which
// contains the name.
static void print_side(FILE *out, char sign, json_t *row, const char *side, bool both)
{
	const char *object = member_string(row, "object"), *key = member_string(row, "key"),
		   *value = member_string(row, side);

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
		bool both = json_is_string(json_object_get(row, "running")) &&
			    json_is_string(json_object_get(row, "file"));
		print_side(out, '-', row, "running", both);
		print_side(out, '+', row, "file", both);
	}
	if (!json_array_size(rows))
		fputs("no differences\n", out);
}

static void print_saved(FILE *out, json_t *r)
{
	fprintf(out, "%s: %s\n", member_string(r, "file"),
		json_is_true(json_object_get(r, "written"))
			? "written"
			: "unchanged, it already has this configuration");
}

static void print_flushed(FILE *out, long long count)
{
	fprintf(out, "%lld %s flushed\n", count, count == 1 ? "entry" : "entries");
}

static void print_evpn(FILE *out, json_t *r, bool colours)
{
	const char *source = member_string(r, "source"), *underlay = member_string(r, "underlay");
	json_t *sync = json_object_get(r, "sync");

	fprintf(out, "VTEP %s, UDP port %lld, underlay %s\n",
		source ? source : "without an address", member_number(r, "udp_port"),
		underlay ? underlay : "not configured");
	table_print(out, json_object_get(r, "vnis"), view_columns(VIEW_EVPN), colours);
	if (json_is_object(sync))
		fprintf(out,
			"rows of the kernel: %lld written, %lld to be written, %lld read, %lld refused; all read %lld times\n",
			member_number(sync, "rows_written"), member_number(sync, "pending"),
			member_number(sync, "rows_read"), member_number(sync, "refused"),
			member_number(sync, "resyncs"));
	if (json_is_object(sync))
		fprintf(out,
			"addresses: %lld bound here and told to others, %lld at other machines, %lld contested, %lld refused\n",
			member_number(sync, "neighbours_local"),
			member_number(sync, "neighbours_remote"),
			member_number(sync, "neighbours_contested"),
			member_number(sync, "neighbours_refused"));
}

void view_print(FILE *out, enum view view, json_t *r, bool colours)
{
	switch (view) {
	case VIEW_NONE:
		break;
	case VIEW_TEXT:
		fputs(json_string_value(r), out);
		break;
	case VIEW_POLICY:
		print_policy(out, r, colours);
		break;
	case VIEW_PORT:
		print_port(out, json_array_get(r, 0), colours);
		break;
	case VIEW_STATUS:
		print_status(out, r, colours);
		break;
	case VIEW_EVENT:
		view_print_event(out, r);
		break;
	case VIEW_EVENTS:
		view_print_events(out, r);
		break;
	case VIEW_DIFF:
		print_diff(out, json_object_get(r, "differences"));
		break;
	case VIEW_SAVED:
		print_saved(out, r);
		break;
	case VIEW_FLUSHED:
		print_flushed(out, member_number(r, "count"));
		break;
	case VIEW_EVPN:
		print_evpn(out, r, colours);
		break;
	case VIEW_TRACE:
		view_trace(out, r);
		break;
	default:
		table_print(out, r, view_columns(view), colours);
	}
}
