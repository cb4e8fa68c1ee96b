// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/dhcp.h"

#include <string.h>

#include "dataplane/frame.h"
#include "dataplane/packet.h"

enum {
	IPV4_HEADER = 20,
	FRAGMENTS = 0x3fff, // more fragments, or an offset
	UDP_HEADER = 8,
	SERVER = 67,
	CLIENT = 68,
	CLIENT6 = 546,
	SERVER6 = 547,
	ADDRESS_BITS = 128,
	// A message of BOOTP (RFC 951) and its fields
	BOOT_TRANSACTION = 4,
	BOOT_CLIENT_IP = 12,
	BOOT_YOUR_IP = 16,
	BOOT_MAC = 28,
	BOOT_COOKIE = 236,
	BOOT_OPTIONS = 240,
	BOOT_REQUEST = 1,
	BOOT_REPLY = 2,
	BOOT_ETHERNET = 1,
	// Options of DHCP, and types of its messages
	OPTION_PAD = 0,
	OPTION_REQUESTED_IP = 50,
	OPTION_LEASE_TIME = 51,
	OPTION_TYPE = 53,
	OPTION_CLIENT = 61,
	OPTION_END = 255,
	DISCOVER = 1,
	REQUEST = 3,
	DECLINE = 4,
	ACK = 5,
	NAK = 6,
	RELEASE = 7,
	// The same of DHCPv6
	OPTION6_CLIENT = 1,
	OPTION6_NA = 3,
	OPTION6_TA = 4,
	OPTION6_ADDRESS = 5,
	OPTION6_STATUS = 13,
	OPTION6_PD = 25,
	OPTION6_PREFIX = 26,
	SOLICIT6 = 1,
	REQUEST6 = 3,
	RENEW6 = 5,
	REBIND6 = 6,
	REPLY6 = 7,
	RELEASE6 = 8,
	DECLINE6 = 9,
	OPTION6_HEADER = 4,
};

#define COOKIE UINT32_C(0x63825363)
#define MAPPED UINT64_C(0xffff00000000)

// Bytes that are there.
struct part {
	const uint8_t *at;
	uint32_t left;
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)frame_be16(p) << 16 | frame_be16(p + 2);
}

static uint64_t be48(const uint8_t *p)
{
	return (uint64_t)be32(p) << 16 | frame_be16(p + 4);
}

// FNV-1a (Fowler, Noll, Vo).
static uint64_t hash_of(struct part p)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (uint32_t i = 0; i < p.left; i++)
		sum = (sum ^ p.at[i]) * UINT64_C(0x100000001b3);
	return sum ? sum : 1;
}

static void step_over(struct part *p, uint32_t n)
{
	p->at += n;
	p->left -= n;
}

// The EtherType of a frame, after one tag at most. The span then begins after it.
static uint16_t type_of(struct span *s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, FRAME_ADDRESSES, 2, copy);
	uint32_t tag = p && frame_be16(p) == TPID_8021Q ? FRAME_TAG : 0;

	p = span_look(s, FRAME_ADDRESSES + tag, 2, copy);
	if (!p)
		return 0;
	s->at += FRAME_ADDRESSES + tag + 2;
	return frame_be16(p);
}

// The UDP packet of a frame, not fragmented and without options. False: it has none.
static bool find_udp(struct span *s, bool *ipv6)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p;
	uint16_t type = type_of(s);

	*ipv6 = type == TYPE_IPV6;
	if (*ipv6) {
		p = span_look(s, 0, IPV6_HEADER, copy);
		if (!p || p[0] >> 4 != 6 || p[6] != PROTOCOL_UDP)
			return false;
		s->at += IPV6_HEADER;
		return true;
	}
	p = type == TYPE_IPV4 ? span_look(s, 0, IPV4_HEADER, copy) : NULL;
	uint32_t header = p ? (p[0] & 15) * 4u : 0;
	if (!p || p[0] >> 4 != 4 || header < IPV4_HEADER || header > s->end - s->at ||
	    frame_be16(p + 6) & FRAGMENTS || p[9] != PROTOCOL_UDP)
		return false;
	s->at += header;
	return true;
}

