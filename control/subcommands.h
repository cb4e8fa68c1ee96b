// SPDX-License-Identifier: BSD-3-Clause
// subcommands: the subcommands of nestswitch that have one file each. argv[0] is the subcommand.
// Each returns the exit status.
#pragma once

int run_main(int argc, char **argv);
int check_main(int argc, char **argv);
