// SPDX-License-Identifier: BSD-3-Clause
// Every limit is exact with any number of workers. Threads with separate forwarders share one
// switch. They concurrently handle frames of one port, or of several ports to one. The results must
// equal those of a single thread. The clocks are data: they advance together when all threads have
// met.
#define _GNU_SOURCE

#include <pthread.h>
#include <rte_eal.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/compile.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/key.h"
#include "dataplane/lease.h"
#include "dataplane/mdb.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/txbatch.h"
#include "dataplane/violation.h"
#include "tests/unit/kit.h"

enum {
	LANES_MAX = 4,
	SENDERS = 4, // ports 0 to 3
	OUT = 4,     // destination of all frames
	PORTS = 5,
	BURST = 32,
	BURSTS = 16, // per step, of all lanes together
	STEPS_MAX = 64,
	SIZE = 500,
	POOL = 1023,
	RING = 65536,
	SPINS = 10000,
	MOVE_ROUNDS = 200,
	SHUTDOWN_ROUNDS = 5000, // collisions are rare
};

#define SECOND UINT64_C(1000000000) // in ns
#define MS UINT64_C(1000000)
#define MAC_OUT UINT64_C(0x0200000000ff)
#define MAC_UNKNOWN UINT64_C(0x0600000000ff)
#define MAC_MULTICAST UINT64_C(0x01005e000001)

enum source { OF_PORT, NEW_EACH, ONE_FOR_ALL };

// A configuration, its frames and the expected results.
struct scene {
	const char *name;
	const char *sender, *receiver; // policies
	uint64_t dst;
	enum source source;
	bool spread;  // all senders receive frames, not only the first
	bool lagging; // the lanes' clocks differ
	unsigned steps;
	uint64_t step_ns;
	uint64_t passed;        // frames that reach OUT
	uint64_t depth, per_ms; // bytes of the average bucket
	uint64_t storm;         // frames per second
};

// The results of a scene.
struct result {
	struct counters in; // of all senders
	struct counters out;
	uint64_t passed[STEPS_MAX]; // in each step
	uint64_t learned;
	uint64_t events[EVENT_TYPES];
	uint64_t violations; // the sum of their counts
};

struct lane {
	const struct scene *scene;
	struct forwarder *w;
	unsigned number, lanes;
	_Atomic unsigned *arrived; // sum of lanes over all meetings so far
	unsigned meetings;
	uint64_t sent; // to OUT
	uint64_t passed[STEPS_MAX];
};

static struct forwarding *shared;
static struct rte_mempool *pools[LANES_MAX]; // one each: a buffer stays with its thread
static struct rte_ring *rings[LANES_MAX];

static struct swconf *compile_scene(const struct scene *s)
{
	static const uint8_t numbers[PORTS] = {0, 1, 2, 3, OUT};
	struct error e;
	char text[1024];
	int n = snprintf(text, sizeof text, "ports:\n");

	for (int port = 0; port < PORTS; port++)
		n += snprintf(text + n, sizeof text - (size_t)n, "- {name: p%d, policy: {%s}}\n",
			      port, port == OUT ? s->receiver : s->sender);
	struct config *c = config_parse(text, (size_t)n, &e);
	CHECK(c, "%s: %u:%u: %s", s->name, e.at.line, e.at.column, e.text);
	struct swconf *conf = compile_ports(c, numbers);
	config_free(c);
	assert_non_null(conf);
	return conf;
}

static void make_switch(const struct scene *s)
{
	shared = aligned_alloc(64, sizeof *shared);
	assert_non_null(shared);
	memset(shared, 0, sizeof *shared);
	assert_int_equal(fdb_create(&shared->fdb, 65536, 1, 1), 0);
	assert_int_equal(mdb_create(&shared->mdb, 1), 0);
	assert_int_equal(lease_create(&shared->leases, 1), 0);
	assert_int_equal(fdb_put(shared->fdb, key_make(1, MAC_OUT), OUT, FDB_STATIC), 0);
	atomic_store(&shared->conf, compile_scene(s));
	atomic_store(&shared->up, portset_of(PORTS) - 1);
}

static void destroy_switch(void)
{
	fdb_destroy(shared->fdb);
	mdb_destroy(shared->mdb);
	lease_destroy(shared->leases);
	free((void *)(uintptr_t)atomic_load(&shared->conf));
	free(shared);
}

