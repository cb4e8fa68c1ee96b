// SPDX-License-Identifier: BSD-3-Clause
// trace: the command `trace`, which reads frames and asks the switch about them.
#pragma once

#include "control/cli/client.h"
#include "control/cli/commands.h"

// Runs the command. Returns the exit status.
int trace_run(struct session *s, const struct command *c, json_t *params);
