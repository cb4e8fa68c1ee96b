// SPDX-License-Identifier: BSD-3-Clause

#include "dataplane/snoop.h"

#include <stdio.h>
#include <string.h>

#include "dataplane/frame.h"
#include "tests/unit/buffer.h"
#include "tests/unit/kit.h"

enum { BYTES = 256 };

// The frames are in hexadecimal. pcaps/mkcap writes such messages.
static const struct {
	const char *name, *hex;
	enum snoop_kind kind;
	uint8_t version;
	unsigned joins, leaves; // of groups that can be pruned
} messages[] = {
	{"IGMPv1 report",
	 "01005e0101010200000000a1080046c00020000040000102ea0a0a00000bef0101019404"
	 "00001200fdfcef010101",
	 SNOOP_REPORT, 1, 1, 0},
	{"IGMPv2 report",
	 "01005e0101010200000000a1080046c00020000040000102ea0a0a00000bef0101019404"
	 "00001600f9fcef010101",
	 SNOOP_REPORT, 2, 1, 0},
	{"IGMPv2 report behind a tag",
	 "01005e0101010200000000a18100000a080046c00020000040000102ea0a0a00000bef01"
	 "0101940400001600f9fcef010101",
	 SNOOP_REPORT, 2, 1, 0},
	{"IGMPv2 leave",
	 "01005e0000020200000000a1080046c00020000040000102fa0a0a00000be00000029404"
	 "00001700f8fcef010101",
	 SNOOP_REPORT, 2, 0, 1},
	{"IGMPv3 joins",
	 "01005e0000160200000000a1080046c00038000040000102f9de0a00000be00000169404"
	 "0000220011f00000000304000000ef01010104000000ef01010204000000e0000005",
	 SNOOP_REPORT, 3, 2, 0},
	{"IGMPv3 leaves",
	 "01005e0000160200000000a1080046c00030000040000102f9e60a00000be00000169404"
	 "00002200f7f60000000203000000ef01010103000000ef010102",
	 SNOOP_REPORT, 3, 0, 2},
	{"report of a group for all",
	 "01005e0000050200000000a1080046c00020000040000102fa070a00000be00000059404"
	 "0000160009fae0000005",
	 SNOOP_REPORT, 2, 0, 0},
	{"report without a source",
	 "01005e0101010200000000a1080046c00020000040000102f41500000000ef0101019404"
	 "00001600f9fcef010101",
	 SNOOP_REPORT, 2, 1, 0},
	{"IGMPv1 query",
	 "01005e0000010200000000d1080046c00020000040000102fa150a000001e00000019404"
	 "00001100eeff00000000",
	 SNOOP_QUERY, 1, 0, 0},
	{"IGMPv2 query",
	 "01005e0000010200000000d1080046c00020000040000102fa150a000001e00000019404"
	 "00001164ee9b00000000",
	 SNOOP_QUERY, 2, 0, 0},
	{"IGMPv2 query, 20 s",
	 "01005e0000010200000000d1080046c00020000040000102fa150a000001e00000019404"
	 "000011c8ee3700000000",
	 SNOOP_QUERY, 2, 0, 0},
	{"IGMPv3 query",
	 "01005e0000010200000000d1080046c00024000040000102fa110a000001e00000019404"
	 "00001164ec1e00000000027d0000",
	 SNOOP_QUERY, 3, 0, 0},
	{"query about a group",
	 "01005e0101010200000000d1080046c00020000040000102ea140a000001ef0101019404"
	 "00001164fe98ef010101",
	 SNOOP_QUERY, 2, 0, 0},
	{"MLDv1 report",
	 "3333000001010200000000a186dd6000000000200001fe80000000000000000000000000"
	 "00a1ff0500000000000000000000000001013a0005020000010083007d7d00000000ff05"
	 "0000000000000000000000000101",
	 SNOOP_REPORT, 1, 1, 0},
	{"MLDv1 done",
	 "3333000000020200000000a186dd6000000000200001fe80000000000000000000000000"
	 "00a1ff0200000000000000000000000000023a0005020000010084007d7f00000000ff05"
	 "0000000000000000000000000101",
	 SNOOP_REPORT, 1, 0, 1},
	{"MLDv2 joins",
	 "3333000000160200000000a186dd60000000004c0001fe80000000000000000000000000"
	 "00a1ff0200000000000000000000000000163a000502000001008f006882000000030400"
	 "0000ff05000000000000000000000000010104000000ff0200000000000000000001ff00"
	 "00a104000000ff0e0000000000000000000000000005",
	 SNOOP_REPORT, 2, 2, 0},
	{"MLDv2 joins without a source",
	 "3333000000160200000000a186dd60000000002400010000000000000000000000000000"
	 "0000ff0200000000000000000000000000163a000502000001008f006d88000000010400"
	 "0000ff050000000000000000000000000101",
	 SNOOP_REPORT, 2, 1, 0},
	{"MLDv2 leaves",
	 "3333000000160200000000a186dd6000000000240001fe80000000000000000000000000"
	 "00a1ff0200000000000000000000000000163a000502000001008f006f66000000010300"
	 "0000ff050000000000000000000000000101",
	 SNOOP_REPORT, 2, 0, 1},
	{"MLDv1 query",
	 "3333000000010200000000d186dd6000000000200001fe80000000000000000000000000"
	 "0001ff0200000000000000000000000000013a0005020000010082005917271000000000"
	 "0000000000000000000000000000",
	 SNOOP_QUERY, 1, 0, 0},
	{"MLDv2 query",
	 "3333000000010200000000d186dd6000000000240001fe80000000000000000000000000"
	 "0001ff0200000000000000000000000000013a0005020000010082005696271000000000"
	 "0000000000000000000000000000027d0000",
	 SNOOP_QUERY, 2, 0, 0},
};

