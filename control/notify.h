// SPDX-License-Identifier: BSD-3-Clause
// notify: tells the service manager how the switch is, as sd_notify(3) describes it.
//
// Model    One datagram for each message, to the socket that NOTIFY_SOCKET names. Without that
//          variable nothing is sent. A manager that does not read loses messages, and is not waited
//          for.
// Threads  The control thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Sends lines such as "READY=1\nSTATUS=forwards".
void notify_send(const char *lines);

// Sends WATCHDOG=1, if the manager wants it and it was last sent a quarter of its time ago.
void notify_alive(uint64_t now_ns);
