// SPDX-License-Identifier: BSD-3-Clause
// netif: what an interface of the kernel must leave undone, so that what is received from it are
// frames as on a wire.
//
// Model     A packet socket gets a frame of up to 64 KiB where the kernel merges what came (GRO,
//           LRO), and where the other end of a veth leaves the cutting of segments to a NIC that
//           there is not. Merging is switched off, and stays so. The kernel stops the other end of
//           a veth, whatever namespace that is in, while this end has an XDP program: one that
//           passes everything is attached.
// Ownership The program goes with its file descriptor.
#pragma once

#include <stdbool.h>

// Attaches that program to a veth. *guard: the descriptor to keep open while the interface is used,
// -1 where none is needed. False, with errno: the other end of this veth cannot be stopped.
bool interface_guard(const char *name, int *guard);

// Switches merging off. A veth that gets a program begins to merge: to be called after that.
void interface_stop_merging(const char *name);

// Sets the MTU. 0 or -errno.
int interface_set_mtu(const char *name, unsigned mtu);
