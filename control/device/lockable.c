// SPDX-License-Identifier: BSD-3-Clause
#include "control/device/lockable.h"

#include <linux/capability.h>
#include <rte_memory.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has_lock_capability(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	return !syscall(SYS_capget, &header, data) &&
	       data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK);
}

bool memory_is_lockable(uint64_t *limit)
{
	struct rlimit r;

	if (has_lock_capability() || getrlimit(RLIMIT_MEMLOCK, &r) ||
	    r.rlim_cur >= rte_eal_get_physmem_size())
		return true;
	*limit = r.rlim_cur;
	return false;
}
