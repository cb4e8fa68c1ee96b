// SPDX-License-Identifier: BSD-3-Clause
// metrics: what a switch counts, as Prometheus reads it (text format 0.0.4).
//
// Model    Tables of families: of the switch, with a series for each worker, with one for each
//          port. Reasons, states and types are labels, taken from their own tables. Units are bytes
//          and seconds. What the series of a port say belongs together: received is the sum of
//          forwarded, flooded and dropped.
// Threads  The control thread.
#pragma once

#include <stdio.h>

#include "control/api/control.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_write(const struct control *k, FILE *out);
