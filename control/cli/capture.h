// SPDX-License-Identifier: BSD-3-Clause
// capture: command `capture`: frames into files until there are enough of them, or the user ends
// it.
#pragma once

#include "control/cli/client.h"
#include "control/cli/commands.h"

// Carries the command out. Returns the exit status.
int capture_run(struct session *s, const struct command *c, json_t *params);
