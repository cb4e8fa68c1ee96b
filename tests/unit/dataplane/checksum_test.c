// SPDX-License-Identifier: BSD-3-Clause

#include <string.h>

#include "dataplane/checksum.h"
#include "tests/unit/buffer.h"
#include "tests/unit/kit.h"

enum { ROOM = 512, TCP = 6, UDP = 17, FIELD_TCP = 16, FIELD_UDP = 6 };

// A packet, built from end to beginning.
struct packet {
	uint8_t room[ROOM];
	uint8_t *at;
};

static uint8_t *push(struct packet *p, const void *bytes, size_t n)
{
	p->at -= n;
	return memcpy(p->at, bytes, n);
}

static uint16_t length(const struct packet *p)
{
	return (uint16_t)(p->room + ROOM - p->at);
}

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void begin(struct packet *p, uint16_t payload)
{
	p->at = p->room + ROOM - payload;
	for (uint16_t i = 0; i < payload; i++)
		p->at[i] = (uint8_t)(i * 7 + 1);
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)((sum >> 16) + sum);
}

static uint32_t add(const uint8_t *bytes, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

// Adds a TCP or UDP header and an IP header. The checksum is the partial one that a sender leaves
// to its NIC. Returns the position of the checksum.
static uint8_t *push_ip(struct packet *p, int version, uint8_t protocol, uint16_t port)
{
	uint8_t l4[20] = {0x12, 0x34},
		ip4[20] = {0x45, [8] = 64, [9] = protocol, [12] = 10, 1, 2, 3, 10, 200, 3, 4};
	uint8_t ip6[40] = {0x60, [6] = protocol, 64, 0xfd, [23] = 1, 0xfd, [39] = 0xfe};
	uint32_t size = protocol == TCP ? 20 : 8;

	put16(l4 + 2, port);
	if (protocol == UDP)
		put16(l4 + 4, length(p) + 8);
	uint8_t *field = push(p, l4, size) + (protocol == TCP ? FIELD_TCP : FIELD_UDP);
	uint16_t len = length(p);
	put16(ip4 + 2, len + 20);
	put16(ip6 + 4, len);
	put16(field, fold((version == 4 ? add(ip4 + 12, 8) : add(ip6 + 8, 32)) + protocol + len));
	if (version == 4)
		push(p, ip4, sizeof ip4);
	else
		push(p, ip6, sizeof ip6);
	return field;
}

static void push_ethernet(struct packet *p, int version, bool tag)
{
	static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2},
			     vlan[4] = {0x81, 0, 0, 10};
	uint8_t type[2];

	put16(type, version == 4 ? 0x0800 : 0x86dd);
	push(p, type, sizeof type);
	if (tag)
		push(p, vlan, sizeof vlan);
	push(p, addresses, sizeof addresses);
}

// Completes the checksums of the frame in place.
static void finish(struct packet *p, uint16_t padding)
{
	uint8_t frame[ROOM + 64] = {0};
	uint16_t n = length(p);

	memcpy(frame, p->at, n);
	struct rte_mbuf *m = buffer_new(0, frame, (uint16_t)(n + padding));
	checksum_finish(m);
	memcpy(p->at, rte_pktmbuf_mtod(m, void *), n);
	buffer_free(m);
}

// Whether the TCP or UDP packet in an IP packet has the right checksum.
static bool is_right(const uint8_t *ip)
{
	bool is4 = ip[0] >> 4 == 4;
	uint32_t header = is4 ? 20 : 40,
		 n = ip[is4 ? 2 : 4] * 256u + ip[is4 ? 3 : 5] - (is4 ? header : 0);

	return fold(add(ip + (is4 ? 12 : 8), is4 ? 8 : 32) + ip[is4 ? 9 : 6] + n +
		    add(ip + header, n)) == 0xffff;
}

static void plain(void **state)
{
	(void)state;
	for (int version = 4; version <= 6; version += 2)
		for (uint16_t payload = 0; payload < 70; payload++)
			for (int i = 0; i < 4; i++) {
				bool tag = i & 1;
				uint8_t protocol = i & 2 ? UDP : TCP;
				struct packet p;
				begin(&p, payload);
				push_ip(&p, version, protocol, 80);
				push_ethernet(&p, version, tag);
				CHECK(!is_right(p.at + (tag ? 18 : 14)),
				      "IPv%d, protocol %u: right too early", version, protocol);
				finish(&p, payload % 3 * 9);
				CHECK(is_right(p.at + (tag ? 18 : 14)),
				      "IPv%d, protocol %u, %u bytes", version, protocol, payload);
				struct packet again = p;
				again.at = again.room + (p.at - p.room);
				finish(&again, 0);
				CHECK(!memcmp(again.at, p.at, length(&p)),
				      "IPv%d, protocol %u: changed", version, protocol);
			}
}

