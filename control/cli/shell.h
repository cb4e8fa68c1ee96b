// SPDX-License-Identifier: BSD-3-Clause
// shell: many commands for nestctl: typed at a prompt, or read as a script.
//
// Model   On a terminal: a line editor with history, completion by TAB and explanation by `?`. Each
//         command runs in a process of its own, so that Ctrl-C ends it and nothing else; a failed
//         one is told and the next is asked for. Each connects anew, so the switch may come and go.
//         Elsewhere: a command a line, `#` begins a comment; the first that fails ends it.
// Limits  1,000 lines of history, in ~/.nestctl_history (mode 0600)
#pragma once

struct session;

// Returns the exit status, that of the command of a script that failed.
int shell_run(struct session *s);
