// SPDX-License-Identifier: BSD-3-Clause
// The modes that forward for some time in each repeat.
#define _GNU_SOURCE
#include <rte_cycles.h>
#include <rte_ip.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/api/control.h"
#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/bench/bench.h"
#include "control/bench/load.h"
#include "control/bench/runs.h"
#include "control/common/complain.h"
#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/config/config.h"
#include "control/pcap/captures.h"
#include "control/pcap/record.h"
#include "control/switch/events.h"
#include "control/switch/flush.h"
#include "control/switch/mactable.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/counters.h"
#include "dataplane/fdb.h"
#include "dataplane/mdb.h"
#include "dataplane/portset.h"
#include "dataplane/snoop.h"

json_t *bench_size(unsigned size)
{
	return size == LOAD_SIZE_IMIX ? json_string("imix") : json_sprintf("%u", size);
}

struct config *bench_config(unsigned ports, uint32_t limit)
{
	struct config *c = config_new();

	for (unsigned i = 0; c && i < ports; i++) {
		struct config_port *p = config_add_port(c);
		if (!p)
			break;
		snprintf(p->name, sizeof p->name, "p%u", i);
		bench_set(c, i, PK_MAC_LIMIT, limit);
	}
	if (c && c->port_count == ports)
		return c;
	complain("out of memory");
	config_free(c);
	return NULL;
}

void bench_set(struct config *c, unsigned port, enum policy_key key, uint32_t value)
{
	c->port[port].policy.set |= UINT64_C(1) << key;
	c->port[port].policy.value[key] = value;
}

static struct load *create_load(struct config *c)
{
	return c ? load_create(c, SWITCH_BENCH) : NULL;
}

bool bench_has_cores(const struct bench *b, const char *user)
{
	cpu_set_t set;

	if (!sched_getaffinity(0, sizeof set, &set) && CPU_COUNT(&set) >= 2)
		return true;
	return complain(
		"bench %s needs two cores, one for the worker and one for %s (this process may use only one)",
		b->mode->name, user);
}

bool bench_known_unicast(struct load *l, portset senders, portset among, uint32_t macs,
			 unsigned size, bool tagged)
{
	unsigned port;

	PORTSET_FOREACH(port, senders) {
		struct recipe r = {.port = port,
				   .to = among & ~portset_of(port),
				   .macs = macs,
				   .to_macs = macs,
				   .size = size,
				   .tagged = tagged};
		if (!stream_make(&l->stream[port], &r))
			return false;
	}
	return true;
}

static portset first_ports(unsigned n)
{
	return n < PORTS_MAX ? portset_of(n) - 1 : ~(portset)0;
}

static double first_mpps(const struct lane *lane)
{
	return lane_mpps(lane->port_frames[0], lane);
}

// On the line a frame has an FCS of 4 bytes, a preamble of 8, a gap of 12.
static double gbps(const struct lane *lane)
{
	return lane_mpps(lane->bytes + 24 * lane->frames, lane) * 8 / 1e3;
}

static double longest_us(const struct lane *lane)
{
	return (double)lane->longest * 1e6 / (double)rte_get_tsc_hz();
}

static double slow_rounds(const struct lane *lane)
{
	return (double)lane->slow;
}

// Runs all repeats, after one that does not count. each: gets the runs of each worker, or NULL.
static void measure_repeats(struct bench *b, struct load *l, portset senders, struct runs *all,
			    struct runs *each)
{
	load_run(l, senders, b->o.seconds / 2, NULL, NULL);
	switch_clear_counters(l->sw, l->sw->ports);
	all->count = b->o.repeats;
	for (unsigned i = 0; i < b->o.repeats; i++) {
		load_run(l, senders, b->o.seconds, NULL, NULL);
		all->lane[i] = load_sum(l);
		for (unsigned w = 0; each && w < l->sw->workers; w++) {
			each[w].count = b->o.repeats;
			each[w].lane[i] = l->lane[w];
		}
		bench_progress(b);
	}
}

