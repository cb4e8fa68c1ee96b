// SPDX-License-Identifier: BSD-3-Clause
#include "control/pcap/frametext.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "control/common/text.h"

enum {
	ADDRESSES = 12,
	HEADER = 14,
	TAG = 4,
	TPID = 0x8100,
	LENGTH_MAX = 1500, // greater values are EtherTypes
	ARP_OPERATION = 6,
	ARP_MIN = 8,
	IPV4_MIN = 20,
	IPV6_MIN = 40,
	FRAGMENT_OFFSET = 0x1fff,
	TCP = 6,
	UDP = 17,
};

// The part of a frame that is not yet read.
struct rest {
	const uint8_t *data;
	uint32_t len;
};

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint64_t mac(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 6; i++)
		v = v << 8 | p[i];
	return v;
}

static void skip(struct rest *r, uint32_t n)
{
	n = n < r->len ? n : r->len;
	r->data += n;
	r->len -= n;
}

static void put_protocol(const char *ip, unsigned protocol, bool has_ports, struct rest r,
			 char out[FRAMETEXT_TYPE])
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {{1, "ICMP"}, {2, "IGMP"},    {TCP, "TCP"}, {UDP, "UDP"},  {47, "GRE"},
		     {50, "ESP"}, {58, "ICMPv6"}, {89, "OSPF"}, {112, "VRRP"}, {132, "SCTP"}};
	const char *name = NULL;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].number == protocol)
			name = names[i].name;
	if (!name)
		snprintf(out, FRAMETEXT_TYPE, "%s protocol %u", ip, protocol);
	else if ((protocol == TCP || protocol == UDP) && has_ports && r.len >= 4)
		snprintf(out, FRAMETEXT_TYPE, "%s %s %u > %u", ip, name, be16(r.data),
			 be16(r.data + 2));
	else
		snprintf(out, FRAMETEXT_TYPE, "%s %s", ip, name);
}

static void put_ipv4(struct rest r, char out[FRAMETEXT_TYPE])
{
	snprintf(out, FRAMETEXT_TYPE, "IPv4");
	if (r.len < IPV4_MIN)
		return;
	unsigned protocol = r.data[9];
	bool first = !(be16(r.data + 6) & FRAGMENT_OFFSET);
	skip(&r, (r.data[0] & 15u) * 4);
	put_protocol("IPv4", protocol, first, r, out);
}

static void put_ipv6(struct rest r, char out[FRAMETEXT_TYPE])
{
	snprintf(out, FRAMETEXT_TYPE, "IPv6");
	if (r.len < IPV6_MIN)
		return;
	unsigned protocol = r.data[6];
	skip(&r, IPV6_MIN);
	put_protocol("IPv6", protocol, true, r, out);
}

static void put_arp(struct rest r, char out[FRAMETEXT_TYPE])
{
	unsigned operation = r.len >= ARP_MIN ? be16(r.data + ARP_OPERATION) : 0;

	snprintf(out, FRAMETEXT_TYPE, "ARP%s",
		 operation == 1   ? " request"
		 : operation == 2 ? " reply"
				  : "");
}

// r: after the EtherType.
static void put_type(uint16_t type, struct rest r, char out[FRAMETEXT_TYPE])
{
	static const struct {
		uint16_t number;
		const char *name;
	} names[] = {{0x8035, "RARP"},  {0x8808, "PAUSE"}, {0x8809, "LACP"},  {0x8847, "MPLS"},
		     {0x8863, "PPPoE"}, {0x8864, "PPPoE"}, {0x888e, "EAPOL"}, {0x88a8, "802.1ad"},
		     {0x88cc, "LLDP"},  {TPID, "802.1Q"}};

	switch (type) {
	case 0x0800:
		put_ipv4(r, out);
		return;
	case 0x0806:
		put_arp(r, out);
		return;
	case 0x86dd:
		put_ipv6(r, out);
		return;
	}
	snprintf(out, FRAMETEXT_TYPE, type <= LENGTH_MAX ? "LLC" : "0x%04x", type);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].number == type)
			snprintf(out, FRAMETEXT_TYPE, "%s", names[i].name);
}

static bool has_tag(const struct rest *r)
{
	return r->len >= HEADER + TAG && be16(r->data + ADDRESSES) == TPID;
}

void frametext_type(const uint8_t *data, uint32_t len, char out[FRAMETEXT_TYPE])
{
	struct rest r = {data, len};

	*out = 0;
	if (len < HEADER)
		return;
	skip(&r, has_tag(&r) ? ADDRESSES + TAG : ADDRESSES);
	uint16_t type = be16(r.data);
	skip(&r, 2);
	put_type(type, r, out);
}

int frametext_vid(const uint8_t *data, uint32_t len)
{
	struct rest r = {data, len};

	return has_tag(&r) ? be16(data + HEADER) & 0xfff : -1;
}

void frametext_line(const uint8_t *data, uint32_t len, uint32_t length, char out[FRAMETEXT_LINE])
{
	struct rest r = {data, len};
	char to[MAC_TEXT], from[MAC_TEXT], tag[32] = "", type[FRAMETEXT_TYPE];

	if (len < HEADER) {
		snprintf(out, FRAMETEXT_LINE, "%u bytes, too short for a header", len);
		return;
	}
	text_put_mac(mac(data), to);
	text_put_mac(mac(data + 6), from);
	frametext_type(data, len, type);
	if (has_tag(&r))
		snprintf(tag, sizeof tag, " VID %u priority %u", be16(data + HEADER) & 0xfff,
			 data[HEADER] >> 5);
	snprintf(out, FRAMETEXT_LINE, "%s > %s%s %s, %u bytes", from, to, tag, type, length);
}
