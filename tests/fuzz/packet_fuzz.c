// SPDX-License-Identifier: BSD-3-Clause
// An arbitrary frame, once in one buffer and once in three. Guards, spoof guard, the readers of
// packets and of DHCP, and checksums say the same about both. They agree with naive models, and the
// lenient readers catch what a strict reader finds.
#include <string.h>

#include "dataplane/binding.h"
#include "dataplane/checksum.h"
#include "dataplane/dhcp.h"
#include "dataplane/frame.h"
#include "dataplane/guard.h"
#include "dataplane/lenient.h"
#include "dataplane/packet.h"
#include "dataplane/spoof.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/buffer.h"

enum {
	FRAME_MAX = 2048,
	VLAN = 10,
	TCP_SUM = 16,
	UDP_SUM = 6,
	IPV4_SOURCE = 12,
	// bits of the first byte
	LACKS_SUM = 1,       // the checksum is left to a NIC
	LACKS_INNER_SUM = 2, // the same, in a tunnel
	NO_BINDINGS = 4,
};

static const struct binding bindings[] = {
	{0, {UINT64_C(0x20010db8) << 32, 0}, {UINT64_C(0xffffffff) << 32, 0}, VLAN},
	{0, {0, UINT64_C(0xffff0a000000)}, {UINT64_MAX, UINT64_C(0xffffffffff000000)}, VLAN + 1},
	{0x020000000012, {0, UINT64_C(0xffff0a000002)}, {UINT64_MAX, UINT64_MAX}, 0},
	{0x020000000012, {UINT64_C(0xfd00) << 48, 2}, {UINT64_MAX, UINT64_MAX}, VLAN},
	{0x020000000013, {0, UINT64_C(0xffffc0a80000)}, {UINT64_MAX, ~UINT64_C(0xffff)}, VLAN},
};

// A frame in both forms, and its plain bytes.
struct both {
	struct rte_mbuf *flat, *chain;
	uint8_t *bytes; // of flat
	uint32_t size;
};

static struct rte_mbuf *chain_of(const uint8_t *p, uint16_t n, uint16_t first, uint16_t second)
{
	first %= (uint16_t)(n + 1);
	second %= (uint16_t)(n - first + 1);
	struct rte_mbuf *m = buffer_new(0, p, first);

	m->next = buffer_new(0, p + first, second);
	m->next->next = buffer_new(0, p + first + second, (uint16_t)(n - first - second));
	m->nb_segs = 3;
	m->pkt_len = n;
	return m;
}

static struct span whole(const struct rte_mbuf *m)
{
	return (struct span){m, 0, rte_pktmbuf_pkt_len(m)};
}

static bool lacks_header(const struct upper *u)
{
	return !u->known || u->first_fragment || u->later_fragment ||
	       u->content.end - u->content.at < (u->protocol == PROTOCOL_TCP ? 20 : 8);
}

// The offset of the checksum of a TCP or UDP packet; 0: it has none.
static uint32_t field_of(const struct upper *u)
{
	if (lacks_header(u))
		return 0;
	return u->protocol == PROTOCOL_TCP   ? u->content.at + TCP_SUM
	       : u->protocol == PROTOCOL_UDP ? u->content.at + UDP_SUM
					     : 0;
}

static uint16_t pseudo_of(const uint8_t *ip, uint16_t type, const struct upper *u)
{
	uint32_t length = u->content.end - u->content.at;

	return type == TYPE_IPV4 ? checksum_pseudo(ip + IPV4_SOURCE, 8, u->protocol, length)
				 : checksum_pseudo(ip + 8, 32, u->protocol, length);
}

// Fuzzers find no checksums: leaves that of the packet at s to a NIC. Moves s to its content.
static void leave_sum(uint8_t *bytes, struct span *s, bool leaves)
{
	uint16_t type = packet_skip_tags(s);
	struct upper u = packet_upper(type, *s);
	uint32_t field = field_of(&u);

	if (field && leaves) {
		uint16_t sum = pseudo_of(bytes + s->at, type, &u);
		bytes[field] = (uint8_t)(sum >> 8);
		bytes[field + 1] = (uint8_t)sum;
	}
	*s = field && u.protocol == PROTOCOL_UDP ? u.content : (struct span){s->m, s->end, s->end};
}

static struct both take_both(struct bytes *in, uint8_t mode)
{
	uint16_t first = take16(in), second = take16(in);
	uint16_t n = (uint16_t)(in->left < FRAME_MAX ? in->left : FRAME_MAX);
	struct rte_mbuf *flat = buffer_new(0, in->at, n);
	uint8_t *bytes = rte_pktmbuf_mtod(flat, uint8_t *);
	struct span s = whole(flat);

