// SPDX-License-Identifier: BSD-3-Clause
// eal: starts DPDK with the memory, cores and buses that a configuration needs.
#pragma once

#include "control/common/error.h"
#include "control/config/config.h"

// A bench runs live, but without DPDK's telemetry socket.
enum eal_use { EAL_REPLAY, EAL_BENCH, EAL_LIVE };

// Starts DPDK for a configuration. `more` is a NULL-terminated list of EAL arguments to append, or
// NULL. A second call in one process does nothing.
bool eal_start(const struct config *c, enum eal_use use, char *const *more, struct error *e);
void eal_stop(void);
