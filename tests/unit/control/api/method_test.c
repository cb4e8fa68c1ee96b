// SPDX-License-Identifier: BSD-3-Clause
// Calls of methods: lookup, parameters and refusals.

#define _GNU_SOURCE
#include <event2/event.h>
#include <string.h>

#include "control/api/confirm.h"
#include "control/api/control.h"
#include "control/api/method.h"
#include "control/common/error.h"
#include "control/config/config.h"
#include "control/config/history.h"
#include "control/server/methods.h"
#include "control/switch/switch.h"
#include "tests/unit/folder.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

static const char text[] = "port-groups: [{name: g}]\n"
			   "ports: [{name: a, device: 'null:'}, {name: bb, device: 'null:'}]\n";

static struct event_base *base;
static struct control k;

static int set_up(void **state)
{
	int failed = folder_open(state);

	base = event_base_new();
	k = (struct control){.sw = test_switch(text, SWITCH_REPLAY), .methods = methods_all};
	k.history = history_create(folder_write("lab.yaml", text), k.sw->config);
	k.confirm = confirm_create(base, k.sw, k.history);
	return failed || !k.history || !k.confirm;
}

static int tear_down(void **state)
{
	confirm_destroy(k.confirm);
	history_destroy(k.history);
	switch_destroy(k.sw);
	event_base_free(base);
	return folder_close(state);
}

static json_t *params_of(const char *json)
{
	json_error_t why;
	json_t *params = json ? json_loads(json, 0, &why) : NULL;

	CHECK(params || !json, "%s: %s", json, why.text);
	return params;
}

static json_t *call(const char *method, const char *json, struct error *e)
{
	json_t *params = params_of(json), *result = method_call(&k, method, params, e);

	json_decref(params);
	return result;
}

static void succeeds(const char *method, const char *json)
{
	struct error e;
	json_t *result = call(method, json, &e);

	CHECK(result, "%s %s: %s", method, json, e.text);
	json_decref(result);
}

static void found(void **state)
{
	(void)state;
	assert_non_null(method_find(&k, "status"));
	assert_string_equal(method_find(&k, "trace")->name, "trace"); // in any table
	assert_null(method_find(&k, ""));
	assert_null(method_find(&k, "Status"));
	assert_null(method_find(&k, "stat"));
	k.methods = (const struct method *const[]){NULL};
	assert_null(method_find(&k, "status"));
}

// Names are unique, and methods that other modules run are marked.
static void the_tables(void **state)
{
	(void)state;
	for (const struct method *const *t = methods_all; *t; t++)
		for (const struct method *m = *t; m->name; m++) {
			assert_ptr_equal(method_find(&k, m->name), m);
			CHECK(!m->call == !!(m->flags & METHOD_STREAM), "%s", m->name);
		}
}

// Parameters that give a method a name, if it has one.
static const char *named_a(const struct method *m)
{
	return m->params && !strcmp(*m->params, "name") ? "{\"name\": \"a\"}" : NULL;
}

// A public method changes nothing.
static void public_methods_show_only(void **state)
{
	unsigned count = 0;
	struct error e;

	(void)state;
	for (const struct method *const *t = methods_all; *t; t++)
		for (const struct method *m = *t; m->name; m++) {
			if (!(m->flags & METHOD_PUBLIC))
				continue;
			json_t *result = call(m->name, named_a(m), &e);
			// 'a' is no group and no mirror.
			if (!strncmp(m->name, "group.", 6) || !strncmp(m->name, "mirror.", 7))
				assert_null(result);
			else
				CHECK(result, "%s: %s", m->name, e.text);
			json_decref(result);
			count++;
		}
	assert_in_range(count, 8, 30);
	assert_int_equal(k.sw->applied, 1);
}