	leave_sum(bytes, &s, mode & LACKS_SUM);
	if (packet_skip_tunnel(&s))
		leave_sum(bytes, &s, mode & LACKS_INNER_SUM);
	return (struct both){flat, chain_of(bytes, n, first, second), bytes, n};
}

// The sum of bytes, as on paper.
static uint16_t naive_sum(const uint8_t *p, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i < n; i++)
		sum += (uint32_t)p[i] << (i & 1 ? 0 : 8);
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

static void check_packet(const struct both *b)
{
	struct span s = whole(b->flat), t = whole(b->chain);
	uint16_t type = packet_skip_tags(&s);

	MUST(type == packet_skip_tags(&t) && s.at == t.at && s.at <= s.end);
	struct upper u = packet_upper(type, s), v = packet_upper(type, t);
	MUST(u.known == v.known && u.protocol == v.protocol &&
	     u.first_fragment == v.first_fragment && u.later_fragment == v.later_fragment);
	MUST(u.content.at == v.content.at && u.content.end == v.content.end);
	MUST(u.content.at <= u.content.end && u.content.end <= b->size);
	bool tunnel = u.known && packet_skip_tunnel(&u.content);
	MUST(tunnel == (v.known && packet_skip_tunnel(&v.content)));
	MUST(u.content.at == v.content.at && u.content.at <= u.content.end);
}

// The kinds that a strict reader finds.
static unsigned strict_guard(const struct both *b)
{
	struct span s = whole(b->flat);
	uint16_t type = packet_skip_tags(&s);
	struct upper u = packet_upper(type, s);
	uint32_t size = u.content.end - u.content.at;
	const uint8_t *p = b->bytes + u.content.at;

	if (!u.known || u.later_fragment)
		return 0;
	if (u.protocol == PROTOCOL_UDP && size >= 4)
		return frame_be16(p + 2) == (type == TYPE_IPV4 ? 68 : 546) ||
				       (type == TYPE_IPV6 && frame_be16(p) == 547)
			       ? GUARD_DHCP_SERVER
			       : 0;
	return type == TYPE_IPV6 && u.protocol == PROTOCOL_ICMPV6 && size &&
			       (*p == 134 || *p == 137)
		       ? GUARD_ROUTER_ADVERT
		       : 0;
}

static void check_guard(const struct both *b)
{
	unsigned kinds = guard_look(b->flat), strict = strict_guard(b);

	MUST(kinds == guard_look(b->chain));
	MUST(!(kinds & ~(unsigned)GUARD_ANY));
	MUST((kinds & strict) == strict, "kind %u passes", strict);
}

static bool naive_holds(unsigned count, uint64_t mac, struct ip_address ip)
{
	bool found = false;

	for (unsigned i = 0; i < count; i++) {
		const struct binding *o = &bindings[i];
		found |= (!o->mac || o->mac == mac) && (!o->vid || o->vid == VLAN) &&
			 (ip.high & o->mask.high) == o->prefix.high &&
			 (ip.low & o->mask.low) == o->prefix.low;
	}
	return found;
}

// An IPv4 packet is spoofed exactly if its source is neither 0.0.0.0 nor bound.
static void check_ipv4(const struct both *b, uint64_t mac, unsigned count)
{
	struct span s = whole(b->flat);
	bool deep = false;
	uint16_t type = lenient_type(&s, &deep);

	if (deep || type != TYPE_IPV4 || s.end - s.at < 20)
		return;
	const uint8_t *p = b->bytes + s.at + IPV4_SOURCE;
	uint32_t source = (uint32_t)frame_be16(p) << 16 | frame_be16(p + 2);
	struct ip_address ip = {0, UINT64_C(0xffff00000000) | source};
	bool free = !source || naive_holds(count, mac, ip);
	MUST(spoof_look(b->flat, SPOOF_IP, mac, VLAN,
			&(struct spoof_bindings){bindings, count, NULL}) == !free);
}