static uint16_t count_and_free(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	struct lane *l = arg;

	l->sent += port == OUT ? n : 0;
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

static struct forwarder *make_forwarder(struct lane *l)
{
	struct forwarder *w = aligned_alloc(64, (sizeof *w + 63) / 64 * 64);

	assert_non_null(w);
	memset(w, 0, sizeof *w);
	forwarder_init(w, shared, pools[l->number], rings[l->number]);
	w->tx.send = count_and_free;
	w->tx.arg = l;
	return w;
}

static void put_mac(uint8_t *at, uint64_t mac)
{
	for (int i = 0; i < 6; i++)
		at[i] = (uint8_t)(mac >> (40 - 8 * i));
}

static uint64_t source_of(const struct scene *s, unsigned port, uint32_t number)
{
	uint64_t base = UINT64_C(0x020000000000);

	if (s->source == NEW_EACH)
		return base + 0x1000000 + number;
	return s->source == OF_PORT ? base + 1 + port : base + 1;
}

static struct rte_mbuf *make_frame(const struct lane *l, unsigned port, uint32_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools[l->number]);
	uint8_t *data = m ? (uint8_t *)rte_pktmbuf_append(m, SIZE) : NULL;

	if (!data)
		abort(); // the pool is larger than all buffers in use
	put_mac(data, l->scene->dst);
	put_mac(data + 6, source_of(l->scene, port, number));
	memcpy(data + 12, "\x88\xb5", 2);
	return m;
}

// The ingress port of a burst. Each lane gets bursts of all ports.
static unsigned port_of(const struct scene *s, unsigned burst)
{
	return s->spread ? (burst + burst / SENDERS) % SENDERS : 0;
}

static void make_burst(struct lane *l, unsigned step, unsigned burst,
		       struct rte_mbuf *frames[BURST])
{
	for (unsigned i = 0; i < BURST; i++)
		frames[i] = make_frame(l, port_of(l->scene, burst),
				       (step * BURSTS + burst) * BURST + i);
}

static void offer_burst(struct lane *l, unsigned burst, struct rte_mbuf *frames[BURST])
{
	forward_burst(l->w, port_of(l->scene, burst), frames, NULL, BURST);
	txbatch_drain(&l->w->tx);
}

// Lanes wait for each other. Spinning brings them closer together than a sleeping barrier.
static void meet(struct lane *l)
{
	unsigned all = ++l->meetings * l->lanes;

	atomic_fetch_add(l->arrived, 1);
	for (int spins = 0; atomic_load(l->arrived) < all; spins++)
		if (spins > SPINS)
			sched_yield();
}

// The part of one lane: its share of the bursts of each step.
static void *drive(void *arg)
{
	struct lane *l = arg;
	const struct scene *s = l->scene;
	struct rte_mbuf *frames[BURST];

	for (unsigned step = 0; step < s->steps; step++) {
		uint64_t before = l->sent, lag = s->lagging ? l->number * s->step_ns * 3 / 4 : 0;
		if (!s->lagging || !step)
			meet(l);
		forwarder_set_clock(l->w, step * s->step_ns + lag);
		for (unsigned burst = l->number; burst < BURSTS; burst += l->lanes) {
			make_burst(l, step, burst, frames);
			offer_burst(l, burst, frames);
		}
		l->passed[step] = l->sent - before;
	}
	return NULL;
}

// The part of one lane when every round begins with a port that is up, and all lanes violate its
// policy at the same time.
static void *violate(void *arg)
{
	struct lane *l = arg;
	struct rte_mbuf *frames[BURST];

	forwarder_set_clock(l->w, SECOND);
	for (int round = 0; round < SHUTDOWN_ROUNDS; round++) {
		meet(l);
		if (!l->number)
			atomic_store(&shared->err_disabled, 0);
		make_burst(l, 0, 0, frames);
		meet(l);
		offer_burst(l, 0, frames);
	}
	return NULL;
}

static void count_event(struct result *r, const struct event *e)
{
	r->events[e->type]++;
	r->violations += e->type == EVENT_VIOLATION ? e->count : 0;
}

