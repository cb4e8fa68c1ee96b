// SPDX-License-Identifier: BSD-3-Clause
// The latency mode: a live switch between devices that are rings. This thread sends into one ring
// and receives from the other.
#include <inttypes.h>
#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/bench/bench.h"
#include "control/bench/load.h"
#include "control/common/complain.h"
#include "control/common/error.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "control/switch/switch.h"
#include "dataplane/portset.h"

enum { PORTS = 2, BURST = 32, RING = 1024, LEAST_SAMPLES = 4096, GRACE_MS = 20, BUCKETS = 64 };

struct generator {
	struct load *load;
	struct rte_ring *in[PORTS], *out[PORTS]; // of each device
	uint32_t *sample;                        // cycles of each frame
	size_t samples, room;
	uint64_t sent;
};

// The last bytes of a frame carry the time when it was due.
static uint64_t *due_time(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, uint64_t *, m->data_len - sizeof(uint64_t));
}

static void send_one(struct generator *g, unsigned port, uint64_t due)
{
	struct rte_mbuf *m;

	g->sent++;
	if (!stream_receive(&g->load->stream[port], g->load->sw->pool, &m, 1))
		return;
	memcpy(due_time(m), &due, sizeof due);
	if (rte_ring_sp_enqueue(g->in[port], m))
		rte_pktmbuf_free(m);
}

static void receive_frames(struct generator *g)
{
	struct rte_mbuf *frames[BURST];

	for (unsigned p = 0; p < PORTS; p++) {
		unsigned n = rte_ring_sc_dequeue_burst(g->out[p], (void **)frames, BURST, NULL);
		uint64_t now = rte_rdtsc(), due;
		for (unsigned i = 0; i < n; i++) {
			memcpy(&due, due_time(frames[i]), sizeof due);
			if (g->samples < g->room)
				g->sample[g->samples++] = (uint32_t)RTE_MIN(now - due, UINT32_MAX);
		}
		rte_pktmbuf_free_bulk(frames, n);
	}
}

// Sends to a port and receives from all. gap: cycles between two frames; 0: as many as fit.
static void generate(struct generator *g, unsigned port, double gap, uint64_t cycles)
{
	uint64_t start = rte_rdtsc(), now = start;
	double due = 0;

	g->sent = g->samples = 0;
	for (; now - start < cycles; now = rte_rdtsc()) {
		unsigned n = gap > 0 ? BURST
				     : RTE_MIN(rte_ring_free_count(g->in[port]), (unsigned)BURST);
		for (; n && (gap <= 0 || due <= (double)(now - start)); n--, due += gap)
			send_one(g, port, gap > 0 ? start + (uint64_t)due : now);
		receive_frames(g);
	}
	for (start = now; now - start < rte_get_tsc_hz() / 1000 * GRACE_MS; now = rte_rdtsc())
		receive_frames(g);
}

