// SPDX-License-Identifier: BSD-3-Clause
// `nestctl trace`: puts a frame in hex, or the frames of a capture, into the request.
#include <stdlib.h>
#include <string.h>

#include "control/cli/trace.h"

#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/common/complain.h"
#include "control/pcap/captures.h"
#include "control/pcap/record.h"

static json_t *bytes_to_hex(const uint8_t *data, uint32_t len)
{
	char *text = malloc(2 * (size_t)len + 1);

	for (uint32_t i = 0; text && i < len; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
	json_t *hex = text ? json_stringn(text, 2 * (size_t)len) : NULL;
	free(text);
	return hex;
}

// Reads all frames of a capture. Their times are relative to the first one.
static void read_frames(struct captures *in, json_t *frames)
{
	struct capture_record r;
	char text[CAPTURE_ERROR];
	enum capture_status status;
	uint64_t first = 0;

	while ((status = captures_next(in, &r, text)) != CAPTURE_END) {
		if (status == CAPTURE_WARNING) {
			complain("warning: %s", text);
			continue;
		}
		if (!json_array_size(frames))
			first = r.ns;
		json_array_append_new(
			frames, json_pack("{s:o, s:I}", "hex", bytes_to_hex(r.data, r.captured),
					  "ns", (json_int_t)(r.ns > first ? r.ns - first : 0)));
	}
}

static bool read_capture(const char *path, json_t *frames)
{
	struct captures *in = captures_create();
	char text[CAPTURE_ERROR] = "out of memory";
	bool opened = in && captures_add(in, path, text);

	if (opened)
		read_frames(in, frames);
	else
		complain("%s", text);
	captures_destroy(in);
	return opened;
}

int trace_run(struct session *s, const struct command *c, json_t *params)
{
	const char *hex = json_string_value(json_object_get(params, "frame")),
		   *pcap = json_string_value(json_object_get(params, "pcap"));
	json_t *frames = json_array(), *result;
	int status = EXIT_USAGE;
	bool last = json_object_get(params, "last-drop");

	if (!last)
		json_object_set(params, "frames", frames);
	if (!!hex + !!pcap + last != 1)
		complain(
			"give a frame, a pcap or last-drop (usage: nestctl trace P frame HEX, nestctl trace P pcap FILE, or nestctl trace P last-drop)");
	else if (last)
		status = EXIT_DONE;
	else if (hex)
		status = json_array_append_new(frames, json_pack("{s:s}", "hex", hex))
				 ? EXIT_REFUSED
				 : EXIT_DONE;
	else
		status = read_capture(pcap, frames) ? EXIT_DONE : EXIT_REFUSED;
	json_object_del(params, "frame"); // the switch is asked with `frames`
	json_object_del(params, "pcap");
	if (!status)
		status = client_ask(s, c, params, &result);
	if (!status) {
		client_show(s, c->view, result);
		json_decref(result);
	}
	json_decref(frames);
	return status;
}
