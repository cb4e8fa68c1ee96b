// SPDX-License-Identifier: BSD-3-Clause
// Segments between packet sockets on the two ends of a veth.
#define _GNU_SOURCE

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dataplane/netdev.h"
#include "dataplane/pool.h"
#include "dataplane/port.h"
#include "dataplane/segment.h"
#include "tests/unit/frame.h"
#include "tests/unit/kit.h"
#include "tests/unit/pool.h"

enum {
	HEADERS = 54,
	PIECE = 1448,
	DATA = 60000,
	MANY = 100,
	BURST = 32,
	ROUNDS = 3,
	ROOM = 2048,
	TOO_LONG = ROOM + 65536 + 60
};

static struct rte_mempool *pool;
static struct netdev *ends[2]; // from, to

static int open_veth(void **state)
{
	(void)state;
	assert_int_equal(system("ip link add v0 up type veth peer name v1 &&"
				" ip link set v1 up mtu 9000 && ip link set v0 mtu 9000"),
			 0);
	for (int i = 0; i < 2; i++) {
		struct netdev_options o = {
			.kind = NETDEV_PACKET, .name = i ? "v1" : "v0", .queues = 1, .pool = pool};
		ends[i] = netdev_open(&o);
		assert_non_null(ends[i]);
	}
	return 0;
}

static int close_veth(void **state)
{
	(void)state;
	netdev_close(ends[0]);
	netdev_close(ends[1]);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	return system("ip link del v0");
}

// A TCP packet without checksum, whose data tells its number.
static void write_packet(uint8_t *p, uint32_t data, unsigned number)
{
	uint32_t length = HEADERS - 14 + data;

	memset(p, 0, HEADERS);
	test_header(p, TEST_MAC(1), TEST_MAC(2), TEST_UNTAGGED);
	memcpy(p + 12, (uint8_t[]){8, 0, 0x45, 0, (uint8_t)(length >> 8), (uint8_t)length}, 6);
	p[23] = 6;      // TCP
	p[46] = 5 << 4; // words of its header
	for (uint32_t i = 0; i < data; i++)
		p[HEADERS + i] = (uint8_t)(number + i * 7);
}

// Sends such a packet. `piece` is the size of its pieces; 0: it is whole.
static void send_packet(uint32_t data, uint16_t piece, unsigned number)
{
	static uint8_t p[HEADERS + DATA];
	struct virtio_net_hdr h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				   .gso_type = piece ? VIRTIO_NET_HDR_GSO_TCPV4 : 0,
				   .gso_size = piece,
				   .csum_start = 34,
				   .csum_offset = 16};

	write_packet(p, data, number);
	struct rte_mbuf *m = pool_frame(pool, p, HEADERS + data);
	assert_non_null(m);
	assert_true(segment_mark(m, &h));
	assert_int_equal(netdev_tx(ends[0], 0, &m, 1), 1);
}

// Receives the next one. The kernel sends frames of its own.
static struct rte_mbuf *receive_packet(void)
{
	struct rte_mbuf *m;

	while (netdev_rx(ends[1], 0, &m, 1) == 1) {
		if (rte_pktmbuf_mtod(m, const uint8_t *)[12] == 8)
			return m;
		rte_pktmbuf_free(m);
	}
	fail_msg("nothing has come");
	return NULL;
}

static void check_data(struct rte_mbuf *m, uint32_t data, unsigned number)
{
	static uint8_t want[HEADERS + DATA], copy[HEADERS + DATA];

	write_packet(want, data, number);
	assert_int_equal(rte_pktmbuf_pkt_len(m), HEADERS + data);
	const uint8_t *got = rte_pktmbuf_read(m, 0, HEADERS + data, copy);
	CHECK(!memcmp(got + HEADERS, want + HEADERS, data), "packet %u", number);
}

// The bytes of segments that are still in use stay as they are, and those of later ones come, too.
static void keeps_segments(void **state)
{
	struct rte_mbuf *held[MANY];

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			send_packet(DATA, PIECE, i);
			held[i] = receive_packet();
			assert_true(segment_is(held[i]));
		}
		for (unsigned i = 0; i < MANY; i++)
			check_data(held[i], DATA, i);
		rte_pktmbuf_free_bulk(held, MANY);
	}
}

