// SPDX-License-Identifier: BSD-3-Clause
// config: what a server has to know of the method `config.save`.
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "control/api/control.h"

// Whether a request would write another file than the one of `run`. Only users on the switch's
// machine may do that.
bool method_writes_elsewhere(const struct control *k, const char *name, const json_t *params);
