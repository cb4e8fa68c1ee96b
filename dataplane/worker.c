// SPDX-License-Identifier: BSD-3-Clause
#include "worker.h"

enum { WORKER_BURST = 32 };

static uint16_t transmit(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	struct worker *w = arg;

	return port_tx(&w->ports[port], w->id, frames, n);
}

// One round over the ports; the number of frames that came in.
static unsigned poll_ports(struct worker *w, const struct worker_plan *plan)
{
	struct rte_mbuf *frames[WORKER_BURST];
	unsigned total = 0;

	for (unsigned i = 0; i < plan->count; i++) {
		unsigned port = plan->port[i];
		uint16_t n = port_rx(&w->ports[port], frames, WORKER_BURST);
		if (!n)
			continue;
		forward_burst(&w->forwarder, port, frames, NULL, n);
		txbatch_drain(&w->forwarder.tx);
		total += n;
	}
	return total;
}

int worker_run(void *arg)
{
	struct worker *w = arg;
	uint64_t before = rte_rdtsc(), start = before;

	w->forwarder.tx.send = transmit;
	w->forwarder.tx.arg = w;
	rte_rcu_qsbr_thread_register(w->qsbr, w->id);
	rte_rcu_qsbr_thread_online(w->qsbr, w->id);
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		const struct worker_plan *plan = atomic_load_explicit(&w->plan, memory_order_acquire);

		forwarder_set_clock(&w->forwarder, clock_ns(&w->clock, before));
		unsigned frames = poll_ports(w, plan);
		uint64_t now = rte_rdtsc();
		if (frames)
			counter_add(&w->busy_cycles, now - before);
		atomic_store_explicit(&w->cycles, now - start, memory_order_relaxed);
		before = now;
		rte_rcu_qsbr_quiescent(w->qsbr, w->id);
	}
	rte_rcu_qsbr_thread_offline(w->qsbr, w->id);
	rte_rcu_qsbr_thread_unregister(w->qsbr, w->id);
	return 0;
}
