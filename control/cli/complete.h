// SPDX-License-Identifier: BSD-3-Clause
// complete: the candidates for a command's last word.
//
// Model   Follows the words before it through the table of commands, without checking them. Reports
//         the candidates one by one: words that begin like the last word, and placeholders.
#pragma once

#include <jansson.h>

#include "control/cli/commands.h"

struct completion {
	void (*offer)(void *arg, const char *word, const char *help);
	void (*expect)(void *arg, enum argument_kind kind, const char *value,
		       const char *help); // a placeholder for any word of this kind
	void *arg;
	json_t *(*names)(void *names_arg,
			 enum argument_kind kind); // names that the switch knows; NULL: unknown
	void *names_arg;
};

// Candidates for the value of an option.
void complete_option(const struct completion *to, const struct command_option *o,
		     const char *begun);

// begun: the last word, which may be empty. words: those before it, NULL after them.
void complete_command(const struct completion *to, char *const *words, const char *begun);