static void collect_lane(struct lane *l, struct result *r)
{
	struct event e;

	for (unsigned port = 0; port < SENDERS; port++)
		counters_read(&l->w->counters[port], &r->in);
	counters_read(&l->w->counters[OUT], &r->out);
	for (unsigned step = 0; step < STEPS_MAX; step++)
		r->passed[step] += l->passed[step];
	while (event_pop(&l->w->events, &e))
		count_event(r, &e);
	assert_int_equal(l->w->events.lost, 0);
	free(l->w);
}

static void collect_switch(struct result *r)
{
	struct event told[VIOLATION_SUMS];

	for (uint8_t port = 0; port < PORTS; port++) {
		unsigned n = violation_collect(&shared->port[port].violations, port, UINT64_MAX,
					       told);
		for (unsigned i = 0; i < n; i++)
			count_event(r, &told[i]);
		r->learned += fdb_count(shared->fdb, port);
	}
}

// Runs the lanes of a scene on the present switch.
static void run_lanes(const struct scene *s, unsigned lanes, void *(*part)(void *),
		      struct result *r)
{
	struct lane lane[LANES_MAX] = {0};
	pthread_t thread[LANES_MAX];
	_Atomic unsigned arrived = 0;

	*r = (struct result){0};
	for (unsigned i = 0; i < lanes; i++) {
		lane[i] = (struct lane){
			.scene = s, .number = i, .lanes = lanes, .arrived = &arrived};
		lane[i].w = make_forwarder(&lane[i]);
		assert_int_equal(pthread_create(&thread[i], NULL, part, &lane[i]), 0);
	}
	for (unsigned i = 0; i < lanes; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < lanes; i++)
		collect_lane(&lane[i], r);
	collect_switch(r);
}

static void run(const struct scene *s, unsigned lanes, struct result *r)
{
	make_switch(s);
	run_lanes(s, lanes, drive, r);
	destroy_switch();
}

static uint64_t passed(const struct result *r)
{
	uint64_t sum = 0;

	for (unsigned step = 0; step < STEPS_MAX; step++)
		sum += r->passed[step];
	return sum;
}

static void check_conservation(const struct scene *s, const struct result *r)
{
	uint64_t ended = 0;

	for (int out = 0; out < OUTCOMES; out++)
		ended += r->in.outcome[out];
	CHECK(r->in.rx_packets == s->steps * BURSTS * BURST && ended == r->in.rx_packets,
	      "%s: %ju frames received, %ju ended", s->name, (uintmax_t)r->in.rx_packets,
	      (uintmax_t)ended);
	CHECK(r->out.tx_packets == passed(r), "%s: %ju counted at the port, %ju sent", s->name,
	      (uintmax_t)r->out.tx_packets, (uintmax_t)passed(r));
}

// Compares all counters of two results.
static void check_counters(const struct scene *s, unsigned lanes, const struct counters *one,
			   const struct counters *many)
{
	const uint64_t *a = (const uint64_t *)one, *b = (const uint64_t *)many;

	for (size_t i = 0; i < sizeof *one / sizeof *a; i++)
		CHECK(a[i] == b[i], "%s: counter %zu is %ju with %u threads, %ju with one", s->name,
		      i, (uintmax_t)b[i], lanes, (uintmax_t)a[i]);
}

static void check_same(const struct scene *s, unsigned lanes, const struct result *one,
		       const struct result *many)
{
	check_counters(s, lanes, &one->in, &many->in);
	check_counters(s, lanes, &one->out, &many->out);
	for (unsigned step = 0; step < s->steps; step++)
		CHECK(one->passed[step] == many->passed[step],
		      "%s: in step %u %ju frames passed with %u threads, %ju with one", s->name,
		      step, (uintmax_t)many->passed[step], lanes, (uintmax_t)one->passed[step]);
	for (int type = 0; type < EVENT_TYPES; type++)
		CHECK(one->events[type] == many->events[type],
		      "%s: %ju events of type %d with %u threads, %ju with one", s->name,
		      (uintmax_t)many->events[type], type, lanes, (uintmax_t)one->events[type]);
	CHECK(one->violations == many->violations,
	      "%s: %ju violations reported with %u threads, %ju with one", s->name,
	      (uintmax_t)many->violations, lanes, (uintmax_t)one->violations);
	CHECK(one->learned == many->learned, "%s: %ju entries with %u threads, %ju with one",
	      s->name, (uintmax_t)many->learned, lanes, (uintmax_t)one->learned);
}

