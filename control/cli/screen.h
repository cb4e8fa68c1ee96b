// SPDX-License-Identifier: BSD-3-Clause
// screen: redraws a text in place on the terminal.
//
// Model   Between open and close, the terminal shows its alternate screen without a cursor, and
//         delivers single keys. Standard error is buffered, and printed on close.
// Threads There is one screen at a time. While it is open, it owns the handlers of SIGINT, SIGTERM,
//         SIGHUP and SIGWINCH.
#pragma once

#include <stdbool.h>

// Whether standard output is a terminal that can be redrawn.
bool screen_is_there(void);

// Whether it shows colours, and NO_COLOR is unset (https://no-color.org).
bool screen_has_colours(void);

void screen_open(void);

// True: the user ended it. The buffered standard error is then discarded.
bool screen_close(void);

// Shows a text, clipped to the window. The last line shows the number of hidden lines.
void screen_show(const char *text);

// Waits, and redraws when the window changes. False: the user wants to quit.
bool screen_wait(double seconds);
