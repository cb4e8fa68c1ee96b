// SPDX-License-Identifier: BSD-3-Clause
#include "control/bench/load.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <rte_ip.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_memcpy.h>
#include <rte_random.h>
#include <rte_udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/common/complain.h"
#include "control/common/error.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "control/switch/events.h"
#include "control/switch/state.h"
#include "dataplane/clock.h"
#include "dataplane/fair.h"
#include "dataplane/forward.h"
#include "dataplane/frame.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"
#include "dataplane/snoop.h"
#include "dataplane/txbatch.h"
#include "dataplane/worker.h"

enum { LINE = 64, IMIX_FRAMES = 12, FCS = 4, UNKNOWN_PORT = PORTS_MAX, NAP_US = 500 };

// A frame in memory. One of 60 bytes takes a cache line.
struct record {
	uint32_t len;
	uint8_t data[];
};

static size_t record_size(uint32_t len)
{
	return RTE_ALIGN_CEIL(sizeof(struct record) + len, LINE);
}

bool stream_add(struct stream *s, const uint8_t *frame, uint32_t len)
{
	size_t need = s->size + record_size(len);

	if (len > LOAD_FRAME_MAX)
		return complain("a frame has %" PRIu32 " bytes (the limit of bench is %d)", len,
				LOAD_FRAME_MAX);
	if (need > STREAM_MAX)
		return complain("the frames of a port take more than %" PRIu64
				" GiB (ask for fewer or smaller ones)",
				STREAM_MAX >> 30);
	if (need > s->room) {
		size_t room = RTE_ALIGN_CEIL(need * 2, LINE);
		uint8_t *data = aligned_alloc(LINE, room);
		if (!data)
			return complain("no memory for %zu MiB of frames", room >> 20);
		if (s->data)
			memcpy(data, s->data, s->size);
		free(s->data);
		s->data = data;
		s->room = room;
	}
	struct record *r = (struct record *)(s->data + s->size);
	r->len = len;
	memcpy(r->data, frame, len);
	s->size = need;
	s->frames++;
	return true;
}

void stream_clear(struct stream *s)
{
	free(s->data);
	*s = (struct stream){0};
}

uint64_t load_mac(unsigned port, uint32_t i)
{
	return UINT64_C(0x020000000000) | (uint64_t)port << 32 | i;
}

