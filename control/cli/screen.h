// SPDX-License-Identifier: BSD-3-Clause
// screen: a text that is redrawn in place on the terminal.
//
// Model   Between open and close the terminal shows its other screen, without a cursor, and keys
//         come one by one. What is written to standard error meanwhile is kept, and told on
//         closing.
// Threads One screen at a time; handlers of SIGINT, SIGTERM, SIGHUP and SIGWINCH are its own while
//         it is open.
#pragma once

#include <stdbool.h>

// Whether standard output is a terminal that can be redrawn.
bool screen_is_there(void);

// Whether it shows colours, and the user wants them (https://no-color.org).
bool screen_has_colours(void);

void screen_open(void);

// True: the user has ended it, and is not told what was written to standard error.
bool screen_close(void);

// Shows a text, cut to the window: as many lines as there is room for, and how many there are more.
void screen_show(const char *text);

// Waits, and redraws when the window changes. False: the user wants it to end.
bool screen_wait(double seconds);
