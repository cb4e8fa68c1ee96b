// SPDX-License-Identifier: BSD-3-Clause
// Arbitrary requests, one a line, to a switch for replay. Each gets a result or an error. After
// every change the configuration can be shown and applied again.
#include <string.h>

#include "control/api/control.h"
#include "control/api/describe.h"
#include "control/api/method.h"
#include "control/common/error.h"
#include "dataplane/fdb.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/testswitch.h"

static struct control control;
static char *shown; // after the last request

static void start(void)
{
	testswitch_start(&control, event_base_new(), NULL);
	testswitch_offer(&control, false);
}

// The visible effects of received frames.
static char *seen(void)
{
	struct fdb_filter all = {.port = -1, .type = -1};
	bool more;
	json_t *o = json_pack("[o, o]", describe_ports(control.sw),
			      describe_fdb(control.sw, &all, 0, 256, &more));
	char *text = json_dumps(o, 0);

	json_decref(o);
	MUST(text);
	return text;
}

// Traces of frames must have no visible effects.
static json_t *called_trace(const json_t *params, struct error *e)
{
	char *before = seen();
	json_t *result = method_call(&control, "trace", params, e);
	char *after = seen();

	MUST(!strcmp(before, after), "%s\nbecame:\n%s", before, after);
	free(before);
	free(after);
	return result;
}

// The shown configuration must be valid. A refused request must not have changed it.
static void check_config(const json_t *result)
{
	char *after = testswitch_shown(&control);

	if (strcmp(shown, after) != 0) {
		MUST(result, "refused, but:\n%s\nbecame:\n%s", shown, after);
		testswitch_check_shown(after);
	}
	free(shown);
	shown = after;
}

static void call(const char *name, const json_t *params)
{
	struct error e = {0};
	json_t *result = strcmp(name, "trace") != 0 ? method_call(&control, name, params, &e)
						    : called_trace(params, &e);

	MUST(result ? !e.code : e.code && *e.text, "%s: %d %s", name, e.code, e.text);
	testswitch_check_line(e.text);
	char *text = result ? json_dumps(result, JSON_ENCODE_ANY) : NULL;
	MUST(!result == !text);
	free(text);
	check_config(result);
	json_decref(result);
}

static void request(const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL),
	       *params = json_object_get(o, "params");
	const char *name = json_string_value(json_object_get(o, "method"));
	const struct method *m = name ? method_find(&control, name) : NULL;

	// The control socket carries out the others.
	if (name && (!m || m->call) && (!params || json_is_object(params)))
		call(name, params);
	json_decref(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;

	if (!control.sw)
		start();
	testswitch_reset(&control);
	shown = testswitch_shown(&control);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)),
			   *stop = newline ? newline : end;
		request(at, (size_t)(stop - at));
		at = stop + 1;
	}
	free(shown);
	testswitch_check(&control);
	return 0;
}
