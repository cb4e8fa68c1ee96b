// SPDX-License-Identifier: BSD-3-Clause

#include <string.h>

#include "dataplane/guard.h"
#include "tests/unit/buffer.h"
#include "tests/unit/kit.h"

enum {
	NEITHER,
	DHCP = GUARD_DHCP_SERVER,
	ADVERT = GUARD_ROUTER_ADVERT,
	BOTH = GUARD_ANY,
	BYTES = 240
};

#define MACS 0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1
#define TYPE4 0x08, 0x00
#define TYPE6 0x86, 0xdd
#define TAG 0x81, 0, 0, 10
#define STAG 0x88, 0xa8, 0, 10
#define ZERO8 0, 0, 0, 0, 0, 0, 0, 0
#define ZERO16 ZERO8, ZERO8
#define ZERO32 ZERO16, ZERO16
// `rest` bytes follow the header of 20 or 40
#define IPV4(protocol, rest, fragment) \
	0x45, 0, 0, 20 + (rest), 0, 0, (fragment) >> 8, (fragment)&0xff, 64, protocol, 0, 0, ZERO8
#define IPV6(next, rest) 0x60, 0, 0, 0, 0, rest, next, 255, ZERO32
#define UDP(from, to) (from) >> 8, (from)&0xff, (to) >> 8, (to)&0xff, 0, 8, 0, 0
#define ICMP6(type) type, 0, 0, 0, 0, 0, 0, 0
#define EXTENSION(next) next, 0, 0, 0, 0, 0, 0, 0
#define EXTENSION16(next) next, 1, 0, 0, 0, 0, 0, 0, ZERO8
#define AUTHENTICATION(next) next, 1, 0, 0, ZERO8 // 12 bytes
#define FRAGMENT(next, offset_more) next, 0, (offset_more) >> 8, (offset_more)&0xff, 0, 0, 0, 1
#define MORE 1
#define SNAP 0xaa, 0xaa, 3, 0, 0, 0
#define EXTENSIONS5 EXTENSION(60), EXTENSION(60), EXTENSION(60), EXTENSION(60), EXTENSION(60)
#define EXTENSIONS15 EXTENSIONS5, EXTENSIONS5, EXTENSIONS5

#define FRAME(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