// Returns the numbers below n in a random order. NULL: no memory.
static uint32_t *shuffled(uint32_t n)
{
	uint32_t *order = calloc(n, sizeof *order);

	for (uint32_t i = 0; order && i < n; i++) {
		uint32_t j = (uint32_t)rte_rand_max(i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	return order;
}

static void put_mac(uint8_t *at, uint64_t mac)
{
	uint64_t big = rte_cpu_to_be_64(mac << 16);

	memcpy(at, &big, 6);
}

static unsigned frame_size(const struct recipe *r, uint64_t i)
{
	// Steps of 5 mix the sizes.
	unsigned turn = (unsigned)(i * 5 % IMIX_FRAMES);

	if (r->size != LOAD_SIZE_IMIX)
		return r->size;
	return turn < 7 ? 64 : turn < 11 ? 576 : 1518;
}

static uint64_t destination(const struct recipe *r, unsigned port, uint32_t i)
{
	if (r->kind == TO_BROADCAST)
		return MAC_BROADCAST;
	if (r->kind == TO_GROUP)
		return snoop_group_mac(snoop_ipv4(LOAD_GROUP));
	return load_mac(r->kind == TO_UNKNOWN ? UNKNOWN_PORT : port, i);
}

// Writes what comes after the addresses: UDP, or no protocol that anybody reads.
static void put_payload(uint8_t *frame, const struct recipe *r)
{
	struct rte_udp_hdr udp = {.src_port = RTE_BE16(LOAD_PORT),
				  .dst_port = RTE_BE16(LOAD_PORT),
				  .dgram_len = RTE_BE16(sizeof udp)};
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = RTE_BE16(sizeof ip + sizeof udp),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = RTE_BE32(RTE_IPV4(10, 0, 0, 1)),
		.dst_addr = RTE_BE32(r->kind == TO_GROUP ? LOAD_GROUP : LOAD_STATION)};
	uint8_t *at = frame + FRAME_ADDRESSES;

	if (r->tagged) {
		memcpy(at, (uint8_t[]){0x81, 0x00, 0, LOAD_VLAN}, FRAME_TAG);
		at += FRAME_TAG;
	}
	if (r->kind != TO_GROUP && !r->udp) {
		memcpy(at, (uint8_t[]){0x88, 0xb5}, 2); // IEEE 802 local experiment
		return;
	}
	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(at, (uint8_t[]){0x08, 0x00}, 2);
	memcpy(at + 2, &ip, sizeof ip);
	memcpy(at + 2 + sizeof ip, &udp, sizeof udp);
}

static bool fill_stream(struct stream *s, const struct recipe *r, const uint32_t *src,
			const uint32_t *dst, uint32_t count)
{
	uint8_t frame[LOAD_FRAME_MAX] = {0};
	unsigned to = PORTS_MAX;

	put_payload(frame, r);
	for (uint32_t i = 0; i < count; i++) {
		portset after = to + 1 < PORTS_MAX ? r->to & ~(portset_of(to + 1) - 1) : 0;
		to = portset_first(after ? after : r->to);
		put_mac(frame, destination(r, to, dst[i % r->to_macs]));
		// A locally administered address of a station.
		put_mac(frame + 6, r->random_source ? (rte_rand() & UINT64_C(0xfcffffffffff)) |
							      UINT64_C(0x020000000000)
						    : load_mac(r->port, src[i % r->macs]));
		if (!stream_add(s, frame, frame_size(r, i) - FCS))
			return false;
	}
	return true;
}

bool stream_make(struct stream *s, const struct recipe *r)
{
	uint32_t most = r->macs > r->to_macs ? r->macs : r->to_macs, *src = shuffled(r->macs),
		 *dst = shuffled(r->to_macs);
	uint32_t count = r->size == LOAD_SIZE_IMIX && most < IMIX_FRAMES ? most * IMIX_FRAMES
									 : most;

	stream_clear(s);
	bool good = src && dst ? fill_stream(s, r, src, dst, count)
			       : complain("no memory for %" PRIu32 " MACs", most);
	free(src);
	free(dst);
	return good;
}

const uint8_t *stream_next(struct stream *s, uint32_t *len)
{
	const struct record *r = (const struct record *)(s->data + s->at);

	s->at += record_size(r->len);
	if (s->at == s->size)
		s->at = 0;
	*len = r->len;
	return r->data;
}

unsigned stream_receive(struct stream *s, struct rte_mempool *pool, struct rte_mbuf **frames,
			unsigned n)
{
	uint32_t len;

	if (rte_pktmbuf_alloc_bulk(pool, frames, n))
		return 0;
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *data = stream_next(s, &len);
		rte_memcpy(rte_pktmbuf_mtod(frames[i], void *), data, len);
		frames[i]->data_len = (uint16_t)len;
		frames[i]->pkt_len = len;
	}
	return n;
}

// Receives the next burst of a port.
static unsigned receive_burst(struct lane *lane, unsigned port, struct rte_mbuf **frames)
{
	struct stream *s = &lane->load->stream[port];
	unsigned n = s->left < WORKER_BURST ? (unsigned)s->left : WORKER_BURST;

	n = n ? stream_receive(s, lane->load->sw->pool, frames, n) : 0;
	if (s->left != LOAD_ENDLESS)
		s->left -= n;
	for (unsigned i = 0; i < n; i++)
		lane->bytes += frames[i]->pkt_len;
	lane->port_frames[port] += n;
	lane->frames += n;
	return n;
}

static void copy_to_ring(struct load *l, unsigned port, const struct rte_mbuf *m)
{
	uint8_t *slot = l->ring[port] + (size_t)(l->ring_at[port]++ % LOAD_RING) * LOAD_FRAME_MAX;

	rte_memcpy(slot, rte_pktmbuf_mtod(m, const void *), rte_pktmbuf_data_len(m));
}

