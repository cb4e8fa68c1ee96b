// SPDX-License-Identifier: BSD-3-Clause
// control: a switch with its methods, history, rollback and recent events.
//
// Ownership  The code that fills in the members destroys them.
#pragma once

#include <stdbool.h>

#include "control/switch/state.h"

struct confirm;
struct history;
struct method;
struct overlay;
struct recent;

struct control {
	struct vswitch *sw;
	const struct method *const *methods; // tables, NULL after the last
	struct history *history;             // NULL: no configurations are kept
	struct confirm *confirm;             // NULL: no rollback
	struct recent *recent;               // NULL: no events are kept
	struct overlay *overlay;             // NULL: no EVPN
	bool raw_devices; // requests may name DPDK device strings, which reach any file and driver
};
