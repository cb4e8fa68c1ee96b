// SPDX-License-Identifier: BSD-3-Clause
// log: writes log lines to standard error or to syslog.
//
// Model    Levels are those of syslog.h, LOG_ERR to LOG_DEBUG. A line below the chosen level costs
//          one compare. Lines on a plain standard error carry the date. Lines to the journal or
//          syslog carry the level instead, because these add the date. Before log_open(), warnings
//          and errors go to standard error.
//          A reader of standard error that stalls never blocks the switch: lines that standard
//          error does not take at once are lost and counted, and the next line that it takes is
//          their number.
// Threads  Only the control thread.
// Limits   A line is truncated at 2,047 bytes. Frames are never logged.
#pragma once

#include <syslog.h>

#include "control/common/error.h"

// Opens the log. where: stderr or syslog. level: error, warning, notice, info or debug. NULL:
// stderr, notice. False: e names the wrong argument.
bool log_open(const char *where, const char *level, struct error *e);

void log_write(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Tells how many lines were lost, if standard error takes lines again.
void log_catch_up(void);

// Whether lines of this level are written. If not, the caller need not build one.
bool log_takes(int level);
