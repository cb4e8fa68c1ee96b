// SPDX-License-Identifier: BSD-3-Clause
// options: the command line of `nestswitch replay`.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/pcap/captures.h"

enum { SOURCES_WORDS = 256 };

struct replay_options {
	const char *config, *out, *report, *expect, *rest, *fail_on;
	const char *in[CAPTURES_MAX]; // PORT=FILE, PORT=FILE:INTERFACE or FILE
	unsigned in_count;
	const char *source[SOURCES_WORDS]; // PORT=MAC[/BITS],…
	unsigned source_count;
	uint64_t until_ns;
	unsigned burst;
	bool update;
	bool frames, json;
	const char *frames_file; // "-": standard output
};

enum options_result { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_WRONG };

// Prints its own help and errors.
enum options_result replay_options_parse(struct replay_options *o, int argc, char **argv);
