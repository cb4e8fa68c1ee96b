// SPDX-License-Identifier: BSD-3-Clause

#include <stdlib.h>
#include <string.h>

#include "control/cli/select.h"
#include "control/common/view.h"
#include "tests/unit/kit.h"

static const char table[] =
	"[{\"mac\": \"c\", \"vlan\": null, \"port\": \"a\", \"type\": \"assigned\", \"age\": null},"
	"{\"mac\": \"a\", \"vlan\": 1, \"port\": \"b\", \"type\": \"dynamic\", \"age\": 12},"
	"{\"mac\": \"b\", \"vlan\": 10, \"port\": \"a\", \"type\": \"dynamic\", \"age\": 12},"
	"{\"mac\": \"d\", \"vlan\": 2, \"port\": \"a\", \"type\": \"dynamic\", \"age\": 3}]";

// The remaining MACs in order.
static void check(const char *selection, const char *wanted)
{
	json_t *rows = json_loads(table, 0, NULL), *chosen = json_loads(selection, 0, NULL), *some,
	       *row;
	char macs[16] = "";
	size_t i;

	assert_non_null(rows);
	assert_non_null(chosen);
	some = select_rows(chosen, VIEW_FDB, rows);
	json_array_foreach(some, i, row)
		strcat(macs, json_string_value(json_object_get(row, "mac")));
	CHECK(!strcmp(macs, wanted), "%s: %s, should be %s", selection, macs, wanted);
	json_decref(some);
	json_decref(chosen);
	json_decref(rows);
}

static void rows_are_sorted_and_chosen(void **state)
{
	static const struct {
		const char *selection, *wanted;
	} cases[] = {
		{"{}", "cabd"},
		{"{\"sort\": \"mac\"}", "abcd"},
		{"{\"sort\": \"-mac\"}", "dcba"},
		{"{\"sort\": \"vlan\"}", "adbc"},
		{"{\"sort\": \"-vlan\"}", "bdac"},
		{"{\"sort\": \"age\"}", "dabc"},
		{"{\"sort\": \"-age\"}", "abdc"},
		{"{\"limit\": 2}", "ca"},
		{"{\"limit\": 0}", ""},
		{"{\"limit\": 9}", "cabd"},
		{"{\"where\": {\"type\": \"dynamic\"}}", "abd"},
		{"{\"where\": {\"type\": \"dynamic\", \"port\": \"a\"}}", "bd"},
		{"{\"where\": {\"age\": \"12\"}}", "ab"},
		{"{\"where\": {\"vlan\": \"-\"}}", "c"},
		{"{\"where\": {\"port\": \"z\"}}", ""},
		{"{\"where\": {\"port\": \"a\"}, \"sort\": \"-vlan\", \"limit\": 2}", "bd"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i].selection, cases[i].wanted);
}

static void check_json(enum view view, const char *result, const char *selection,
		       const char *wanted)
{
	json_t *all = json_loads(result, 0, NULL), *chosen = json_loads(selection, 0, NULL),
	       *some = select_rows(chosen, view, all);
	char *text = json_dumps(some, JSON_COMPACT);

	assert_string_equal(text, wanted);
	free(text);
	json_decref(some);
	json_decref(chosen);
	json_decref(all);
}

// Objects sort by their sum. policy stays an object. Values that are no tables stay unchanged.
static void other_shapes(void **state)
{
	static const char ports[] =
		"[{\"name\": \"p\", \"rx_drops\": {\"x\": 1, \"y\": 1}}, {\"name\": \"q\", \"rx_drops\": {\"x\": 3}}]";
	static const char policy[] =
		"{\"mac-limit\": {\"value\": 0, \"from\": \"port\"}, \"bpdu\": {\"value\": \"filter\", \"from\": \"default\"}}";

	(void)state;
	check_json(VIEW_COUNTERS, ports, "{\"sort\": \"-rx_drops\", \"limit\": 1}",
		   "[{\"name\":\"q\",\"rx_drops\":{\"x\":3}}]");
	check_json(VIEW_COUNTERS, ports, "{\"where\": {\"rx_drops\": \"2\"}}",
		   "[{\"name\":\"p\",\"rx_drops\":{\"x\":1,\"y\":1}}]");
	check_json(VIEW_POLICY, policy, "{\"where\": {\"from\": \"port\"}}",
		   "{\"mac-limit\":{\"value\":0,\"from\":\"port\"}}");
	check_json(VIEW_POLICY, policy, "{\"sort\": \"key\", \"limit\": 1}",
		   "{\"bpdu\":{\"value\":\"filter\",\"from\":\"default\"}}");
	check_json(VIEW_STATUS, "{\"name\":\"lab\"}", "{\"limit\": 0}", "{\"name\":\"lab\"}");
}

static void words_are_taken_out_of_parameters(void **state)
{
	json_t *params = json_loads(
		"{\"name\": \"a\", \"sort\": \"age\", \"limit\": 1, \"where\": {\"x\": \"y\"}}", 0,
		NULL);
	json_t *selection = select_take(params);

	(void)state;
	assert_int_equal(json_object_size(selection), 3);
	assert_int_equal(json_object_size(params), 1);
	assert_non_null(json_object_get(params, "name"));
	json_decref(selection);
	json_decref(params);
}

RUN_TESTS(TEST(rows_are_sorted_and_chosen), TEST(other_shapes),
	  TEST(words_are_taken_out_of_parameters))
