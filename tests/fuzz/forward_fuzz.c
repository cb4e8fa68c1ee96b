// SPDX-License-Identifier: BSD-3-Clause
// A few ports with arbitrary policies, then frames, steps of the clock and ports that go down and
// up. Every frame has one outcome. No port receives a frame back or twice. No limit is exceeded and
// no buffer is lost. A sniffer sees the frames that the counters count. Bursts, single frames and
// sniffing give the same results.
#include <string.h>

#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "control/switch/compile.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/lease.h"
#include "dataplane/mdb.h"
#include "dataplane/pool.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/sniff.h"
#include "dataplane/txbatch.h"
#include "tests/fuzz/fuzz.h"

enum {
	PORTS = 5,
	STATIONS = 8,
	VLANS = 5,
	FRAMES_MAX = 1000,
	BYTES_MAX = 9018,
	RING = 1024,
	POOL = 8 << 20,
	CAPACITY_MAX = 1024,
	SNIFFED = 1 << 20,
	SNAPLEN = 32
};

// The results of a run, to compare with another run.
struct result {
	uint64_t sent[PORTS]; // hash of the frames that each port sent, in order
	struct counters counters[PORTS];
	uint64_t table;
};

// How an input is played.
struct play {
	unsigned burst_max;
	bool jams;      // ports sometimes refuse frames
	bool overflows; // the two lines of the MAC table are too small for the stations
	bool sniffs;
};

// A configuration that is compiled once for both runs.
struct compiled {
	struct swconf *conf;
	struct fixed_mac *fixed;
	size_t fixed_count;
};

struct run {
	struct forwarding shared;
	struct forwarder forwarder;
	const struct swconf *conf;
	struct play play;
	uint64_t now_ns;
	uint32_t frames;
	unsigned port, count; // of the current burst
	struct rte_mbuf *burst[BURST_MAX];
	uint64_t when[BURST_MAX];
	uint8_t ingress[FRAMES_MAX]; // port of each frame, by its number
	portset reached[FRAMES_MAX];
	struct result result;
	struct counters sniffed[PORTS]; // frames that the sniffer saw
};

static struct rte_mempool *pool;
static struct rte_ring *ring;
static struct sniffer *sniffer; // of all frames

static void start(void)
{
	struct config *c = config_new();
	struct error e;

	MUST(c && eal_start(c, EAL_REPLAY, NULL, &e), "%s", e.text);
	config_free(c);
	pool = pool_create(POOL);
	ring = rte_ring_create_elem("events", sizeof(struct event), RING, SOCKET_ID_ANY,
				    RING_F_SP_ENQ | RING_F_SC_DEQ);
	sniffer = sniffer_create(SNIFFED, SNAPLEN, UINT64_MAX);
	MUST(pool && ring && sniffer);
	for (int way = 0; way < SNIFF_WAYS; way++)
		atomic_store(&sniffer->ports[way], ~UINT64_C(0));
}

static uint64_t station(unsigned i)
{
	return UINT64_C(0x020000000000) + i % STATIONS;
}

// Mostly small values, sometimes large ones.
static uint32_t number(const struct policy_row *r, uint16_t v)
{
	uint64_t n = r->min + ((uint64_t)(v & 0xff) << (v >> 8 & 15));

	return n < r->max ? (uint32_t)n : r->max;
}

static unsigned words(const struct policy_row *r)
{
	unsigned n = 0;

	while (r->words[n])
		n++;
	return n;
}

static void take_policy(struct bytes *in, struct policy *p)
{
	for (unsigned n = take8(in) % 8; n; n--) {
		unsigned k = take8(in) % POLICY_KEYS;
		const struct policy_row *r = &policy_rows[k];
		uint16_t v = take16(in);
		p->set |= UINT64_C(1) << k;
		if (r->type == POLICY_NUMBER)
			p->value[k] = number(r, v);
		else if (r->type == POLICY_CHOICE)
			p->value[k] = v % words(r);
		else
			p->vlans.word[0] = (v & 0xfe) | 1 << (1 + v % VLANS);
	}
}

