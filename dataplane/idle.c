// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE // ppoll()
#include "dataplane/idle.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 64 };

void idle_init(struct idle *w)
{
	*w = (struct idle){.epoll = epoll_create1(EPOLL_CLOEXEC)};
}

void idle_fini(struct idle *w)
{
	if (w->epoll >= 0)
		close(w->epoll);
}

// The number of a queue and its descriptor, as the kernel keeps it for us.
static uint64_t pack(unsigned port, uint16_t queue, int fd)
{
	return (uint64_t)(uint32_t)fd << 32 | (uint64_t)queue << 16 | port;
}

bool idle_add(struct idle *w, unsigned port, uint16_t queue, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = pack(port, queue, fd)};

	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e) && errno != EEXIST)
		return false;
	w->queue[queue] |= portset_of(port);
	return true;
}

static bool watches_any(const struct idle *w)
{
	portset any = 0;

	for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
		any |= w->queue[q];
	return any;
}

void idle_look(struct idle *w, uint64_t now_ns)
{
	struct epoll_event events[EVENTS];

	int n = watches_any(w) ? epoll_wait(w->epoll, events, EVENTS, 0) : 0;
	for (int i = 0; i < n; i++) {
		uint64_t data = events[i].data.u64;
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, (int)(data >> 32), NULL);
		w->queue[data >> 16 & 0xffff] &= ~portset_of(data & 0xffff);
	}
	if (now_ns - w->renewed_ns < IDLE_RENEW_NS)
		return;
	w->renewed_ns = now_ns;
	memset(w->queue, 0, sizeof w->queue);
}

bool idle_wait(const struct idle *w, uint64_t ns)
{
	struct timespec most = {.tv_sec = (time_t)(ns / 1000000000),
				.tv_nsec = (long)(ns % 1000000000)};
	struct pollfd watched = {.fd = w->epoll, .events = POLLIN};

	return ppoll(&watched, watches_any(w), &most, NULL) > 0;
}
