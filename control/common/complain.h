// SPDX-License-Identifier: BSD-3-Clause
// complain: prints one line on standard error for each error. Defines the exit statuses.
#pragma once

#include <stdbool.h>

#include "control/common/error.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,     // the request was refused or failed
	EXIT_USAGE = 2,       // wrong usage or configuration
	EXIT_UNREACHABLE = 3, // nestctl: no switch answers
};

// Prints "PROGRAM: text". Returns false.
bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Prints why getopt_long() refused an option. refused: ':' if the value is missing, else '?'.
// help: the command that explains the options. Returns false.
struct option;
bool complain_option(int refused, const char *word, const struct option *longs, const char *help);

// Prints "FILE:LINE:COLUMN: text".
void complain_error(const char *path, const struct error *e);

// The same, as a callback of config_warnings(). path: the file's name.
void complain_warning(void *path, const struct error *e);
