// SPDX-License-Identifier: BSD-3-Clause
// What goes into a tunnel comes out of it as it was, for any VTEP and VNI; flows spread over source
// ports, and a flow keeps its own.

#include <stdlib.h>
#include <string.h>

#include "dataplane/counters.h"
#include "dataplane/frame.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"
#include "dataplane/vxlan.h"
#include "tests/unit/buffer.h"
#include "tests/unit/kit.h"

enum { FLOWS = 64, FRAME = 100, AT_DF = 20, AT_SOURCE_PORT = 34, UDP_PORT = 4789 };

#define HERE UINT32_C(0x0a090001)
#define VTEP(n) (UINT32_C(0x0a090100) + (n))
#define VNI(vid) ((vid)*UINT32_C(4096) + 7)

// One end: all VLANs have VNIs, and port p is the tunnel to `there(p)`.
static struct vxlan *end_of(uint32_t source, uint32_t first)
{
	struct vxlan *x = calloc(1, vxlan_size(VID_MAX));

	assert_non_null(x);
	vxlan_init(x, VID_MAX);
	x->source = source;
	x->udp_port = UDP_PORT;
	for (uint16_t vid = 1; vid <= VID_MAX; vid++)
		vxlan_add_vni(x, VNI(vid), vid);
	for (unsigned port = 0; port < PORTS_MAX; port++)
		vxlan_add_tunnel(x, port,
				 &(struct vxlan_path){.next_hop = 0x020000000000 + port,
						      .source = source,
						      .vtep = first + port,
						      .udp_port = UDP_PORT,
						      .ttl = 64});
	return x;
}

static struct rte_mbuf *frame_of(uint16_t vid, uint64_t *seed)
{
	uint8_t bytes[FRAME];

	for (unsigned i = 0; i < FRAME; i++)
		bytes[i] = (uint8_t)rnd(seed);
	bytes[12] = 0x81, bytes[13] = 0;
	bytes[14] = (uint8_t)(vid >> 8), bytes[15] = (uint8_t)vid;
	bytes[16] = 0x88, bytes[17] = 0xb5;
	return buffer_new(VXLAN_HEADER, bytes, FRAME);
}

static void round_trips(void **state)
{
	struct vxlan *x = end_of(HERE, VTEP(0));
	uint64_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint16_t vid = (uint16_t)(1 + rnd_below(&seed, VID_MAX));
		unsigned port = rnd_below(&seed, PORTS_MAX);
		struct rte_mbuf *m = frame_of(vid, &seed);
		uint8_t before[FRAME];
		memcpy(before, rte_pktmbuf_mtod(m, void *), FRAME);
		assert_true(vxlan_encapsulate(x, port, m));
		assert_int_equal(m->pkt_len, FRAME - FRAME_TAG + VXLAN_HEADER);
		// The other end: its VTEP is the destination of this packet.
		struct vxlan *y = calloc(1, vxlan_size(1));
		vxlan_init(y, 1);
		y->source = VTEP(port);
		y->udp_port = UDP_PORT;
		vxlan_add_vni(y, VNI(vid), vid);
		vxlan_add_tunnel(y, 9, &(struct vxlan_path){.vtep = HERE});
		struct vxlan_verdict v = vxlan_judge(y, m);
		CHECK(v.verdict == ADMITTED && v.port == 9 && v.vid == vid, "frame %u: %s", i,
		      v.verdict == ADMITTED ? "another tunnel or VLAN" : outcome_names[v.verdict]);
		vxlan_decapsulate(m, &v);
		assert_int_equal(m->pkt_len, FRAME);
		assert_memory_equal(before, rte_pktmbuf_mtod(m, void *), FRAME);
		buffer_free(m);
		free(y);
	}
	free(x);
}

enum { BURST = 8, AT_SUM = 24, PACKET = FRAME - FRAME_TAG + VXLAN_HEADER };

// Makes the checksum of a packet right again.
static void mend_checksum(uint8_t *h)
{
	uint32_t sum = 0;

	h[AT_SUM] = h[AT_SUM + 1] = 0;
	for (unsigned i = 14; i < 34; i += 2)
		sum += frame_be16(h + i);
	for (unsigned i = 0; i < 2; i++)
		sum = (sum & 0xffff) + (sum >> 16);
	h[AT_SUM] = (uint8_t)(~sum >> 8), h[AT_SUM + 1] = (uint8_t)~sum;
}

// A packet of one of two VTEPs, often with a bit or its length changed.
static struct rte_mbuf *packet_of(struct vxlan *const end[2], uint64_t *seed)
{
	struct rte_mbuf *m = frame_of((uint16_t)(1 + rnd_below(seed, 2)), seed);
	uint8_t *h;

