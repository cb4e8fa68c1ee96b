// SPDX-License-Identifier: BSD-3-Clause
// watch: the commands `watch`, which refresh a table.
//
// Model   One connection requests the result every `interval` seconds, `count` times or until the
//         user quits. On a terminal, the table is redrawn in place, clipped to the window. q or
//         Ctrl-C quits and restores the terminal. Elsewhere, one table follows the other; as JSON,
//         one document a line.
// Errors  The exit status.
#pragma once

#include "control/cli/client.h"
#include "control/cli/commands.h"

// Runs a command `watch`.
int watch_run(struct session *s, const struct command *c, json_t *params);
