// SPDX-License-Identifier: BSD-3-Clause
// vhostpoll: makes a new vhost device answer its first peer at once.
//
// DPDK       22.11.
// Takes over poll(), __poll_chk().
// Fault      One thread of DPDK's vhost library polls all sockets, for a second at a time, and a
//            new socket does not wake it. A peer that connects there waits for up to a second. A
//            virtio_user device blocks its own switch for as long.
// Repair     For calls of that library alone, poll() returns after 20 ms.
// Test       peers: "vhost: a new device answers its first peer at once".
#pragma once

// Shortens the library's polls from now on.
void vhostpoll_shorten(void);
