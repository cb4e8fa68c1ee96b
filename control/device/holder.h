// SPDX-License-Identifier: BSD-3-Clause
// holder: names the process that uses a socket, a TAP or an interface.
//
// Model   Reads /proc: a process is seen if it is in our PID namespace, or below it, and if we may
//         look at its descriptors. The network namespace is that of the caller.
// Limits  Reads the descriptors of all processes, so it is for errors and for starts.
#pragma once

#include <stdbool.h>

enum { HOLDER_TEXT = 64 };

// Each writes the holder as "NAME, process NUMBER". False if no process is seen.

// The process that listens on the Unix socket at path.
bool holder_of_socket(const char *path, char out[HOLDER_TEXT]);

// Whether a memif port of this process serves the socket. Several ports may share it.
bool holder_is_own_memif(const char *path);

// Another process of this network namespace that is attached to a TAP, wherever the TAP is by now.
bool holder_of_tap(const char *name, char out[HOLDER_TEXT]);

// Another nestswitch with a packet socket on an interface. Packet sockets of other programs, such
// as a DHCP client, only listen.
bool holder_of_interface(const char *name, char out[HOLDER_TEXT]);
