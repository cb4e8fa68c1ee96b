// SPDX-License-Identifier: BSD-3-Clause
// testswitch: a small switch without devices, which fuzz targets send requests to.
//
// Model   One switch for all inputs of a process, because DPDK starts once. Each input finds it in
//         the same state: configuration, MAC table, history. An unchanged switch is not reset,
//         because compiling and applying a configuration takes longer than most requests.
#pragma once

#include <event2/event.h>
#include <jansson.h>

#include "control/api/control.h"
#include "control/switch/state.h"

// The methods that a process may be sent: all but those that write files and streams of frames.
// captures: with those.
void testswitch_offer(struct control *k, bool captures);

// Creates the switch. Its timers are in `base`. tell: gets its events; NULL: nobody does.
void testswitch_start(struct control *k, struct event_base *base, switch_event_fn tell);

// Returns the switch to its state before the first input.
void testswitch_reset(struct control *k);

// The output of `config show`. Free it.
char *testswitch_shown(const struct control *k);

// The text of a shown configuration must be valid.
void testswitch_check_shown(const char *text);

// What must hold after each input: applying the shown configuration changes nothing, and every
// buffer is back.
void testswitch_check(struct control *k);

// The text must be one line of UTF-8.
void testswitch_check_line(const char *text);
