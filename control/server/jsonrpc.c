// SPDX-License-Identifier: BSD-3-Clause
#include "control/server/jsonrpc.h"

#include <string.h>

#include "control/common/error.h"

enum {
	PARSE_ERROR = -32700,
	REQUEST_INVALID = -32600,
};

static json_t *error_reply(json_t *id, int code, const char *text)
{
	return json_pack("{s:s, s:{s:i, s:s}, s:o}", "jsonrpc", "2.0", "error", "code", code,
			 "message", text, "id", id ? json_incref(id) : json_null());
}

static bool is_request(const json_t *o)
{
	const char *version = json_string_value(json_object_get(o, "jsonrpc"));
	const json_t *params = json_object_get(o, "params"), *id = json_object_get(o, "id");

	return version && !strcmp(version, "2.0") && json_is_string(json_object_get(o, "method")) &&
	       (!params || json_is_object(params)) &&
	       (!id || json_is_string(id) || json_is_number(id) || json_is_null(id));
}

static json_t *carry_out(const json_t *request, jsonrpc_call_fn call, void *arg)
{
	struct error e = {0};
	json_t *id = json_object_get(request, "id");

	if (!is_request(request))
		return error_reply(
			NULL, REQUEST_INVALID,
			"not a JSON-RPC 2.0 request (jsonrpc: \"2.0\", method: a string, params: an object, id)");
	json_t *result = call(arg, json_string_value(json_object_get(request, "method")),
			      json_object_get(request, "params"), &e);
	if (id && result)
		return json_pack("{s:s, s:o, s:O}", "jsonrpc", "2.0", "result", result, "id", id);
	json_decref(result);
	return id ? error_reply(id, e.code, e.text) : NULL;
}

json_t *jsonrpc_answer(const char *text, size_t len, jsonrpc_call_fn call, void *arg)
{
	json_error_t why;
	json_t *request = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

	if (!request)
		return error_reply(NULL, PARSE_ERROR, why.text);
	json_t *reply = carry_out(request, call, arg);
	json_decref(request);
	return reply;
}