static uint16_t deliver(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	struct load *l = arg;

	for (uint16_t i = 0; i < n && l->ring[port]; i++)
		copy_to_ring(l, port, frames[i]);
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

// Polls all ports once. False if none of them has frames.
static bool poll_streams(struct lane *lane)
{
	struct load *l = lane->load;
	struct forwarder *f = &lane->worker->forwarder;
	struct fair *fair = &lane->worker->fair;
	struct rte_mbuf *frames[WORKER_BURST];
	bool any = false;
	unsigned port;

	fair_begin(fair);
	PORTSET_FOREACH(port,
			atomic_load_explicit(&lane->worker->polled[0], memory_order_relaxed)) {
		if (!fair_admits(fair, port)) {
			any = true;
			continue;
		}
		uint64_t start = fair_poll(fair, port);
		unsigned n = receive_burst(lane, port, frames);
		if (!n) {
			fair_idle(fair, port);
			continue;
		}
		any = true;
		if (l->bare) {
			deliver(l, port ^ 1, frames, (uint16_t)n);
		} else {
			forward_burst(f, port, frames, NULL, n);
			txbatch_drain(&f->tx);
		}
		fair_charge(fair, port, start ? start : rte_rdtsc());
	}
	return any;
}

static void note_round(struct lane *lane, uint64_t cycles)
{
	if (cycles > lane->longest)
		lane->longest = cycles;
	lane->slow += cycles > lane->load->slow_cycles;
}

// The loop of a worker, see worker_run().
static int lane_run(void *arg)
{
	struct lane *lane = arg;
	struct worker *w = lane->worker;
	uint64_t start = rte_rdtsc(), before = start;
	bool more = true;

	w->forwarder.tx.send = deliver;
	w->forwarder.tx.arg = lane->load;
	fair_init(&w->fair);
	rte_rcu_qsbr_thread_register(w->qsbr, w->id);
	rte_rcu_qsbr_thread_online(w->qsbr, w->id);
	while (more && before - start < lane->limit) {
		forwarder_set_clock(&w->forwarder, clock_ns(&w->clock, before));
		more = poll_streams(lane);
		uint64_t now = rte_rdtsc();
		note_round(lane, now - before);
		before = now;
		rte_rcu_qsbr_quiescent(w->qsbr, w->id);
	}
	lane->cycles = before - start;
	lane->start = start;
	lane->end = before;
	rte_rcu_qsbr_thread_offline(w->qsbr, w->id);
	rte_rcu_qsbr_thread_unregister(w->qsbr, w->id);
	atomic_fetch_sub(&lane->load->running, 1);
	return 0;
}

static void nap(struct vswitch *sw)
{
	usleep(NAP_US); // a worker may need the core
	events_drain(sw);
}

void load_run(struct load *l, portset senders, double seconds, load_fn meanwhile, void *arg)
{
	struct vswitch *sw = l->sw;
	unsigned lcore = rte_get_next_lcore(-1, 1, 0);

	for (unsigned i = 0; i < PORTS_MAX; i++)
		l->stream[i].left = !portset_has(senders, i) ? 0
				    : seconds > 0            ? LOAD_ENDLESS
							     : l->stream[i].frames;
	atomic_store(&l->running, sw->workers);
	for (unsigned w = 0; w < sw->workers; w++, lcore = rte_get_next_lcore(lcore, 1, 0)) {
		l->lane[w] = (struct lane){.load = l, .worker = sw->worker[w], .limit = UINT64_MAX};
		if (seconds > 0)
			l->lane[w].limit = (uint64_t)(seconds * (double)rte_get_tsc_hz());
		sw->worker[w]->lcore = lcore;
		rte_eal_remote_launch(lane_run, &l->lane[w], lcore);
	}
	while (atomic_load(&l->running))
		if (meanwhile)
			meanwhile(arg);
		else
			nap(sw);
	for (unsigned w = 0; w < sw->workers; w++)
		rte_eal_wait_lcore(sw->worker[w]->lcore);
	events_drain(sw);
}

struct lane load_sum(const struct load *l)
{
	struct lane sum = {.start = UINT64_MAX};

	for (unsigned w = 0; w < l->sw->workers; w++) {
		const struct lane *lane = &l->lane[w];
		if (!lane->frames)
			continue;
		sum.cycles += lane->cycles;
		sum.frames += lane->frames;
		sum.bytes += lane->bytes;
		sum.slow += lane->slow;
		sum.start = RTE_MIN(sum.start, lane->start);
		sum.end = RTE_MAX(sum.end, lane->end);
		sum.longest = RTE_MAX(sum.longest, lane->longest);
		for (unsigned i = 0; i < PORTS_MAX; i++)
			sum.port_frames[i] += lane->port_frames[i];
	}
	return sum;
}

struct load *load_create(struct config *c, enum switch_use use)
{
	struct load *l = aligned_alloc(LINE, sizeof *l);
	struct error e = {.text = "out of memory"};

	if (l)
		memset(l, 0, sizeof *l);
	if (l && config_validate(c, &e) && eal_start(c, EAL_BENCH, NULL, &e) &&
	    switch_create(&l->sw, c, use, &e)) {
		l->slow_cycles = rte_get_tsc_hz() / 1000000 * LOAD_SLOW_US;
		if (use == SWITCH_LIVE)
			switch_launch(l->sw);
		return l;
	}
	complain("%s", e.text);
	config_free(c);
	free(l);
	return NULL;
}

void load_destroy(struct load *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		stream_clear(&l->stream[i]);
		free(l->ring[i]);
	}
	switch_destroy(l->sw);
	free(l);
}

bool load_add_rings(struct load *l)
{
	for (unsigned i = 0; i < PORTS_MAX; i++)
		if (*l->sw->port[i].name && !(l->ring[i] = calloc(LOAD_RING, LOAD_FRAME_MAX)))
			return complain("no memory for the ports' rings");
	return true;
}