static void check_spoof(const struct both *b, uint8_t mode)
{
	unsigned count = mode & NO_BINDINGS ? 0 : sizeof bindings / sizeof *bindings;
	struct spoof_bindings bound = {bindings, count, NULL};
	struct frame f;
	bool before = false;

	if (!frame_parse(b->bytes, b->size, &f))
		return;
	for (int level = SPOOF_OFF; level <= SPOOF_STRICT; level++) {
		bool now = spoof_look(b->flat, (enum spoof_level)level, f.src, VLAN, &bound);
		MUST(now == spoof_look(b->chain, (enum spoof_level)level, f.src, VLAN, &bound),
		     "level %d", level);
		MUST(now || !before, "level %d allows what a lower one does not", level);
		MUST(level != SPOOF_STRICT || !count || now == before);
		before = now;
	}
	check_ipv4(b, f.src, count);
}

// What is read of a message of DHCP, in one number.
static uint64_t sum_of_message(const struct dhcp_message *msg)
{
	uint64_t sum = msg->mac ^ msg->client ^ (uint64_t)msg->transaction << 20 ^
		       (uint64_t)msg->kind << 60;

	MUST(msg->count <= DHCP_LEASES_MAX);
	for (unsigned i = 0; i < msg->count; i++) {
		const struct dhcp_lease *l = &msg->lease[i];
		MUST(l->bits && l->bits <= 128);
		sum = sum * 31 + (l->ip.high ^ l->ip.low ^ (uint64_t)l->seconds << 8 ^ l->bits);
	}
	return sum;
}

// The guard takes for a server's all that is read as one.
static void check_dhcp(const struct both *b)
{
	struct dhcp_message flat, chain;

	if (b->size < FRAME_HEADER)
		return;
	bool client = dhcp_is(b->flat, DHCP_FROM_CLIENT),
	     server = dhcp_is(b->flat, DHCP_FROM_SERVER);
	MUST(!(client && server));
	MUST(client == dhcp_is(b->chain, DHCP_FROM_CLIENT));
	MUST(server == dhcp_is(b->chain, DHCP_FROM_SERVER));
	MUST(!server || guard_look(b->flat) & GUARD_DHCP_SERVER);
	dhcp_read(&flat, b->flat);
	dhcp_read(&chain, b->chain);
	MUST(flat.kind == DHCP_OTHER || client || server);
	MUST(flat.kind < DHCP_GRANTS || server);
	MUST(sum_of_message(&flat) == sum_of_message(&chain));
}

static void check_sum(const struct both *b, uint32_t at, uint32_t length)
{
	at %= b->size + 1;
	length %= b->size - at + 1;
	uint16_t sum = checksum_sum(b->chain, at, length);

	MUST(sum == checksum_sum(b->flat, at, length));
	MUST(rte_be_to_cpu_16(sum) == naive_sum(b->bytes + at, length, 0));
}

static uint32_t differences(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += a[i] != b[i];
	return count;
}

// Whether the outermost checksum of a frame is right, if it has one.
static bool is_right(const struct both *b)
{
	struct span s = whole(b->flat);
	uint16_t type = packet_skip_tags(&s);
	struct upper u = packet_upper(type, s);

	return !field_of(&u) || naive_sum(b->bytes + u.content.at, u.content.end - u.content.at,
					  pseudo_of(b->bytes + s.at, type, &u)) == 0xffff;
}

// Completes the checksum that a NIC was left. Only the field changes.
static void check_finish(const struct both *b, uint8_t mode)
{
	uint8_t before[FRAME_MAX];

	memcpy(before, b->bytes, b->size);
	checksum_finish(b->flat);
	MUST(differences(before, b->bytes, b->size) <= 2);
	MUST(!(mode & LACKS_SUM) || is_right(b));
	memcpy(b->bytes, before, b->size);
}

// The same for a sender that said so, in both forms.
static void check_finish_told(const struct both *b)
{
	uint8_t before[FRAME_MAX], copy[FRAME_MAX];

	memcpy(before, b->bytes, b->size);
	checksum_finish_told(b->flat);
	MUST(differences(before, b->bytes, b->size) <= 2);
	checksum_finish_told(b->chain);
	const void *chained = rte_pktmbuf_read(b->chain, 0, b->size, copy);
	uint32_t differ = differences(chained, b->bytes, b->size);
	// Its headers may be in a later buffer.
	MUST(!differ || !differences(chained, before, b->size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	uint8_t mode = take8(&in);
	uint16_t at = take16(&in), length = take16(&in);
	struct both b = take_both(&in, mode);

	check_packet(&b);
	check_guard(&b);
	check_dhcp(&b);
	check_spoof(&b, mode);
	check_sum(&b, at, length);
	check_finish(&b, mode);
	check_finish_told(&b);
	buffer_free(b.flat);
	buffer_free(b.chain);
	return 0;
}