static void copies_no_segment(void **state)
{
	(void)state;
	send_packet(DATA, PIECE, 0);
	struct rte_mbuf *m = receive_packet();
	assert_int_equal(m->nb_segs, 2);
	assert_false(RTE_MBUF_DIRECT(m->next));
	rte_pktmbuf_free(m);
}

// A NIC can read no bytes of a frame but those of the pool.
static void copies_other_frames(void **state)
{
	struct {
		uint32_t data;
		uint16_t piece;
	} cases[] = {{8000, 0}, {8000, 8500}};

	(void)state;
	for (unsigned i = 0; i < COUNT(cases); i++) {
		send_packet(cases[i].data, cases[i].piece, i);
		struct rte_mbuf *m = receive_packet();
		CHECK(!segment_is(m), "case %u", i);
		for (const struct rte_mbuf *part = m; part; part = part->next)
			CHECK(RTE_MBUF_DIRECT(part), "case %u", i);
		check_data(m, cases[i].data, i);
		rte_pktmbuf_free(m);
	}
}

// A frame that is longer than any segment. Its header tells the length that is left of its own in
// 16 bits.
static void write_longer(uint8_t p[TOO_LONG])
{
	uint32_t told = ROOM + (TOO_LONG - ROOM) % (UINT16_MAX + 1) - HEADERS;

	test_header(p, TEST_MAC(1), TEST_MAC(2), TEST_UNTAGGED);
	memcpy(p + 12, (uint8_t[]){0x86, 0xdd, 0x60}, 3);
	p[18] = (uint8_t)(told >> 8);
	p[19] = (uint8_t)told;
	p[20] = 6; // TCP
	p[HEADERS + 12] = 5 << 4;
}

static void drops_longer_segments(void **state)
{
	static uint8_t p[TOO_LONG];
	struct virtio_net_hdr h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				   .gso_type = VIRTIO_NET_HDR_GSO_TCPV6,
				   .hdr_len = HEADERS + 20,
				   .gso_size = PIECE,
				   .csum_start = HEADERS,
				   .csum_offset = 16};
	struct iovec parts[] = {{&h, sizeof h}, {p, sizeof p}};
	struct rte_mbuf *m;

	(void)state;
	if (system("ip link set v0 gso_max_size 131072"))
		skip(); // kernels before 5.19
	write_longer(p);
	assert_int_equal(writev(netdev_fd(ends[0], 0), parts, 2), sizeof h + sizeof p);
	while (netdev_rx(ends[1], 0, &m, 1) == 1) {
		bool empty = !rte_pktmbuf_pkt_len(m);
		rte_pktmbuf_free(m);
		if (empty)
			return;
	}
	fail_msg("it has not come, or is not empty");
}

// The bytes of a segment cost a poll as much in one buffer as in many.
static void long_segments_spoil_the_appetite(void **state)
{
	struct port_options o = {.rx_queues = 1, .workers = 1, .pool = pool};
	struct rte_mbuf *m[MANY];
	struct port_error e;
	struct port p;

	(void)state;
	assert_int_equal(port_open_net(&p, NETDEV_PACKET, "v1", &o, &e), 0);
	for (unsigned i = 0; i < BURST; i++)
		send_packet(DATA, DATA / 2, i);
	uint16_t before = p.appetite[0], n = port_rx(&p, 0, m, BURST);
	rte_pktmbuf_free_bulk(m, n);
	assert_true(n > BURST / 2);
	assert_true(p.appetite[0] < before);
	port_close(&p);
}

static void segments_outlive_their_device(void **state)
{
	(void)state;
	send_packet(DATA, PIECE, 5);
	struct rte_mbuf *m = receive_packet();
	netdev_close(ends[1]);
	ends[1] = NULL;
	check_data(m, DATA, 5);
	rte_pktmbuf_free(m);
}

#define VETH_TEST(f) cmocka_unit_test_setup_teardown(f, open_veth, close_veth)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VETH_TEST(keeps_segments),
		VETH_TEST(copies_no_segment),
		VETH_TEST(copies_other_frames),
		VETH_TEST(drops_longer_segments),
		VETH_TEST(long_segments_spoil_the_appetite),
		VETH_TEST(segments_outlive_their_device),
	};

	if (unshare(CLONE_NEWNET)) {
		puts("1..0 # SKIP only root has a network namespace of its own");
		return 0;
	}
	pool = test_pool(16 << 20);
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
