// SPDX-License-Identifier: BSD-3-Clause
// help: prints the help of nestctl, of a group of commands, or of one command.
#pragma once

#include <stdbool.h>
#include <stdio.h>

// Prints all commands and options.
void help_print(FILE *out);

// Prints the help of the command or group that words name; of nestctl if there are no words. As
// JSON, prints an array of commands, which the manual is made from. Returns the exit status.
int help_explain(char *const *words, bool json);
