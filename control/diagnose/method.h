// SPDX-License-Identifier: BSD-3-Clause
// method: the methods of diagnose/.
#pragma once

#include "control/api/method.h"

extern const struct method methods_trace[];
