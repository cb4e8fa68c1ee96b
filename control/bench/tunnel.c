// SPDX-License-Identifier: BSD-3-Clause
// The mode that puts frames into a tunnel and takes others out of it, beside local ones.
#include <rte_ip.h>
#include <stdlib.h>
#include <string.h>

#include "control/bench/bench.h"
#include "control/bench/load.h"
#include "control/bench/runs.h"
#include "control/common/complain.h"
#include "control/common/error.h"
#include "control/config/config.h"
#include "control/config/evpn.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/frame.h"
#include "dataplane/portset.h"
#include "dataplane/vxlan.h"

// The ports of stations: the first one sends to the second one, which sends into the tunnel. What
// comes out of the tunnel goes to the third one.
enum { SENDER, RECEIVER, REACHED, STATIONS };

enum {
	HERE = RTE_IPV4(10, 9, 0, 1),
	PEER = RTE_IPV4(10, 9, 0, 2),
	UDP_PORT = 4789,
	TTL = 64,
	VLAN = 1, // the native one
	VNI = 100,
	MTU = 1600, // of the underlay: frames of every size go in
	TUNNEL_MACS = PORTS_MAX - 1,
};

#define PEER_MAC UINT64_C(0x020000000902)
#define OWN_MAC UINT64_C(0x020000000901)

enum { LOCAL, INTO, OUT_OF, WAYS };

static const char *const way_names[WAYS] = {"local", "into a tunnel", "out of a tunnel"};

// Where the frames of a way come in, and where they leave.
struct way {
	unsigned from, to;
	struct runs bare, all;
};

// A peer, with MACs behind it.
static bool add_peer(struct config *c, uint32_t macs)
{
	struct config_peer *p = c->evpn.peer = calloc(1, sizeof *p);

	if (!p || !(p->mac = calloc(macs, sizeof *p->mac)))
		return complain("out of memory");
	c->evpn.peer_count = 1;
	p->vtep = PEER;
	p->next_hop = PEER_MAC;
	p->vni_count = 1;
	snprintf(p->vni[0], sizeof p->vni[0], "%d", VNI);
	for (p->mac_count = 0; p->mac_count < macs; p->mac_count++)
		p->mac[p->mac_count] = (struct config_remote){
			.mac = load_mac(TUNNEL_MACS, p->mac_count), .vid = VLAN};
	return true;
}

static struct config *tunnel_config(uint32_t macs)
{
	struct config *c = bench_config(STATIONS, macs);
	struct error e;

	if (!c)
		return NULL;
	c->table_size = (STATIONS + 1) * macs;
	c->evpn.control = EVPN_NONE;
	c->evpn.source = HERE;
	c->evpn.mtu = MTU;
	c->evpn.vni = calloc(1, sizeof *c->evpn.vni);
	if (c->evpn.vni && add_peer(c, macs)) {
		*c->evpn.vni = (struct config_vni){.vid = VLAN, .vni = VNI};
		c->evpn.vni_count = 1;
		if (evpn_derive_peers(c, &e))
			return c;
		complain("%s", e.text);
	}
	config_free(c);
	return NULL;
}

// The other end of the tunnel. NULL: no memory.
static struct vxlan *create_peer(void)
{
	struct vxlan *x = calloc(1, vxlan_size(1));

	if (!x)
		return NULL;
	vxlan_init(x, 1);
	vxlan_add_vni(x, VNI, VLAN);
	vxlan_add_tunnel(x, 0,
			 &(struct vxlan_path){.next_hop = OWN_MAC,
					      .source = PEER,
					      .vtep = HERE,
					      .udp_port = UDP_PORT,
					      .ttl = TTL});
	vxlan_set_mac(x, PEER_MAC, false);
	return x;
}

