// SPDX-License-Identifier: BSD-3-Clause
// methods: what can be asked of a running switch: one function for each JSON-RPC method.
#pragma once

#include <jansson.h>

#include "switch.h"

struct method_error {
	int code; // RPC_…
	char text[1024];
};

// The result of a method, a new reference. NULL: error is filled in, nothing has changed.
json_t *method_call(struct vswitch *sw, const char *name, const json_t *params, struct method_error *error);

// Whether it shows what is and changes nothing: whoever reaches the web page may ask it.
bool method_is_public(const char *name);

// Whether it would write another file than the one of `run`, which is for who is on the switch's machine.
bool method_writes_elsewhere(const struct vswitch *sw, const char *name, const json_t *params);
