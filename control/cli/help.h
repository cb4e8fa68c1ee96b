// SPDX-License-Identifier: BSD-3-Clause
// help: what nestctl can be told: everything, a group of commands, one command with its arguments.
#pragma once

#include <stdbool.h>
#include <stdio.h>

// All commands and options.
void help_print(FILE *out);

// Explains what words name, on standard output: nothing: everything; a group; a group and a verb.
// As JSON: an array of commands, which the manual is made from. Returns the exit status.
int help_explain(char *const *words, bool json);