static void take_port(struct bytes *in, struct config *c)
{
	struct config_port *p = config_add_port(c);
	uint8_t macs = take8(in);

	MUST(p);
	snprintf(p->name, sizeof p->name, "p%u", c->port_count);
	p->mac = macs & 1 ? station(macs >> 1) : 0;
	p->effective = macs & 1 && macs & 0x10 ? station(macs >> 5) : 0;
	p->uplink = macs >> 7;
	take_policy(in, &p->policy);
}

static void take_static(struct bytes *in, struct config *c)
{
	struct config_static *s = config_add_static(c);
	uint8_t v = take8(in);

	MUST(s);
	*s = (struct config_static){.mac = station(v), .vid = (uint16_t)(1 + (v >> 3) % VLANS)};
	v = take8(in);
	if (v & 0x80)
		s->mac = v & 0x40 ? UINT64_C(0x333300000001) : UINT64_C(0x0180c2000010);
	strcpy(s->port, c->port[v % PORTS].name);
}

static void take_mirror(struct bytes *in, struct config *c)
{
	struct config_mirror *m = config_add_mirror(c);
	uint8_t sources = take8(in), v = take8(in);

	MUST(m);
	strcpy(m->name, "m");
	m->direction = (enum mirror_direction)(1 + v % 3);
	strcpy(m->destination, c->port[v / 4 % PORTS].name);
	for (unsigned i = 0; i < PORTS; i++)
		if (sources >> i & 1)
			strcpy(m->source[m->source_count++], c->port[i].name);
}

static void take_binding(struct bytes *in, struct config *c)
{
	static const char *const addresses[] = {"10.0.0.1", "10.0.0.0/24", "0.0.0.0/0",
						"fd00::1",  "fd00::/64",   "fe80::/10",
						"::/0",     "10.0.0.2"};
	struct config_binding *b = config_add_binding(c);
	uint8_t who = take8(in), what = take8(in);

	MUST(b);
	strcpy(b->port, c->port[who % PORTS].name);
	b->mac = who & 0x80 ? station(who >> 4 & 7) : 0;
	b->vid = who & 8 ? (uint16_t)(1 + what % VLANS) : 0;
	strcpy(b->ip[b->ip_count++], addresses[what >> 5]);
}

static void take_vlans(struct bytes *in, struct config *c)
{
	for (uint16_t vid = 1; vid <= 2; vid++) {
		struct config_vlan *v = config_add_vlan(c);
		uint8_t keys = take8(in);
		MUST(v);
		v->vid = vid;
		v->snooping = keys & 1;
		v->finds_neighbours = keys & 2;
		v->unregistered = keys & 4 ? UNREGISTERED_ROUTERS : UNREGISTERED_FLOOD;
	}
}

static struct config *take_config(struct bytes *in, bool *overflows)
{
	struct config *c = config_new();
	uint8_t extras = take8(in);

	MUST(c);
	// A small table is fast. A small number of groups is soon exceeded.
	c->policy.set = UINT64_C(1) << PK_MAC_LIMIT | UINT64_C(1) << PK_ALLOWED_VLANS |
			UINT64_C(1) << PK_MULTICAST_GROUPS;
	c->policy.value[PK_MULTICAST_GROUPS] = 2;
	c->policy.value[PK_MAC_LIMIT] = 4 + (extras & 7);
	c->policy.vlans.word[0] = 0xfe;
	for (unsigned i = 0; i < PORTS; i++)
		take_port(in, c);
	if (extras & 8)
		take_vlans(in, c);
	if (extras & 0x10)
		take_static(in, c);
	if (extras & 0x20)
		take_mirror(in, c);
	for (unsigned n = extras & 0x40 ? 1 + take8(in) % 4 : 0; n; n--)
		take_binding(in, c);
	*overflows = extras & 0x80;
	return c;
}

