// SPDX-License-Identifier: BSD-3-Clause
// Method "trace": {"port", "frames": [{"hex", "ns", "port"}, …], "clock"}, or {"port", "last-drop":
// true}. Traces frames that
// arrive now, or at `clock` on the switch's clock. `ns` is a frame's delay after that time.
#include <stdlib.h>
#include <string.h>

#include "control/diagnose/method.h"

#include "control/api/control.h"
#include "control/common/error.h"
#include "control/common/json.h"
#include "control/diagnose/trace.h"
#include "control/switch/state.h"
#include "dataplane/counters.h"
#include "dataplane/lastdrop.h"

#define CENTURY_NS INT64_C(3155760000000000000)

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

// Parses bytes in hex. Blanks and colons may separate them. NULL: the text is something else.
static uint8_t *read_hex(const char *text, uint32_t *len)
{
	uint8_t *data = malloc(strlen(text) / 2 + 1);
	uint32_t n = 0;

	while (data && *text) {
		if (*text == ' ' || *text == ':') {
			text++;
			continue;
		}
		int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0) {
			free(data);
			return NULL;
		}
		data[n++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	*len = n;
	return data;
}

// Reads a time in nanoseconds. If it is missing, leaves *ns unchanged.
static bool read_time(const json_t *o, const char *name, uint64_t *ns)
{
	const json_t *v = json_object_get(o, name);

	if (v && (!json_is_integer(v) || json_integer_value(v) < 0 ||
		  json_integer_value(v) > CENTURY_NS))
		return false;
	if (v)
		*ns = (uint64_t)json_integer_value(v);
	return true;
}

static bool read_frame(const struct vswitch *sw, const json_t *params, const json_t *o,
		       struct trace_frame *f, struct error *e, size_t number)
{
	const json_t *own = json_object_get(o, "port");
	const char *port = own ? json_string_value(own) : param_text(params, "port");
	const char *hex = json_string_value(json_object_get(o, "hex"));
	uint64_t clock = switch_now(sw), ns = 0;
	int found = port ? switch_port(sw, port) : -1;

	if (!port)
		return method_refuse(e, PARAMS_INVALID,
				     "frame %zu: parameter 'port' is missing or not a string",
				     number);
	if (found < 0)
		return method_no_port(e, sw->config, port);
	if (!read_time(params, "clock", &clock) || !read_time(o, "ns", &ns))
		return method_refuse(
			e, PARAMS_INVALID,
			"frame %zu: a time is not a number of nanoseconds (up to 100 years)",
			number);
	f->port = (unsigned)found;
	f->ns = clock + ns;
	f->data = hex ? read_hex(hex, &f->len) : NULL;
	if (!f->data)
		return method_refuse(
			e, METHOD_USAGE,
			"frame %zu: not bytes in hex (two digits each; blanks or colons may separate them)",
			number);
	return f->len <= TRACE_FRAME ||
	       method_refuse(e, METHOD_USAGE, "frame %zu is longer than %d bytes", number,
			     TRACE_FRAME);
}

// The newest frame that a port has dropped. Bytes that were not kept are zeros.
static json_t *trace_last_drop(const struct vswitch *sw, const json_t *params, struct error *e)
{
	const char *name = param_wanted(params, "port", e);
	int port = name ? switch_port(sw, name) : -1;
	struct lastdrop d;

	if (!name)
		return NULL;
	if (port < 0)
		return method_no_port(e, sw->config, name);
	if (!switch_last_drop(sw, (unsigned)port, &d))
		return method_refuse(
			e, METHOD_REFUSED,
			"port '%s' has dropped no frame (capture %s direction drop waits for one)",
			name, name);
	uint8_t *data = calloc(1, d.length + 1);
	if (!data)
		return NULL;
	memcpy(data, d.bytes, d.captured);
	struct trace_frame f = {
		.port = (unsigned)port, .ns = switch_now(sw), .len = d.length, .data = data};
	json_t *stories = trace_frames(sw, &f, 1);
	json_object_set_new(json_array_get(stories, 0), "last_drop",
			    json_pack("{s:f, s:s, s:i, s:i}", "seconds_ago",
				      json_thousandths((double)(f.ns - d.ns) / 1e9), "reason",
				      outcome_names[d.reason], "length", (int)d.length, "kept",
				      (int)d.captured));
	free(data);
	return stories;
}

static json_t *trace_method(struct control *k, const json_t *params, struct error *e)
{
	const json_t *list = json_object_get(params, "frames"), *o;
	size_t n = json_array_size(list), i;
	json_t *result = NULL;
	bool good = true;

	if (json_is_true(json_object_get(params, "last-drop")))
		return trace_last_drop(k->sw, params, e);
	if (!n || n > TRACE_FRAMES)
		return method_refuse(e, METHOD_USAGE, "cannot trace %zu frames (1 to %d at a time)",
				     n, TRACE_FRAMES);
	struct trace_frame *frames = calloc(n, sizeof *frames);
	if (!frames)
		return NULL;
	json_array_foreach(list, i, o)
		good = good && read_frame(k->sw, params, o, &frames[i], e, i + 1);
	if (good)
		result = trace_frames(k->sw, frames, n);
	for (i = 0; i < n; i++)
		free((void *)(uintptr_t)frames[i].data);
	free(frames);
	return result;
}

const struct method methods_trace[] = {
	{"trace", trace_method, 0, NULL, PARAMS("port", "frames", "clock", "last-drop")},
	{0},
};
