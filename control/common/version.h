// SPDX-License-Identifier: BSD-3-Clause
// version: of the programs, as meson.build has it.
#pragma once

#define NESTSWITCH_VERSION "0.2.0"
