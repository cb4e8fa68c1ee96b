// SPDX-License-Identifier: BSD-3-Clause
// sources: the MACs of a capture, as a start for `replay --sources`.
#pragma once

// Subcommand `sources`. argv[0] is its name. Returns the exit status.
int sources_main(int argc, char **argv);
