// SPDX-License-Identifier: BSD-3-Clause
// unixsocket: detects servers of Unix sockets, and removes stale socket files. A server is not
// disturbed.
#pragma once

#include <stdbool.h>

// The default control socket.
#define CONTROL_SOCKET "/run/nestswitch/control.sock"

enum unixsocket_state {
	UNIXSOCKET_FREE,       // nothing is there
	UNIXSOCKET_SERVED,     // a process listens
	UNIXSOCKET_STALE,      // a socket whose process died
	UNIXSOCKET_OTHER_FILE, // not a socket
	UNIXSOCKET_UNKNOWN,    // it cannot be found out, see errno
};

enum unixsocket_state unixsocket_state(const char *path);

// Removes a stale socket file. False if there is none; errno then says why it stays.
bool unixsocket_bury(const char *path);
