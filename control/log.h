// SPDX-License-Identifier: BSD-3-Clause
// log: what an operator should know, a line each: on standard error or to syslog.
//
// Model    Levels are those of syslog.h, LOG_ERR to LOG_DEBUG; what is below the chosen one costs a compare. Lines carry the
//          date on a plain standard error; in the journal and in syslog, which have dates of their own, they carry the level.
//          Before log_open() warnings and errors go to standard error.
// Threads  The control thread.
// Limits   LOG_EVENTS_MAX events a second; those left out are counted. Nothing is ever logged for a frame.
#pragma once

#include <syslog.h>

#include "switch.h"

enum { LOG_EVENTS_MAX = 20 };

// stderr or syslog; error, warning, notice, info or debug. NULL: stderr, notice. False: e says what is neither.
bool log_open(const char *where, const char *level, struct config_error *e);

void log_write(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

void log_event(const struct vswitch *sw, const struct event *e);
