// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/quirks/vhostpoll.h"

#include <dlfcn.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { VHOST_TIMEOUT_MS = 1000, SHORT_TIMEOUT_MS = 20 };

static _Atomic bool shortened;

int __poll_chk(struct pollfd *files, nfds_t count, int ms, size_t room);

void vhostpoll_shorten(void)
{
	atomic_store(&shortened, true);
}

static bool is_vhost(const void *caller)
{
	Dl_info where;

	return dladdr(caller, &where) && where.dli_fname && strstr(where.dli_fname, "librte_vhost");
}

static int poll_timeout(int ms, const void *caller)
{
	return ms == VHOST_TIMEOUT_MS && atomic_load(&shortened) && is_vhost(caller)
		       ? SHORT_TIMEOUT_MS
		       : ms;
}

int poll(struct pollfd *files, nfds_t count, int ms)
{
	int (*next)(struct pollfd *, nfds_t, int) = (int (*)(struct pollfd *, nfds_t, int))(
		uintptr_t)dlsym(RTLD_NEXT, "poll");

	return next(files, count, poll_timeout(ms, __builtin_return_address(0)));
}

// Debian's libraries are built with fortification and call this function instead.
int __poll_chk(struct pollfd *files, nfds_t count, int ms, size_t room)
{
	int (*next)(struct pollfd *, nfds_t, int, size_t) = (int (*)(
		struct pollfd *, nfds_t, int, size_t))(uintptr_t)dlsym(RTLD_NEXT, "__poll_chk");

	return next(files, count, poll_timeout(ms, __builtin_return_address(0)), room);
}
