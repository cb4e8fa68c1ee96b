// SPDX-License-Identifier: BSD-3-Clause
// scratch: the folder of results that are compared or moved afterwards.
//
// Model   Its name is .nestswitch-results-XXXXXX, and it is locked. A replay that was killed leaves
//         its folder without a lock. The next replay that makes one in the same parent removes it.
// Signals A replay that SIGINT, SIGTERM, SIGHUP or SIGPIPE ends removes its folder before. It does
// not
//         change signals that the process ignores.
// Errors  Prints its own.
#pragma once

#include <stdbool.h>
#include <stdio.h>

enum { SCRATCH_PATH = 4096 };

struct scratch {
	int fd; // holds the lock; negative: there is no folder
	char path[SCRATCH_PATH];
};

// Where files that are needed for a while belong: $TMPDIR, or /tmp.
const char *scratch_parent(void);

// A file there without a name. NULL: it printed why.
FILE *scratch_file(void);

// Makes the folder. s->fd is negative before.
bool scratch_create(struct scratch *s, const char *parent);

// Removes the folder with the results in it.
void scratch_remove(struct scratch *s);
