// SPDX-License-Identifier: BSD-3-Clause
// paths: keeps a replay from writing over what it reads.
//
// Model   A replay reads its configuration, its captures and the expected results. It writes what
//         the options name. Two paths are the same file if device and inode say so, therefore links
//         and other spellings are seen through. Files that are no regular ones, such as /dev/null,
//         are always free. No two outputs are mixed.
// Errors  Prints its own.
#pragma once

#include <stdbool.h>

#include "control/config/config.h"
#include "control/replay/options.h"

struct inputs;

// False: an output is a file that is read, or that another output writes.
bool paths_check(const struct replay_options *o, const struct config *c, const struct inputs *in);
