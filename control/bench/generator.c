// SPDX-License-Identifier: BSD-3-Clause
#include "control/bench/generator.h"

#include <math.h>
#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/common/complain.h"
#include "control/common/error.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "control/switch/switch.h"
#include "dataplane/frame.h"
#include "dataplane/portset.h"

enum {
	LEAST_SAMPLES = 4096,
	GRACE_MS = 20,
	TEACH_MAX = 200,
	ATTEMPTS = 100, // on a busy machine, the worker may miss whole trials
};
#define TEACH_S 0.05

#define BURST 32u

static const portset both = 3;

// The time when a frame was due is behind its Ethernet header.
static uint64_t *due_time(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, uint64_t *, FRAME_HEADER);
}

// Makes the next frame of a stream out of a frame that came back. Its MACs and its length change.
static void renew(struct rte_mbuf *m, struct stream *s)
{
	uint32_t len;
	const uint8_t *data = stream_next(s, &len);

	memcpy(rte_pktmbuf_mtod(m, void *), data, FRAME_HEADER);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

// The next frames of a port: frames that came back, or else new ones.
static unsigned take_frames(struct generator *g, unsigned port, struct rte_mbuf **frames,
			    unsigned n)
{
	struct stream *s = &g->load->stream[port];
	unsigned old = RTE_MIN(n, g->stocked);

	g->stocked -= old;
	memcpy(frames, g->stock + g->stocked, old * sizeof *frames);
	for (unsigned i = 0; i < old; i++)
		renew(frames[i], s);
	return old + (old < n ? stream_receive(s, g->load->sw->pool, frames + old, n - old) : 0);
}

// Keeps frames for take_frames().
static void put_back(struct generator *g, struct rte_mbuf **frames, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (g->stocked < GENERATOR_STOCK && RTE_MBUF_DIRECT(frames[i]))
			g->stock[g->stocked++] = frames[i];
		else
			rte_pktmbuf_free(frames[i]);
}

// Sends n frames to a port. The first was due at this time, the others a gap later each.
static void send_burst(struct generator *g, unsigned port, unsigned n, double due, double gap)
{
	struct rte_mbuf *frames[BURST];
	unsigned taken = take_frames(g, port, frames, n);

	for (unsigned i = 0; i < taken; i++, due += gap)
		memcpy(due_time(frames[i]), &(uint64_t){(uint64_t)due}, sizeof(uint64_t));
	unsigned put = rte_ring_sp_enqueue_burst(g->in[port], (void **)frames, taken, NULL);
	put_back(g, frames + put, taken - put);
	g->sent += n;
}

// Counts a frame that came back, unless it is a late one of an earlier trial.
static void note_frame(struct generator *g, struct rte_mbuf *m, uint64_t now)
{
	uint64_t due;

	memcpy(&due, due_time(m), sizeof due);
	if (due < g->start)
		return;
	g->received++;
	if (g->samples < g->room)
		g->sample[g->samples++] = now > due ? (uint32_t)RTE_MIN(now - due, UINT32_MAX) : 0;
}

static void receive_frames(struct generator *g)
{
	struct rte_mbuf *frames[BURST];

	for (unsigned p = 0; p < GENERATOR_PORTS; p++) {
		unsigned n = rte_ring_sc_dequeue_burst(g->out[p], (void **)frames, BURST, NULL);
		uint64_t now = rte_rdtsc();
		for (unsigned i = 0; i < n; i++)
			note_frame(g, frames[i], now);
		put_back(g, frames, n);
	}
}

static void begin_trial(struct generator *g)
{
	g->sent = g->received = g->samples = 0;
	g->start = rte_rdtsc();
}

// Takes back the frames that are still on their way.
static void end_trial(struct generator *g)
{
	uint64_t now = rte_rdtsc(), end = now + rte_get_tsc_hz() / 1000 * GRACE_MS;

	g->cycles = now - g->start;
	for (; now < end; now = rte_rdtsc())
		receive_frames(g);
}

// How many frames are due by now.
static unsigned due_frames(double due, double gap, double now)
{
	return now < due ? 0 : (unsigned)RTE_MIN((now - due) / gap + 1, BURST);
}

static void fill_rings(struct generator *g, portset ports, uint64_t now)
{
	unsigned port;

	PORTSET_FOREACH(port, ports)
		send_burst(g, port, RTE_MIN(rte_ring_free_count(g->in[port]), BURST), (double)now,
			   0);
}

// Sends the frames that are due. due: of each port.
static void send_due(struct generator *g, portset ports, double *due, double gap, uint64_t now)
{
	unsigned port;

	PORTSET_FOREACH(port, ports) {
		unsigned n = due_frames(due[port], gap, (double)now);
		if (n)
			send_burst(g, port, n, due[port], gap);
		due[port] += n * gap;
	}
}

void generator_run(struct generator *g, portset ports, double rate, double seconds)
{
	double hz = (double)rte_get_tsc_hz(), gap = hz * (ports == both ? 2 : 1) / rate;

	begin_trial(g);
	double start = (double)g->start, end = start + seconds * hz;
	double due[GENERATOR_PORTS] = {start, start + (ports == both ? gap / 2 : 0)};
	for (uint64_t now = g->start; (double)now < end; now = rte_rdtsc()) {
		if (isinf(rate))
			fill_rings(g, ports, now);
		else
			send_due(g, ports, due, gap, now);
		receive_frames(g);
	}
	end_trial(g);
}

void generator_burst(struct generator *g, unsigned port, uint64_t frames)
{
	begin_trial(g);
	while (g->sent < frames) {
		send_burst(g, port, (unsigned)RTE_MIN(frames - g->sent, BURST), (double)rte_rdtsc(),
			   0);
		receive_frames(g);
	}
	end_trial(g);
}

double generator_rate(const struct generator *g)
{
	return (double)g->received * (double)rte_get_tsc_hz() / (double)g->cycles;
}

bool generator_find_limit(struct generator *g, portset ports, unsigned trials, double seconds,
			  double *limit)
{
	double all[BENCH_REPEATS];

	*limit = 0;
	for (int attempt = 0; attempt < ATTEMPTS && *limit <= 0; attempt++) {
		for (unsigned i = 0; i < trials; i++) {
			generator_run(g, ports, GENERATOR_FULL, seconds);
			all[i] = generator_rate(g);
		}
		*limit = bench_median(all, trials);
	}
	return *limit > 0 || complain("the worker gets no time (stop other work)");
}

bool generator_reserve(struct generator *g, double frames)
{
	g->room = (size_t)frames + LEAST_SAMPLES;
	free(g->sample);
	g->sample = calloc(g->room, sizeof *g->sample);
	return g->sample || complain("no memory for %zu samples (reduce --seconds)", g->room);
}

bool generator_size(struct generator *g, const struct bench *b, unsigned size)
{
	uint32_t macs = (b->o.macs.item[0] + 1) / 2;

	if (!bench_known_unicast(g->load, both, both, macs, size, false))
		return false;
	uint64_t back = 0;
	for (int i = 0; i < TEACH_MAX; i++) { // both ports' MACs; a busy machine may need a while
		generator_run(g, both, GENERATOR_FULL, TEACH_S);
		back += g->received;
		if (back >= (uint64_t)macs * GENERATOR_PORTS)
			return true;
	}
	return complain("no frames came through the switch");
}

// Makes a device for each port, from a ring for ingress and a ring for egress.
static bool create_devices(struct generator *g)
{
	const unsigned one_user = RING_F_SP_ENQ | RING_F_SC_DEQ;

	for (unsigned p = 0; p < GENERATOR_PORTS; p++) {
		char in[32], out[32], dev[32];
		snprintf(in, sizeof in, "in%u", p);
		snprintf(out, sizeof out, "out%u", p);
		snprintf(dev, sizeof dev, "bench%u", p);
		g->in[p] = rte_ring_create(in, GENERATOR_RING, SOCKET_ID_ANY, one_user);
		g->out[p] = rte_ring_create(out, GENERATOR_RING, SOCKET_ID_ANY, one_user);
		if (!g->in[p] || !g->out[p] ||
		    rte_eth_from_rings(dev, &g->in[p], 1, &g->out[p], 1, SOCKET_ID_ANY) < 0)
			return complain("DPDK cannot make net_ring devices");
	}
	return true;
}

bool generator_open(struct generator *g, struct bench *b)
{
	struct config *c;
	struct error e;

	*g = (struct generator){.load = NULL};
	if (!bench_has_cores(b, "the generator"))
		return false;
	c = bench_config(GENERATOR_PORTS, (b->o.macs.item[0] + 1) / 2);
	for (unsigned p = 0; c && p < GENERATOR_PORTS; p++)
		snprintf(c->port[p].device, sizeof c->port[p].device, "net_ring_bench%u", p);
	if (!c)
		return false;
	bool good = eal_start(c, EAL_BENCH, NULL, &e) || complain("%s", e.text);
	if (!good || !create_devices(g)) {
		config_free(c);
		return false;
	}
	g->load = load_create(c, SWITCH_LIVE);
	return g->load && generator_size(g, b, b->o.size.item[0]);
}

void generator_close(struct generator *g)
{
	rte_pktmbuf_free_bulk(g->stock, g->stocked);
	load_destroy(g->load);
	for (unsigned p = 0; p < GENERATOR_PORTS; p++) {
		rte_ring_free(g->in[p]);
		rte_ring_free(g->out[p]);
	}
	free(g->sample);
}
