// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/quirks/unmapping.h"

#include <dlfcn.h>
#include <rte_interrupts.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "dataplane/worker.h"

static _Atomic(struct rte_rcu_qsbr *) readers;

void unmapping_wait_for(struct rte_rcu_qsbr *workers)
{
	atomic_store(&readers, workers);
}

int munmap(void *address, size_t length)
{
	int (*next)(void *, size_t) = (int (*)(void *, size_t))(uintptr_t)dlsym(RTLD_NEXT,
										"munmap");
	struct rte_rcu_qsbr *workers = atomic_load(&readers);

	if (workers && rte_thread_is_intr() &&
	    !worker_await_quiescent(workers, rte_rcu_qsbr_start(workers), WORKER_ROUND_MAX_MS))
		return 0; // a stuck worker may use it
	return next(address, length);
}
