// SPDX-License-Identifier: BSD-3-Clause
// netlink: tells when an interface of this network namespace comes, goes, or changes its link.
//
// Model    A socket in the kernel's group of link messages. Which interface it was does not matter:
//          the links of all ports are read again, at most once in each tick. Interfaces that were
//          moved to other namespaces send no messages here, and are polled.
// Threads  The control thread.
#pragma once

// Opens the socket. -1: errno.
int netlink_open(void);

// Takes the waiting messages.
void netlink_drain(int fd);
