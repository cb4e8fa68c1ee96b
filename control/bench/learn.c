// SPDX-License-Identifier: BSD-3-Clause
// The modes of RFC 2889 about learning. They use three ports: one learns, one sends to the learned
// MACs, and one receives flooded frames (5.7.2).
#include <rte_cycles.h>

#include "control/bench/bench.h"
#include "control/bench/load.h"
#include "control/common/policykeys.h"
#include "control/config/config.h"
#include "control/switch/flush.h"
#include "control/switch/mactable.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/counters.h"
#include "dataplane/fdb.h"
#include "dataplane/portset.h"

enum { LEARNER, TESTER, MONITOR, LEARN_PORTS };

static struct load *create_learner(uint32_t limit)
{
	struct config *c = bench_config(LEARN_PORTS, 0);

	if (!c)
		return NULL;
	bench_set(c, LEARNER, PK_MAC_LIMIT, limit);
	c->table_size = limit;
	c->port[TESTER].mac = load_mac(TESTER, 0);
	return load_create(c, SWITCH_BENCH);
}

static bool make_streams(struct load *l, uint32_t macs)
{
	struct recipe teach = {
		.port = LEARNER, .to = portset_of(TESTER), .macs = macs, .to_macs = 1, .size = 64};
	struct recipe check = {
		.port = TESTER, .to = portset_of(LEARNER), .macs = 1, .to_macs = macs, .size = 64};

	return stream_make(&l->stream[LEARNER], &teach) && stream_make(&l->stream[TESTER], &check);
}

// Teaches an empty table. Returns how many addresses it knows then.
static uint32_t count_known(struct load *l, struct lane *teaching)
{
	struct counters c;

	mactable_flush(l->sw, &(struct fdb_filter){.port = -1, .type = FDB_DYNAMIC});
	load_run(l, portset_of(LEARNER), 0, NULL, NULL);
	*teaching = load_sum(l);
	switch_clear_counters(l->sw, l->sw->ports);
	load_run(l, portset_of(TESTER), 0, NULL, NULL);
	switch_counters(l->sw, TESTER, &c);
	return (uint32_t)c.outcome[OUT_FORWARDED];
}

static void learn_row(struct bench *b, struct load *l, uint32_t macs)
{
	double cycles[BENCH_REPEATS], rate[BENCH_REPEATS];
	json_int_t missed = 0;
	struct lane lane;

	count_known(l, &lane); // warms the caches
	for (unsigned r = 0; r < b->o.repeats; r++) {
		missed += macs - count_known(l, &lane);
		cycles[r] = (double)lane.cycles / macs;
		rate[r] = (double)rte_get_tsc_hz() / cycles[r];
		bench_progress(b);
	}
	bench_add(b, json_pack("{s:I, s:o, s:o, s:I}", "macs", (json_int_t)macs, "cycles",
			       bench_measured(cycles, b->o.repeats), "rate",
			       bench_measured(rate, b->o.repeats), "missed", missed));
}

bool bench_learn(struct bench *b)
{
	bool good = true;

	for (unsigned m = 0; m < b->o.macs.count && good; m++) {
		struct load *l = create_learner(b->o.macs.item[m]);
		good = l && make_streams(l, b->o.macs.item[m]);
		if (good)
			learn_row(b, l, b->o.macs.item[m]);
		load_destroy(l);
	}
	return good;
}

// A bisection. Of `known` MACs all are learned, of `unknown` MACs not all.
static bool find_capacity(struct bench *b, struct load *l, uint32_t table)
{
	uint32_t known = 0, unknown = 2 * table + 1, of_asked = 0;
	struct lane lane;

	for (uint32_t n = 2 * table; unknown - known > 1; n = known + (unknown - known) / 2) {
		if (!make_streams(l, n))
			return false;
		uint32_t found = count_known(l, &lane);
		if (n == 2 * table)
			of_asked = found;
		*(found == n ? &known : &unknown) = n;
		bench_progress(b);
	}
	bench_add(b, json_pack("{s:I, s:I, s:I, s:I}", "table", (json_int_t)table, "known",
			       (json_int_t)known, "asked", (json_int_t)2 * table, "known_of_asked",
			       (json_int_t)of_asked));
	return true;
}

bool bench_capacity(struct bench *b)
{
	bool good = true;

	for (unsigned t = 0; t < b->o.tables.count && good; t++) {
		struct load *l = create_learner(b->o.tables.item[t]);
		good = l;
		for (unsigned r = 0; r < b->o.repeats && good; r++)
			good = find_capacity(b, l, b->o.tables.item[t]);
		load_destroy(l);
	}
	return good;
}