static int by_cycles(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double ns_of(uint64_t cycles)
{
	return (double)cycles * 1e9 / (double)rte_get_tsc_hz();
}

static bool reserve(struct generator *g, double frames)
{
	g->room = (size_t)frames + LEAST_SAMPLES;
	free(g->sample);
	g->sample = calloc(g->room, sizeof *g->sample);
	return g->sample || complain("no memory for %zu samples (reduce --seconds)", g->room);
}

// Measures the throughput in Mpps while the queue is never empty.
static bool find_limit(struct bench *b, struct generator *g, double *mpps)
{
	uint64_t hz = rte_get_tsc_hz();
	double all[BENCH_REPEATS];

	if (!reserve(g, b->o.seconds * 1e8))
		return false;
	generate(g, 1, 0, hz / 20); // teaches the MACs of both ports
	generate(g, 0, 0, hz / 20);
	for (unsigned r = 0; r < b->o.repeats; r++) {
		generate(g, 0, 0, (uint64_t)(b->o.seconds * (double)hz));
		all[r] = (double)g->samples / b->o.seconds / 1e6;
	}
	*mpps = bench_median(all, b->o.repeats);
	return *mpps > 0 || complain("no frame came through the switch");
}

struct result {
	double ns[4][BENCH_REPEATS]; // at the shares below, and the maximum
	uint64_t sent, lost, bucket[BUCKETS];
};

static const double shares[] = {0.5, 0.99, 0.999};

static void add_repeat(struct result *x, unsigned repeat, struct generator *g)
{
	qsort(g->sample, g->samples, sizeof *g->sample, by_cycles);
	for (int i = 0; i < 4; i++) {
		size_t at = i < 3 ? (size_t)((double)g->samples * shares[i]) : g->samples - 1;
		x->ns[i][repeat] = g->samples ? ns_of(g->sample[at]) : 0;
	}
	for (size_t i = 0; i < g->samples; i++)
		x->bucket[63 - __builtin_clzll((uint64_t)ns_of(g->sample[i]) | 1)]++;
	x->sent += g->sent;
	x->lost += g->sent - g->samples; // a frame that did not return was lost
}

static void add_rows(struct bench *b, const struct result *x, const char *load, double mpps)
{
	unsigned n = b->o.repeats;

	bench_add(b, json_pack("{s:s, s:f, s:I, s:I, s:o, s:o, s:o, s:o}", "load", load,
			       "offered_mpps", mpps, "sent", (json_int_t)x->sent, "lost",
			       (json_int_t)x->lost, "p50_ns", bench_measured(x->ns[0], n), "p99_ns",
			       bench_measured(x->ns[1], n), "p999_ns", bench_measured(x->ns[2], n),
			       "max_ns", bench_measured(x->ns[3], n)));
	for (unsigned i = 0; i < BUCKETS; i++)
		if (x->bucket[i])
			json_array_append_new(
				b->histogram,
				json_pack("{s:s, s:I, s:I, s:f}", "load", load, "from_ns",
					  (json_int_t)1 << i, "frames", (json_int_t)x->bucket[i],
					  "share",
					  (double)x->bucket[i] / (double)(x->sent - x->lost)));
}

static bool measure_load(struct bench *b, struct generator *g, unsigned at, double limit)
{
	double value = b->o.load.item[at].value, hz = (double)rte_get_tsc_hz();
	bool share = b->o.load.item[at].share;
	double mpps = share ? limit * value / 100 : value;
	struct result x = {0};
	char name[32];

	if (!reserve(g, b->o.seconds * mpps * 1e6))
		return false;
	for (unsigned r = 0; r < b->o.repeats; r++) {
		generate(g, 0, hz / (mpps * 1e6), (uint64_t)(b->o.seconds * hz));
		add_repeat(&x, r, g);
		bench_progress(b);
	}
	snprintf(name, sizeof name, "%g%s", value, share ? "%" : " Mpps");
	add_rows(b, &x, name, mpps);
	return true;
}

// Makes a device for each port, from a ring for ingress and a ring for egress.
static bool create_devices(struct generator *g)
{
	for (unsigned p = 0; p < PORTS; p++) {
		char in[32], out[32], dev[32];
		snprintf(in, sizeof in, "in%u", p);
		snprintf(out, sizeof out, "out%u", p);
		snprintf(dev, sizeof dev, "bench%u", p);
		g->in[p] = rte_ring_create(in, RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		g->out[p] = rte_ring_create(out, RING, SOCKET_ID_ANY,
					    RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (!g->in[p] || !g->out[p] ||
		    rte_eth_from_rings(dev, &g->in[p], 1, &g->out[p], 1, SOCKET_ID_ANY) < 0)
			return complain("DPDK cannot make net_ring devices");
	}
	return true;
}

static bool start_generator(struct bench *b, struct generator *g)
{
	uint32_t macs = (b->o.macs.item[0] + 1) / 2;
	struct config *c = bench_config(PORTS, macs);
	const portset both = portset_of(0) | portset_of(1);
	struct error e;

	for (unsigned p = 0; c && p < PORTS; p++)
		snprintf(c->port[p].device, sizeof c->port[p].device, "net_ring_bench%u", p);
	if (!c)
		return false;
	bool good = eal_start(c, EAL_BENCH, NULL, &e) || complain("%s", e.text);
	if (!good || !create_devices(g)) {
		config_free(c);
		return false;
	}
	g->load = load_create(c, SWITCH_LIVE);
	return g->load && bench_known_unicast(g->load, both, both, macs, b->o.size.item[0], false);
}

bool bench_latency(struct bench *b)
{
	struct generator g = {0};
	double limit = 0;

	if (!bench_has_cores(b, "the generator"))
		return false;
	b->histogram = json_array();
	bool good = start_generator(b, &g) && find_limit(b, &g, &limit);
	for (unsigned i = 0; i < b->o.load.count && good; i++)
		good = measure_load(b, &g, i, limit);
	load_destroy(g.load);
	for (unsigned p = 0; p < PORTS; p++) {
		rte_ring_free(g.in[p]);
		rte_ring_free(g.out[p]);
	}
	free(g.sample);
	return good;
}