static void refusals(void **state)
{
	static const struct {
		const char *method, *params;
		int code;
		const char *names; // part of the message
	} cases[] = {
		{"", "{}", METHOD_UNKNOWN, "''"},
		{"port.shaw", "{}", METHOD_UNKNOWN, "'port.show'"},
		{"sattus", NULL, METHOD_UNKNOWN, "'status'"},
		{"monitor", "{}", METHOD_REFUSED, "'monitor'"},
		{"capture", "{}", METHOD_REFUSED, "'capture'"},
		// unknown parameters: without them the method would do more than was asked for
		{"fdb.flush", "{\"prt\": \"a\"}", PARAMS_INVALID, "'prt' (did you mean 'port'?)"},
		{"fdb.del", "{\"mac\": \"02:00:00:00:00:01\", \"vlan\": 1, \"port\": \"a\"}",
		 PARAMS_INVALID, "'port'"},
		{"port.show", "{\"names\": \"a\"}", PARAMS_INVALID, "'name'"},
		{"stats.clear", "{\"port\": \"a\"}", PARAMS_INVALID, "'port' (it has none)"},
		// missing parameters, or parameters of another type
		{"port.set", NULL, PARAMS_INVALID, "'name'"},
		{"port.set", "{}", PARAMS_INVALID, "'name'"},
		{"port.set", "{\"name\": 5}", PARAMS_INVALID, "'name'"},
		{"port.set", "{\"name\": null}", PARAMS_INVALID, "'name'"},
		{"port.set", "{\"name\": [\"a\"]}", PARAMS_INVALID, "'name'"},
		{"port.show", "{\"name\": 5}", PARAMS_INVALID, "'name'"},
		{"stats.show", "{\"port\": {}}", PARAMS_INVALID, "'port'"},
		{"port.set", "{\"name\": \"a\"}", PARAMS_INVALID, "'set'"},
		{"port.set", "{\"name\": \"a\", \"set\": []}", PARAMS_INVALID, "'set'"},
		{"port.unset", "{\"name\": \"a\", \"keys\": {}}", PARAMS_INVALID, "'keys'"},
		{"policy.set", "{\"set\": \"mac-limit 5\"}", PARAMS_INVALID, "'set'"},
		{"config.apply", "{}", PARAMS_INVALID, "'text'"},
		{"config.apply", "{\"text\": 1}", PARAMS_INVALID, "'text'"},
		{"config.rollback", "{}", PARAMS_INVALID, "'number'"},
		{"events.show", "{\"count\": 0}", METHOD_USAGE, "'0'"},
		{"events.show", "{\"count\": -1}", METHOD_USAGE, "'-1'"},
		{"events.show", "{\"count\": 1001}", METHOD_USAGE, "1000"},
		{"events.show", "{\"count\": \"x\"}", METHOD_USAGE, "'x'"},
		{"events.show", "{\"count\": 1.5}", METHOD_USAGE, "count"},
		{"events.show", "{\"count\": []}", METHOD_USAGE, "count"},
		{"config.apply", "{\"text\": \"ports: []\", \"confirm\": 0}", METHOD_USAGE, "'0'"},
		// invalid values
		{"port.set", "{\"name\": \"a\", \"set\": {\"mac-limit\": \"x\"}}", METHOD_USAGE,
		 "'x'"},
		{"port.set", "{\"name\": \"a\", \"set\": {\"mac-limit\": [1]}}", METHOD_USAGE,
		 "mac-limit"},
		{"port.set", "{\"name\": \"a\", \"set\": {\"mac-limt\": 1}}", METHOD_USAGE,
		 "'mac-limit'"},
		{"port.unset", "{\"name\": \"a\", \"keys\": [1]}", METHOD_USAGE, "''"},
		{"port.unset", "{\"name\": \"a\", \"keys\": [\"device\"]}", METHOD_USAGE, "'a'"},
		{"port.add", "{\"name\": \"x/y\", \"set\": {\"device\": \"null:\"}}", METHOD_USAGE,
		 "'x/y'"},
		{"port.add", "{\"name\": \"c\"}", METHOD_USAGE, "device"},
		{"config.apply", "{\"text\": \"ports: [\", \"file\": \"f.yaml\"}", METHOD_USAGE,
		 "f.yaml:2:1"},
		{"config.check", "{\"text\": \"ports: [{name: c}]\"}", METHOD_USAGE, "'c'"},
		{"fdb.add", "{\"port\": \"a\"}", METHOD_USAGE, "MAC"},
		// valid requests that fail
		{"port.set", "{\"name\": \"bbb\", \"set\": {}}", METHOD_REFUSED, "'bb'"},
		{"port.add", "{\"name\": \"a\", \"set\": {\"device\": \"null:\"}}", METHOD_REFUSED,
		 "'a'"},
		{"port.set", "{\"name\": \"a\", \"set\": {\"port-group\": \"h\"}}", METHOD_REFUSED,
		 "'h'"},
		{"stats.show", "{\"port\": \"z\"}", METHOD_REFUSED, "'z'"},
		{"group.show", "{\"name\": \"a\"}", METHOD_REFUSED, "'a'"},
		{"group.add", "{\"name\": \"g\"}", METHOD_REFUSED, "'g'"},
		{"config.rollback", "{\"number\": 7}", METHOD_REFUSED, "7"},
		{"config.confirm", "{}", METHOD_REFUSED, "confirm"},
		{"policy.set", "{\"set\": {\"mac-limit\": 1000000}}", METHOD_REFUSED, "2000000"},
		{"config.apply", "{\"text\": \"dataplane: {workers: 2}\\nports: []\"}",
		 METHOD_REFUSED, "workers"},
	};

	(void)state;
	const struct config *before = k.sw->config;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error e = {.code = 99, .text = "old"};
		assert_null(call(cases[i].method, cases[i].params, &e));
		CHECK(e.code == cases[i].code && strstr(e.text, cases[i].names), "%s %s: %d, %s",
		      cases[i].method, cases[i].params, e.code, e.text);
	}
	assert_ptr_equal(k.sw->config, before);
	assert_int_equal(k.sw->applied, 1);
	assert_int_equal(history_newest(k.history)->number, 1);
}

