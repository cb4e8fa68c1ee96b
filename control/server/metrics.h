// SPDX-License-Identifier: BSD-3-Clause
// metrics: writes the switch's counters for Prometheus (text format 0.0.4).
//
// Model    Tables list the families of the switch, of the workers and of the ports. Reasons, states
//          and types are labels, taken from their own tables. Units are bytes and seconds. A scrape
//          is consistent: a port's received frames are the sum of forwarded, flooded and dropped.
// Threads  The control thread.
#pragma once

#include <stdio.h>

#include "control/api/control.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_write(const struct control *k, FILE *out);
