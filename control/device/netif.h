// SPDX-License-Identifier: BSD-3-Clause
// netif: sets up a kernel interface so that a packet socket receives frames as on a wire.
//
// Model     A packet socket receives frames of up to 64 KiB in two cases: if the kernel merges
//           received frames (GRO, LRO), and if the other end of a veth leaves segmentation to a NIC
//           that does not exist. Therefore merging is switched off, and stays off. While one end of
//           a veth has an XDP program, the kernel stops such offloads at the other end, in whatever
//           namespace that is. Therefore a program is attached that passes every frame.
// Ownership The program is detached when its file descriptor is closed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Whether an interface has Ethernet frames. An interface that is not there counts as one that has.
bool netif_is_ethernet(const char *name);

// Attaches that program to a veth. Keep the descriptor *guard open while the interface is in use;
// -1 means that the interface needs none. False, with errno, if the program cannot be attached.
bool netif_guard(const char *name, int *guard);

// Switches merging off. Call it after netif_guard(), because a veth begins to merge when it
// gets a program.
void netif_stop_merging(const char *name);

// The largest MTU that the kernel allows for an interface; UINT32_MAX if it does not say.
uint32_t netif_largest_mtu(const char *name);
