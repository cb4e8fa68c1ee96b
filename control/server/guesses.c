// SPDX-License-Identifier: BSD-3-Clause
#include "control/server/guesses.h"

#include <stdio.h>
#include <string.h>

#include "control/common/log.h"

// The row of an address, or the number of rows.
static unsigned find(const struct guesses *g, const char *address)
{
	unsigned i = 0;

	while (i < g->count && strcmp(g->guesser[i].address, address) != 0)
		i++;
	return i;
}

bool guesses_allowed(const struct guesses *g, const char *address)
{
	unsigned i = find(g, address);

	return i < g->count ? g->guesser[i].wrong < GUESSES_MAX : i < GUESSERS_MAX;
}

void guesses_add(struct guesses *g, const char *address)
{
	unsigned i = find(g, address);

	if (i == GUESSERS_MAX)
		return;
	if (i == g->count) {
		snprintf(g->guesser[i].address, sizeof g->guesser[i].address, "%s", address);
		g->guesser[i].wrong = 0;
		g->count++;
	}
	g->guesser[i].wrong++;
}

void guesses_end_second(struct guesses *g)
{
	for (unsigned i = 0; i < g->count; i++)
		log_write(LOG_WARNING, "%u HTTP requests with a wrong token from %s%s",
			  g->guesser[i].wrong, g->guesser[i].address,
			  g->guesser[i].wrong == GUESSES_MAX
				  ? " (more are not answered in that second)"
				  : "");
	g->count = 0;
}