static const struct {
	const char *name;
	uint8_t bytes[BYTES];
	uint16_t len;
	int is;
} cases[] = {
	{"DHCP offer", FRAME(MACS, TYPE4, IPV4(17, 8, 0), UDP(67, 68)), DHCP},
	{"DHCP offer, don't fragment", FRAME(MACS, TYPE4, IPV4(17, 8, 0x4000), UDP(67, 68)), DHCP},
	{"DHCP offer, first fragment", FRAME(MACS, TYPE4, IPV4(17, 8, 0x2000), UDP(67, 68)), DHCP},
	{"later fragment of anything", FRAME(MACS, TYPE4, IPV4(17, 8, 0x0001), UDP(67, 68)),
	 NEITHER},
	{"DHCP discover", FRAME(MACS, TYPE4, IPV4(17, 8, 0), UDP(68, 67)), NEITHER},
	{"DHCP relay", FRAME(MACS, TYPE4, IPV4(17, 8, 0), UDP(67, 67)), NEITHER},
	{"TCP from 67 to 68", FRAME(MACS, TYPE4, IPV4(6, 8, 0), UDP(67, 68)), NEITHER},
	{"DHCP offer behind a tag", FRAME(MACS, TAG, TYPE4, IPV4(17, 8, 0), UDP(67, 68)), DHCP},
	{"DHCP offer behind two", FRAME(MACS, STAG, TAG, TYPE4, IPV4(17, 8, 0), UDP(67, 68)), DHCP},
	{"DHCP offer behind options",
	 FRAME(MACS, TYPE4, 0x46, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, ZERO8, 1, 1, 1, 1,
	       UDP(67, 68)),
	 DHCP},
	{"IPv4 header of no length",
	 FRAME(MACS, TYPE4, 0x44, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, ZERO8, UDP(67, 68)), NEITHER},
	{"total length that ends before the ports", FRAME(MACS, TYPE4, IPV4(17, 0, 0), UDP(67, 68)),
	 DHCP},
	{"DHCPv6 advertise", FRAME(MACS, TYPE6, IPV6(17, 8), UDP(547, 546)), DHCP},
	{"DHCPv6 relay's answer", FRAME(MACS, TYPE6, IPV6(17, 8), UDP(547, 547)), DHCP},
	{"DHCPv6 solicit", FRAME(MACS, TYPE6, IPV6(17, 8), UDP(546, 547)), NEITHER},
	{"DHCPv6 behind a hop-by-hop header",
	 FRAME(MACS, TYPE6, IPV6(0, 16), EXTENSION(17), UDP(547, 546)), DHCP},
	{"DHCPv6 behind its fragment header",
	 FRAME(MACS, TYPE6, IPV6(44, 16), FRAGMENT(17, MORE), UDP(547, 546)), DHCP},
	{"router advertisement", FRAME(MACS, TYPE6, IPV6(58, 8), ICMP6(134)), ADVERT},
	{"redirect", FRAME(MACS, TYPE6, IPV6(58, 8), ICMP6(137)), ADVERT},
	{"router solicitation", FRAME(MACS, TYPE6, IPV6(58, 8), ICMP6(133)), NEITHER},
	{"neighbour advertisement", FRAME(MACS, TYPE6, IPV6(58, 8), ICMP6(136)), NEITHER},
	{"advertisement behind a tag", FRAME(MACS, TAG, TYPE6, IPV6(58, 8), ICMP6(134)), ADVERT},
	{"advertisement behind hop-by-hop",
	 FRAME(MACS, TYPE6, IPV6(0, 16), EXTENSION(58), ICMP6(134)), ADVERT},
	{"advertisement behind routing",
	 FRAME(MACS, TYPE6, IPV6(43, 16), EXTENSION(58), ICMP6(134)), ADVERT},
	{"advertisement behind destination options",
	 FRAME(MACS, TYPE6, IPV6(60, 24), EXTENSION16(58), ICMP6(134)), ADVERT},
	{"advertisement behind authentication",
	 FRAME(MACS, TYPE6, IPV6(51, 20), AUTHENTICATION(58), ICMP6(134)), ADVERT},
	{"advertisement behind a chain",
	 FRAME(MACS, TYPE6, IPV6(0, 32), EXTENSION(60), EXTENSION(43), EXTENSION(58), ICMP6(134)),
	 ADVERT},
	{"advertisement, an atomic fragment",
	 FRAME(MACS, TYPE6, IPV6(44, 16), FRAGMENT(58, 0), ICMP6(134)), ADVERT},
	{"advertisement, a first fragment",
	 FRAME(MACS, TYPE6, IPV6(44, 16), FRAGMENT(58, MORE), ICMP6(134)), ADVERT},
	{"solicitation, a first fragment",
	 FRAME(MACS, TYPE6, IPV6(44, 16), FRAGMENT(58, MORE), ICMP6(133)), NEITHER},
	{"a later fragment", FRAME(MACS, TYPE6, IPV6(44, 16), FRAGMENT(58, 8), ICMP6(134)),
	 NEITHER},
	{"first fragment without its ICMPv6 header",
	 FRAME(MACS, TYPE6, IPV6(44, 8), FRAGMENT(58, MORE)), ADVERT},
	{"first fragment without its UDP header",
	 FRAME(MACS, TYPE6, IPV6(44, 8), FRAGMENT(17, MORE)), DHCP},
	{"first fragment, the chain goes on, cut",
	 FRAME(MACS, TYPE6, IPV6(44, 8), FRAGMENT(60, MORE)), BOTH},
	{"first fragment cut within a header",
	 FRAME(MACS, TYPE6, IPV6(44, 9), FRAGMENT(60, MORE), 58), BOTH},
	{"first fragment of TCP, header cut", FRAME(MACS, TYPE6, IPV6(44, 8), FRAGMENT(6, MORE)),
	 NEITHER},
	{"cut short, no fragment", FRAME(MACS, TYPE6, IPV6(58, 8)), ADVERT},
	{"IPv6 of length 0: all there is", FRAME(MACS, TYPE6, IPV6(58, 0), ICMP6(134)), ADVERT},
	{"advertisement in the padding", FRAME(MACS, TYPE6, IPV6(58, 1), 128, 134), NEITHER},
	{"no next header", FRAME(MACS, TYPE6, IPV6(59, 8), ICMP6(134)), NEITHER},
	{"IPv6's type, another version",
	 FRAME(MACS, TYPE6, 0x40, 0, 0, 0, 0, 8, 58, 255, ZERO32, ICMP6(134)), ADVERT},
	{"DHCP offer from another port", FRAME(MACS, TYPE4, IPV4(17, 8, 0), UDP(1067, 68)), DHCP},
	{"DHCP offer, IP version 5",
	 FRAME(MACS, TYPE4, 0x55, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, ZERO8, UDP(67, 68)), DHCP},
	{"DHCP offer, total length 0",
	 FRAME(MACS, TYPE4, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, ZERO8, UDP(67, 68)), DHCP},
	{"IPv4 cut before the ports", FRAME(MACS, TYPE4, IPV4(17, 8, 0), 0, 67, 0), DHCP},
	{"first fragment of no bytes, padded: without ports",
	 FRAME(MACS, TYPE4, IPV4(17, 0, 0x2000), ZERO16), DHCP},
	{"IPv4 shorter than its header",
	 FRAME(MACS, TYPE4, 0x46, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, ZERO8), NEITHER},
	{"DHCP offer behind four tags",
	 FRAME(MACS, STAG, TAG, 0x91, 0, 0, 1, 0x92, 0, 0, 1, TYPE4, IPV4(17, 8, 0), UDP(67, 68)),
	 DHCP},
	{"five tags, cut", FRAME(MACS, STAG, TAG, TAG, TAG, TAG, 0x08, 0x06), BOTH},
	{"DHCP offer in LLC/SNAP", FRAME(MACS, 0, 36, SNAP, TYPE4, IPV4(17, 8, 0), UDP(67, 68)),
	 DHCP},
	{"the same, with another length",
	 FRAME(MACS, 0, 1, SNAP, TYPE4, IPV4(17, 8, 0), UDP(67, 68)), DHCP},
	{"advertisement in LLC/SNAP behind a tag",
	 FRAME(MACS, TAG, 0, 56, SNAP, TYPE6, IPV6(58, 8), ICMP6(134)), ADVERT},
	{"LLC of spanning tree", FRAME(MACS, 0, 38, 0x42, 0x42, 3, ZERO32), NEITHER},
	{"DHCPv6 answer from another port", FRAME(MACS, TYPE6, IPV6(17, 8), UDP(5470, 546)), DHCP},
	{"advertisement behind 16 headers",
	 FRAME(MACS, TYPE6, IPV6(0, 136), EXTENSIONS15, EXTENSION(58), ICMP6(134)), ADVERT},
	{"anything behind 17 headers, cut",
	 FRAME(MACS, TYPE6, IPV6(0, 144), EXTENSIONS15, EXTENSION(0), EXTENSION(6), ZERO16), BOTH},
	{"header that is longer than the frame, cut",
	 FRAME(MACS, TYPE6, IPV6(0, 8), 58, 200, 0, 0, 0, 0, 0, 0), BOTH},
	{"ARP", FRAME(MACS, 0x08, 0x06, ZERO32), NEITHER},
	{"nothing behind the type", FRAME(MACS, TYPE6), NEITHER},
	{"nothing but a tag", FRAME(MACS, TAG), NEITHER},
};

