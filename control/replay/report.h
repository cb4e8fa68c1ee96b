// SPDX-License-Identifier: BSD-3-Clause
// report: counters, MAC table and events of a replay, as JSON or as tables.
#pragma once

#include "control/replay/player.h"
#include "control/switch/state.h"
#include "dataplane/event.h"

struct inputs;
struct report;

// NULL: it printed why.
struct report *report_create(const struct vswitch *sw);
void report_destroy(struct report *r);

void report_event(struct report *r, const struct event *e);

// Writes the file; "-" is standard output. False: it printed why.
bool report_write(struct report *r, const char *path, const struct player *p,
		  const struct inputs *in);

// Prints tables.
void report_print(const struct player *p, const struct inputs *in);
