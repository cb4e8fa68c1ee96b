// SPDX-License-Identifier: BSD-3-Clause
// listener: the sockets on which memif devices wait for peers, and who calls there.
//
// Model    net_memif of DPDK 22.11 answers callers in DPDK's interrupt thread, and that in two ways
//          which end the switch: - One that has left before it is greeted is closed, but its file
//          stays with the interrupt thread, which panics at the next look at its list. - When the
//          last device of a socket goes, the socket is neither closed nor taken from that thread: a
//          file is lost, whoever calls then is answered out of memory that was given back, and at
//          the end of the process the thread looks at memory which is no more. So
//          rte_intr_callback_register() is taken over here: for these sockets it registers an
//          answer of ours around the driver's, which takes a closed caller from the thread. When a
//          device goes, and the interrupt thread is held still, the listeners that the driver has
//          no more are closed, and all who call there and got no device.
// Threads  The control thread opens and closes; the interrupt thread answers.
// Limits   LISTENER_CALLERS at a socket, its connected devices included: one more is closed.
//          Sockets without a file (socket-abstract=yes, which memif:PATH never makes) stay as the
//          driver leaves them.
#pragma once

enum { LISTENER_CALLERS = 64 };

// Closes listeners whose devices have gone. The interrupt thread is held still.
void listener_close_forsaken(void);
