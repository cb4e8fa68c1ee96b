// SPDX-License-Identifier: BSD-3-Clause
// expect: compares the results of a replay with expected ones.
//
// Model   The expectation is a folder with PORT.pcap for any port, and report.json; either may be
//         missing. The capture of a port that does not exist is a difference. A member that a
//         report has and the expected one has not is no difference, so that a later version can add
//         some. The results are in a folder of their own.
// Errors  Prints its own.
#pragma once

#include <stdbool.h>

#include "control/switch/state.h"

struct inputs;

#define EXPECT_REPORT "report.json"

// Whether all is as expected. Otherwise tells the first difference of each file, and how many there
// are.
bool expect_compare(const char *expected, const char *actual, const struct vswitch *sw,
		    const struct inputs *in);

// Moves the results into the folder. Both must be on one file system.
bool expect_update(const char *expected, const char *actual, const struct vswitch *sw);