static const struct {
	const char *name, *hex;
	enum snoop_kind kind;
} others[] = {
	{"data",
	 "01005e0101010200000000a108004500001d00000000401180c30a00000bef0101010009"
	 "000900098dbc78",
	 SNOOP_DATA},
	{"data, IPv6",
	 "3333000001010200000000a186dd60000000000911fffe80000000000000000000000000"
	 "00a1ff05000000000000000000000000010100090009000988a178",
	 SNOOP_DATA},
	{"a group for all",
	 "01005e0000fb0200000000a108004500001d0000000040118fca0a00000be00000fb14e9"
	 "14e90009730378",
	 SNOOP_TO_ALL},
	{"the first group that is pruned",
	 "01005e0001000200000000a108004500001d0000000040118fc50a00000be00001000009"
	 "000900099cbe78",
	 SNOOP_DATA},
	{"neighbour solicitation",
	 "3333ff0000a10200000000b186dd6000000000183afffe80000000000000000000000000"
	 "00b1ff0200000000000000000001ff0000a187007bb300000000fe800000000000000000"
	 "0000000000a1",
	 SNOOP_TO_ALL},
	{"DHCPv6",
	 "3333000100020200000000b186dd60000000000911fffe80000000000000000000000000"
	 "00b1ff020000000000000000000000010002022202230009855f78",
	 SNOOP_TO_ALL},
	{"a transient group of the link",
	 "3333000000070200000000b186dd60000000000911fffe80000000000000000000000000"
	 "00b1ff120000000000000000000000000007000900090009897e78",
	 SNOOP_TO_ALL},
	{"DHCPv6 servers of the site",
	 "3333000100030200000000b186dd60000000000911fffd00000000000000000000000000"
	 "00b1ff05000000000000000000000001000302230223000986da78",
	 SNOOP_DATA},
	{"a group address of no packet",
	 "01005e0101010200000000a1080600010800060400010200000000a10a00000100000000"
	 "00000a000002",
	 SNOOP_OTHER},
	{"the MAC of another group",
	 "01005e0101020200000000a108004500001d00000000401180c30a00000bef0101010009"
	 "000900098dbc78",
	 SNOOP_OTHER},
	{"unicast in a group frame",
	 "03bf0a0000010200000000a108004500001d00000000401166c50a00000b0a0000010009"
	 "0009000973be78",
	 SNOOP_OTHER},
	{"behind two tags",
	 "01005e0101010200000000a18100000a8100001408004500001d00000000401180c30a00"
	 "000bef0101010009000900098dbc78",
	 SNOOP_OTHER},
	{"report from no link-local address",
	 "3333000001010200000000a186dd6000000000200001fd00000000000000000000000000"
	 "00a1ff0500000000000000000000000001013a0005020000010083007efd00000000ff05"
	 "0000000000000000000000000101",
	 SNOOP_BAD},
	{"query from no link-local address",
	 "3333000000010200000000a186dd60000000002400010000000000000000000000000000"
	 "0000ff0200000000000000000000000000013a0005020000010082005518271000000000"
	 "0000000000000000000000000000027d0000",
	 SNOOP_BAD},
	{"general IGMPv3 query with a source",
	 "01005e0000010200000000d1080046c00028000040000102fa0d0a000001e00000019404"
	 "00001164e11b00000000027d00010a010101",
	 SNOOP_BAD},
	{"IGMPv3 query without its sources",
	 "01005e0000010200000000d1080046c00024000040000102fa110a000001e00000019404"
	 "00001164ebba00000000027d0064",
	 SNOOP_BAD},
	{"query from the loopback",
	 "01005e0000010200000000d1080046c0002000004000010285157f000001e00000019404"
	 "00001164ee9b00000000",
	 SNOOP_BAD},
	{"query from a group",
	 "01005e0000010200000000d1080046c000200000400001021414ef010101e00000019404"
	 "00001164ee9b00000000",
	 SNOOP_BAD},
	{"general MLDv2 query with a source",
	 "3333000000010200000000d186dd6000000000340001fe80000000000000000000000000"
	 "0001ff0200000000000000000000000000013a000502000001008200597f271000000000"
	 "0000000000000000000000000000027d0001fd000000000000000000000000000005",
	 SNOOP_BAD},
	{"MLDv2 query without its sources",
	 "3333000000010200000000d186dd6000000000240001fe80000000000000000000000000"
	 "0001ff0200000000000000000000000000013a000502000001008200568d271000000000"
	 "0000000000000000000000000000027d0009",
	 SNOOP_BAD},
	{"report of no group",
	 "01005e0000160200000000a1080046c00028000040000102f9ee0a00000be00000169404"
	 "00002200cefc00000001040000000a010101",
	 SNOOP_BAD},
	{"report without a router alert",
	 "3333000001010200000000a186dd6000000000183afffe80000000000000000000000000"
	 "00a1ff05000000000000000000000000010183007d7d00000000ff050000000000000000"
	 "000000000101",
	 SNOOP_BAD},
	{"report to all routers",
	 "3333000000020200000000a186dd6000000000200001fe80000000000000000000000000"
	 "00a1ff0200000000000000000000000000023a0005020000010083007f8100000000ff02"
	 "0000000000000000000000000002",
	 SNOOP_REPORT},
	{"PIM hello",
	 "01005e00000d0200000000d108004500001e000000000167cf6b0a000001e000000d2000"
	 "df93000100020069",
	 SNOOP_ROUTER},
	{"PIM hello, TTL 2",
	 "01005e00000d0200000000d108004500001e000000000267ce6b0a000001e000000d2000"
	 "df93000100020069",
	 SNOOP_TO_ALL},
	{"multicast router advertisement",
	 "01005e00006a0200000000d108004500001c000000000102cf750a000001e000006a3014"
	 "cf6c007d0002",
	 SNOOP_ROUTER},
	{"unknown type of IGMP",
	 "01005e0000040200000000d108004500001c000000000102cfdb0a000001e00000041314"
	 "ec6c007d0002",
	 SNOOP_TO_ALL},
	{"IGMP, TTL 2",
	 "01005e0000040200000000d108004500001c000000000202cedb0a000001e00000041314"
	 "ec6c007d0002",
	 SNOOP_BAD},
};

