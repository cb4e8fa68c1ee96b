// SPDX-License-Identifier: BSD-3-Clause
// complete: what may stand in the place of a command's last word.
//
// Model   The words before it are followed through the table of commands, none of them is checked.
//         What may come next is told one by one: words that begin as the last word does, and what
//         else is expected there.
#pragma once

#include <jansson.h>

#include "control/cli/commands.h"

struct completion {
	void (*offer)(void *arg, const char *word, const char *help);
	void (*expect)(void *arg, enum argument_kind kind, const char *value,
		       const char *help); // some other word
	void *arg;
	json_t *(*names)(void *names_arg, enum argument_kind kind); // of what the switch has: an
								    // array; NULL: not known
	void *names_arg;
};

// What the value of an option may be that begins so.
void complete_option(const struct completion *to, const struct command_option *o,
		     const char *begun);

// begun is the last word, which may be empty; words are those before it, NULL behind them.
void complete_command(const struct completion *to, char *const *words, const char *begun);