	assert_true(vxlan_encapsulate(end[rnd_below(seed, 4) == 0], 0, m));
	h = rte_pktmbuf_mtod(m, uint8_t *);
	if (rnd_below(seed, 2))
		h[rnd_below(seed, VXLAN_HEADER + 16)] ^= (uint8_t)(1 << rnd_below(seed, 8));
	if (rnd_below(seed, 8) == 0)
		memcpy(h + VXLAN_HEADER + FRAME_ADDRESSES, (uint8_t[]){0x81, 0}, 2);
	if (rnd_below(seed, 2))
		mend_checksum(h);
	if (rnd_below(seed, 8) == 0)
		rte_pktmbuf_trim(m, (uint16_t)rnd_below(seed, PACKET - 1));
	return m;
}

static void packets_are_judged_alike_in_bursts(void **state)
{
	struct vxlan *x = end_of(HERE, VTEP(0)),
		     *end[2] = {end_of(VTEP(0), HERE), end_of(VTEP(1), HERE)};
	struct rte_mbuf *m[BURST];
	uint64_t seed = 3, admitted = 0;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct vxlan_verdict v[BURST];
		unsigned same = 0;
		if (round % 2)
			vxlan_set_mac(x, 0x020000000000, true);
		else
			x->mac = 0;
		for (unsigned i = 0; i < BURST; i++)
			m[i] = packet_of(end, &seed);
		bool alike = vxlan_judge_burst(x, m, v, BURST);
		for (unsigned i = 0; i < BURST; i++) {
			struct vxlan_verdict alone = vxlan_judge(x, m[i]);
			CHECK(vxlan_word(&v[i]) == vxlan_word(&alone),
			      "round %u, packet %u: %s in a burst, else %s", round, i,
			      outcome_names[v[i].verdict], outcome_names[alone.verdict]);
			same += vxlan_same_way(&alone, &v[0]);
			admitted += alone.verdict == ADMITTED;
			buffer_free(m[i]);
		}
		assert_int_equal(alike, same == BURST);
	}
	assert_true(admitted > 20000);
	free(end[0]), free(end[1]), free(x);
}

static void every_vtep_and_vni_is_found(void **state)
{
	struct vxlan *x = end_of(HERE, VTEP(0));
	uint64_t seed = 2;

	(void)state;
	for (unsigned port = 0; port < PORTS_MAX; port++) {
		struct vxlan *y = end_of(VTEP(port), HERE);
		struct rte_mbuf *m = frame_of((uint16_t)(1 + port * 64), &seed);
		assert_true(vxlan_encapsulate(y, 0, m)); // from VTEP(port) to HERE
		struct vxlan_verdict v = vxlan_judge(x, m);
		assert_int_equal(v.verdict, ADMITTED);
		assert_int_equal(v.port, port);
		assert_int_equal(v.vid, 1 + port * 64);
		buffer_free(m);
		free(y);
	}
	assert_true(x->resolved == ~UINT64_C(0));
	free(x);
}

// A frame of a UDP flow between two hosts.
static uint16_t source_port(const struct vxlan *x, uint16_t from, uint8_t payload, bool fragment)
{
	uint8_t bytes[64] = {2, 0, 0,  0, 0, 1, 2, 0,  0,  0, 0, 2,  0x81, 0, 0, 10, 8, 0, 0x45,
			     0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0,    0, 1, 10, 0, 0, 2};

	bytes[24] = fragment ? 0x20 : 0;
	bytes[38] = (uint8_t)(from >> 8), bytes[39] = (uint8_t)from;
	bytes[60] = payload;
	struct rte_mbuf *m = buffer_new(VXLAN_HEADER, bytes, sizeof bytes);
	assert_true(vxlan_encapsulate(x, 0, m));
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t port = frame_be16(h + AT_SOURCE_PORT);
	assert_int_equal(frame_be16(h + AT_DF), 0x4000);
	buffer_free(m);
	return port;
}

static void flows_spread(void **state)
{
	struct vxlan *x = end_of(HERE, VTEP(0));
	bool used[1 << 16] = {false};
	unsigned different = 0;

	(void)state;
	for (uint16_t flow = 0; flow < FLOWS; flow++) {
		uint16_t port = source_port(x, flow, 1, false);
		assert_in_range(port, 49152, 65535);
		assert_int_equal(port, source_port(x, flow, 2, false));
		different += !used[port];
		used[port] = true;
	}
	assert_true(different > FLOWS * 3 / 4);
	// Fragments stay together, whatever is in the place of their ports.
	assert_int_equal(source_port(x, 1, 1, true), source_port(x, 2, 1, true));
	free(x);
}

static void no_room(void **state)
{
	struct vxlan *x = end_of(HERE, VTEP(0));
	uint8_t bytes[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 10, 8, 0};
	struct rte_mbuf *m = buffer_new(VXLAN_HEADER - FRAME_TAG - 1, bytes, sizeof bytes);

	(void)state;
	assert_false(vxlan_encapsulate(x, 0, m));
	assert_memory_equal(bytes, rte_pktmbuf_mtod(m, void *), sizeof bytes);
	buffer_free(m);
	free(x);
}

RUN_TESTS(TEST(round_trips), TEST(packets_are_judged_alike_in_bursts),
	  TEST(every_vtep_and_vni_is_found), TEST(flows_spread), TEST(no_room))