static uint16_t bytes_of(const char *hex, uint8_t out[BYTES])
{
	uint16_t n = 0;

	for (unsigned byte; hex[2 * n] && sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
		out[n] = (uint8_t)byte;
	return n;
}

// Reads a frame in one or two buffers.
static void read_pieces(struct snoop_message *msg, const uint8_t *bytes, uint16_t len, uint16_t cut,
			unsigned *joins, unsigned *leaves)
{
	struct rte_mbuf *m = buffer_new(0, bytes, cut);
	struct snoop_record r;
	struct frame f = {0};

	if (cut < len) {
		m->next = buffer_new(0, bytes + cut, (uint16_t)(len - cut));
		m->nb_segs = 2;
		m->pkt_len = len;
	}
	*joins = *leaves = 0;
	assert_true(frame_parse(bytes, len, &f));
	snoop_read(msg, m, FRAME_ADDRESSES + (f.tag ? FRAME_TAG : 0), f.dst);
	while (msg->kind == SNOOP_REPORT && snoop_next(msg, &r)) {
		*joins += !r.leaves;
		*leaves += r.leaves;
	}
	buffer_free(m);
}

static void all_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		uint8_t bytes[BYTES];
		uint16_t len = bytes_of(messages[i].hex, bytes);
		struct snoop_message msg;
		unsigned joins, leaves;
		for (uint16_t cut = FRAME_HEADER + FRAME_TAG; cut <= len; cut++) {
			read_pieces(&msg, bytes, len, cut, &joins, &leaves);
			CHECK(msg.kind == messages[i].kind && msg.version == messages[i].version &&
				      joins == messages[i].joins && leaves == messages[i].leaves,
			      "%s, cut at %u: kind %d, version %u, %u joins, %u leaves",
			      messages[i].name, cut, msg.kind, msg.version, joins, leaves);
		}
	}
}