// Removes the most likely conflicts of a configuration. Each step removes more.
static void simplify(struct config *c, int step)
{
	c->fixed_count = c->mirror_count = c->binding_count = 0;
	for (unsigned i = 0; i < c->port_count && step > 0; i++) {
		c->port[i].mac = c->port[i].effective = 0;
		if (step > 1)
			memset(&c->port[i].policy, 0, sizeof c->port[i].policy);
	}
}

static void make_valid(struct config *c)
{
	struct error e;

	for (int step = 0; !config_validate(c, &e); step++) {
		MUST(step < 3, "%s", e.text);
		simplify(c, step);
	}
}

static uint32_t capacity_of(const struct config *c)
{
	uint64_t sum = 1;

	for (unsigned i = 0; i < c->port_count; i++) {
		struct policy p;
		config_port_policy(c, &c->port[i], &p);
		sum += p.value[PK_MAC_LIMIT];
	}
	return sum < CAPACITY_MAX ? (uint32_t)sum : CAPACITY_MAX;
}

static uint64_t hash_bytes(uint64_t h, const uint8_t *p, uint32_t len)
{
	for (uint32_t at = 0; at < len; at += 8) {
		uint64_t word = 0;
		memcpy(&word, p + at, len - at < 8 ? len - at : 8);
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h;
}

static uint64_t hash_frame(uint64_t h, const struct rte_mbuf *m)
{
	for (h ^= rte_pktmbuf_pkt_len(m); m; m = m->next)
		h = hash_bytes(h, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m));
	return h;
}

// Checks a sent frame. Its number is in hash.usr, which copies keep.
static void check_frame(struct run *r, unsigned port, const struct rte_mbuf *m)
{
	uint32_t number_of = m->hash.usr;

	rte_mbuf_sanity_check(m, 1);
	MUST(number_of < r->frames, "frame %u of %u", number_of, r->frames);
	MUST(rte_pktmbuf_pkt_len(m) >= 14, "%u bytes to port %u", rte_pktmbuf_pkt_len(m), port);
	MUST(portset_has(r->shared.up, port), "port %u is down", port);
	MUST(!portset_has(r->conf->blocked, port) || portset_has(r->conf->mirror_only, port),
	     "port %u is blocked", port);
	if (!portset_has(r->conf->mirror_only, port)) {
		MUST(r->ingress[number_of] != port, "frame %u returns to port %u", number_of, port);
		MUST(!portset_has(r->reached[number_of], port), "frame %u is sent twice to port %u",
		     number_of, port);
		MUST(portset_has(r->conf->port[r->ingress[number_of]].reach, port), "isolated: %u",
		     port);
	}
	r->reached[number_of] |= portset_of(port);
	r->result.sent[port] = hash_frame(r->result.sent[port] * 31 + number_of, m);
}

static uint16_t take_frames(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	struct run *r = arg;
	uint16_t taken = r->play.jams ? n - n / 3 : n;

	MUST(port < PORTS && n);
	for (uint16_t i = 0; i < taken; i++)
		check_frame(r, port, frames[i]);
	rte_pktmbuf_free_bulk(frames, taken);
	return taken;
}

static void count_record(struct counters *c, const struct sniff_record *r)
{
	switch (r->what.way) {
	case SNIFF_RX:
		c->rx_packets++;
		c->rx_bytes += r->length;
		break;
	case SNIFF_TX:
		c->tx_packets++;
		c->tx_bytes += r->length;
		break;
	case SNIFF_DROPPED:
		c->outcome[r->what.reason]++;
		break;
	case SNIFF_REFUSED:
		c->tx_drop[r->what.reason]++;
	}
}

