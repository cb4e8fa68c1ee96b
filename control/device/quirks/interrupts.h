// SPDX-License-Identifier: BSD-3-Clause
// interrupts: pauses DPDK's interrupt thread while a device is closed.
//
// DPDK       22.11.
// Takes over Nothing; an alarm of DPDK's own pauses the thread.
// Fault      net_virtio_user and net_memif leave work to the interrupt thread that uses a device
//            after the control thread has freed it. net_virtio_user sets an alarm for a lost peer,
//            with the address of the device. net_memif accepts peers and ends connections.
// Repair     The interrupt thread waits in an alarm while the device is closed. It finishes earlier
//            work before the alarm, and does later work after it.
// Test       peers: "memif: devices that come and go under peers that keep connecting".
// Threads    The control thread. Between the two calls it must not wait for the interrupt thread.
// Limits     A stuck interrupt thread is waited for one second. Then the device must stay open.
#pragma once

#include <stdbool.h>

// False: the thread does not pause, and must not be released.
bool interrupts_hold(void);
void interrupts_release(void);
