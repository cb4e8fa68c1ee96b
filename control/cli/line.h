// SPDX-License-Identifier: BSD-3-Clause
// line: runs or completes a command line of nestctl.
#pragma once

#include "control/cli/client.h"
#include "control/cli/complete.h"

enum { LINE_EMPTY = -1 };

// Runs the command in argv, with its options. Returns the exit status. If there is no command,
// gives the options to the session and returns LINE_EMPTY.
int line_carry_out(struct session *in, int argc, char **argv);

// Reports the candidates for argv's last word, which may be empty. Asks the switch for names.
void line_complete(const struct session *in, const struct completion *to, int argc, char **argv);