// The end of an exchange that a UDP packet comes from by its ports, 0 if it is not about DHCP.
static unsigned end_of(const struct span *s, bool ipv6)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, UDP_HEADER, copy);
	uint16_t from = p ? frame_be16(p) : 0, to = p ? frame_be16(p + 2) : 0;

	if (from == (ipv6 ? CLIENT6 : CLIENT) && to == (ipv6 ? SERVER6 : SERVER))
		return DHCP_FROM_CLIENT;
	return from == (ipv6 ? SERVER6 : SERVER) && to == (ipv6 ? CLIENT6 : CLIENT)
		       ? DHCP_FROM_SERVER
		       : 0;
}

// The size of the content of a UDP packet that has its header.
static uint32_t content_of(const struct span *s)
{
	uint8_t copy[IPV6_HEADER];
	uint16_t length = frame_be16(span_look(s, 4, 2, copy));

	return length < UDP_HEADER ? 0 : RTE_MIN(length, s->end - s->at) - UDP_HEADER;
}

bool dhcp_is(const struct rte_mbuf *m, unsigned ends)
{
	struct span s = {m, 0, rte_pktmbuf_pkt_len(m)};
	bool ipv6;

	return find_udp(&s, &ipv6) && end_of(&s, ipv6) & ends;
}

static void add_lease(struct dhcp_message *msg, struct ip_address ip, uint8_t bits,
		      uint32_t seconds)
{
	if (msg->count < DHCP_LEASES_MAX)
		msg->lease[msg->count++] = (struct dhcp_lease){ip, seconds, bits};
}

static void add_ipv4(struct dhcp_message *msg, uint32_t ip, uint32_t seconds)
{
	if (ip)
		add_lease(msg, (struct ip_address){0, MAPPED | ip}, ADDRESS_BITS, seconds);
}

// What the options of a message of DHCP say.
struct options {
	uint8_t type;
	uint32_t requested, seconds;
	uint64_t client;
};

static void read_option(struct options *o, uint8_t code, struct part value)
{
	if (code == OPTION_TYPE && value.left == 1)
		o->type = *value.at;
	else if (code == OPTION_REQUESTED_IP && value.left == 4)
		o->requested = be32(value.at);
	else if (code == OPTION_LEASE_TIME && value.left == 4)
		o->seconds = be32(value.at);
	else if (code == OPTION_CLIENT)
		o->client = hash_of(value);
}

static void read_options(struct options *o, struct part p)
{
	while (p.left && *p.at != OPTION_END) {
		uint8_t code = *p.at;
		uint32_t size = code == OPTION_PAD ? 0 : p.left > 1 ? p.at[1] : p.left;
		uint32_t header = code == OPTION_PAD ? 1 : 2;
		if (header + size > p.left)
			return;
		read_option(o, code, (struct part){p.at + header, size});
		step_over(&p, header + size);
	}
}

static void read_from_client(struct dhcp_message *msg, const uint8_t *boot, const struct options *o)
{
	uint32_t own = be32(boot + BOOT_CLIENT_IP);

	if (o->type == DISCOVER || o->type == REQUEST)
		msg->kind = DHCP_ASKS;
	else if (o->type == DECLINE || o->type == RELEASE)
		msg->kind = DHCP_LEAVES;
	add_ipv4(msg, o->type == RELEASE || !o->requested ? own : o->requested, 0);
}

// An answer to INFORM has no lease time.
static void read_from_server(struct dhcp_message *msg, const uint8_t *boot, const struct options *o)
{
	if (o->type == ACK && o->seconds)
		msg->kind = DHCP_GRANTS;
	else if (o->type == NAK)
		msg->kind = DHCP_REFUSES;
	if (msg->kind == DHCP_GRANTS)
		add_ipv4(msg, be32(boot + BOOT_YOUR_IP), o->seconds);
}

static void read_dhcp(struct dhcp_message *msg, struct part p, unsigned end)
{
	const uint8_t *boot = p.at;
	struct options o = {0};

	if (p.left < BOOT_OPTIONS || boot[1] != BOOT_ETHERNET || boot[2] != 6 ||
	    be32(boot + BOOT_COOKIE) != COOKIE)
		return;
	msg->transaction = be32(boot + BOOT_TRANSACTION);
	msg->mac = be48(boot + BOOT_MAC);
	step_over(&p, BOOT_OPTIONS);
	read_options(&o, p);
	msg->client = o.client;
	if (end == DHCP_FROM_CLIENT && boot[0] == BOOT_REQUEST)
		read_from_client(msg, boot, &o);
	if (end == DHCP_FROM_SERVER && boot[0] == BOOT_REPLY)
		read_from_server(msg, boot, &o);
}