// The sniffer must have seen exactly the counted frames.
static void check_sniffed(struct run *r, unsigned port)
{
	const struct counters *c = &r->result.counters[port], *s = &r->sniffed[port];

	MUST(s->rx_packets == c->rx_packets && s->rx_bytes == c->rx_bytes,
	     "port %u: %ju of %ju frames received", port, (uintmax_t)s->rx_packets,
	     (uintmax_t)c->rx_packets);
	MUST(s->tx_packets == c->tx_packets && s->tx_bytes == c->tx_bytes,
	     "port %u: %ju of %ju frames sent", port, (uintmax_t)s->tx_packets,
	     (uintmax_t)c->tx_packets);
	for (int i = OUT_FIRST_DROP; i < OUTCOMES; i++)
		MUST(s->outcome[i] == c->outcome[i], "port %u: %ju of %ju %s", port,
		     (uintmax_t)s->outcome[i], (uintmax_t)c->outcome[i], outcome_names[i]);
	for (int i = 0; i < TX_DROPS; i++)
		MUST(s->tx_drop[i] == c->tx_drop[i], "port %u: %ju of %ju %s", port,
		     (uintmax_t)s->tx_drop[i], (uintmax_t)c->tx_drop[i], tx_drop_names[i]);
}

static void take_records(struct run *r)
{
	const struct sniff_record *s;

	while ((s = sniff_peek(sniffer))) {
		MUST(s->what.port < PORTS && s->what.ns <= r->now_ns &&
		     s->captured == RTE_MIN(s->length, (uint32_t)SNAPLEN));
		count_record(&r->sniffed[s->what.port], s);
		sniff_take(sniffer);
	}
}

static void check_conservation(struct run *r)
{
	for (unsigned port = 0; port < PORTS; port++) {
		struct counters *c = &r->result.counters[port];
		uint64_t ended = 0;
		*c = (struct counters){0};
		counters_read(&r->forwarder.counters[port], c);
		for (int i = 0; i < OUTCOMES; i++)
			ended += c->outcome[i];
		MUST(c->rx_packets == ended, "port %u: %ju received, %ju ended", port,
		     (uintmax_t)c->rx_packets, (uintmax_t)ended);
		MUST(mdb_count(r->shared.mdb, port) <= r->conf->port[port].groups_max);
		MUST(fdb_count(r->shared.fdb, port) <= r->conf->port[port].learner.limit,
		     "port %u has %u MACs", port, fdb_count(r->shared.fdb, port));
		if (r->play.sniffs)
			check_sniffed(r, port);
	}
}

static void flush_burst(struct run *r)
{
	struct event e;

	if (!r->count)
		return;
	// Set the clock here, as live workers do.
	if (r->play.burst_max == 1)
		forwarder_set_clock(&r->forwarder, r->when[0]);
	forward_burst(&r->forwarder, r->port, r->burst, r->play.burst_max == 1 ? NULL : r->when,
		      r->count);
	txbatch_drain(&r->forwarder.tx);
	r->count = 0;
	while (event_pop(&r->forwarder.events, &e))
		MUST(e.type < EVENT_TYPES && e.ns <= r->now_ns &&
		     (e.port < PORTS || e.type == EVENT_QUERIER_CHANGED));
	take_records(r);
	check_conservation(r);
}

static void put_mac(uint8_t *at, uint64_t mac)
{
	for (int i = 0; i < 6; i++)
		at[i] = (uint8_t)(mac >> 8 * (5 - i));
}

static uint64_t destination(uint8_t v)
{
	static const uint64_t special[] = {UINT64_C(0xffffffffffff),
					   UINT64_C(0x01005e000001),
					   UINT64_C(0x0180c2000000),
					   UINT64_C(0x0180c200000e),
					   UINT64_C(0x01000ccccccd),
					   UINT64_C(0x333300000001),
					   0,
					   UINT64_C(0x0180c2000010)};

	return v & 8 ? special[v & 7] : station(v);
}

// Bytes of a frame: header and tag from a few values, then input bytes, padded to a length.
static uint32_t take_bytes(struct bytes *in, uint8_t *p)
{
	static const uint16_t lengths[] = {0, 14, 60, 64, 1514, 2100, 9000, 9014};
	uint8_t macs = take8(in), tag = take8(in), shape = take8(in);
	uint32_t len = 0, raw = shape & 0x1f, whole = lengths[shape >> 5];

	put_mac(p, destination(macs));
	put_mac(p + 6,
		macs & 0x80 && macs & 0x40 ? destination(macs >> 3 | 8) : station(macs >> 4));
	len = 12;
	if (tag) {
		uint8_t tci[4] = {0x81, 0, tag & 0xe0, tag & 7};
		memcpy(p + len, tci, 4);
		len += 4;
	}
	for (raw *= 3; raw && in->left; raw--)
		p[len++] = take8(in);
	if (len < whole)
		memset(p + len, 0, whole - len);
	return len < whole ? whole : len;
}