#define FRAMES(steps) ((steps)*BURSTS * BURST)
// A step offers slightly more than the rates allow, so that all lanes often pass frames.
#define RATE(way) way "-rate: 100000, " way "-burst: 256"
#define WITH_PEAK(way) \
	way "-rate: 80000, " way "-peak: 200000, " way "-burst: 256" // of which 250,000 bytes at
								     // once
#define RATED(bytes_a_ms) \
	.steps = 50, .step_ns = 20 * MS, .depth = 256 * 1024, .per_ms = (bytes_a_ms), \
	.passed = (256 * 1024 + 49 * 20 * (bytes_a_ms)) / SIZE

static const struct scene scenes[] = {
	{"mac-limit, allow", "mac-limit: 3000", "", MAC_OUT, NEW_EACH, .steps = 8, .step_ns = MS,
	 .passed = FRAMES(8)},
	{"mac-limit, drop", "mac-limit: 3000, mac-limit-policy: drop", "", MAC_OUT, NEW_EACH,
	 .steps = 8, .step_ns = SECOND / 4, .passed = 3000},
	{"mac-limit of four ports, drop", "mac-limit: 700, mac-limit-policy: drop", "", MAC_OUT,
	 NEW_EACH, .spread = true, .steps = 8, .step_ns = SECOND / 4, .passed = 4 * 700},
	{"sticky mac-limit", "mac-limit: 3000, mac-limit-policy: drop, mac-sticky: on", "", MAC_OUT,
	 NEW_EACH, .steps = 8, .step_ns = MS, .passed = 3000},
	{"storm-broadcast", "storm-broadcast: 400", "", MAC_BROADCAST, OF_PORT, .steps = 8,
	 .step_ns = SECOND / 2, .storm = 400, .passed = 4 * 400},
	{"storm-multicast", "storm-multicast: 400", "", MAC_MULTICAST, OF_PORT, .steps = 8,
	 .step_ns = SECOND, .storm = 400, .passed = 8 * 400},
	{"storm-unknown-unicast", "storm-unknown-unicast: 400", "", MAC_UNKNOWN, OF_PORT,
	 .steps = 8, .step_ns = SECOND, .storm = 400, .passed = 8 * 400},
	{"storm-broadcast of four ports", "storm-broadcast: 50", "", MAC_BROADCAST, OF_PORT,
	 .spread = true, .steps = 8, .step_ns = SECOND, .storm = 4 * 50, .passed = 8 * 4 * 50},
	{"ingress-rate", RATE("ingress"), "", MAC_OUT, OF_PORT, RATED(12500)},
	{"ingress-rate and -peak", WITH_PEAK("ingress"), "", MAC_OUT, OF_PORT, RATED(10000)},
	{"egress-rate", "", RATE("egress"), MAC_OUT, OF_PORT, RATED(12500)},
	{"egress-rate, from four ports", "", RATE("egress"), MAC_OUT, OF_PORT, .spread = true,
	 RATED(12500)},
	{"egress-rate and -peak, from four ports", "", WITH_PEAK("egress"), MAC_OUT, OF_PORT,
	 .spread = true, RATED(10000)},
	{"violations reported", "forged-transmits: reject", "", MAC_OUT, OF_PORT, .spread = true,
	 .steps = 8, .step_ns = SECOND},
	{"violations not reported", "forged-transmits: reject, violation: protect", "", MAC_OUT,
	 OF_PORT, .steps = 8, .step_ns = SECOND},
};

static void same_as_one_thread(void **state)
{
	static struct result one, many;

	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++) {
		run(&scenes[i], 1, &one);
		check_conservation(&scenes[i], &one);
		CHECK(passed(&one) == scenes[i].passed, "%s: %ju frames passed, should be %ju",
		      scenes[i].name, (uintmax_t)passed(&one), (uintmax_t)scenes[i].passed);
		for (unsigned lanes = 2; lanes <= LANES_MAX; lanes *= 2) {
			run(&scenes[i], lanes, &many);
			check_conservation(&scenes[i], &many);
			check_same(&scenes[i], lanes, &one, &many);
		}
	}
}

