// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <rte_ring_elem.h>
#include <sys/prctl.h>
#include <time.h>

#include "dataplane/counters.h"
#include "dataplane/fair.h"
#include "dataplane/idle.h"
#include "dataplane/netdev.h"
#include "dataplane/portset.h"
#include "dataplane/txbatch.h"

enum {
	IDLE_NS = 5000, // before the first pause: a worker that waits longer takes its guests' core
	PAUSE_PART = 4,
	TIMER_SLACK_NS = 1000,
	CHECKS_AT_ONCE = 1000, // rounds are short: most waits end within these
	CHECK_PAUSE_NS = 50000,
};

static uint16_t transmit(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	struct worker *w = arg;

	return port_tx(&w->ports[port], w->id, frames, n);
}

static unsigned takes(void *arg, unsigned port)
{
	const struct worker *w = arg;

	return atomic_load_explicit(&w->ports[port].takes, memory_order_relaxed);
}

// Notes that a port had no frames.
static void note_quiet(struct worker *w, unsigned port, uint16_t queue)
{
	const struct port *p = &w->ports[port];

	if (!(p->quirks & PORT_QUIRK_SLOW_POLL))
		return;
	w->quiet[queue] |= portset_of(port);
	if (p->net && w->forwarder.now_ns - w->heard_ns[queue][port] >= WORKER_WATCH_NS)
		idle_add(&w->idle, port, queue, netdev_fd(p->net, queue));
}

// Forwards a burst.
static void forward_frames(struct worker *w, unsigned port, uint16_t queue,
			   struct rte_mbuf **frames, uint16_t n)
{
	if (w->ports[port].quirks & PORT_QUIRK_SLOW_POLL) {
		w->quiet[queue] &= ~portset_of(port);
		w->heard_ns[queue][port] = w->forwarder.now_ns;
	}
	if (w->ports[port].marks)
		forward_segments(&w->forwarder, port, frames, n);
	else
		forward_burst(&w->forwarder, port, frames, NULL, n);
	txbatch_drain(&w->forwarder.tx);
}

// Polls one queue of each of these ports. Returns the number of frames received.
static unsigned poll_queue(struct worker *w, uint16_t queue, portset ports)
{
	struct rte_mbuf *frames[WORKER_BURST];
	unsigned total = 0, port;

	PORTSET_FOREACH(port, ports) {
		if (!fair_admits(&w->fair, port))
			continue;
		uint64_t start = fair_poll(&w->fair, port);
		uint16_t n = port_rx(&w->ports[port], queue, frames, WORKER_BURST);
		if (!n && !port_is_greedy(&w->ports[port], queue)) {
			fair_idle(&w->fair, port);
			note_quiet(w, port, queue);
			continue;
		}
		if (!start)
			start = n ? rte_rdtsc() : w->fair.began;
		if (n)
			forward_frames(w, port, queue, frames, n);
		fair_charge(&w->fair, port, start);
		total += n;
	}
	return total;
}

// Sends frames of the switch itself.
static void send_own(struct worker *w)
{
	struct own_frame frames[WORKER_BURST];
	unsigned n = rte_ring_sc_dequeue_burst_elem(w->own, frames, sizeof *frames, WORKER_BURST,
						    NULL);

	for (unsigned i = 0; i < n; i++)
		forward_own(&w->forwarder, &frames[i]);
	if (n)
		txbatch_drain(&w->forwarder.tx);
}

// Polls all ports once. Returns the number of frames received. `busy`: the last round had frames.
static unsigned poll_ports(struct worker *w, bool busy)
{
	bool all = !busy || w->forwarder.now_ns - w->asked_ns >= WORKER_QUIET_NS;
	unsigned total = 0;

	fair_begin(&w->fair);
	if (all) {
		w->asked_ns = w->forwarder.now_ns;
		idle_look(&w->idle, w->asked_ns);
		if (w->own)
			send_own(w);
	}
	for (uint16_t queue = 0; queue < PORT_QUEUES_MAX; queue++) {
		portset ports = atomic_load_explicit(&w->polled[queue], memory_order_acquire);
		portset idle = all ? w->idle.queue[queue] : w->quiet[queue];
		total += poll_queue(w, queue, ports & ~idle);
	}
	return total;
}