// A chain of buffers whose first one has `first` bytes.
static struct rte_mbuf *chain(const uint8_t *p, uint32_t len, uint32_t first)
{
	struct rte_mbuf *head = NULL;

	for (uint32_t at = 0, part = first; at < len || !head; at += part, part = 2048) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		MUST(m);
		if (part > rte_pktmbuf_tailroom(m))
			part = rte_pktmbuf_tailroom(m);
		if (part > len - at)
			part = len - at;
		memcpy(rte_pktmbuf_append(m, (uint16_t)part), p + at, part);
		if (head)
			MUST(!rte_pktmbuf_chain(head, m));
		else
			head = m;
	}
	return head;
}

static void take_frame(struct run *r, struct bytes *in, uint8_t op)
{
	static uint8_t p[BYTES_MAX + 200];
	unsigned port = op % PORTS;
	uint32_t len = take_bytes(in, p), cut = op & 0x20 ? take8(in) : UINT32_MAX;

	if (r->frames == FRAMES_MAX)
		return;
	if (r->count && (r->count == r->play.burst_max || r->port != port))
		flush_burst(r);
	if (op & 0x20 && cut < len && cut & 1)
		len = cut; // a runt
	struct rte_mbuf *m = chain(p, len, cut ? cut : 1);
	m->hash.usr = r->frames;
	r->ingress[r->frames++] = (uint8_t)port;
	r->port = port;
	r->when[r->count] = r->now_ns;
	r->burst[r->count++] = m;
}

static void take_time(struct run *r, struct bytes *in)
{
	static const uint64_t steps[] = {1,         1000,       1000000,     20000000,    499999999,
					 500000000, 1000000000, 10000000000, 301000000000};
	uint64_t step = steps[take8(in) % (sizeof steps / sizeof *steps)];

	r->now_ns += step;
}

static void no_matter(void *arg, uint64_t key, unsigned port)
{
	(void)arg, (void)key;
	MUST(port < PORTS);
}

static void no_news(void *arg, const struct mdb_membership *who, enum mdb_news what)
{
	(void)arg, (void)what;
	MUST(who->port < PORTS);
}

// The actions of control: a port goes down or up, entries are flushed, the table is swept.
static void take_control(struct run *r, struct bytes *in)
{
	uint8_t v = take8(in);
	unsigned port = v % PORTS;
	struct fdb *f = r->shared.fdb;

	flush_burst(r);
	forwarder_set_clock(&r->forwarder, r->now_ns);
	switch (v >> 5) {
	case 0:
		r->shared.up &= ~portset_of(port);
		fdb_flush_port(f, port);
		mdb_forget(r->shared.mdb, mdb_in_each_vlan, &(portset){portset_of(port)}, no_news,
			   NULL);
		break;
	case 1:
		r->shared.up |= portset_of(port);
		r->shared.err_disabled &= ~portset_of(port);
		break;
	case 2:
		fdb_flush_vlan(f, (uint16_t)(1 + v % VLANS));
		break;
	case 3:
		fdb_flush_port(f, port);
		break;
	default:
		fdb_sweep(f, 0, fdb_lines(f), forward_tick(r->now_ns), no_matter, NULL);
		mdb_sweep(r->shared.mdb, forward_tick(r->now_ns), no_news, NULL);
	}
}

static void play_input(struct run *r, struct bytes in)
{
	while (in.left) {
		uint8_t op = take8(&in);
		if (op < 0xa0)
			take_frame(r, &in, op);
		else if (op < 0xd0)
			take_time(r, &in);
		else
			take_control(r, &in);
	}
	flush_burst(r);
}

