// SPDX-License-Identifier: BSD-3-Clause
// line: a command line of nestctl, options and command: carried out, or completed.
#pragma once

#include "control/cli/client.h"
#include "control/cli/complete.h"

enum { LINE_EMPTY = -1 };

// Carries out what argv says behind argv[0]; its options hold for this command. Returns the exit
// status; or LINE_EMPTY where there is no command: then the session gets the options.
int line_carry_out(struct session *in, int argc, char **argv);

// What may stand in the place of argv's last word, which may be empty. The names are the switch's.
void line_complete(const struct session *in, const struct completion *to, int argc, char **argv);
