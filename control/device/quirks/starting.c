// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/quirks/starting.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "control/device/quirks/waiting.h"

#define EAL_SLEEP_NS 100000000
#define SHORT_SLEEP_NS 2000000

// One thread starts the EAL, before there are others.
static bool fast;
static cpu_set_t usable;

void starting_fast_begin(void)
{
	fast = !sched_getaffinity(0, sizeof usable, &usable);
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

	if (waiting_skips())
		return 0;
	return next(fast && !wanted->tv_sec && wanted->tv_nsec == EAL_SLEEP_NS ? &brief : wanted,
		    left);
}

// Reads the number of a CPU or a NUMA node from a path in sysfs.
static bool read_number(const char *path, const char *prefix, unsigned long *number)
{
	size_t len = strlen(prefix);

	if (strncmp(path, prefix, len))
		return false;
	*number = strtoul(path + len, NULL, 10);
	return true;
}

// Whether the path is about a CPU that this process may not use, or about a NUMA node.
static bool is_needless(const char *path)
{
	unsigned long number;

	if (read_number(path, "/sys/devices/system/cpu/cpu", &number))
		return number >= CPU_SETSIZE || !CPU_ISSET(number, &usable);
	return read_number(path, "/sys/devices/system/node/node", &number);
}

int access(const char *path, int mode)
{
	if (fast && is_needless(path)) {
		errno = ENOENT;
		return -1;
	}
	return faccessat(AT_FDCWD, path, mode, 0);
}

int memfd_create(const char *name, unsigned flags)
{
	if (!fast)
		return (int)syscall(SYS_memfd_create, name, flags);
	errno = ENOSYS;
	return -1;
}
