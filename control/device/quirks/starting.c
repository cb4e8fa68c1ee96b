// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/quirks/starting.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define EAL_SLEEP_NS 100000000
#define SHORT_SLEEP_NS 2000000

// One thread starts the EAL, before there are others.
static bool fast;

void starting_fast_begin(void)
{
	fast = true;
}

void starting_fast_end(void)
{
	fast = false;
}

void *dlopen(const char *name, int flags)
{
	void *(*next)(const char *, int) = (void *(*)(const char *, int))(uintptr_t)dlsym(RTLD_NEXT,
											  "dlopen");

	if (fast && name && flags & RTLD_NOLOAD && !strncmp(name, "librte_eal.so", 13))
		return NULL;
	return next(name, flags);
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	static const struct timespec brief = {.tv_nsec = SHORT_SLEEP_NS};
	int (*next)(const struct timespec *, struct timespec *) = (int (*)(
		const struct timespec *, struct timespec *))(uintptr_t)dlsym(RTLD_NEXT,
									     "nanosleep");

	return next(fast && !wanted->tv_sec && wanted->tv_nsec == EAL_SLEEP_NS ? &brief : wanted,
		    left);
}
