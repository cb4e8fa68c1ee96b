// SPDX-License-Identifier: BSD-3-Clause
// Arbitrary packets of the underlay, of its twin, and frames of stations and tunnels, with right
// checksums where the input says so. Judging one reads nothing behind its end. Every frame has one
// outcome on its port, and one more on its tunnel. Nothing goes from tunnel to tunnel, every packet
// that leaves by the underlay would be taken by its VTEP, and no buffer is lost.
#include <string.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "control/switch/events.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/counters.h"
#include "dataplane/forward.h"
#include "dataplane/frame.h"
#include "dataplane/pool.h"
#include "dataplane/portset.h"
#include "dataplane/txbatch.h"
#include "dataplane/vxlan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/buffer.h"

enum { FRAME_MAX = 2048, BURST = 16, SUM_AT = 24 };

static const char text[] =
	"ports: [{name: a, policy: {vlan-mode: access, access-vlan: 10}}, {name: b}]\n"
	"evpn: {underlay: {twin: t0}, source: 10.9.0.1, control: none,\n"
	"  vnis: [{vlan: 10, vni: 500}, {vlan: 20, vni: 16777215}],\n"
	"  peers: [{vtep: 10.9.0.2, next-hop: 02:00:00:00:00:e2, vnis: [500, 16777215],\n"
	"           macs: [{mac: 02:00:00:00:00:c1, vlan: 10}]},\n"
	"          {vtep: 10.9.0.3, next-hop: 02:00:00:00:00:e3, vnis: [500]},\n"
	"          {vtep: 10.9.0.4, vnis: [500]}]}\n";

static const char *const names[] = {"underlay", "t0", "a", "b", "10.9.0.2", "10.9.0.3"};

// A packet of 10.9.0.2 with VNI 500, to which the input adds a frame.
static const uint8_t packet[VXLAN_HEADER] = {
	2,    0,    10,   9,    0, 1,  2,  0, 0, 0,  0, 0xe2, 8, 0,  0x45, 0, 0,
	0,    0,    0,    0x40, 0, 64, 17, 0, 0, 10, 9, 0,    2, 10, 9,    0, 1,
	0xc0, 0x01, 0x12, 0xb5, 0, 0,  0,  0, 8, 0,  0, 0,    0, 1,  0xf4, 0};

static struct vswitch *sw;
static uint64_t left; // packets that left by the underlay

// What the VTEP of the other end would say: its view has source and VTEP exchanged.
static void check_packet(const struct rte_mbuf *m)
{
	struct vxlan_outer o;
	struct vxlan_path p = {.vtep = sw->conf->vxlan->source, .udp_port = 4789};
	struct vxlan *x = calloc(1, vxlan_size(2));

	MUST(x && vxlan_read(m, &o));
	vxlan_init(x, 2);
	x->source = o.to;
	x->udp_port = 4789;
	vxlan_add_vni(x, 500, 10);
	vxlan_add_vni(x, VNI_MAX, 20);
	vxlan_add_tunnel(x, 7, &p);
	struct vxlan_verdict v = vxlan_judge(x, m);
	MUST(v.verdict == ADMITTED && v.port == 7, "%s", outcome_names[v.verdict]);
	free(x);
}