static void call_with(const struct method *m, const char *name, const char *value)
{
	json_t *params = named_a(m) ? params_of(named_a(m)) : json_object();
	struct error e;

	json_object_set_new(params, name,
			    json_loads(value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
	json_t *result = method_call(&k, m->name, params, &e);
	CHECK(result || (e.code && *e.text), "%s: no error", m->name);
	json_decref(result);
	json_decref(params);
}

// With any values, a method has a result, or an error with code and text.
static void any_parameters(void **state)
{
	static const char *const values[] = {"null",  "true",          "-1",           "1.5",
					     "\"\"",  "\"a\\u0000b\"", "[]",           "{}",
					     "\"a\"", "[\"a\", 1]",    "{\"mtu\": {}}"};

	(void)state;
	for (const struct method *const *t = methods_all; *t; t++)
		for (const struct method *m = *t; m->name; m++)
			for (const char *const *p = m->params; p && *p; p++)
				for (size_t i = 0; i < COUNT(values); i++)
					call_with(m, *p, values[i]);
}

// An error without a code gets one.
static json_t *refuse(struct control *c, const json_t *params, struct error *e)
{
	(void)c;
	if (params)
		error_set(e, "no");
	return NULL;
}

static void errors_are_completed(void **state)
{
	static const char *const names[] = {"x", NULL};
	static const struct method table[] = {{"refuse", refuse, 0, NULL, names}, {0}};
	struct error e;

	(void)state;
	k.methods = (const struct method *const[]){table, NULL};
	assert_null(call("refuse", "{\"x\": 1}", &e));
	assert_int_equal(e.code, METHOD_REFUSED);
	assert_string_equal(e.text, "no");
	assert_null(call("refuse", NULL, &e));
	assert_int_equal(e.code, METHOD_REFUSED);
	assert_true(*e.text);
	assert_null(method_refuse(&e, -5, "%s", "a\nb"));
	assert_int_equal(e.code, -5);
	assert_null(strchr(e.text, '\n'));
}

// The history has a request as it would be typed at the prompt.
static void how_changes_are_noted(void **state)
{
	static const struct {
		const char *method, *params, *what;
	} cases[] = {
		{"port.add", "{\"set\": {\"device\": \"null:\", \"mtu\": 1400}, \"name\": \"c\"}",
		 "port add c device null: mtu 1400"},
		{"port.set",
		 "{\"name\": \"c\", \"set\": {\"mac-learning\": false, \"mtu\": \"1450\"}}",
		 "port set c mac-learning off mtu 1450"},
		{"port.unset", "{\"name\": \"c\", \"keys\": [\"mtu\", \"mac-learning\"]}",
		 "port unset c mtu mac-learning"},
		{"port.disable", "{\"name\": \"a\"}", "port disable a"},
		{"fdb.add", "{\"vlan\": 7, \"mac\": \"02:00:00:00:00:01\", \"port\": \"a\"}",
		 "fdb add 02:00:00:00:00:01 vlan 7 port a"},
		{"policy.set", "{\"set\": {\"mac-limit\": 7}}", "policy set mac-limit 7"},
		{"config.rollback", "{\"number\": 1}", "config rollback 1"},
		{"config.apply", "{\"text\": \"ports: []\", \"file\": \"a b.yaml\"}",
		 "config apply a b.yaml"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		succeeds(cases[i].method, cases[i].params);
		const struct revision *r = history_newest(k.history);
		CHECK(r->number == i + 2 && !strcmp(r->what, cases[i].what), "%u: %s", r->number,
		      r->what);
	}
	succeeds("config.apply", "{\"text\": \"ports: []\"}"); // the configuration stays the same
	assert_int_equal(history_newest(k.history)->number, COUNT(cases) + 1);
}

static void long_ones_are_cut(void **state)
{
	json_t *params = params_of("{\"text\": \"ports: []\"}");
	char file[2 * HISTORY_WHAT];
	struct error e;

	(void)state;
	memset(file, 'x', sizeof file - 1);
	file[sizeof file - 1] = 0;
	file[3] = '\n';
	json_object_set_new(params, "file", json_string(file));
	json_t *result = method_call(&k, "config.apply", params, &e);
	CHECK(result, "%s", e.text);
	json_decref(result);
	json_decref(params);
	const char *what = history_newest(k.history)->what;
	assert_int_equal(strlen(what), HISTORY_WHAT - 1);
	assert_memory_equal(what, "config apply xxx", 16);
	assert_null(strchr(what, '\n'));
}

static void without_a_history(void **state)
{
	struct history *h = k.history;

	(void)state;
	k.history = NULL;
	succeeds("port.disable", "{\"name\": \"a\"}");
	k.history = h;
	assert_int_equal(history_newest(h)->number, 1);
}

// Warnings that the previous configuration did not have, and those about a key that is set.
static size_t warnings_of(const char *method, const char *json)
{
	struct error e;
	json_t *result = call(method, json, &e);
	size_t n = json_array_size(json_object_get(result, "warnings"));

	CHECK(result, "%s: %s", method, e.text);
	json_decref(result);
	return n;
}

static void warnings(void **state)
{
	static const char ghost[] = "{\"name\": \"a\", \"set\": {\"mac-learning\": \"off\"}}";

	(void)state;
	assert_int_equal(warnings_of("port.set", ghost), 1);
	assert_int_equal(warnings_of("port.set", ghost), 1);
	assert_int_equal(warnings_of("port.set", "{\"name\": \"a\", \"set\": {\"mac-limit\": 7}}"),
			 0);
	assert_int_equal(
		warnings_of("port.set", "{\"name\": \"bb\", \"set\": {\"mac-learning\": false}}"),
		1);
	assert_int_equal(warnings_of("port.disable", "{\"name\": \"a\"}"), 0);
	assert_int_equal(warnings_of("config.check",
				     "{\"text\": \"ports: [{name: a, device: 'null:', "
				     "policy: {mac-learning: off}}]\"}"),
			 1); // each alone
}

// Until a configuration is confirmed, each change warns of the rollback.
static void not_confirmed(void **state)
{
	(void)state;
	assert_int_equal(warnings_of("config.apply", "{\"text\": \"ports: []\", \"confirm\": 60}"),
			 1);
	assert_int_equal(warnings_of("policy.set", "{\"set\": {\"mac-limit\": 7}}"), 1);
	succeeds("config.confirm", "{}");
	assert_int_equal(warnings_of("policy.set", "{\"set\": {\"mac-limit\": 8}}"), 0);
}

static void scalars(void **state)
{
	static const struct {
		const char *json, *text; // NULL: absent
	} cases[] = {
		{"\"x\"", "x"},
		{"\"\"", ""},
		{"-5", "-5"},
		{"9223372036854775807", "9223372036854775807"},
		{"true", "on"},
		{"false", "off"},
		{"1.5", NULL},
		{"null", NULL},
		{"[]", NULL},
		{"{}", NULL},
		{"\"1234567890123456789012345678901\"", "1234567890123456789012345678901"},
		{"\"12345678901234567890123456789012\"", NULL}, // too long with its zero byte
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *v = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);
		char out[32];
		bool good = param_scalar(v, out, sizeof out);
		CHECK(good == !!cases[i].text && (!good || !strcmp(out, cases[i].text)), "%s: %s",
		      cases[i].json, out);
		json_decref(v);
	}
	assert_false(param_scalar(NULL, (char[8]){0}, 8));
}

static void numbers(void **state)
{
	static const struct {
		const char *json;
		bool good;
		uint64_t number;
	} cases[] = {
		{"{}", true, 77},
		{"{\"n\": 5}", true, 5},
		{"{\"n\": \"5\"}", true, 5},
		{"{\"n\": 10}", true, 10},
		{"{\"n\": 4}", false, 0},
		{"{\"n\": 11}", false, 0},
		{"{\"n\": -5}", false, 0},
		{"{\"n\": 5.0}", false, 0},
		{"{\"n\": \"5 \"}", false, 0},
		{"{\"n\": null}", false, 0},
		{"{\"n\": \"\"}", false, 0},
		{"{\"n\": 9223372036854775807}", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *params = params_of(cases[i].json);
		uint64_t number = 77;
		struct error e = {.code = 0};
		bool good = param_number(params, "n", (struct param_range){5, 10, NULL}, &number,
					 &e);
		CHECK(good == cases[i].good && (!good || number == cases[i].number), "%s: %llu",
		      cases[i].json, (unsigned long long)number);
		assert_int_equal(e.code, good ? 0 : METHOD_USAGE);
		json_decref(params);
	}
}

#define METHOD_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

RUN_TESTS(METHOD_TEST(found), METHOD_TEST(the_tables), METHOD_TEST(public_methods_show_only),
	  METHOD_TEST(refusals), METHOD_TEST(any_parameters), METHOD_TEST(errors_are_completed),
	  METHOD_TEST(how_changes_are_noted), METHOD_TEST(long_ones_are_cut),
	  METHOD_TEST(without_a_history), METHOD_TEST(warnings), METHOD_TEST(not_confirmed),
	  TEST(scalars), TEST(numbers))