static void packets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rte_mbuf *m = buffer_new(0, cases[i].bytes, cases[i].len);
		CHECK((int)guard_look(m) == cases[i].is, "%s: %d, not %d", cases[i].name,
		      guard_look(m), cases[i].is);
		buffer_free(m);
	}
}

// The same frames with padding: the result stays the same if the header is complete.
static void padded(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t bytes[BYTES + 46] = {0};
		if (strstr(cases[i].name, "cut") || strstr(cases[i].name, "without") ||
		    strstr(cases[i].name, "nothing"))
			continue;
		memcpy(bytes, cases[i].bytes, cases[i].len);
		struct rte_mbuf *m = buffer_new(0, bytes, (uint16_t)(cases[i].len + 46));
		CHECK((int)guard_look(m) == cases[i].is, "%s: %d, not %d", cases[i].name,
		      guard_look(m), cases[i].is);
		buffer_free(m);
	}
}

// The same frames in a chain of two buffers, divided at every position.
static void in_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (uint16_t cut = 14; cut < cases[i].len; cut++) {
			struct rte_mbuf *m = buffer_new(0, cases[i].bytes, cut);
			m->next = buffer_new(0, cases[i].bytes + cut,
					     (uint16_t)(cases[i].len - cut));
			m->nb_segs = 2;
			m->pkt_len = cases[i].len;
			CHECK((int)guard_look(m) == cases[i].is, "%s, cut at %u: %d, not %d",
			      cases[i].name, cut, guard_look(m), cases[i].is);
			buffer_free(m);
		}
}

// Truncated frames: no read is beyond the end. A frame without an IP header passes.
static void truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (uint16_t len = 14; len < cases[i].len; len++) {
			struct rte_mbuf *m = buffer_new(0, cases[i].bytes, len);
			bool is_ip = len >= 14 + 20; // the least length
			CHECK(is_ip || !guard_look(m) || strstr(cases[i].name, "five tags"),
			      "%s, %u bytes: %d", cases[i].name, len, guard_look(m));
			buffer_free(m);
		}
}

RUN_TESTS(TEST(packets), TEST(padded), TEST(in_pieces), TEST(truncated))