// forward

// Opens the captures of --in.
static bool open_captures(struct bench *b, const struct load *l, struct captures *in,
			  unsigned port_of[CAPTURES_MAX])
{
	for (unsigned i = 0; i < b->o.in_count; i++) {
		char name[PORT_NAME], text[CAPTURE_ERROR];
		snprintf(name, sizeof name, "%.*s", (int)strcspn(b->o.in[i], "="), b->o.in[i]);
		int port = switch_port(l->sw, name);
		if (port < 0) {
			b->failure = EXIT_USAGE;
			return complain("--in %.200s: there is no port '%s'", b->o.in[i], name);
		}
		if (!captures_add(in, strchr(b->o.in[i], '=') + 1, text))
			return complain("%s", text);
		port_of[i] = (unsigned)port;
	}
	return true;
}

// Makes streams of all frames. senders: gets the ports that have a frame.
static bool read_streams(struct load *l, struct captures *in, const unsigned port_of[CAPTURES_MAX],
			 portset *senders)
{
	struct capture_record rec;
	char text[CAPTURE_ERROR];
	enum capture_status s;

	while ((s = captures_next(in, &rec, text)) != CAPTURE_END) {
		if (s == CAPTURE_WARNING)
			complain("warning: %s", text);
		else if (!stream_add(&l->stream[port_of[rec.input]], rec.data, rec.captured))
			return false;
		else
			*senders |= portset_of(port_of[rec.input]);
	}
	return *senders || complain("--in: there is no frame in the captures");
}

static bool read_captures(struct bench *b, struct load *l, portset *senders)
{
	unsigned port_of[CAPTURES_MAX];
	struct captures *in = captures_create();
	bool good = in ? open_captures(b, l, in, port_of) && read_streams(l, in, port_of, senders)
		       : complain("out of memory");

	captures_destroy(in);
	return good;
}

// Adds a row for all workers or for one. about: further members.
static void forward_row(struct bench *b, json_t *about, json_t *worker, const struct runs *r)
{
	json_t *row = json_pack("{s:o, s:o, s:o, s:o}", "worker", worker, "cycles",
				runs_json(r, runs_cycles, 1, 0), "mpps",
				runs_json(r, runs_mpps, 1, 0), "gbps", runs_json(r, gbps, 1, 0));

	json_object_update_missing(row, about);
	bench_add(b, row);
}

static bool forward_rows(struct bench *b, struct load *l, portset senders, json_t *about)
{
	unsigned workers = l->sw->workers;
	struct runs bare, all, *each = calloc(workers, sizeof *each);

	if (!each) {
		json_decref(about);
		return complain("out of memory");
	}
	load_run(l, senders, 0, NULL, NULL);
	l->bare = true;
	measure_repeats(b, l, senders, &bare, NULL);
	l->bare = false;
	measure_repeats(b, l, senders, &all, each);
	for (unsigned w = 0; workers > 1 && w < workers; w++)
		forward_row(b, about, json_sprintf("%u", w), &each[w]);
	struct counters c = runs_counters(l->sw, senders);
	json_int_t frames = (json_int_t)c.rx_packets,
		   forwarded = (json_int_t)c.outcome[OUT_FORWARDED],
		   flooded = (json_int_t)c.outcome[OUT_FLOODED];
	json_object_update_new(
		about, json_pack("{s:o, s:o, s:I, s:I, s:I, s:I}", "harness",
				 runs_json(&bare, runs_cycles, 1, 0), "switch",
				 runs_json(&all, runs_cycles, 1, runs_median(&bare, runs_cycles)),
				 "frames", frames, "forwarded", forwarded, "flooded", flooded,
				 "dropped", frames - forwarded - flooded));
	forward_row(b, about, json_string("all"), &all);
	json_decref(about);
	free(each);
	return true;
}

