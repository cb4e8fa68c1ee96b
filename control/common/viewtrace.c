// SPDX-License-Identifier: BSD-3-Clause
// Prints traced frames.
#include <string.h>

#include "control/common/table.h"
#include "control/common/view.h"

enum { HEX_SHOWN = 128 }; // digits; with -j, all are shown

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

// Prints [key value (from), …]
static void print_traced_keys(FILE *out, const json_t *keys)
{
	char value[TABLE_CELL];
	size_t i;
	json_t *key;

	json_array_foreach(keys, i, key) {
		table_plain_cell(json_object_get(key, "value"), value);
		fprintf(out, "%s%s %s (%s)", i ? ", " : " [", text_of(key, "key"), value,
			text_of(key, "from"));
	}
	fputs(i ? "]\n" : "\n", out);
}

static void print_traced_frames(FILE *out, const json_t *frames)
{
	size_t i;
	json_t *frame;

	json_array_foreach(frames, i, frame) {
		const char *hex = json_string_value(frame);
		fprintf(out, "       %.*s%s\n", HEX_SHOWN, hex, strlen(hex) > HEX_SHOWN ? "…" : "");
	}
}

static void print_traced_events(FILE *out, const json_t *events)
{
	size_t i;
	json_t *event;

	json_array_foreach(events, i, event) {
		fputs("  would report    ", out);
		view_print(out, VIEW_EVENT, event, false);
	}
}

// Prints which frame it was.
static void print_last_drop(FILE *out, const json_t *d)
{
	double ago = json_number_value(json_object_get(d, "seconds_ago"));
	long long length = json_integer_value(json_object_get(d, "length")),
		  kept = json_integer_value(json_object_get(d, "kept"));

	fprintf(out, "dropped %.*f s ago as %s, %lld bytes", ago < 10, ago, text_of(d, "reason"),
		length);
	if (kept < length)
		fprintf(out, " (the switch kept the first %lld)", kept);
	fputs("; now the switch would do this:\n", out);
}

static void print_traced_frame(FILE *out, size_t number, const json_t *story)
{
	const char *outcome = text_of(story, "outcome");
	bool arrives = !strcmp(outcome, "forwarded") || !strcmp(outcome, "flooded");
	size_t i;
	json_t *o;

	if (json_object_get(story, "last_drop"))
		print_last_drop(out, json_object_get(story, "last_drop"));
	fprintf(out, "frame %zu on %s: %s%s\n", number, text_of(story, "port"),
		arrives ? "" : "dropped, ", outcome);
	json_array_foreach(json_object_get(story, "steps"), i, o) {
		fprintf(out, "  %2lld %-12s %-11s %s",
			(long long)json_integer_value(json_object_get(o, "step")),
			text_of(o, "name"), text_of(o, "result"), text_of(o, "text"));
		print_traced_keys(out, json_object_get(o, "policy"));
	}
	json_array_foreach(json_object_get(story, "ports"), i, o) {
		fprintf(out, "  %-15s %-11s %s", text_of(o, "port"), text_of(o, "result"),
			text_of(o, "text"));
		print_traced_keys(out, json_object_get(o, "policy"));
		print_traced_frames(out, json_object_get(o, "frames"));
	}
	print_traced_events(out, json_object_get(story, "events"));
}

void view_trace(FILE *out, const json_t *stories)
{
	size_t i;
	json_t *story;

	json_array_foreach(stories, i, story)
		print_traced_frame(out, i + 1, story);
}
