// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/rates.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "control/cli/select.h"
#include "control/common/table.h"
#include "control/common/view.h"

// Indexes ports by name.
static json_t *index_ports(json_t *ports)
{
	json_t *all = json_object(), *port;
	size_t i;

	json_array_foreach(ports, i, port)
		json_object_set(all, json_string_value(json_object_get(port, "name")), port);
	return all;
}

// Whether no counter decreased from `before` to `now`.
static bool has_grown(const json_t *before, json_t *now)
{
	const char *name;
	json_t *v;

	json_object_foreach(now, name, v) {
		json_t *was = json_object_get(before, name);
		bool gauge = !strcmp(name, "macs");
		if (json_is_object(v) ? !has_grown(was, v)
				      : !gauge && json_integer_value(v) < json_integer_value(was))
			return false;
	}
	return true;
}

static double rate(const json_t *before, const json_t *now, const char *name, double seconds)
{
	return (double)(json_integer_value(json_object_get(now, name)) -
			json_integer_value(json_object_get(before, name))) /
	       seconds;
}

static json_t *rates_in(const json_t *before, json_t *now, double seconds)
{
	json_t *all = json_object(), *v;
	const char *name;

	json_object_foreach(now, name, v)
		json_object_set_new(all, name, json_real(rate(before, now, name, seconds)));
	return all;
}

static json_t *port_rates(json_t *before, json_t *now, double seconds)
{
	json_t *was = has_grown(before, now) ? before : NULL;
	json_t *rx = rates_in(json_object_get(was, "rx_drops"), json_object_get(now, "rx_drops"),
			      seconds);
	json_t *tx = rates_in(json_object_get(was, "tx_drops"), json_object_get(now, "tx_drops"),
			      seconds);

	return json_pack("{s:O, s:O, s:f, s:f, s:f, s:f, s:f, s:O, s:o, s:o}", "name",
			 json_object_get(now, "name"), "state", json_object_get(now, "state"),
			 "rx_pps", rate(was, now, "rx_packets", seconds), "rx_bps",
			 8 * rate(was, now, "rx_bytes", seconds), "tx_pps",
			 rate(was, now, "tx_packets", seconds), "tx_bps",
			 8 * rate(was, now, "tx_bytes", seconds), "drops_pps",
			 table_number(rx) + table_number(tx), "macs", json_object_get(now, "macs"),
			 "rx_drops_pps", rx, "tx_drops_pps", tx);
}

json_t *rates_of(json_t *before, json_t *now, double seconds)
{
	json_t *were = index_ports(before), *all = json_array(), *port;
	size_t i;

	json_array_foreach(now, i, port) {
		json_t *was = json_object_get(were,
					      json_string_value(json_object_get(port, "name")));
		json_array_append_new(all, port_rates(was, port, seconds));
	}
	json_decref(were);
	return all;
}

enum { STATION = 64 };

static const char *station(json_t *entry, char out[STATION])
{
	snprintf(out, STATION, "%lld %s",
		 (long long)json_integer_value(json_object_get(entry, "vlan")),
		 json_string_value(json_object_get(entry, "mac")));
	return out;
}

static json_t *changed_row(json_t *entry, const char *change, json_t *from)
{
	json_t *row = json_pack("{s:s?, s:O?}", "change", change, "from", from);

	if (!from)
		json_object_set_new(row, "from", json_null());
	json_object_update(row, entry);
	return row;
}

// Compares an entry with its previous state, and removes it from `were`.
static json_t *compare_entry(json_t *were, json_t *entry)
{
	char key[STATION];
	json_t *was = json_object_get(were, station(entry, key)),
	       *from = json_object_get(was, "port");
	bool moved = was && !json_equal(from, json_object_get(entry, "port"));
	json_t *row = !was ? changed_row(entry, "new", NULL)
			   : changed_row(entry, moved ? "moved" : NULL, moved ? from : NULL);

	json_object_del(were, key);
	return row;
}

json_t *rates_changes(json_t *before, json_t *now)
{
	json_t *were = json_object(), *news = json_array(), *same = json_array(), *entry;
	json_t *by_age = json_pack("{s:s}", "sort", "age");
	const char *name;
	char key[STATION];
	size_t i;

	json_array_foreach(before, i, entry)
		json_object_set(were, station(entry, key), entry);
	json_array_foreach(now, i, entry) {
		json_t *row = before ? compare_entry(were, entry) : changed_row(entry, NULL, NULL);
		json_array_append_new(json_is_null(json_object_get(row, "change")) ? same : news,
				      row);
	}
	json_object_foreach(were, name, entry)
		json_array_append_new(news, changed_row(entry, "gone", NULL));
	json_t *sorted = select_rows(by_age, VIEW_CHANGES, same);
	json_array_extend(news, sorted);
	json_decref(sorted);
	json_decref(same);
	json_decref(by_age);
	json_decref(were);
	return news;
}
