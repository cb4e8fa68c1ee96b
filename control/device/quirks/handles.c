// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#define ALLOW_EXPERIMENTAL_API
#include "control/device/quirks/handles.h"

#include <dlfcn.h>
#include <rte_interrupts.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/port.h"

struct rte_intr_handle *rte_intr_instance_alloc(uint32_t flags)
{
	struct rte_intr_handle *(*next)(uint32_t) = (struct rte_intr_handle * (*)(uint32_t))(
		uintptr_t)dlsym(RTLD_NEXT, "rte_intr_instance_alloc");
	struct rte_intr_handle *handle = next(flags);

	port_notes_made(handle);
	return handle;
}

void rte_intr_instance_free(struct rte_intr_handle *handle)
{
	void (*next)(struct rte_intr_handle *) = (void (*)(struct rte_intr_handle *))(
		uintptr_t)dlsym(RTLD_NEXT, "rte_intr_instance_free");

	port_notes_freed(handle);
	next(handle);
}

void handles_free(struct port *port)
{
	struct port_handles *h = &port->leaked;

	while (h->count)
		rte_intr_instance_free(h->handle[--h->count]);
}