// Every tunnel with a partial inner checksum, and an outer checksum that is absent, right or
// partial.
static void tunnels(void **state)
{
	static const uint8_t vxlan[8] = {8}, geneve[16] = {2, 0, 0x65, 0x58},
			     gre[4] = {0, 0, 0x65, 0x58};
	static const uint8_t gre_key[8] = {0x20, 0, 0x08, 0x00};
	static const struct {
		const char *name;
		uint16_t port; // UDP port; 0: none
		uint8_t protocol;
		const uint8_t *header;
		size_t size;
		bool ethernet;
	} cases[] = {
		{"VXLAN", 4789, UDP, vxlan, sizeof vxlan, true},
		{"old VXLAN", 8472, UDP, vxlan, sizeof vxlan, true},
		{"Geneve", 6081, UDP, geneve, sizeof geneve, true},
		{"GRE", 0, 47, gre, sizeof gre, true},
		{"GRE with a key", 0, 47, gre_key, sizeof gre_key, false},
		{"IP in IP", 0, 4, gre, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct packet p;
		uint8_t ip4[20] = {0x45, [8] = 64, [9] = cases[i].protocol};
		begin(&p, 33);
		push_ip(&p, 4, TCP, 80);
		uint8_t *inner = p.at;
		if (cases[i].ethernet)
			push_ethernet(&p, 4, false);
		push(&p, cases[i].header, cases[i].size);
		if (cases[i].port) {
			put16(push_ip(&p, 4, UDP, cases[i].port), 0);
		} else {
			put16(ip4 + 2, length(&p) + 20);
			push(&p, ip4, sizeof ip4);
		}
		push_ethernet(&p, 4, false);
		finish(&p, 0);
		CHECK(is_right(inner), "%s", cases[i].name);
	}
}

// Bad checksums, fragments and other protocols stay unchanged.
static void left_alone(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct packet p, before;
		begin(&p, 40);
		uint8_t *field = push_ip(&p, 4, TCP, 80);
		if (i == 0)
			field[0] ^= 1;
		else if (i < 3)
			put16(p.at + 6, i == 1 ? 0x2000 : 0x0001); // first, later fragment
		else
			p.at[9] = 1;
		push_ethernet(&p, 4, false);
		before = p;
		finish(&p, 0);
		CHECK(!memcmp(before.room, p.room, ROOM), "case %d", i);
	}
}

// Truncated frames with random bytes. AddressSanitizer checks that no access is beyond the frame.
static void cut_short(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct packet p;
		begin(&p, 20);
		push_ip(&p, round & 1 ? 4 : 6, round & 2 ? TCP : UDP, round & 4 ? 4789 : 6081);
		push_ethernet(&p, round & 1 ? 4 : 6, round & 8);
		uint16_t n = length(&p);
		for (int i = 0; i < 3; i++)
			p.at[rnd_below(&random, n)] = (uint8_t)rnd(&random);
		struct rte_mbuf *m = buffer_new(0, p.at, (uint16_t)rnd_below(&random, n + 1u));
		checksum_finish(m);
		checksum_finish_told(m);
		buffer_free(m);
	}
}

// A frame as a chain of two segments, divided at `cut`.
static struct rte_mbuf *chain(const uint8_t *frame, uint16_t n, uint16_t cut)
{
	struct rte_mbuf *m = buffer_new(0, frame, cut);

	m->next = buffer_new(0, frame + cut, (uint16_t)(n - cut));
	m->nb_segs = 2;
	m->pkt_len = n;
	return m;
}

// The sender requests the checksum: it is completed in one segment or two, but not if the field is
// in the second segment.
static void told(void **state)
{
	uint8_t frame[ROOM];

	(void)state;
	for (int i = 0; i < 8; i++) {
		int version = i & 1 ? 4 : 6;
		bool tag = i & 4;
		struct packet p;
		begin(&p, 61);
		uint8_t *field = push_ip(&p, version, i & 2 ? TCP : UDP, 80);
		push_ethernet(&p, version, tag);
		uint16_t n = length(&p), behind = (uint16_t)(field + 2 - p.at), at = tag ? 18 : 14;
		for (uint16_t cut = 14; cut <= n; cut++) {
			struct rte_mbuf *m = cut < n ? chain(p.at, n, cut) : buffer_new(0, p.at, n);
			checksum_finish_told(m);
			memcpy(frame, rte_pktmbuf_mtod(m, void *), cut);
			memcpy(frame + cut, p.at + cut, n - cut);
			CHECK(is_right(frame + at) == (cut >= behind), "case %d, cut at %u", i,
			      cut);
			buffer_free(m);
		}
	}
}

// Headers and lengths that exceed the frame.
static void told_nonsense(void **state)
{
	static const struct {
		int version, at;
		uint8_t value;
	} cases[] = {
		{4, 0, 0x4f}, {4, 0, 0x40}, {4, 2, 0xff}, {4, 3, 21}, {6, 0, 0x40},
		{6, 5, 1},    {6, 6, 0},    {6, 6, 43},   {6, 6, 60},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (uint16_t payload = 0; payload < 60; payload++) {
			struct packet p;
			begin(&p, payload);
			push_ip(&p, cases[i].version, UDP, 80);
			p.at[cases[i].at] = cases[i].value;
			if (length(&p) > 41)
				p.at[41] = 0xff; // the length of an IPv6 extension header
			push_ethernet(&p, cases[i].version, false);
			for (uint16_t n = 0; n <= length(&p); n++) {
				struct rte_mbuf *m = buffer_new(0, p.at, n);
				checksum_finish_told(m);
				buffer_free(m);
			}
		}
}

RUN_TESTS(TEST(plain), TEST(tunnels), TEST(left_alone), TEST(cut_short), TEST(told),
	  TEST(told_nonsense))
