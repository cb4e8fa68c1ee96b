// SPDX-License-Identifier: BSD-3-Clause
// control: a switch with everything that is kept beside it for those who ask it: the methods, the
// past, the way back.
//
// Ownership  Whoever fills it in destroys its members.
#pragma once

#include "control/switch/state.h"

struct confirm;
struct history;
struct method;
struct recent;

struct control {
	struct vswitch *sw;
	const struct method *const *methods; // tables, NULL behind the last
	struct history *history;             // configurations so far; NULL: none are kept
	struct confirm *confirm; // the way back from a change that nobody confirms; NULL: there is
				 // none
	struct recent *recent;   // the last events; NULL: none are kept
};