// With different clocks no more frames pass than the fastest clock allows.
static void lagging_clocks(void **state)
{
	static struct result r;

	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++) {
		struct scene s = scenes[i];
		uint64_t lag = (LANES_MAX - 1) * s.step_ns * 3 / 4,
			 span = (s.steps - 1) * s.step_ns + lag;
		if (!s.depth && !s.storm)
			continue;
		s.lagging = true;
		run(&s, LANES_MAX, &r);
		check_conservation(&s, &r);
		uint64_t most = s.storm ? s.storm * (span / SECOND + 1)
					: (s.depth + span * s.per_ms / MS) / SIZE;
		CHECK(passed(&r) && passed(&r) <= most, "%s: %ju frames passed, %ju may", s.name,
		      (uintmax_t)passed(&r), (uintmax_t)most);
	}
}

// One MAC on four ports at once makes five moves, then is held once.
static void moves_are_counted_exactly(void **state)
{
	static const struct scene s = {
		"moves", "", "", MAC_OUT, ONE_FOR_ALL, .spread = true, .steps = 2, .step_ns = MS};
	static struct result r;

	(void)state;
	for (int round = 0; round < MOVE_ROUNDS; round++) {
		run(&s, 1 + (unsigned)round % LANES_MAX, &r);
		check_conservation(&s, &r);
		assert_int_equal(r.in.mac_moves, 5);
		assert_int_equal(r.events[EVENT_MAC_MOVED], 5);
		assert_int_equal(r.events[EVENT_MAC_LEARNED], 1);
		assert_int_equal(r.events[EVENT_MAC_FLAP], 1);
		assert_int_equal(r.learned, 1);
		assert_true(r.in.outcome[OUT_MAC_FLAP] > 0);
	}
}

// A port goes down once, at its first violation. The other thread may be handling one frame then.
// All later frames meet a port that is down.
static void one_shutdown(void **state)
{
	static const struct scene s = {"shutdown", "forged-transmits: reject, violation: shutdown",
				       "",         MAC_OUT,
				       OF_PORT,    .steps = 0};
	static struct result r;

	(void)state;
	make_switch(&s);
	run_lanes(&s, 2, violate, &r);
	destroy_switch();
	uint64_t forged = r.in.outcome[OUT_FORGED_TRANSMIT];
	assert_in_range(forged, SHUTDOWN_ROUNDS, 2 * SHUTDOWN_ROUNDS);
	assert_int_equal(r.in.outcome[OUT_PORT_DOWN], 2 * SHUTDOWN_ROUNDS * BURST - forged);
	assert_int_equal(r.violations, forged);
	assert_int_equal(r.events[EVENT_VIOLATION], 1);
	CHECK(r.events[EVENT_PORT_ERR_DISABLED] == SHUTDOWN_ROUNDS,
	      "%ju events of a port that was err-disabled %d times",
	      (uintmax_t)r.events[EVENT_PORT_ERR_DISABLED], SHUTDOWN_ROUNDS);
}

// Starts DPDK with plain memory and without devices, and makes the pools of the threads.
static int start(void **state)
{
	char *args[] = {"threads_test",
			"--no-huge",
			"-m",
			"64",
			"--no-pci",
			"--no-shconf",
			"--no-telemetry",
			"--log-level=*:critical"};
	char name[16];
	cpu_set_t cores;

	(void)state;
	// EAL pins this thread to one core. New threads inherit that and would never run
	// concurrently.
	if (sched_getaffinity(0, sizeof cores, &cores) || rte_eal_init(COUNT(args), args) < 0 ||
	    sched_setaffinity(0, sizeof cores, &cores))
		return -1;
	for (int i = 0; i < LANES_MAX; i++) {
		snprintf(name, sizeof name, "lane%d", i);
		pools[i] = rte_pktmbuf_pool_create(name, POOL, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
						   SOCKET_ID_ANY);
		rings[i] = rte_ring_create_elem(name, sizeof(struct event), RING, SOCKET_ID_ANY,
						RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (!pools[i] || !rings[i])
			return -1;
	}
	return 0;
}

static int stop(void **state)
{
	(void)state;
	for (int i = 0; i < LANES_MAX; i++) {
		rte_ring_free(rings[i]);
		rte_mempool_free(pools[i]);
	}
	return rte_eal_cleanup();
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(same_as_one_thread), TEST(lagging_clocks),
					   TEST(moves_are_counted_exactly), TEST(one_shutdown)};

	return cmocka_run_group_tests(tests, start, stop) != 0;
}
