// SPDX-License-Identifier: BSD-3-Clause
// capture: the command `capture`, which writes frames to files.
#pragma once

#include "control/cli/client.h"
#include "control/cli/commands.h"

// Runs the command. Returns the exit status.
int capture_run(struct session *s, const struct command *c, json_t *params);
