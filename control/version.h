// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#define NESTSWITCH_VERSION "0.1.0"
