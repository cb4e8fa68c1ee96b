// SPDX-License-Identifier: BSD-3-Clause
// unixsocket: detects servers of Unix sockets, and removes stale socket files. A server is not
// disturbed.
#pragma once

#include <stdbool.h>

// The default control socket.
#define CONTROL_SOCKET "/run/nestswitch/control.sock"

// Whether a process listens on the socket at path.
bool unixsocket_is_served(const char *path);

// Removes a stale socket file, whose process died. Returns false and keeps the file if a process
// listens on it, if it is not a socket, or if it does not exist.
bool unixsocket_bury(const char *path);
