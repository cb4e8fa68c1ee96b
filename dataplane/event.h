// SPDX-License-Identifier: BSD-3-Clause
// event: messages from forwarding to control.
//
// Model   Messages of a fixed size in a ring with one producer (a worker) and one consumer
//         (control). A message that finds the ring full is lost and counted, therefore events never
//         slow forwarding.
#pragma once

#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct event {
	uint64_t ns;  // the switch's clock
	uint64_t key; // (VLAN, MAC), 0 if the type has none
	uint32_t count;
	uint8_t type; // enum event_type
	uint8_t port;
	uint8_t from;      // a port; see eventtype.h
	uint8_t reason;    // enum outcome; see eventtype.h
	uint64_t group[2]; // an IP address as in struct snoop_address, 0 if the type has none
};

struct event_ring {
	struct rte_ring *ring;
	_Atomic uint64_t lost; // the producer adds, control reads
};

static inline void event_push(struct event_ring *r, const struct event *e)
{
	if (rte_ring_sp_enqueue_elem(r->ring, (void *)(uintptr_t)e, sizeof *e))
		atomic_fetch_add_explicit(&r->lost, 1, memory_order_relaxed);
}

static inline bool event_pop(struct event_ring *r, struct event *e)
{
	return !rte_ring_sc_dequeue_elem(r->ring, e, sizeof *e);
}
