// SPDX-License-Identifier: BSD-3-Clause
// replay: captures through the forwarding path, on a clock made of their timestamps.
#pragma once

// `nestswitch replay`: argv[0] is "replay". Returns the exit status; can be called again and again
// in one process.
int replay_main(int argc, char **argv);
