// SPDX-License-Identifier: BSD-3-Clause
// The modes throughput and back-to-back (RFC 2544 26.1, 26.3 and 26.4; RFC 9004).
#include <math.h>
#include <rte_cycles.h>

#include "control/bench/bench.h"
#include "control/bench/generator.h"
#include "control/bench/load.h"
#include "dataplane/portset.h"

enum {
	TRIALS = 3,       // of a rate; most of them decide, because a core is lost now and then
	CURVE_STEPS = 10, // RFC 2544 26.3: steps of 10 % or less
	GAP_BYTES = 20,   // preamble and gap between frames
	IMIX_BYTES = 340, // on average, with FCS: (7 x 64 + 4 x 576 + 1 x 1518) / 12
	LONGEST_BURST = 1 << 22,
};

static const double EXACT = 0.01;    // the search ends with this relative error
static const double ON_TIME = 0.995; // a generator that sent less of its frames was too slow

// A test with frames of one size.
struct test {
	struct bench *b;
	struct generator g;
	portset ports; // that receive frames
	unsigned size;
	double limit; // frames per second while the ingress rings are never empty
};

static double lost_share(const struct generator *g)
{
	return g->sent ? 1 - (double)g->received / (double)g->sent : 0;
}

// Whether a trial loses no more than this share.
static bool passes(struct test *t, double rate, double loss)
{
	generator_run(&t->g, t->ports, rate, t->b->o.seconds);
	return lost_share(&t->g) <= loss && (double)t->g.sent >= ON_TIME * rate * t->b->o.seconds;
}

// Whether most trials of a rate pass.
static bool holds(struct test *t, double rate, double loss)
{
	int passed = 0;

	for (int failed = 0; passed <= TRIALS / 2 && failed <= TRIALS / 2;)
		*(passes(t, rate, loss) ? &passed : &failed) += 1;
	return passed > TRIALS / 2;
}

// The highest rate that loses no more than this share, by bisection.
static double search(struct test *t, double loss)
{
	double low = 0, high = t->limit * (1 + EXACT);

	if (holds(t, t->limit, loss))
		return t->limit;
	while (high - low > EXACT * high && high > t->limit * EXACT) {
		double rate = (low + high) / 2;
		*(holds(t, rate, loss) ? &low : &high) = rate;
	}
	return low;
}

static const char *directions(const struct test *t)
{
	return t->ports == portset_of(0) ? "one" : "both";
}

// Adds the loss at rates from a tenth of the limit to the limit.
static void add_curve(struct test *t)
{
	for (int step = 1; step <= CURVE_STEPS; step++) {
		double rate = t->limit * step / CURVE_STEPS;
		generator_run(&t->g, t->ports, rate, t->b->o.seconds);
		json_array_append_new(
			t->b->details,
			json_pack("{s:o, s:s, s:f, s:I, s:f}", "size", bench_size(t->size),
				  "directions", directions(t), "offered_mpps", rate / 1e6, "sent",
				  (json_int_t)t->g.sent, "lost_percent", 100 * lost_share(&t->g)));
	}
}

static double gbps(const struct test *t, double rate)
{
	unsigned bytes = t->size == LOAD_SIZE_IMIX ? IMIX_BYTES : t->size;

	return rate * (bytes + GAP_BYTES) * 8 / 1e9;
}

static bool add_throughput(struct test *t)
{
	double ndr[BENCH_REPEATS], pdr[BENCH_REPEATS], loss = t->b->o.loss / 100;
	unsigned n = t->b->o.repeats;

	if (!generator_find_limit(&t->g, t->ports, TRIALS, t->b->o.seconds, &t->limit))
		return false;
	for (unsigned r = 0; r < n; r++) {
		ndr[r] = search(t, 0) / 1e6;
		pdr[r] = search(t, loss) / 1e6;
		bench_progress(t->b);
	}
	double ndr_gbps = gbps(t, bench_median(ndr, n) * 1e6),
	       pdr_gbps = gbps(t, bench_median(pdr, n) * 1e6);
	bench_add(t->b,
		  json_pack("{s:o, s:s, s:o, s:f, s:o, s:f, s:f}", "size", bench_size(t->size),
			    "directions", directions(t), "ndr_mpps", bench_measured(ndr, n),
			    "ndr_gbps", ndr_gbps, "pdr_mpps", bench_measured(pdr, n), "pdr_gbps",
			    pdr_gbps, "limit_mpps", t->limit / 1e6));
	add_curve(t);
	return true;
}

bool bench_throughput(struct bench *b)
{
	static const portset senders[] = {1, 3};
	struct test t = {.b = b};
	bool good = generator_open(&t.g, b);

	for (uint32_t i = 0; i < b->o.size.count && good; i++) {
		t.size = b->o.size.item[i];
		good = generator_size(&t.g, b, t.size);
		for (int k = 0; k < 2 && good; k++) {
			t.ports = senders[k];
			good = add_throughput(&t);
		}
	}
	generator_close(&t.g);
	return good;
}

// The longest burst without a loss, by bisection.
static uint64_t longest_burst(struct generator *g)
{
	uint64_t low = 0, high = LONGEST_BURST;

	generator_burst(g, 0, high);
	if (g->received == g->sent)
		return high;
	while (high - low > 1 + low / 100) {
		uint64_t frames = low + (high - low + 1) / 2;
		generator_burst(g, 0, frames);
		*(g->received == g->sent ? &low : &high) = frames;
	}
	return low;
}

// The time for which the switch buffers frames that come at this rate (RFC 9004 5.4). Infinite if
// it forwards as fast.
static double buffer_us(double frames, double rate, double throughput)
{
	return throughput < rate ? 1e6 * frames / rate * (1 - throughput / rate) : INFINITY;
}

static bool add_bursts(struct test *t)
{
	double frames[BENCH_REPEATS], rate[BENCH_REPEATS];
	unsigned n = t->b->o.repeats;

	if (!generator_find_limit(&t->g, t->ports, TRIALS, t->b->o.seconds, &t->limit))
		return false;
	for (unsigned r = 0; r < n; r++) {
		frames[r] = (double)longest_burst(&t->g);
		generator_burst(&t->g, 0, LONGEST_BURST);
		rate[r] = (double)t->g.sent * (double)rte_get_tsc_hz() / (double)t->g.cycles / 1e6;
		bench_progress(t->b);
	}
	double us = buffer_us(bench_median(frames, n), bench_median(rate, n) * 1e6, t->limit);
	bench_add(t->b, json_pack("{s:o, s:o, s:o, s:f, s:o}", "size", bench_size(t->size),
				  "frames", bench_measured(frames, n), "burst_mpps",
				  bench_measured(rate, n), "limit_mpps", t->limit / 1e6,
				  "buffer_us", isinf(us) ? json_null() : json_real(us)));
	return true;
}

bool bench_back_to_back(struct bench *b)
{
	struct test t = {.b = b, .ports = portset_of(0)};
	bool good = generator_open(&t.g, b);

	for (uint32_t i = 0; i < b->o.size.count && good; i++) {
		t.size = b->o.size.item[i];
		good = generator_size(&t.g, b, t.size) && add_bursts(&t);
	}
	generator_close(&t.g);
	return good;
}
