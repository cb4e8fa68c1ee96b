// SPDX-License-Identifier: BSD-3-Clause
// log: what an operator should know, a line each: on standard error or to syslog.
//
// Model    Levels are those of syslog.h, LOG_ERR to LOG_DEBUG; what is below the chosen one costs a
//          compare. Lines carry the date on a plain standard error; in the journal and in syslog,
//          which have dates of their own, they carry the level. Before log_open() warnings and
//          errors go to standard error.
// Threads  The control thread.
// Limits   A line is cut off at 2,047 bytes. Nothing is ever logged for a frame.
#pragma once

#include <syslog.h>

#include "control/common/error.h"

// stderr or syslog; error, warning, notice, info or debug. NULL: stderr, notice. False: e says what
// is neither.
bool log_open(const char *where, const char *level, struct error *e);

void log_write(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Whether lines of a level are written, so that a caller can save the work of making one.
bool log_takes(int level);
