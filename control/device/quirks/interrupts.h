// SPDX-License-Identifier: BSD-3-Clause
// interrupts: DPDK's interrupt thread, held still while a device goes that it might be busy with.
//
// Model    The thread rings an alarm in which it waits. What it had been left with until then
//          (net_virtio_user: an alarm for a peer that is lost, with the address of the device;
//          net_memif: callers, connections that end) is done before, what comes meanwhile, after.
//          So drivers that do not reckon with both at once can close a device in peace.
// Threads  The control thread. It must not wait for the interrupt thread in between.
// Limits   A thread that is stuck is waited for for a second; then all goes on as without.
#pragma once

void interrupts_hold(void);
void interrupts_release(void);
