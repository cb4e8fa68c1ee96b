// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/quirks/members.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

static bool spared;

void members_spare(bool spare)
{
	spared = spare;
}

void rte_eth_dev_internal_reset(struct rte_eth_dev *member)
{
	void (*next)(struct rte_eth_dev *) = (void (*)(struct rte_eth_dev *))(uintptr_t)dlsym(
		RTLD_NEXT, "rte_eth_dev_internal_reset");

	if (!spared)
		next(member);
}