static void other_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		uint8_t bytes[BYTES];
		uint16_t len = bytes_of(others[i].hex, bytes);
		struct snoop_message msg;
		unsigned joins, leaves;
		read_pieces(&msg, bytes, len, len, &joins, &leaves);
		CHECK(msg.kind == others[i].kind, "%s: kind %d", others[i].name, msg.kind);
	}
}

// A message with one changed bit behind its IP header is not believed: its checksum is wrong.
static void changed_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		uint8_t bytes[BYTES];
		uint16_t len = bytes_of(messages[i].hex, bytes);
		bool ipv6 = bytes[0] == 0x33;
		uint16_t tag = bytes[12] == 0x81 ? FRAME_TAG : 0;
		// Behind the router alert, which is in both headers.
		for (uint16_t at = (uint16_t)(FRAME_HEADER + tag + (ipv6 ? 48 : 24)); at < len;
		     at++)
			for (int bit = 0; bit < 8; bit++) {
				struct snoop_message msg;
				unsigned joins, leaves;
				bytes[at] ^= (uint8_t)(1 << bit);
				read_pieces(&msg, bytes, len, len, &joins, &leaves);
				bool type = ipv6 && at == FRAME_HEADER + tag + 48;
				CHECK(msg.kind == SNOOP_BAD || type, "%s, byte %u, bit %d: kind %d",
				      messages[i].name, at, bit, msg.kind);
				CHECK(!joins && !leaves, "%s, byte %u: records", messages[i].name,
				      at);
				bytes[at] ^= (uint8_t)(1 << bit);
			}
	}
}

// A frame that ends early is not believed, and is read to its end at most.
static void truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		uint8_t bytes[BYTES];
		uint16_t len = bytes_of(messages[i].hex, bytes);
		for (uint16_t n = FRAME_HEADER + FRAME_TAG; n < len; n++) {
			struct snoop_message msg;
			unsigned joins, leaves;
			read_pieces(&msg, bytes, n, n, &joins, &leaves);
			CHECK(msg.kind != SNOOP_REPORT && msg.kind != SNOOP_QUERY,
			      "%s, %u bytes: kind %d", messages[i].name, n, msg.kind);
		}
	}
}

static void response_times(void **state)
{
	static const struct {
		const char *name;
		uint32_t ms;
	} cases[] = {{"IGMPv1 query", 10000},
		     {"IGMPv2 query", 10000},
		     {"IGMPv2 query, 20 s", 20000},
		     {"MLDv2 query", 10000}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t k = 0; k < COUNT(messages); k++) {
			uint8_t bytes[BYTES];
			struct snoop_message msg;
			unsigned joins, leaves;
			if (strcmp(cases[i].name, messages[k].name) != 0)
				continue;
			uint16_t len = bytes_of(messages[k].hex, bytes);
			read_pieces(&msg, bytes, len, len, &joins, &leaves);
			CHECK(msg.response_ms == cases[i].ms && msg.general, "%s: %u ms",
			      cases[i].name, msg.response_ms);
		}
}

RUN_TESTS(TEST(all_messages), TEST(other_frames), TEST(changed_bits), TEST(truncated),
	  TEST(response_times))