static struct config *forward_config(struct bench *b, unsigned ports, uint32_t macs)
{
	struct error e;
	struct config *c = b->o.config ? config_read(b->o.config, &e)
				       : bench_config(ports, macs / ports + 1);

	if (!c && b->o.config) {
		b->failure = EXIT_USAGE;
		complain_error(b->o.config, &e);
	}
	if (c && b->o.workers)
		c->dataplane.workers = b->o.workers;
	return c;
}

static bool forward_one(struct bench *b, unsigned ports, uint32_t macs, unsigned size)
{
	struct load *l = create_load(forward_config(b, ports, macs));
	bool good;

	if (!l)
		return false;
	ports = l->sw->config->port_count;
	portset senders = b->o.in_count ? 0 : first_ports(ports);
	if (ports < 2)
		good = complain("%s has one port (bench needs two)", b->o.config);
	else if (b->o.in_count)
		good = read_captures(b, l, &senders);
	else
		good = bench_known_unicast(l, senders, senders, macs / ports ? macs / ports : 1,
					   size, b->o.tagged);
	json_t *traffic = b->o.in_count ? json_string("capture") : bench_size(size);
	json_t *about = json_pack("{s:I, s:o, s:i, s:b}", "macs", (json_int_t)macs, "size", traffic,
				  "ports", (int)ports, "tagged", b->o.tagged);
	if (good)
		good = forward_rows(b, l, senders, about);
	else
		json_decref(about);
	load_destroy(l);
	return good;
}

bool bench_forward(struct bench *b)
{
	// A capture defines MACs and sizes, a configuration defines the ports.
	unsigned macs = b->o.in_count ? 1 : b->o.macs.count,
		 sizes = b->o.in_count ? 1 : b->o.size.count;
	unsigned ports = b->o.config ? 1 : b->o.ports.count;

	for (unsigned i = 0; i < ports * sizes * macs; i++)
		if (!forward_one(b, b->o.ports.item[i / macs / sizes], b->o.macs.item[i % macs],
				 b->o.size.item[i / macs % sizes]))
			return false;
	return true;
}

// flood

enum { GROUP_MEMBERS = 2, SNOOPED = 1 /* the native VLAN */ };

// What flood compares with known unicast.
static const struct flooded {
	const char *name;
	int kind; // of the recipe
	bool joined;
} flooded[] = {
	{"broadcast", TO_BROADCAST, false},
	{"unknown unicast", TO_UNKNOWN, false},
	{"group", TO_GROUP, false},
	{"group of 2 ports", TO_GROUP, true},
};

// Makes a querier heard, which had every port's answer, and lets the first ports of a set join.
static void join_group(struct vswitch *sw, portset ports)
{
	struct mdb *m = sw->shared.mdb;
	uint32_t tick = switch_tick(sw);
	struct mdb_query q = {.source = snoop_ipv4(RTE_IPV4(10, 0, 0, 1)),
			      .family = SNOOP_IPV4,
			      .vid = SNOOPED,
			      .port = MDB_SELF,
			      .reached = ports};
	struct mdb_membership who = {.group = snoop_ipv4(LOAD_GROUP), .vid = SNOOPED, .version = 2};
	unsigned port, count = 0;

	mdb_hear_query(m, &q, tick);
	mdb_sweep(m, tick + (MDB_ANSWER_EXTRA_S + 1) * MDB_TICKS_PER_S, NULL, NULL);
	PORTSET_FOREACH(port, ports)
		if (count++ < GROUP_MEMBERS) {
			who.port = (uint8_t)port;
			mdb_join(m, &who, MDB_LIMIT_MAX, tick);
		}
}

static struct config *flood_config(unsigned ports, uint32_t limit)
{
	struct config *c = bench_config(ports, limit);
	struct config_vlan *v = c ? config_add_vlan(c) : NULL;

	if (v) {
		v->vid = SNOOPED;
		v->snooping = true;
		return c;
	}
	config_free(c);
	return NULL;
}

