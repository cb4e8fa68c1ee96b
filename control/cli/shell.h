// SPDX-License-Identifier: BSD-3-Clause
// shell: runs several commands, typed at a prompt or read from a script.
//
// Model   On a terminal, a line editor with history, completion (TAB) and explanations (?). Each
//         command runs in its own process, so that Ctrl-C ends only that command. Each command
//         opens a new connection, therefore the switch may restart in between. After an error the
//         prompt returns. A script has one command a line. `#` begins a comment. The first command
//         that fails ends the script.
// Limits  1,000 lines of history, in ~/.nestctl_history (mode 0600).
#pragma once

struct session;

// Returns the exit status; of a script, that of the failed command.
int shell_run(struct session *s);
