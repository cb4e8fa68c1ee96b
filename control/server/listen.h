// SPDX-License-Identifier: BSD-3-Clause
// listen: what a listening socket does when the process can open no more files.
//
// Model    A client that cannot be accepted waits in the kernel, and the socket stays readable.
//          Therefore the listener pauses for LISTEN_PAUSE_MS before it tries again. The log says so
//          once in LISTEN_LOG_S.
// Threads  The control thread.
// Limits   LISTENERS_MAX listeners.
#pragma once

#include <event2/listener.h>
#include <stdbool.h>

enum { LISTENERS_MAX = 4, LISTEN_PAUSE_MS = 500, LISTEN_LOG_S = 10 };

// Lets a listener pause when accept() fails. name: for the log; it stays valid. False: no memory.
bool listen_watch(struct evconnlistener *l, const char *name);

// Ends the pauses of a listener, which is freed next. NULL: none.
void listen_forget(struct evconnlistener *l);