// r: for known unicast, whose runs are `single`.
static bool flood_row(struct bench *b, struct load *l, const struct flooded *f, struct recipe r,
		      const struct runs *single)
{
	unsigned ports = (unsigned)__builtin_popcountll(r.to),
		 copies = f->joined ? GROUP_MEMBERS : ports;
	double whole = copies * runs_median(single, runs_cycles);
	struct runs runs;

	r.kind = f->kind;
	if (f->joined)
		join_group(l->sw, r.to);
	if (!stream_make(&l->stream[0], &r))
		return false;
	measure_repeats(b, l, portset_of(0), &runs, NULL);
	bench_add(b, json_pack("{s:i, s:o, s:s, s:o, s:o, s:o, s:o}", "ports", (int)ports, "size",
			       bench_size(r.size), "kind", f->name, "cycles",
			       runs_json(&runs, runs_cycles, 1, 0), "copy",
			       runs_json(&runs, runs_cycles, 1.0 / copies, 0), "single",
			       runs_json(single, runs_cycles, 1, 0), "ratio",
			       runs_json(&runs, runs_cycles, 1 / whole, 0)));
	return true;
}

static bool flood_rows(struct bench *b, struct load *l, unsigned copies, uint32_t macs,
		       unsigned size)
{
	portset others = first_ports(copies + 1) & ~portset_of(0);
	struct recipe r = {.port = 0, .to = others, .macs = macs, .to_macs = macs, .size = size};
	struct runs single;
	bool good = bench_known_unicast(l, others, others | portset_of(0), macs, size, false);

	if (!good)
		return false;
	load_run(l, others, 0, NULL, NULL);
	good = stream_make(&l->stream[0], &r);
	if (good)
		measure_repeats(b, l, portset_of(0), &single, NULL);
	for (unsigned i = 0; i < RTE_DIM(flooded) && good; i++)
		if (!flooded[i].joined || copies >= GROUP_MEMBERS)
			good = flood_row(b, l, &flooded[i], r, &single);
	return good;
}

bool bench_flood(struct bench *b)
{
	unsigned sizes = b->o.size.count;
	uint32_t macs = b->o.macs.item[0];
	bool good = true;

	for (unsigned i = 0; i < b->o.ports.count * sizes && good; i++) {
		unsigned copies = b->o.ports.item[i / sizes];
		struct load *l = create_load(flood_config(copies + 1, macs));
		good = l && flood_rows(b, l, copies, macs, b->o.size.item[i % sizes]);
		load_destroy(l);
	}
	return good;
}

// attack

enum { VICTIM, PEER, ATTACKER, BYSTANDER, ATTACK_PORTS, ATTACK_FRAMES = 1 << 20 };

static double attacker_mpps(const struct lane *lane)
{
	return lane_mpps(lane->port_frames[ATTACKER], lane);
}

// Known traffic beside the frames of a recipe. attack NULL: alone.
static bool attack_row(struct bench *b, struct load *l, const char *name,
		       const struct recipe *attack, double *alone)
{
	portset senders = portset_of(VICTIM) | (attack ? portset_of(ATTACKER) : 0);
	double fair = attack ? 0.5 : 1;
	struct runs runs;

	mactable_flush(l->sw, &(struct fdb_filter){.port = ATTACKER, .type = FDB_DYNAMIC});
	if (attack && !stream_make(&l->stream[ATTACKER], attack))
		return false;
	measure_repeats(b, l, senders, &runs, NULL);
	if (!attack)
		*alone = runs_median(&runs, first_mpps);
	struct counters c = runs_counters(l->sw, portset_of(VICTIM));
	bench_add(b, json_pack("{s:s, s:o, s:o, s:f, s:o, s:o, s:i, s:i, s:I}", "beside", name,
			       "mpps", runs_json(&runs, first_mpps, 1, 0), "share",
			       runs_json(&runs, first_mpps, 1 / *alone, 0), "fair", fair, "ratio",
			       runs_json(&runs, first_mpps, 1 / (*alone * fair), 0), "beside_mpps",
			       runs_json(&runs, attacker_mpps, 1, 0), "macs",
			       (int)fdb_count(l->sw->shared.fdb, ATTACKER), "limit",
			       (int)policy_rows[PK_MAC_LIMIT].standard, "lost",
			       (json_int_t)(c.rx_packets - c.outcome[OUT_FORWARDED])));
	return true;
}

