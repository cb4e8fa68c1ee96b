// SPDX-License-Identifier: BSD-3-Clause
// ending: SIGINT and SIGTERM end the process, even if a thread hangs.
//
// Model    The signal ends the event loop, and the switch is closed in order. While the switch
//          starts there is no loop yet: the signal is noted, and the start is the end. If the
//          process still exists after ENDING_MAX_S, another signal removes the control socket, says
//          so on standard error and ends it with exit status 1. The kernel delivers both to any
//          thread that runs.
// Threads  The control thread calls everything. Signal handlers run on any thread.
// Limits   One switch for each process.
#pragma once

#include <event2/event.h>
#include <stdbool.h>

enum { ENDING_MAX_S = 15 };

// From now on SIGINT and SIGTERM are noted. False: errno.
bool ending_expect(void);

// The control socket at this path is to be removed at the end. NULL: it is removed now, and may be
// another switch's.
void ending_set_socket(const char *path);

// A signal ends the loop of `base`, also one that came before. False: errno.
bool ending_begin(struct event_base *base);

// Whether a signal came.
bool ending_is_near(void);

// Ends the process at once, because worker `stuck` still uses everything.
_Noreturn void ending_abandon(unsigned stuck);

// The loop has ended.
void ending_end(void);
