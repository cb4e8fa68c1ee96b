// SPDX-License-Identifier: BSD-3-Clause
// watch: a table again and again.
//
// Model   One connection asks for the result every `interval` seconds, `count` times or until it is
//         ended. On a terminal the table is redrawn in place, on a screen of its own, cut to the
//         window; q or Ctrl-C ends it and brings back what was there. Elsewhere one table follows
//         the other; as JSON, one document a line.
// Errors  the exit status.
#pragma once

#include "control/cli/client.h"
#include "control/cli/commands.h"

// Carries out a command `watch`.
int watch_run(struct session *s, const struct command *c, json_t *params);
