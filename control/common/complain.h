// SPDX-License-Identifier: BSD-3-Clause
// complain: one line on standard error for what went wrong, and the exit status that goes with it.
#pragma once

#include "control/common/error.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,     // refused or failed
	EXIT_USAGE = 2,       // wrong usage or configuration
	EXIT_UNREACHABLE = 3, // nestctl: no switch there
};

// PROGRAM: text
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

// What getopt_long() has refused, with ':' an option without its value, else one that is not there;
// `help` says more.
struct option;
void complain_option(int refused, const char *word, const struct option *longs, const char *help);

// FILE:LINE:COLUMN: text
void complain_error(const char *path, const struct error *e);

// The same, as config_warnings() calls it; path is the file's name.
void complain_warning(void *path, const struct error *e);
