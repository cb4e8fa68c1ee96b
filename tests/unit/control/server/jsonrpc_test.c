// SPDX-License-Identifier: BSD-3-Clause
// Valid and invalid requests, and the form of replies.

#include <string.h>

#include "control/common/error.h"
#include "control/server/jsonrpc.h"
#include "tests/unit/kit.h"

enum { PARSE_ERROR = -32700, REQUEST_INVALID = -32600, REFUSED = -7 };

static unsigned calls;

// "echo" returns its parameters. All other methods are refused.
static json_t *call(void *arg, const char *method, const json_t *params, struct error *e)
{
	assert_ptr_equal(arg, &calls);
	calls++;
	if (!strcmp(method, "echo"))
		return params ? json_deep_copy(params) : json_object();
	error_set(e, "no %s", method);
	e->code = REFUSED;
	return NULL;
}

static json_t *answer(const char *text)
{
	calls = 0;
	return jsonrpc_answer(text, strlen(text), call, &calls);
}

// The reply as text. Free it.
static char *reply_to(const char *text)
{
	json_t *reply = answer(text);
	char *out = json_dumps(reply, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(reply);
	return out;
}

#define REQUEST(rest) "{\"jsonrpc\": \"2.0\", \"method\": " rest "}"
#define RESULT(id, result) "{\"id\":" id ",\"jsonrpc\":\"2.0\",\"result\":" result "}"

static void results(void **state)
{
	static const struct {
		const char *text, *reply;
	} cases[] = {
		{REQUEST("\"echo\", \"id\": 1"), RESULT("1", "{}")},
		{REQUEST("\"echo\", \"id\": -9007199254740993, \"params\": {\"a\": [1, {}]}"),
		 RESULT("-9007199254740993", "{\"a\":[1,{}]}")},
		{REQUEST("\"echo\", \"id\": 1.5"), RESULT("1.5", "{}")},
		{REQUEST("\"echo\", \"id\": \"n\\u00e4me\""), RESULT("\"näme\"", "{}")},
		{REQUEST("\"echo\", \"id\": \"\", \"more\": 1"), RESULT("\"\"", "{}")},
		{REQUEST("\"echo\", \"id\": null"), RESULT("null", "{}")}, // not a notification
		{REQUEST("\"other\", \"id\": 7"),
		 "{\"error\":{\"code\":-7,\"message\":\"no other\"},\"id\":7,\"jsonrpc\":\"2.0\"}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *got = reply_to(cases[i].text);
		CHECK(got && !strcmp(got, cases[i].reply), "%s: %s", cases[i].text, got);
		assert_int_equal(calls, 1);
		free(got);
	}
}

// A notification gets no answer, even if it fails.
static void notifications(void **state)
{
	(void)state;
	assert_null(answer(REQUEST("\"echo\"")));
	assert_int_equal(calls, 1);
	assert_null(answer(REQUEST("\"other\", \"params\": {}")));
	assert_int_equal(calls, 1);
}

static void no_requests(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{"", PARSE_ERROR},
		{"nonsense", PARSE_ERROR},
		{"{\"jsonrpc\": \"2.0\"", PARSE_ERROR},
		{REQUEST("\"echo\", \"id\": 1") " x", PARSE_ERROR},
		{REQUEST("\"echo\", \"id\": 1, \"id\": 2"), PARSE_ERROR},
		{REQUEST("\"\xff\", \"id\": 1"), PARSE_ERROR},
		{"null", REQUEST_INVALID},
		{"1", REQUEST_INVALID},
		{"\"echo\"", REQUEST_INVALID},
		{"{}", REQUEST_INVALID},
		{"[]", REQUEST_INVALID},
		{"[" REQUEST("\"echo\", \"id\": 1") "]", REQUEST_INVALID}, // batches are not
									   // supported
		{"{\"method\": \"echo\", \"id\": 1}", REQUEST_INVALID},
		{"{\"jsonrpc\": \"1.0\", \"method\": \"echo\", \"id\": 1}", REQUEST_INVALID},
		{"{\"jsonrpc\": 2.0, \"method\": \"echo\", \"id\": 1}", REQUEST_INVALID},
		{"{\"jsonrpc\": \"2.0\", \"id\": 1}", REQUEST_INVALID},
		{REQUEST("1, \"id\": 1"), REQUEST_INVALID},
		{REQUEST("\"echo\", \"id\": 1, \"params\": [1]"), REQUEST_INVALID},
		{REQUEST("\"echo\", \"id\": 1, \"params\": null"), REQUEST_INVALID},
		{REQUEST("\"echo\", \"id\": {}"), REQUEST_INVALID},
		{REQUEST("\"echo\", \"id\": [1]"), REQUEST_INVALID},
		{REQUEST("\"echo\", \"id\": true"), REQUEST_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *reply = answer(cases[i].text), *e = json_object_get(reply, "error");
		CHECK(json_integer_value(json_object_get(e, "code")) == cases[i].code, "%s",
		      cases[i].text);
		CHECK(json_is_null(json_object_get(reply, "id")), "%s", cases[i].text);
		CHECK(*json_string_value(json_object_get(e, "message")), "%s", cases[i].text);
		assert_null(json_object_get(reply, "result"));
		assert_int_equal(calls, 0);
		json_decref(reply);
	}
}

// The length ends a request, not a zero byte.
static void what_stands_behind_is_not_read(void **state)
{
	static const char text[] = REQUEST("\"echo\", \"id\": 1") "}}}";

	(void)state;
	json_t *reply = jsonrpc_answer(text, strlen(text) - 3, call, &calls);
	assert_non_null(json_object_get(reply, "result"));
	json_decref(reply);
	reply = jsonrpc_answer(text, strlen(text) - 4, call, &calls);
	assert_non_null(json_object_get(reply, "error"));
	json_decref(reply);
}

RUN_TESTS(TEST(results), TEST(notifications), TEST(no_requests),
	  TEST(what_stands_behind_is_not_read))