// Takes the next option of DHCPv6 out of a part. False: there is none that is whole.
static bool next_option6(struct part *p, uint16_t *code, struct part *value)
{
	if (p->left < OPTION6_HEADER)
		return false;
	uint32_t size = frame_be16(p->at + 2);
	if (size > p->left - OPTION6_HEADER)
		return false;
	*code = frame_be16(p->at);
	*value = (struct part){p->at + OPTION6_HEADER, size};
	step_over(p, OPTION6_HEADER + size);
	return true;
}

// Whether a status among these options is an error.
static bool has_failed(struct part p)
{
	struct part value;
	uint16_t code;

	while (next_option6(&p, &code, &value))
		if (code == OPTION6_STATUS && (value.left < 2 || frame_be16(value.at)))
			return true;
	return false;
}

// An address, or a prefix, with its options.
static void read_lease6(struct dhcp_message *msg, uint16_t code, struct part p)
{
	uint32_t size = code == OPTION6_ADDRESS ? 24 : 25;

	if (p.left < size || has_failed((struct part){p.at + size, p.left - size}))
		return;
	if (code == OPTION6_ADDRESS)
		add_lease(msg, ip_of6(p.at), ADDRESS_BITS, be32(p.at + 20));
	else if (p.at[8] && p.at[8] < ADDRESS_BITS)
		add_lease(msg, ip_of6(p.at + 9), p.at[8], be32(p.at + 4));
}

// The leases of an identity association, behind its header.
static void read_association(struct dhcp_message *msg, struct part p, uint32_t header)
{
	struct part value;
	uint16_t code;

	if (p.left < header)
		return;
	step_over(&p, header);
	if (has_failed(p))
		return;
	while (next_option6(&p, &code, &value))
		if (code == OPTION6_ADDRESS || code == OPTION6_PREFIX)
			read_lease6(msg, code, value);
}

static enum dhcp_kind kind_of6(uint8_t type, unsigned end)
{
	if (end == DHCP_FROM_SERVER)
		return type == REPLY6 ? DHCP_GRANTS : DHCP_OTHER;
	switch (type) {
	case SOLICIT6:
	case REQUEST6:
	case RENEW6:
	case REBIND6:
		return DHCP_ASKS;
	case RELEASE6:
	case DECLINE6:
		return DHCP_LEAVES;
	default:
		return DHCP_OTHER;
	}
}

static void read_dhcp6(struct dhcp_message *msg, struct part p, unsigned end)
{
	struct part value;
	uint16_t code;

	if (p.left < 4)
		return;
	msg->kind = kind_of6(*p.at, end);
	msg->transaction = be32(p.at) & 0xffffff;
	step_over(&p, 4);
	if (has_failed(p))
		msg->kind = DHCP_OTHER;
	while (next_option6(&p, &code, &value)) {
		if (code == OPTION6_CLIENT)
			msg->client = hash_of(value);
		if (code == OPTION6_NA || code == OPTION6_PD)
			read_association(msg, value, 12);
		if (code == OPTION6_TA)
			read_association(msg, value, 4);
	}
}

void dhcp_read(struct dhcp_message *msg, const struct rte_mbuf *m)
{
	uint8_t bytes[DHCP_BYTES_MAX], macs[FRAME_ADDRESSES];
	struct span s = {m, 0, rte_pktmbuf_pkt_len(m)};

	*msg = (struct dhcp_message){0};
	const uint8_t *addresses = rte_pktmbuf_read(m, 0, FRAME_ADDRESSES, macs);
	if (!addresses || !find_udp(&s, &msg->ipv6))
		return;
	unsigned from = end_of(&s, msg->ipv6);
	if (!from)
		return;
	struct part p = {NULL, RTE_MIN(content_of(&s), (uint32_t)DHCP_BYTES_MAX)};
	// A read of nothing at the end of a chain of buffers would step over its end.
	p.at = p.left ? rte_pktmbuf_read(m, s.at + UDP_HEADER, p.left, bytes) : NULL;
	if (!p.at)
		return;
	if (msg->ipv6) {
		msg->mac = be48(addresses + (from == DHCP_FROM_CLIENT ? 6 : 0));
		read_dhcp6(msg, p, from);
	} else {
		read_dhcp(msg, p, from);
	}
}