static uint16_t collect(void *from, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	const struct vxlan *x = sw->conf->vxlan;

	MUST(!portset_has(x->tunnels, port));
	for (uint16_t i = 0; i < n && port == x->underlay && *(unsigned *)from != x->twin; i++) {
		check_packet(frames[i]);
		MUST(*(unsigned *)from != x->underlay, "a packet has made another one");
		left++;
	}
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

static void start(void)
{
	struct error e;
	struct config *c = config_parse(text, strlen(text), &e);

	MUST(c && eal_start(c, EAL_REPLAY, NULL, &e) && switch_create(&sw, c, SWITCH_REPLAY, &e),
	     "%s", e.text);
	sw->worker[0]->forwarder.tx.send = collect;
}

// Completes the lengths and the checksum of a packet without options.
static void complete(uint8_t *p, uint16_t n, bool lengths)
{
	uint32_t sum = 0;

	if (n < VXLAN_HEADER)
		return;
	if (lengths) {
		p[16] = (uint8_t)((n - 14) >> 8), p[17] = (uint8_t)(n - 14);
		p[38] = (uint8_t)((n - 34) >> 8), p[39] = (uint8_t)(n - 34);
	}
	p[SUM_AT] = p[SUM_AT + 1] = 0;
	for (unsigned i = 14; i < 34; i += 2)
		sum += frame_be16(p + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	p[SUM_AT] = (uint8_t)(sum >> 8), p[SUM_AT + 1] = (uint8_t)sum;
}

// Judges a packet beside others: one like it, and the usual one.
static void judge_again(struct rte_mbuf *m, const struct vxlan_verdict *v)
{
	struct rte_mbuf *usual = buffer_new(0, packet, sizeof packet), *burst[] = {usual, m, m};
	struct vxlan_verdict all[3];

	vxlan_judge_burst(sw->conf->vxlan, burst, all, 3);
	MUST(vxlan_word(&all[1]) == vxlan_word(v) && vxlan_word(&all[2]) == vxlan_word(v));
	buffer_free(usual);
}

// Judges a packet whose memory ends with it, in one or two segments, and takes its header off.
static void judge_alone(const uint8_t *frame, uint16_t n, uint8_t cut)
{
	struct rte_mbuf *m = buffer_new(0, frame, cut && cut < n ? cut : n);

	if (cut && cut < n) {
		m->next = buffer_new(0, frame + cut, (uint16_t)(n - cut));
		m->nb_segs = 2;
		m->pkt_len = n;
	}
	struct vxlan_verdict v = vxlan_judge(sw->conf->vxlan, m);
	MUST(v.verdict == ADMITTED ? v.port < VXLAN_NOWHERE : v.port == VXLAN_NOWHERE);
	judge_again(m, &v);
	if (v.verdict == ADMITTED && v.vid) {
		vxlan_decapsulate(m, &v);
		MUST(m->pkt_len >= FRAME_HEADER + FRAME_TAG &&
		     m->pkt_len + VXLAN_HEADER <= (uint32_t)n + FRAME_TAG);
		MUST(frame_be16(rte_pktmbuf_mtod_offset(m, uint8_t *, FRAME_ADDRESSES)) ==
		     TPID_8021Q);
	}
	buffer_free(m);
}

// The next frame of the input. Its first byte says what is done for it.
static uint16_t take_frame(struct bytes *in, uint8_t frame[FRAME_MAX])
{
	uint8_t how = take8(in);
	uint16_t n = 0, length = how & 0x80 ? take16(in) % (FRAME_MAX - VXLAN_HEADER) : take8(in);

	if (how & 1) {
		memcpy(frame, packet, sizeof packet);
		n = sizeof packet;
	}
	for (; length; length--)
		frame[n++] = take8(in);
	for (unsigned edits = how >> 1 & 3; edits && n; edits--) {
		unsigned at = take8(in) % n;
		frame[at] = take8(in);
	}
	if (how & 8)
		complete(frame, n, how & 16);
	return n;
}

// What every port has received is what has become of it.
static void check_conservation(unsigned port_in)
{
	const struct vxlan *x = sw->conf->vxlan;
	uint64_t of_tunnels = 0, into_tunnels = 0, underlay = 0;
	unsigned port;

	PORTSET_FOREACH(port, sw->ports) {
		struct counters c;
		uint64_t sum = 0;
		switch_counters(sw, port, &c);
		for (unsigned o = 0; o < OUTCOMES; o++)
			sum += c.outcome[o];
		MUST(sum == c.rx_packets, "%s: %lu of %lu", sw->port[port].name, sum, c.rx_packets);
		if (portset_has(x->tunnels, port)) {
			of_tunnels += c.rx_packets;
			into_tunnels += c.tx_packets;
		}
		if (port == x->underlay)
			underlay = c.outcome[OUT_FORWARDED];
	}
	MUST(port_in != x->underlay || of_tunnels <= underlay);
	MUST(into_tunnels == left, "%lu frames, %lu packets", into_tunnels, left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t frame[FRAME_MAX];
	struct rte_mbuf *burst[BURST];
	struct bytes in = {data, size};
	unsigned n = 0;

	if (!sw)
		start();
	left = 0;
	switch_clear_counters(sw, sw->ports);
	unsigned used = rte_mempool_in_use_count(sw->pool),
		 port = (unsigned)switch_port(sw,
					      names[take8(&in) % (sizeof names / sizeof *names)]);
	uint8_t cut = take8(&in);
	while (in.left && n < BURST) {
		uint16_t length = take_frame(&in, frame);
		judge_alone(frame, length, cut);
		burst[n] = pool_frame(sw->pool, frame, length);
		MUST(burst[n]);
		n++;
	}
	if (!n)
		return 0;
	struct forwarder *w = &sw->worker[0]->forwarder;
	w->tx.arg = &port;
	forward_burst(w, port, burst, NULL, n);
	txbatch_drain(&w->tx);
	events_drain(sw);
	check_conservation(port);
	MUST(rte_mempool_in_use_count(sw->pool) == used);
	return 0;
}