bool bench_attack(struct bench *b)
{
	uint32_t macs = (b->o.macs.item[0] + 1) / 2, limit = policy_rows[PK_MAC_LIMIT].standard;
	struct recipe known = {.port = ATTACKER,
			       .to = portset_of(PEER),
			       .macs = macs,
			       .to_macs = macs,
			       .size = b->o.size.item[0]};
	struct recipe sources = known, both;
	portset pair = portset_of(VICTIM) | portset_of(PEER);
	double alone = 0;

	if (macs > limit) {
		b->failure = EXIT_USAGE;
		return complain(
			"--macs cannot be %u (known traffic must fit the default limits: up to %u)",
			b->o.macs.item[0], 2 * limit);
	}
	struct load *l = create_load(bench_config(ATTACK_PORTS, limit));

	sources.macs = ATTACK_FRAMES;
	sources.random_source = true;
	both = sources;
	both.to_macs = ATTACK_FRAMES;
	both.kind = TO_UNKNOWN;
	bool good = l && bench_known_unicast(l, pair, pair, macs, known.size, false);
	if (good)
		load_run(l, pair, 0, NULL, NULL);
	good = good && attack_row(b, l, "nothing", NULL, &alone) &&
	       attack_row(b, l, "known traffic", &known, &alone) &&
	       attack_row(b, l, "random sources", &sources, &alone) &&
	       attack_row(b, l, "random sources and destinations", &both, &alone);
	load_destroy(l);
	return good;
}

// neighbours

static bool neighbours_row(struct bench *b, unsigned hosts, bool promiscuous, unsigned size,
			   double *alone)
{
	uint32_t macs = (b->o.macs.item[0] + 1) / 2;
	struct config *c = bench_config(2 + hosts, macs);
	portset pair = first_ports(2), all = first_ports(2 + hosts);
	struct runs runs;

	for (unsigned i = 2; c && promiscuous && i < 2 + hosts; i++)
		bench_set(c, i, PK_PROMISCUOUS, CHOICE_ACCEPT);
	struct load *l = create_load(c);
	// First the hosts' MACs are learned, then only the pair sends.
	bool good = l && load_add_rings(l) &&
		    bench_known_unicast(l, all & ~pair, all, macs, size, false) &&
		    bench_known_unicast(l, pair, pair, macs, size, false);
	if (good) {
		load_run(l, all, 0, NULL, NULL);
		measure_repeats(b, l, pair, &runs, NULL);
		*alone = *alone > 0 ? *alone : runs_median(&runs, runs_mpps);
		double copies = (double)runs_counters(l->sw, all).tx_packets /
				(double)runs_counters(l->sw, pair).rx_packets;
		bench_add(b,
			  json_pack("{s:o, s:s, s:i, s:o, s:o, s:o, s:f}", "size", bench_size(size),
				    "hosts", promiscuous ? "promiscuous" : "learning", "neighbours",
				    (int)hosts, "mpps", runs_json(&runs, runs_mpps, 1, 0), "share",
				    runs_json(&runs, runs_mpps, 1 / *alone, 0), "cycles",
				    runs_json(&runs, runs_cycles, 1, 0), "copies", copies));
	}
	load_destroy(l);
	return good;
}

bool bench_neighbours(struct bench *b)
{
	for (unsigned i = 0; i < 2 * b->o.size.count; i++) {
		double alone = 0;
		for (unsigned n = 0; n < b->o.neighbours.count; n++)
			if (!neighbours_row(b, b->o.neighbours.item[n], i % 2,
					    b->o.size.item[i / 2], &alone))
				return false;
	}
	return true;
}