static bool hash_entry(void *sum, const struct fdb_entry *e)
{
	*(uint64_t *)sum += (e->key ^ (uint64_t)e->port << 60 ^ (uint64_t)e->type << 62 ^ e->seen) *
			    UINT64_C(0x9e3779b97f4a7c15);
	return false;
}

static struct run *run_new(const struct config *c, const struct compiled *n,
			   const struct play *play)
{
	static struct run r;
	uint32_t capacity = play->overflows ? 1 : capacity_of(c);

	memset(&r, 0, sizeof r);
	r.conf = n->conf;
	r.play = *play;
	MUST(!fdb_create(&r.shared.fdb, capacity, (uint32_t)n->fixed_count + 1, 1));
	MUST(!mdb_create(&r.shared.mdb, 1));
	MUST(!lease_create(&r.shared.leases, 1));
	atomic_store(&r.shared.conf, n->conf);
	r.shared.up = portset_of(PORTS) - 1;
	for (size_t i = 0; i < n->fixed_count; i++)
		MUST(!fdb_put(r.shared.fdb, n->fixed[i].key, n->fixed[i].port,
			      (enum fdb_type)n->fixed[i].type));
	for (unsigned port = 0; port < PORTS; port++) {
		struct policy p;
		config_port_policy(c, &c->port[port], &p);
		fdb_set_aging(r.shared.fdb, port, p.value[PK_AGING_TIME] * FDB_TICKS_PER_S);
	}
	forwarder_init(&r.forwarder, &r.shared, pool, ring);
	r.forwarder.tx.send = take_frames;
	r.forwarder.tx.arg = &r;
	forwarder_set_clock(&r.forwarder, 0);
	if (play->sniffs)
		sniff_add(&r.forwarder.tx.sniffers, sniffer);
	return &r;
}

static struct result run(const struct config *c, const struct compiled *n, struct bytes in,
			 const struct play *play)
{
	struct run *r = run_new(c, n, play);

	play_input(r, in);
	fdb_walk(r->shared.fdb, 0, fdb_lines(r->shared.fdb), forward_tick(r->now_ns), hash_entry,
		 &r->result.table);
	MUST(rte_mempool_in_use_count(pool) == 0, "%u buffers are lost",
	     rte_mempool_in_use_count(pool));
	fdb_destroy(r->shared.fdb);
	mdb_destroy(r->shared.mdb);
	lease_destroy(r->shared.leases);
	return r->result;
}

static void check_same(const struct result *a, const struct result *b)
{
	for (unsigned port = 0; port < PORTS; port++) {
		const uint64_t *x = (const uint64_t *)&a->counters[port],
			       *y = (const uint64_t *)&b->counters[port];
		for (size_t i = 0; i < sizeof a->counters[port] / sizeof *x; i++)
			MUST(x[i] == y[i], "port %u, counter %zu: in bursts %ju, one at a time %ju",
			     port, i, (uintmax_t)x[i], (uintmax_t)y[i]);
		MUST(a->sent[port] == b->sent[port], "port %u sends other frames in bursts", port);
	}
	MUST(a->table == b->table);
}

static struct compiled compile(const struct config *c)
{
	static const uint8_t numbers[PORTS] = {0, 1, 2, 3, 4};
	struct compiled n = {.conf = compile_ports(c, numbers)};

	n.fixed = compile_fixed(c, numbers, &n.fixed_count);
	MUST(n.conf && n.fixed);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};

	if (!pool)
		start();
	uint8_t mode = take8(&in);
	struct play play = {.burst_max = 1 + mode, .jams = mode & 1, .sniffs = true};
	struct config *c = take_config(&in, &play.overflows);
	make_valid(c);
	struct compiled n = compile(c);
	struct result bursts = run(c, &n, in, &play);
	if (!play.jams) { // a longer batch would lose more of its frames
		struct play one = {.burst_max = 1, .overflows = play.overflows};
		struct result single = run(c, &n, in, &one);
		check_same(&bursts, &single);
	}
	free(n.conf);
	free(n.fixed);
	config_free(c);
	return 0;
}
