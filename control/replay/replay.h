// SPDX-License-Identifier: BSD-3-Clause
// replay: forwards the frames of captures. The clock follows their timestamps.
#pragma once

// Subcommand `replay`. argv[0] is its name. Returns the exit status. A process may call it several
// times.
int replay_main(int argc, char **argv);
