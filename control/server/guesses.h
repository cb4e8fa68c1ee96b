// SPDX-License-Identifier: BSD-3-Clause
// guesses: limits and tells how many wrong tokens each address sends in a second.
//
// Model   A client that has sent GUESSES_MAX wrong tokens in a second is not asked again until the
//         second is over, whatever it sends. Others are not affected.
// Threads The control thread.
// Limits  GUESSERS_MAX addresses in a second; further ones are not asked.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

enum { GUESSES_MAX = 10, GUESSERS_MAX = 64 };

struct guesses {
	unsigned count;
	struct {
		char address[INET6_ADDRSTRLEN];
		unsigned wrong;
	} guesser[GUESSERS_MAX];
};

// Whether a token from this address may be looked at.
bool guesses_allowed(const struct guesses *g, const char *address);
void guesses_add(struct guesses *g, const char *address);

// Call it every second. It logs who sent wrong tokens.
void guesses_end_second(struct guesses *g);
