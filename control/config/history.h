// SPDX-License-Identifier: BSD-3-Clause
// history: the configurations that a live switch has had so far, each with a number.
//
// Model     A change that makes another configuration gets the next number, from 1 on; a number
//           means the same for ever. What counts is the text of a configuration, so a change that
//           changes nothing has none. The history knows, too, what the file of `run` holds, as far
//           as the switch has seen it. It begins anew with the switch.
// Threads   The control thread.
// Ownership history_destroy() frees all of it; a revision is there until the next history_note().
// Limits    The last 100, and of them as many as have 64 MiB of text together.
#pragma once

#include "control/config/config.h"

enum { HISTORY_MAX = 100, HISTORY_BYTES = 64 << 20, HISTORY_WHAT = 256 };

struct revision {
	unsigned number;
	double time;             // seconds since 1970
	char what[HISTORY_WHAT]; // what made it
	char *text;
};

struct history {
	unsigned count, last; // last: the number that was given last
	size_t bytes;
	char *file; // that `run` was started with, by its whole path
	char *held; // the text of the configuration in it, when it was read or written last
	struct revision revision[HISTORY_MAX]; // the oldest first
};

// NULL: no memory. file: that of `run`; it holds the configuration that the switch starts with.
struct history *history_create(const char *file, const struct config *c);
void history_destroy(struct history *h);

// The file of `run`, by its whole path.
const char *history_path(const struct history *h);

// Notes the configuration that runs now, and what made it.
void history_note(struct history *h, const struct config *c, const char *what);

// Notes what the file holds.
void history_note_file(struct history *h, const struct config *c);

// NULL: there is none of this number, or none any more. The newest one is what runs.
const struct revision *history_find(const struct history *h, unsigned number);
const struct revision *history_newest(const struct history *h);

// Whether a text is that of a configuration which the switch has had, or that its file held.
bool history_knows(const struct history *h, const char *text);
