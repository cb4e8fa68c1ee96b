// SPDX-License-Identifier: BSD-3-Clause
// history: the numbered configurations of a live switch.
//
// Model     Each new configuration gets the next number, starting with 1. A number is never used
//           again. Configurations are compared by their text, therefore a change without effect
//           gets no number. The history also knows the text of the configuration file, as the
//           switch last read or wrote it. It starts empty with the switch.
// Threads   The control thread.
// Ownership history_destroy() frees all of it. A revision is valid until the next history_note().
// Limits    The last 100 configurations, with at most 64 MiB of text together.
#pragma once

#include "control/config/config.h"

enum { HISTORY_MAX = 100, HISTORY_BYTES = 64 << 20, HISTORY_WHAT = 256 };

struct revision {
	unsigned number;
	double time;             // seconds since 1970
	char what[HISTORY_WHAT]; // the command or cause
	char *text;
};

struct history {
	unsigned count, last; // last: the newest number
	size_t bytes;
	char *file; // absolute path of the configuration file; NULL: the switch has none
	char *held; // text of its configuration, when it was last read or written
	struct revision revision[HISTORY_MAX]; // oldest first
};

// NULL: no memory. file: the configuration file, which contains c; NULL: there is none.
struct history *history_create(const char *file, const struct config *c);
void history_destroy(struct history *h);

// The absolute path of the configuration file. NULL: the switch was started without one.
const char *history_path(const struct history *h);

// Notes the running configuration. what: the command or cause that made it.
void history_note(struct history *h, const struct config *c, const char *what);

// Notes the configuration in the file.
void history_note_file(struct history *h, const struct config *c);

// Finds a configuration by its number. NULL: there is none, or it is no longer kept.
const struct revision *history_find(const struct history *h, unsigned number);

// The running configuration.
const struct revision *history_newest(const struct history *h);

// Whether a text is that of a kept configuration or of the file.
bool history_knows(const struct history *h, const char *text);
