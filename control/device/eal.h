// SPDX-License-Identifier: BSD-3-Clause
// eal: starting DPDK: memory, cores, buses.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"

// Bench is live, but nobody looks at it by DPDK's telemetry socket.
enum eal_use { EAL_REPLAY, EAL_BENCH, EAL_LIVE };

// Starts DPDK as a configuration wants it, with more EAL arguments behind (a NULL-terminated list,
// or NULL). A second call in one process does nothing.
bool eal_start(const struct config *c, enum eal_use use, char *const *more, struct error *e);
void eal_stop(void);