// control

struct control_work {
	struct vswitch *sw;
	struct control control; // of the switch
	unsigned done;          // in this repeat
	bool bad;
	json_t *next; // start of the next page
};

static const struct method *const methods[] = {methods_port, methods_fdb, NULL};

static json_t *call_method(struct control_work *d, const char *method, json_t *params)
{
	struct error e = {0};
	json_t *result = method_call(&d->control, method, params, &e);

	if (!result && !d->bad)
		complain("%s: %s", method, e.text);
	d->bad |= !result;
	d->done++;
	json_decref(params);
	return result;
}

// The idle part of a tick of `run`.
static void idle_tick(void *arg)
{
	struct control_work *d = arg;

	usleep(SWITCH_TICK_MS * 1000);
	events_drain(d->sw);
}

static void sweep_table(void *arg)
{
	struct control_work *d = arg;

	idle_tick(d);
	mactable_sweep(d->sw, fdb_lines(d->sw->shared.fdb) / SWITCH_SWEEP_TICKS + 1);
	d->done++;
}

static void show_page(void *arg)
{
	struct control_work *d = arg;
	json_t *page = call_method(
		d, "fdb.show",
		json_pack("{s:O*}", "after", json_is_string(d->next) ? d->next : NULL));

	json_decref(d->next);
	d->next = json_incref(json_object_get(page, "next"));
	json_decref(page);
}

static void flush_table(void *arg)
{
	struct control_work *d = arg;

	idle_tick(d);
	if (!d->done)
		json_decref(call_method(d, "fdb.flush", json_object()));
}

static void change_policy(void *arg)
{
	struct control_work *d = arg;

	json_decref(
		call_method(d, "policy.set",
			    json_pack("{s:{s:i}}", "set", "aging-time", 300 + (int)d->done % 2)));
}

static const struct {
	const char *name;
	load_fn work;
} phases[] = {
	{"undisturbed", idle_tick},    {"ageing sweeps", sweep_table},    {"fdb show", show_page},
	{"flush of all", flush_table}, {"config changes", change_policy},
};

static bool control_row(struct bench *b, struct load *l, const char *name, load_fn work)
{
	struct control_work d = {.sw = l->sw, .control = {.sw = l->sw, .methods = methods}};
	struct runs runs = {.count = b->o.repeats};
	unsigned done = 0;

	load_run(l, first_ports(2), b->o.seconds / 2, NULL, NULL);
	for (unsigned i = 0; i < b->o.repeats && !d.bad; i++, done += d.done) {
		d.done = 0;
		load_run(l, first_ports(2), b->o.seconds, work, &d);
		runs.lane[i] = load_sum(l);
		bench_progress(b);
	}
	json_decref(d.next);
	if (!d.bad)
		bench_add(b, json_pack("{s:s, s:o, s:o, s:o, s:i}", "phase", name, "cycles",
				       runs_json(&runs, runs_cycles, 1, 0), "longest_us",
				       runs_json(&runs, longest_us, 1, 0), "slow_rounds",
				       runs_json(&runs, slow_rounds, 1, 0), "work", (int)done));
	return !d.bad;
}

bool bench_control(struct bench *b)
{
	uint32_t macs = (b->o.macs.item[0] + 1) / 2;

	if (!bench_has_cores(b, "control"))
		return false;
	struct load *l = create_load(bench_config(2, macs));
	bool good = l && bench_known_unicast(l, first_ports(2), first_ports(2), macs,
					     b->o.size.item[0], false);
	if (good)
		load_run(l, first_ports(2), 0, NULL, NULL);
	for (size_t i = 0; i < sizeof phases / sizeof *phases && good; i++)
		good = control_row(b, l, phases[i].name, phases[i].work);
	load_destroy(l);
	return good;
}
