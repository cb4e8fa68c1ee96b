// SPDX-License-Identifier: BSD-3-Clause
// methods: the methods of a live switch, for struct control.
#pragma once

#include "control/api/method.h"

extern const struct method *const methods_all[];
