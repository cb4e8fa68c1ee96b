// SPDX-License-Identifier: BSD-3-Clause
// trace: command `trace`: reads the frames that it asks about.
#pragma once

#include "control/cli/client.h"
#include "control/cli/commands.h"

// Carries the command out. Returns the exit status.
int trace_run(struct session *s, const struct command *c, json_t *params);