// Adds the packets in which the peer sends the frames of a stream.
static bool wrap_frames(struct load *l, struct stream *frames, struct stream *packets)
{
	struct vxlan *peer = create_peer();
	bool good = peer != NULL;

	for (uint64_t i = 0; i < frames->frames && good; i++) {
		struct rte_mbuf *m;
		good = stream_receive(frames, l->sw->pool, &m, 1) == 1;
		if (!good)
			break;
		good = frame_push_tag(m, VLAN) && vxlan_encapsulate(peer, 0, m) &&
		       stream_add(packets, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
		rte_pktmbuf_free(m);
	}
	free(peer);
	return good || complain("no memory for packets");
}

// Makes the streams of all ways, and lets the switch learn the stations.
static bool make_streams(struct load *l, const struct way *way, uint32_t macs, unsigned size)
{
	struct recipe local = {.port = SENDER,
			       .to = portset_of(RECEIVER),
			       .macs = macs,
			       .to_macs = macs,
			       .size = size,
			       .udp = true},
		      into = local, out = local, teach = local;
	struct stream frames = {0};

	into.port = RECEIVER;
	into.to = portset_of(TUNNEL_MACS);
	out.port = TUNNEL_MACS;
	out.to = portset_of(REACHED);
	teach.port = REACHED;
	bool good = stream_make(&l->stream[SENDER], &local) &&
		    stream_make(&l->stream[RECEIVER], &into) &&
		    stream_make(&l->stream[REACHED], &teach) && stream_make(&frames, &out);
	stream_clear(&l->stream[way[OUT_OF].from]);
	good = good && wrap_frames(l, &frames, &l->stream[way[OUT_OF].from]);
	stream_clear(&frames);
	if (good)
		load_run(l, portset_of(STATIONS) - 1, 0, NULL, NULL);
	return good;
}

// Measures all ways in turns, with the switch and without it. The first round does not count.
static void measure_ways(struct bench *b, struct load *l, struct way *way)
{
	for (unsigned i = 0; i <= b->o.repeats; i++) {
		for (unsigned k = 0; k < 2 * WAYS; k++) {
			struct way *w = &way[k / 2];
			struct runs *r = k % 2 ? &w->all : &w->bare;
			l->bare = !(k % 2);
			load_run(l, portset_of(w->from), b->o.seconds, NULL, NULL);
			r->count = i;
			if (i)
				r->lane[i - 1] = load_sum(l);
		}
		if (i)
			bench_progress(b);
		else
			switch_clear_counters(l->sw, l->sw->ports);
	}
}

// The cost relative to the local frames of the same repeat.
static json_t *ratio_json(const struct runs *r, const struct runs *local)
{
	double value[BENCH_REPEATS];

	for (unsigned i = 0; i < r->count; i++)
		value[i] = runs_cycles(&r->lane[i]) / runs_cycles(&local->lane[i]);
	return bench_measured(value, r->count);
}

// The frames of a way that did not leave where they should.
static json_int_t lost_frames(const struct load *l, const struct way *way, unsigned k)
{
	uint64_t left = runs_counters(l->sw, portset_of(way[k].to)).tx_packets;

	return (json_int_t)(runs_counters(l->sw, portset_of(way[k].from)).rx_packets - left);
}

static void add_rows(struct bench *b, const struct load *l, const struct way *way, unsigned size)
{
	for (unsigned k = 0; k < WAYS; k++) {
		const struct runs *r = &way[k].all;
		bench_add(b,
			  json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "size",
				    bench_size(size), "way", way_names[k], "cycles",
				    runs_json(r, runs_cycles, 1, 0), "harness",
				    runs_json(&way[k].bare, runs_cycles, 1, 0), "switch",
				    runs_json(r, runs_cycles, 1,
					      runs_median(&way[k].bare, runs_cycles)),
				    "ratio", ratio_json(r, &way[LOCAL].all), "mpps",
				    runs_json(r, runs_mpps, 1, 0), "macs",
				    (json_int_t)b->o.macs.item[0], "lost", lost_frames(l, way, k)));
	}
}

bool bench_tunnel(struct bench *b)
{
	uint32_t macs = (b->o.macs.item[0] + 1) / 2;
	struct config *c = tunnel_config(macs);
	struct load *l = c ? load_create(c, SWITCH_BENCH) : NULL;
	struct way *way = l ? calloc(WAYS, sizeof *way) : NULL;
	bool good = way != NULL || (l && complain("out of memory"));

	if (good) {
		unsigned underlay = (unsigned)switch_port(l->sw, EVPN_UNDERLAY);
		way[LOCAL].from = SENDER, way[LOCAL].to = RECEIVER;
		way[INTO].from = RECEIVER, way[INTO].to = underlay;
		way[OUT_OF].from = underlay, way[OUT_OF].to = REACHED;
	}
	for (unsigned i = 0; i < b->o.size.count && good; i++) {
		good = make_streams(l, way, macs, b->o.size.item[i]);
		if (good) {
			measure_ways(b, l, way);
			add_rows(b, l, way, b->o.size.item[i]);
		}
	}
	free(way);
	load_destroy(l);
	return good;
}
