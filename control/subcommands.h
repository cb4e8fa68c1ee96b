// SPDX-License-Identifier: BSD-3-Clause
// subcommands: those of nestswitch but replay, which tests call by itself. argv[0] is the
// subcommand; each returns the exit status.
#pragma once

int run_main(int argc, char **argv);
int bench_main(int argc, char **argv);
int check_main(int argc, char **argv);
