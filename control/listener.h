// SPDX-License-Identifier: BSD-3-Clause
// listener: the sockets on which memif devices wait for peers, and who calls there.
//
// Model    net_memif of DPDK 22.11 answers callers in DPDK's interrupt thread, and that in two ways which end the switch:
//          - One that has left before it is greeted is closed, but its file stays with the interrupt thread, which panics at
//            the next look at its list.
//          - When the last device of a socket goes, the socket is neither closed nor taken from that thread: a file is lost,
//            whoever calls then is answered out of memory that was given back, and at the end of the process the thread
//            looks at memory which is no more.
//          So rte_intr_callback_register() is taken over here: for these sockets it registers an answer of ours around the
//          driver's, which takes a closed caller from the thread. Around the closing of ports nobody is answered; afterwards
//          the listeners that the driver still has go on, the others are closed with all who call there.
// Threads  The control thread opens and closes; the interrupt thread answers.
// Limits   LISTENER_CALLERS at a socket, its connected devices included: one more is closed. Sockets without a file
//          (socket-abstract=yes, which memif:PATH never makes) stay as the driver leaves them.
#pragma once

enum { LISTENER_CALLERS = 64 };

// Nobody is answered from now on; those that come wait.
void listener_hold(void);

// Listeners whose devices have gone are closed, the others answer again.
void listener_release(void);
