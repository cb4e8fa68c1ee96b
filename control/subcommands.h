// SPDX-License-Identifier: BSD-3-Clause
// subcommands: subcommands of nestswitch that are a file each. argv[0] is the
// subcommand; each returns the exit status.
#pragma once

int run_main(int argc, char **argv);
int check_main(int argc, char **argv);
