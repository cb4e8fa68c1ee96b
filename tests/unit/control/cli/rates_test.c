// SPDX-License-Identifier: BSD-3-Clause

#include <stdlib.h>
#include <string.h>

#include "control/cli/rates.h"
#include "tests/unit/kit.h"

static json_t *port(const char *name, json_int_t rx, json_int_t tx, json_int_t storms,
		    json_int_t full)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:{s:I}, s:{s:I}, s:i}", "name", name,
			 "state", "up", "rx_packets", rx, "rx_bytes", 100 * rx, "tx_packets", tx,
			 "tx_bytes", 100 * tx, "rx_drops", "storm_broadcast", storms, "tx_drops",
			 "queue_full", full, "macs", 7);
}

static double of(json_t *rates, size_t i, const char *name)
{
	return json_number_value(json_object_get(json_array_get(rates, i), name));
}

static void rates_are_of_what_came_meanwhile(void **state)
{
	json_t *before = json_pack("[o]", port("a", 1000, 10, 5, 0)),
	       *now = json_pack("[o]", port("a", 3000, 30, 25, 2));
	json_t *rates = rates_of(before, now, 2), *row = json_array_get(rates, 0);

	(void)state;
	assert_float_equal(of(rates, 0, "rx_pps"), 1000, 0.001);
	assert_float_equal(of(rates, 0, "rx_bps"), 800000, 0.001);
	assert_float_equal(of(rates, 0, "tx_pps"), 10, 0.001);
	assert_float_equal(of(rates, 0, "tx_bps"), 8000, 0.001);
	assert_float_equal(of(rates, 0, "drops_pps"), 11, 0.001);
	assert_float_equal(json_number_value(json_object_get(json_object_get(row, "rx_drops_pps"),
							     "storm_broadcast")),
			   10, 0.001);
	assert_int_equal(json_integer_value(json_object_get(row, "macs")), 7);
	json_decref(rates);
	json_decref(before);
	json_decref(now);
}

// Cleared counters, an added port and a deleted port.
static void counters_begin_anew(void **state)
{
	json_t *before = json_pack("[o, o, o]", port("a", 1000, 10, 5, 0), port("b", 50, 0, 90, 0),
				   port("gone", 1, 1, 1, 1));
	json_t *now = json_pack("[o, o, o]", port("new", 30, 0, 0, 0), port("a", 40, 20, 5, 0),
				port("b", 60, 0, 3, 0));
	json_t *rates = rates_of(before, now, 1);

	(void)state;
	assert_int_equal(json_array_size(rates), 3);
	assert_float_equal(of(rates, 0, "rx_pps"), 30, 0.001);
	assert_float_equal(of(rates, 1, "rx_pps"), 40, 0.001);
	assert_float_equal(of(rates, 1, "tx_pps"), 20, 0.001);
	// One of its drops fell, so all its counters count as new.
	assert_float_equal(of(rates, 2, "rx_pps"), 60, 0.001);
	json_decref(rates);
	json_decref(before);
	json_decref(now);
}

static json_t *entry(const char *mac, int vlan, const char *on, int age)
{
	return json_pack("{s:s, s:i, s:s, s:s, s:i}", "mac", mac, "vlan", vlan, "port", on, "type",
			 "dynamic", "age", age);
}

static void check_changes(json_t *before, json_t *now, const char *wanted)
{
	json_t *rows = rates_changes(before, now), *row;
	char text[256] = "";
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *change = json_string_value(json_object_get(row, "change")),
			   *from = json_string_value(json_object_get(row, "from"));
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s %s %s%s%s",
			 i ? ", " : "", change ? change : "-",
			 json_string_value(json_object_get(row, "mac")),
			 json_string_value(json_object_get(row, "port")), from ? " from " : "",
			 from ? from : "");
	}
	assert_string_equal(text, wanted);
	json_decref(rows);
}

static void entries_come_move_and_go(void **state)
{
	json_t *before = json_pack("[o, o, o, o]", entry("s", 1, "a", 9), entry("m", 1, "a", 9),
				   entry("g", 1, "a", 9), entry("t", 1, "b", 3));
	json_t *now = json_pack("[o, o, o, o]", entry("s", 1, "a", 9), entry("m", 1, "b", 0),
				entry("s", 2, "a", 0), entry("t", 1, "b", 4));

	(void)state;
	check_changes(before, now, "moved m b from a, new s a, gone g a, - t b, - s a");
	check_changes(NULL, now, "- m b, - s a, - t b, - s a");
	check_changes(now, now, "- m b, - s a, - t b, - s a");
	json_decref(before);
	json_decref(now);
}

RUN_TESTS(TEST(rates_are_of_what_came_meanwhile), TEST(counters_begin_anew),
	  TEST(entries_come_move_and_go))
