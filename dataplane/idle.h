// SPDX-License-Identifier: BSD-3-Clause
// idle: tells which of many idle devices of the kernel have frames, by one system call for all.
//
// Model   A worker watches a queue that was empty for a while, and no longer polls it. Each look
//         asks the kernel for the watched queues that have frames; these are then no longer
//         watched. A queue is found that went away and came back, or that another worker has now,
//         because all are given back for a poll every IDLE_RENEW_NS. A worker that has nothing to
//         do can sleep until a watched queue has frames.
//         The kernel keeps no device open because it is watched. A sleep in poll() for the device
//         itself would: a worker that wakes up after control has closed the device would have to
//         close it, and to wait for the lock of all interfaces.
// Threads One worker uses a struct idle.
// Errors  A queue that cannot be watched is not, and is polled as before.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/port.h"
#include "dataplane/portset.h"

enum { IDLE_RENEW_NS = 20000000 };

struct idle {
	int epoll;
	portset queue[PORT_QUEUES_MAX]; // the watched ports, by queue
	uint64_t renewed_ns;
};

void idle_init(struct idle *w);
void idle_fini(struct idle *w);

// False if it cannot be watched.
bool idle_add(struct idle *w, unsigned port, uint16_t queue, int fd);

// Stops watching the queues that have frames.
void idle_look(struct idle *w, uint64_t now_ns);

// Sleeps until a watched queue has frames, but not longer than that time. Whether one has.
bool idle_wait(const struct idle *w, uint64_t ns);
