// SPDX-License-Identifier: BSD-3-Clause
// listener: cleans up the sockets on which memif devices listen, and their connections.
//
// DPDK       22.11.
// Takes over rte_intr_callback_register().
// Fault      net_memif accepts peers in DPDK's interrupt thread. Two faults end the switch:
//            (1) A peer that disconnects before the driver greets it is closed, but its descriptor
//            stays registered. The interrupt thread panics when it next builds its poll set.
//            (2) When the last device of a socket is closed, the socket is neither closed nor
//            unregistered. The descriptor leaks, the next peer is handled in freed memory, and so
//            is the socket when the process ends.
// Repair     For these sockets a callback of our own is registered that calls the driver's, then
//            unregisters a connection that was closed. When a device is closed, the interrupt
//            thread being paused, the sockets that the driver has abandoned are closed, together
//            with their connections that got no device.
// Test       peers: "memif: devices that come and go under peers that keep connecting"; port_test:
//            nothing_is_left.
// Threads    The control thread opens and closes sockets; the interrupt thread accepts.
// Limits     LISTENER_PEERS connections for each socket, connected devices included; one more is
//            closed. Abstract sockets (socket-abstract=yes, which memif:PATH never uses) are left
//            as the driver leaves them.
#pragma once

enum { LISTENER_PEERS = 64 };

// Closes listeners whose devices have gone. The interrupt thread is held still.
void listener_close_orphans(void);
