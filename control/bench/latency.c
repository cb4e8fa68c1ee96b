// SPDX-License-Identifier: BSD-3-Clause
// The latency mode (RFC 2544 26.2, at several loads; jitter as in RFC 3550 6.4.1, without its
// smoothing).
#include <rte_cycles.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/bench/bench.h"
#include "control/bench/generator.h"
#include "dataplane/portset.h"

enum { BUCKETS = 64, SHARES = 4 };

static int by_cycles(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double ns_of(double cycles)
{
	return cycles * 1e9 / (double)rte_get_tsc_hz();
}

struct result {
	double ns[SHARES + 1][BENCH_REPEATS]; // at the shares below, and the maximum
	double jitter_ns[BENCH_REPEATS];
	unsigned repeats; // in which a frame came back
	uint64_t sent, lost, bucket[BUCKETS];
};

static const double shares[SHARES] = {0.5, 0.9, 0.99, 0.999};

// The mean difference between the times of a frame and the next one.
static double jitter(const struct generator *g)
{
	double sum = 0;

	for (size_t i = 1; i < g->samples; i++)
		sum += g->sample[i] > g->sample[i - 1] ? g->sample[i] - g->sample[i - 1]
						       : g->sample[i - 1] - g->sample[i];
	return g->samples > 1 ? ns_of(sum / (double)(g->samples - 1)) : 0;
}

static void add_repeat(struct result *x, struct generator *g)
{
	x->sent += g->sent;
	x->lost += g->sent - g->received; // a frame that did not return was lost
	if (!g->samples)
		return;
	unsigned repeat = x->repeats++;
	x->jitter_ns[repeat] = jitter(g);
	qsort(g->sample, g->samples, sizeof *g->sample, by_cycles);
	for (int i = 0; i <= SHARES; i++) {
		size_t at = i < SHARES ? (size_t)((double)g->samples * shares[i]) : g->samples - 1;
		x->ns[i][repeat] = ns_of(g->sample[at]);
	}
	for (size_t i = 0; i < g->samples; i++)
		x->bucket[63 - __builtin_clzll((uint64_t)ns_of(g->sample[i]) | 1)]++;
}

static void add_rows(struct bench *b, const struct result *x, const char *load, double rate)
{
	unsigned n = x->repeats; // 0: there are no times, which is null

	bench_add(b, json_pack("{s:s, s:f, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "load", load,
			       "offered_mpps", rate / 1e6, "sent", (json_int_t)x->sent, "lost",
			       (json_int_t)x->lost, "p50_ns", bench_measured(x->ns[0], n), "p90_ns",
			       bench_measured(x->ns[1], n), "p99_ns", bench_measured(x->ns[2], n),
			       "p999_ns", bench_measured(x->ns[3], n), "max_ns",
			       bench_measured(x->ns[4], n), "jitter_ns",
			       bench_measured(x->jitter_ns, n)));
	for (unsigned i = 0; i < BUCKETS; i++)
		if (x->bucket[i])
			json_array_append_new(
				b->details,
				json_pack("{s:s, s:I, s:I, s:f}", "load", load, "from_ns",
					  (json_int_t)1 << i, "frames", (json_int_t)x->bucket[i],
					  "share",
					  (double)x->bucket[i] / (double)(x->sent - x->lost)));
}

static bool measure_load(struct bench *b, struct generator *g, unsigned at, double limit)
{
	double value = b->o.load.item[at].value;
	bool share = b->o.load.item[at].share;
	double rate = share ? limit * value / 100 : value * 1e6;
	struct result x = {0};
	char name[32];

	if (!generator_reserve(g, b->o.seconds * rate))
		return false;
	for (unsigned r = 0; r < b->o.repeats; r++) {
		generator_run(g, portset_of(0), rate, b->o.seconds);
		add_repeat(&x, g);
		bench_progress(b);
	}
	snprintf(name, sizeof name, "%g%s", value, share ? "%" : " Mpps");
	add_rows(b, &x, name, rate);
	return true;
}

bool bench_latency(struct bench *b)
{
	struct generator g;
	double limit = 0;
	bool good = generator_open(&g, b) &&
		    generator_find_limit(&g, portset_of(0), b->o.repeats, b->o.seconds, &limit);

	for (unsigned i = 0; i < b->o.load.count && good; i++)
		good = measure_load(b, &g, i, limit);
	generator_close(&g);
	return good;
}
