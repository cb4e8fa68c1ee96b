// SPDX-License-Identifier: BSD-3-Clause
// scratch: the folder of results that are compared or moved afterwards.
//
// Model   Its name is .nestswitch-results-XXXXXX, and it is locked. A replay that was killed leaves
//         its folder without a lock. The next replay that makes one in the same parent removes it.
// Errors  Prints its own.
#pragma once

#include <stdbool.h>

enum { SCRATCH_PATH = 4096 };

struct scratch {
	int fd; // holds the lock; negative: there is no folder
	char path[SCRATCH_PATH];
};

// Makes the folder. s->fd is negative before.
bool scratch_create(struct scratch *s, const char *parent);

// Removes the folder with the results in it.
void scratch_remove(struct scratch *s);
