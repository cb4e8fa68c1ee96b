// SPDX-License-Identifier: BSD-3-Clause
// unixsocket: who is at a socket in the file system, and files that sockets leave behind. Nobody
// there is disturbed.
#pragma once

#include <stdbool.h>

// The control socket, unless another one is named.
#define CONTROL_SOCKET "/run/nestswitch/control.sock"

// Whether a process has the socket at the path.
bool unixsocket_is_served(const char *path);

// Removes the file of a socket whose process died. False, with the file left alone: somebody has
// it, it is no socket, or there is none.
bool unixsocket_bury(const char *path);
