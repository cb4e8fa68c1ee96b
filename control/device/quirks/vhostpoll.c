// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/quirks/vhostpoll.h"

#include <dlfcn.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { AS_VHOST_WAITS_MS = 1000, WAIT_MS = 20 };

static _Atomic bool prompt;

int __poll_chk(struct pollfd *files, nfds_t count, int ms, size_t room);

void vhostpoll_is_prompt(void)
{
	atomic_store(&prompt, true);
}

static bool is_vhost(const void *caller)
{
	Dl_info where;

	return dladdr(caller, &where) && where.dli_fname && strstr(where.dli_fname, "librte_vhost");
}

static int patience(int ms, const void *caller)
{
	return ms == AS_VHOST_WAITS_MS && atomic_load(&prompt) && is_vhost(caller) ? WAIT_MS : ms;
}

int poll(struct pollfd *files, nfds_t count, int ms)
{
	int (*next)(struct pollfd *, nfds_t, int) = (int (*)(struct pollfd *, nfds_t, int))(
		uintptr_t)dlsym(RTLD_NEXT, "poll");

	return next(files, count, patience(ms, __builtin_return_address(0)));
}

// The same, as Debian's libraries call it.
int __poll_chk(struct pollfd *files, nfds_t count, int ms, size_t room)
{
	int (*next)(struct pollfd *, nfds_t, int, size_t) = (int (*)(
		struct pollfd *, nfds_t, int, size_t))(uintptr_t)dlsym(RTLD_NEXT, "__poll_chk");

	return next(files, count, patience(ms, __builtin_return_address(0)), room);
}