// Watches all queues of the worker. False if there are some that cannot be watched.
static bool watch_all(struct worker *w)
{
	bool all = true;
	unsigned port;

	for (uint16_t queue = 0; queue < PORT_QUEUES_MAX; queue++) {
		portset ports = atomic_load_explicit(&w->polled[queue], memory_order_acquire);
		PORTSET_FOREACH(port, ports & ~w->idle.queue[queue]) {
			const struct netdev *net = w->ports[port].net;
			all &= net && idle_add(&w->idle, port, queue, netdev_fd(net, queue));
		}
	}
	return all;
}

// Sleeps until a frame comes. Devices that cannot tell are looked at after a fraction of the idle
// time so far. So are all devices after one of them has woken the worker for nothing.
static void pause_idle(struct worker *w, uint64_t idle_ns)
{
	uint64_t nap_ns = RTE_MIN(idle_ns / PAUSE_PART, (uint64_t)WORKER_PAUSE_MAX_NS);
	bool all = watch_all(w);

	rte_rcu_qsbr_thread_offline(w->qsbr, w->id);
	if (w->woken) {
		nanosleep(&(struct timespec){.tv_nsec = (long)nap_ns}, NULL);
		w->woken = false;
	} else {
		w->woken = idle_wait(&w->idle, all ? WORKER_SLEEP_MAX_NS : nap_ns);
	}
	rte_rcu_qsbr_thread_online(w->qsbr, w->id);
}

int worker_run(void *arg)
{
	struct worker *w = arg;
	uint64_t before = rte_rdtsc(), start = before, last_ns = 0; // last_ns: when frames came in
	unsigned frames = 0;

	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	atomic_store(&w->tid, rte_gettid());
	w->forwarder.tx.send = transmit;
	w->forwarder.tx.takes = takes;
	idle_init(&w->idle);
	fair_init(&w->fair);
	w->forwarder.tx.arg = w;
	rte_rcu_qsbr_thread_register(w->qsbr, w->id);
	rte_rcu_qsbr_thread_online(w->qsbr, w->id);
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		forwarder_set_clock(&w->forwarder, clock_ns(&w->clock, before));
		frames = poll_ports(w, frames);
		uint64_t now = rte_rdtsc();
		if (frames) {
			counter_add(&w->busy_cycles, now > before ? now - before : 0);
			last_ns = w->forwarder.now_ns;
			w->woken = false;
		}
		atomic_store_explicit(&w->cycles, now - start, memory_order_relaxed);
		before = now;
		rte_rcu_qsbr_quiescent(w->qsbr, w->id);
		uint64_t idle_ns = w->forwarder.now_ns - last_ns;
		if (w->sleeps && idle_ns > IDLE_NS) {
			pause_idle(w, idle_ns);
			before = rte_rdtsc(); // sleep does not count as busy
		}
	}
	rte_rcu_qsbr_thread_offline(w->qsbr, w->id);
	rte_rcu_qsbr_thread_unregister(w->qsbr, w->id);
	idle_fini(&w->idle);
	return 0;
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

bool worker_await_quiescent(struct rte_rcu_qsbr *workers, uint64_t token, unsigned ms)
{
	uint64_t end = monotonic_ns() + ms * UINT64_C(1000000);

	for (unsigned i = 0; !rte_rcu_qsbr_check(workers, token, false); i++) {
		if (i < CHECKS_AT_ONCE && ms)
			rte_pause();
		else if (monotonic_ns() >= end) // the time may have passed after the check
			return rte_rcu_qsbr_check(workers, token, false);
		else
			nanosleep(&(struct timespec){.tv_nsec = CHECK_PAUSE_NS}, NULL);
	}
	return true;
}
