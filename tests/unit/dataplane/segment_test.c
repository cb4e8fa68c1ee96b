// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/segment.h"

#include <string.h>

#include "dataplane/frame.h"
#include "tests/unit/kit.h"
#include "tests/unit/pool.h"

enum {
	TCP = 6,
	UDP = 17,
	FIN = 0x01,
	PSH = 0x08,
	ACK = 0x10,
	URG = 0x20,
	CWR = 0x80,
	ID = 0xfffe, // of the IPv4 packets; it wraps around
	SEQUENCE = 0xfffff000,
	VXLAN = 4789,
	GENEVE = 6081,
	MEMORY = 8 << 20,
	ROOM = 1 << 17,
	BURST = 16
};

// How a packet is built.
struct recipe {
	int version;
	uint8_t protocol;
	int tags;
	bool options;        // of IPv4 and TCP, or an IPv6 extension header
	int outer;           // IP version of the tunnel's packet; 0: none
	uint16_t port;       // of the tunnel
	bool outer_checksum; // the tunnel's packet has one
	uint32_t payload;
	uint8_t flags;
};

// A frame, and where it has what.
struct packet {
	uint8_t data[ROOM];
	uint32_t length, outer, outer_transport, network, transport, headers;
	struct recipe is;
};

static struct rte_mempool *pool;

static int begin(void **state)
{
	(void)state;
	pool = test_pool(MEMORY);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rte_mempool_free(pool);
	return 0;
}

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)frame_be16(at) << 16 | frame_be16(at + 2);
}

static uint32_t add(const uint8_t *bytes, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)((sum >> 16) + sum);
}

static void append(struct packet *p, const void *bytes, uint32_t n)
{
	memcpy(p->data + p->length, bytes, n);
	p->length += n;
}

static void append_ethernet(struct packet *p, int version, int tags)
{
	static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

	append(p, addresses, sizeof addresses);
	for (int i = 0; i < tags; i++)
		append(p, (uint8_t[]){i % 2 ? 0x88 : 0x81, i % 2 ? 0xa8 : 0, 0, (uint8_t)i}, 4);
	append(p, version == 4 ? (uint8_t[]){0x08, 0x00} : (uint8_t[]){0x86, 0xdd}, 2);
}

// Returns the offset of the header.
static uint32_t append_ip(struct packet *p, int version, uint8_t protocol, bool options)
{
	uint8_t ip4[24] = {options ? 0x46 : 0x45,
			   [4] = ID >> 8,
			   ID & 0xff,
			   [8] = 64,
			   [9] = protocol,
			   [12] = 10,
			   1,
			   2,
			   3,
			   10,
			   200,
			   3,
			   4,
			   1,
			   1,
			   1,
			   0};
	uint8_t ip6[40] = {0x60, [6] = options ? 60 : protocol, 64, 0xfd, [23] = 1, 0xfd, [39] = 9};
	uint8_t extension[8] = {protocol};
	uint32_t at = p->length;

	append(p, version == 4 ? ip4 : ip6, version == 6 ? sizeof ip6 : options ? 24 : 20);
	if (version == 6 && options)
		append(p, extension, sizeof extension);
	return at;
}

static uint32_t append_transport(struct packet *p, const struct recipe *r)
{
	uint8_t tcp[32] = {0x12,
			   0x34,
			   0,
			   80,
			   [4] = (uint8_t)(SEQUENCE >> 24),
			   (uint8_t)(SEQUENCE >> 16),
			   (uint8_t)(SEQUENCE >> 8),
			   (uint8_t)SEQUENCE,
			   [12] = r->options ? 0x80 : 0x50,
			   r->flags,
			   1,
			   0,
			   [19] = 5};
	uint8_t udp[8] = {0x12, 0x34, 0, 80};
	uint32_t at = p->length;

	append(p, r->protocol == TCP ? tcp : udp, r->protocol == UDP ? 8 : r->options ? 32 : 20);
	return at;
}

static void append_tunnel(struct packet *p, const struct recipe *r)
{
	uint8_t udp[8] = {0xc0, 1, (uint8_t)(r->port >> 8), (uint8_t)r->port};
	uint8_t vxlan[8] = {8}, geneve[12] = {1, 0, 0x65, 0x58};

	append_ethernet(p, r->outer, r->tags);
	p->outer = append_ip(p, r->outer, UDP, false);
	p->outer_transport = p->length;
	append(p, udp, sizeof udp);
	if (r->port == GENEVE)
		append(p, geneve, sizeof geneve);
	else
		append(p, vxlan, sizeof vxlan);
}

static uint32_t field_of(uint8_t protocol)
{
	return protocol == TCP ? 16 : 6;
}

// Everything from the pseudo-header to the end of the packet; 0xffff if the checksum is right.
static uint16_t whole_sum(const uint8_t *data, uint32_t length, int version, uint8_t protocol,
			  uint32_t network, uint32_t transport)
{
	return fold(fold(add(data + network + (version == 4 ? 12 : 8), version == 4 ? 8 : 32)) +
		    protocol + length - transport +
		    fold(add(data + transport, length - transport)));
}

static void set_lengths(struct packet *p, int version, uint8_t protocol, uint32_t network,
			uint32_t transport)
{
	uint8_t *ip = p->data + network;

	put16(ip + (version == 4 ? 2 : 4), p->length - network - (version == 4 ? 0 : 40));
	if (protocol == UDP)
		put16(p->data + transport + 4, p->length - transport);
	put16(p->data + transport + field_of(protocol),
	      fold(add(ip + (version == 4 ? 12 : 8), version == 4 ? 8 : 32) + protocol + p->length -
		   transport));
}

// The checksums are the partial ones that a sender leaves to its NIC.
static void build(struct packet *p, const struct recipe *r)
{
	p->length = 0;
	p->is = *r;
	if (r->outer)
		append_tunnel(p, r);
	append_ethernet(p, r->version, r->outer ? 1 : r->tags);
	p->network = append_ip(p, r->version, r->protocol, r->options);
	p->transport = append_transport(p, r);
	p->headers = p->length;
	for (uint32_t i = 0; i < r->payload; i++)
		p->data[p->length++] = (uint8_t)(i * 7 + i / 256);
	set_lengths(p, r->version, r->protocol, p->network, p->transport);
	if (!r->outer)
		return;
	set_lengths(p, r->outer, UDP, p->outer, p->outer_transport);
	if (!r->outer_checksum)
		put16(p->data + p->outer_transport + 6, 0);
}

static struct virtio_net_hdr header_of(const struct packet *p, uint16_t size)
{
	uint8_t type = p->is.protocol == UDP ? VIRTIO_NET_HDR_GSO_UDP_L4
		       : p->is.version == 4  ? VIRTIO_NET_HDR_GSO_TCPV4
					     : VIRTIO_NET_HDR_GSO_TCPV6;

	if (p->is.protocol == TCP && p->is.flags & CWR)
		type |= VIRTIO_NET_HDR_GSO_ECN;
	return (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				       .gso_type = size ? type : VIRTIO_NET_HDR_GSO_NONE,
				       .hdr_len = size ? (uint16_t)p->headers : 0,
				       .gso_size = size,
				       .csum_start = (uint16_t)p->transport,
				       .csum_offset = (uint16_t)field_of(p->is.protocol)};
}

// The frame in buffers of the pool, with `first` bytes in the first.
static struct rte_mbuf *chain(const struct packet *p, uint32_t first)
{
	struct rte_mbuf *m = pool_frame(pool, p->data, RTE_MIN(first, p->length));

	assert_non_null(m);
	if (first < p->length)
		assert_int_equal(
			rte_pktmbuf_chain(m, pool_frame(pool, p->data + first, p->length - first)),
			0);
	return m;
}

static uint32_t copy_out(const struct rte_mbuf *m, uint8_t *to)
{
	uint32_t n = 0;

	for (; m; m = m->next) {
		memcpy(to + n, rte_pktmbuf_mtod(m, const void *), rte_pktmbuf_data_len(m));
		n += rte_pktmbuf_data_len(m);
	}
	return n;
}

// The IP header of frame number n.
static void check_ip(const uint8_t *frame, uint32_t length, int version, uint32_t at, uint32_t n)
{
	const uint8_t *ip = frame + at;

	if (version == 4) {
		assert_int_equal(frame_be16(ip + 2), length - at);
		assert_int_equal(frame_be16(ip + 4), (ID + n) & 0xffff);
		assert_int_equal(fold(add(ip, (ip[0] & 15) * 4u)), 0xffff);
	} else {
		assert_int_equal(frame_be16(ip + 4), length - at - 40);
	}
}

static void check_tunnel(const struct packet *p, const uint8_t *frame, uint32_t length, uint32_t n)
{
	const uint8_t *udp = frame + p->outer_transport;

	check_ip(frame, length, p->is.outer, p->outer, n);
	assert_int_equal(frame_be16(udp + 4), length - p->outer_transport);
	if (p->is.outer_checksum)
		assert_int_equal(
			whole_sum(frame, length, p->is.outer, UDP, p->outer, p->outer_transport),
			0xffff);
	else
		assert_int_equal(frame_be16(udp + 6), 0);
}

// Frame number n of a segment, whose data begins at offset `done` of the packet's.
static void check_frame(const struct packet *p, const uint8_t *frame, uint32_t length, uint32_t n,
			uint32_t done)
{
	const uint8_t *header = frame + p->transport, *sent = p->data + p->transport;
	bool last = done + length - p->headers == p->is.payload;

	check_ip(frame, length, p->is.version, p->network, n);
	assert_int_equal(
		whole_sum(frame, length, p->is.version, p->is.protocol, p->network, p->transport),
		0xffff);
	assert_memory_equal(frame + p->headers, p->data + p->headers + done, length - p->headers);
	assert_memory_equal(frame, p->data, p->is.outer ? p->outer : p->network);
	assert_memory_equal(header, sent, 4); // ports
	if (p->is.protocol == TCP) {
		assert_int_equal(get32(header + 4), SEQUENCE + done);
		assert_int_equal(header[13],
				 p->is.flags & (last ? 0xff : ~(FIN | PSH)) & (n ? ~CWR : 0xff));
		assert_memory_equal(header + 18, sent + 18, p->headers - p->transport - 18);
	} else {
		assert_int_equal(frame_be16(header + 4), length - p->transport);
	}
	if (p->is.outer)
		check_tunnel(p, frame, length, n);
}

// Cuts a marked segment and checks its frames.
static void check_cut(const struct packet *p, struct rte_mbuf *m, uint16_t size)
{
	static uint8_t frame[ROOM];
	struct rte_mbuf *frames[BURST];
	struct segmenter s;
	uint32_t done = 0, n = 0, bytes = 0, longest = 0;

	segmenter_init(&s, m);
	assert_int_equal(s.left, segment_frames(m));
	for (unsigned got; (got = segmenter_cut(&s, pool, frames, BURST));)
		for (unsigned i = 0; i < got; i++) {
			uint32_t length = copy_out(frames[i], frame);
			assert_int_equal(length, rte_pktmbuf_pkt_len(frames[i]));
			assert_int_equal(rte_pktmbuf_headroom(frames[i]), RTE_PKTMBUF_HEADROOM);
			assert_int_equal(frames[i]->ol_flags, 0);
			check_frame(p, frame, length, n++, done);
			done += length - p->headers;
			bytes += length;
			longest = RTE_MAX(longest, length);
			assert_true(length - p->headers == size || done == p->is.payload);
			rte_pktmbuf_free(frames[i]);
		}
	assert_int_equal(done, p->is.payload);
	assert_int_equal(n, segment_frames(m));
	assert_int_equal(bytes, segment_bytes(m));
	assert_int_equal(longest, segment_longest(m));
	assert_int_equal(s.left, 0);
}

static void check_kind(const struct recipe *r, uint32_t first, uint16_t size)
{
	static struct packet p;

	build(&p, r);
	struct virtio_net_hdr h = header_of(&p, size), out;
	struct rte_mbuf *m = chain(&p, RTE_MAX(first, p.headers));
	CHECK(segment_mark(m, &h), "refused: IPv%d, protocol %u, %d tags, outer IPv%d", r->version,
	      r->protocol, r->tags, r->outer);
	assert_true(segment_is(m));
	assert_int_equal(segment_is_tunnel(m), r->outer != 0);
	segment_describe(m, &out);
	if (r->outer)
		memset(&h, 0, sizeof h);
	assert_memory_equal(&out, &h, sizeof h);
	check_cut(&p, m, size);
	rte_pktmbuf_free(m);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

// Every kind of segment, in every layout of buffers.
static void kinds(void **state)
{
	static const uint16_t sizes[] = {1, 777, 1448, 8948};
	static const uint32_t firsts[] = {0, 301, 2048};
	static const uint8_t flags[] = {ACK, ACK | FIN | PSH, ACK | CWR | PSH, ACK | URG};

	(void)state;
	for (unsigned i = 0; i < 2 * 2 * 2 * 3 * 4; i++)
		for (unsigned j = 0; j < COUNT(sizes) * COUNT(firsts); j++) {
			uint16_t size = sizes[j % COUNT(sizes)];
			struct recipe r = {.version = i & 1 ? 4 : 6,
					   .protocol = i & 2 ? TCP : UDP,
					   .options = i & 4,
					   .tags = (int[]){0, 1, 4}[i / 8 % 3],
					   .outer = (int[]){0, 4, 6, 0}[i / 24],
					   .port = j & 1 ? VXLAN : GENEVE,
					   .outer_checksum = j & 2,
					   .payload = size * 5u + (j & 4 ? 0 : 1 + size / 2),
					   .flags = flags[(i + j) % COUNT(flags)]};
			check_kind(&r, firsts[j / COUNT(sizes)], size);
		}
}

// The longest segments, and the smallest.
static void extremes(void **state)
{
	struct recipe r = {.version = 4, .protocol = TCP, .flags = ACK, .payload = 65535 - 40};

	(void)state;
	check_kind(&r, 2048, 1448);
	check_kind(&r, 2048, 64);
	check_kind(&r, 2048, 65535 - 41);
	r = (struct recipe){.version = 6, .protocol = UDP, .tags = 4, .payload = 65535 - 16};
	check_kind(&r, 2048, 1452);
	r = (struct recipe){.version = 6, .protocol = UDP, .payload = SEGMENT_FRAMES_MAX};
	check_kind(&r, 2048, 1);
	r.payload = 2;
	check_kind(&r, 2048, 1);
	static struct packet p;
	r.payload = SEGMENT_FRAMES_MAX + 1;
	build(&p, &r);
	struct virtio_net_hdr h = header_of(&p, 1);
	struct rte_mbuf *m = chain(&p, 2048);
	assert_false(segment_mark(m, &h));
	rte_pktmbuf_free(m);
}

// A tag that is added or removed after marking.
static void tags(void **state)
{
	static struct packet p;

	(void)state;
	for (int with = 0; with < 2; with++) {
		struct recipe r = {
			.version = 4, .protocol = TCP, .tags = with, .payload = 5000, .flags = ACK};
		build(&p, &r);
		struct virtio_net_hdr h = header_of(&p, 1000), out;
		struct rte_mbuf *m = chain(&p, p.headers);
		assert_true(segment_mark(m, &h));
		uint32_t bytes = segment_bytes(m);
		if (with)
			frame_untag(m);
		else
			assert_true(frame_push_tag(m, 0));
		r.tags = !with;
		build(&p, &r);
		h = header_of(&p, 1000);
		segment_describe(m, &out);
		assert_memory_equal(&out, &h, sizeof h);
		assert_int_equal(segment_bytes(m), with ? bytes - 20 : bytes + 20);
		check_cut(&p, m, 1000);
		rte_pktmbuf_free(m);
	}
}

// A packet that lacks only its checksum; and a segment of one piece, which is the same.
static void lone(void **state)
{
	static struct packet p;
	static uint8_t frame[ROOM];

	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		struct recipe r = {.version = i & 1 ? 4 : 6,
				   .protocol = i & 2 ? TCP : UDP,
				   .tags = i & 4 ? 2 : 0,
				   .payload = i & 8 ? 1501 : 4,
				   .flags = ACK};
		build(&p, &r);
		struct virtio_net_hdr h = header_of(&p, i & 16 ? 1501 : 0), out;
		struct rte_mbuf *m = chain(&p, i & 8 ? p.headers + 3 : 2048);
		assert_true(segment_mark(m, &h));
		assert_false(segment_is(m));
		assert_int_equal(segment_frames(m), 1);
		assert_int_equal(segment_bytes(m), p.length);
		assert_int_equal(segment_longest(m), p.length);
		h = header_of(&p, 0);
		segment_describe(m, &out);
		assert_memory_equal(&out, &h, sizeof h);
		segment_finish(m);
		assert_int_equal(copy_out(m, frame), p.length);
		assert_int_equal(
			whole_sum(frame, p.length, r.version, r.protocol, p.network, p.transport),
			0xffff);
		segment_finish(m); // no mark is left
		segment_describe(m, &out);
		assert_int_equal(out.flags, 0);
		copy_out(m, p.data);
		assert_memory_equal(frame, p.data, p.length);
		rte_pktmbuf_free(m);
	}
}

// A packet in a tunnel that is one piece is completed at once, and the tunnel's checksum with it.
static void one_piece_in_tunnel(void **state)
{
	static struct packet p;
	static uint8_t frame[ROOM];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct recipe r = {.version = 4,
				   .protocol = TCP,
				   .outer = i & 1 ? 4 : 6,
				   .port = VXLAN,
				   .outer_checksum = i & 2,
				   .payload = 999};
		build(&p, &r);
		struct virtio_net_hdr h = header_of(&p, 999);
		struct rte_mbuf *m = chain(&p, p.headers);
		assert_true(segment_mark(m, &h));
		assert_int_equal(m->ol_flags & SEGMENT_MARKS, 0);
		copy_out(m, frame);
		assert_int_equal(whole_sum(frame, p.length, 4, TCP, p.network, p.transport),
				 0xffff);
		if (r.outer_checksum)
			assert_int_equal(whole_sum(frame, p.length, r.outer, UDP, p.outer,
						   p.outer_transport),
					 0xffff);
		else
			assert_int_equal(frame_be16(frame + p.outer_transport + 6), 0);
		rte_pktmbuf_free(m);
	}
}

// A checksum of another protocol, anywhere: at once. The field itself can be in two buffers.
static void elsewhere(void **state)
{
	static const uint16_t starts[] = {14, 33, 34, 35};
	struct recipe r = {.version = 4, .protocol = TCP, .payload = 777};
	static struct packet p;
	static uint8_t frame[ROOM];

	(void)state;
	build(&p, &r);
	for (unsigned i = 0; i < COUNT(starts); i++)
		for (uint32_t first = 20; first < 80; first++) {
			struct virtio_net_hdr h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
						   .csum_start = starts[i],
						   .csum_offset = 24};
			uint32_t field = starts[i] + 24u;
			struct rte_mbuf *m = chain(&p, first);
			assert_true(segment_mark(m, &h));
			assert_int_equal(m->ol_flags & SEGMENT_MARKS, 0);
			copy_out(m, frame);
			uint16_t sum = fold(add(p.data + starts[i], p.length - starts[i]));
			assert_int_equal(frame_be16(frame + field), (uint16_t)~sum);
			memcpy(frame + field, p.data + field, 2);
			assert_memory_equal(frame, p.data, p.length);
			rte_pktmbuf_free(m);
		}
}

// A UDP checksum of 0 is written as 0xffff, that of TCP in a segment is not.
static void zero(void **state)
{
	static struct packet p;
	static uint8_t frame[ROOM];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct recipe r = {.version = 6, .protocol = i ? TCP : UDP, .payload = 200};
		struct rte_mbuf *piece;
		struct segmenter s;
		build(&p, &r);
		struct virtio_net_hdr h = header_of(&p, 100);
		for (int round = 0; round < 2; round++) {
			struct rte_mbuf *m = chain(&p, 2048);
			assert_true(segment_mark(m, &h));
			segmenter_init(&s, m);
			assert_int_equal(segmenter_cut(&s, pool, &piece, 1), 1);
			copy_out(piece, frame);
			rte_pktmbuf_free(piece);
			rte_pktmbuf_free(m);
			uint16_t sum = frame_be16(frame + p.transport + field_of(r.protocol));
			if (round)
				assert_int_equal(sum, i ? 0 : 0xffff);
			put16(p.data + p.headers, fold(frame_be16(p.data + p.headers) + sum));
		}
	}
}

// The pool has few buffers: fewer frames, and the others later.
static void no_buffers(void **state)
{
	struct recipe r = {.version = 4, .protocol = TCP, .payload = 20000, .flags = ACK};
	static struct packet p;
	static uint8_t frame[ROOM];
	struct rte_mempool *rationed = pool_create_rationed(pool, 3);
	struct rte_mbuf *frames[8];
	struct segmenter s;

	(void)state;
	build(&p, &r);
	struct virtio_net_hdr h = header_of(&p, 4000);
	struct rte_mbuf *m = chain(&p, 2048);
	assert_true(segment_mark(m, &h));
	segmenter_init(&s, m);
	uint32_t before = rte_mempool_in_use_count(pool), n = 0;
	for (unsigned buffers = 0; s.left; buffers++) {
		pool_ration(rationed, buffers);
		unsigned got = segmenter_cut(&s, rationed, frames, COUNT(frames));
		assert_int_equal(got, RTE_MIN(buffers / 2, 5 - n)); // a frame has two
		for (unsigned i = 0; i < got; i++, n++) {
			uint32_t length = copy_out(frames[i], frame);
			check_frame(&p, frame, length, n, n * 4000);
			rte_pktmbuf_free(frames[i]);
		}
		assert_int_equal(rte_mempool_in_use_count(pool), before);
	}
	assert_int_equal(n, 5);
	rte_pktmbuf_free(m);
	rte_mempool_free(rationed);
}

// Nothing can be cut from a frame without marks, or from one that has changed.
static void changed(void **state)
{
	struct recipe r = {.version = 4, .protocol = TCP, .payload = 3000};
	static struct packet p;
	struct rte_mbuf *frame;
	struct segmenter s;

	(void)state;
	build(&p, &r);
	struct virtio_net_hdr h = header_of(&p, 1000), none = {0}, out;
	for (int i = 0; i < 4; i++) {
		struct rte_mbuf *m = chain(&p, 2048);
		assert_true(segment_mark(m, i ? &h : &none));
		uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
		if (i == 1)
			data[p.transport + 12] = 0x60;
		if (i == 2)
			data[p.network] = 0x65;
		if (i == 3)
			rte_pktmbuf_trim(m, 1);
		segmenter_init(&s, m);
		assert_int_equal(s.left, 0);
		assert_int_equal(segmenter_cut(&s, pool, &frame, 1), 0);
		segment_describe(m, &out);
		assert_int_equal(out.gso_size, i == 1 ? 1000 : 0);
		rte_pktmbuf_free(m);
	}
}

enum lie {
	TYPE,
	FLAGS,
	SIZE,
	START,
	OFFSET,
	BYTE,     // at an offset from the IP header
	L4_BYTE,  // from the TCP or UDP header
	IN_OUTER, // from the outer IP header
	LONGER,   // bytes behind the packet
	SHORTER,  // bytes missing
	FIRST,    // bytes in the first buffer
	PAYLOAD,  // another number of bytes to cut
};

static void tell(enum lie lie, struct packet *p, struct virtio_net_hdr *h, uint32_t *first, int at,
		 int value)
{
	switch (lie) {
	case TYPE:
		h->gso_type = (uint8_t)value;
		break;
	case FLAGS:
		h->flags = (uint8_t)value;
		break;
	case SIZE:
		h->gso_size = (uint16_t)value;
		break;
	case START:
		h->csum_start = (uint16_t)(h->csum_start + value);
		break;
	case OFFSET:
		h->csum_offset = (uint16_t)value;
		break;
	case BYTE:
		p->data[p->network + (uint32_t)at] = (uint8_t)value;
		break;
	case L4_BYTE:
		p->data[p->transport + (uint32_t)at] = (uint8_t)value;
		break;
	case IN_OUTER:
		p->data[p->outer + (uint32_t)at] = (uint8_t)value;
		break;
	case LONGER:
		p->length += (uint32_t)value;
		break;
	case SHORTER:
		p->length -= (uint32_t)value;
		break;
	case FIRST:
		*first = p->headers - (uint32_t)value;
		break;
	case PAYLOAD:
		p->is.payload = (uint32_t)value;
		build(p, &p->is);
		break;
	}
}

static void lies(void **state)
{
	static const struct recipe
		tcp4 = {.version = 4, .protocol = TCP, .payload = 5000},
		tcp6 = {.version = 6, .protocol = TCP, .payload = 5000},
		ext6 = {.version = 6, .protocol = TCP, .payload = 5000, .options = true},
		udp4 = {.version = 4, .protocol = UDP, .payload = 5000},
		vxlan = {.version = 4, .protocol = TCP, .payload = 5000, .outer = 4, .port = VXLAN},
		other = {.version = 4, .protocol = TCP, .payload = 5000, .outer = 4, .port = 4790};
	static const struct {
		const char *name;
		const struct recipe *of;
		enum lie lie;
		int at, value;
	} cases[] = {
		{"no checksum to complete", &tcp4, FLAGS, 0, 0},
		{"data valid instead", &tcp4, FLAGS, 0, VIRTIO_NET_HDR_F_DATA_VALID},
		{"TCP over IPv6 over IPv4", &tcp4, TYPE, 0, VIRTIO_NET_HDR_GSO_TCPV6},
		{"TCP over IPv4 over IPv6", &tcp6, TYPE, 0, VIRTIO_NET_HDR_GSO_TCPV4},
		{"UDP that is TCP", &tcp4, TYPE, 0, VIRTIO_NET_HDR_GSO_UDP_L4},
		{"TCP that is UDP", &udp4, TYPE, 0, VIRTIO_NET_HDR_GSO_TCPV4},
		{"UFO", &udp4, TYPE, 0, VIRTIO_NET_HDR_GSO_UDP},
		{"congestion of UDP", &udp4, TYPE, 0, VIRTIO_NET_HDR_GSO_UDP_L4 | 0x80},
		{"congestion of nothing", &tcp4, TYPE, 0, 0x80},
		{"no such type", &tcp4, TYPE, 0, 0x41},
		{"pieces of 0 bytes", &tcp4, SIZE, 0, 0},
		{"too many pieces", &tcp4, SIZE, 0, 4},
		{"no byte to cut", &tcp4, PAYLOAD, 0, 0},
		{"checksum from before the header", &tcp4, START, 0, -1},
		{"checksum from behind it", &tcp4, START, 0, 4},
		{"checksum far beyond the frame", &tcp4, START, 0, 20000},
		{"checksum where UDP has it", &tcp4, OFFSET, 0, 6},
		{"checksum where TCP has it", &udp4, OFFSET, 0, 16},
		{"IP version 5", &tcp4, BYTE, 0, 0x55},
		{"IP header of 16 bytes", &tcp4, BYTE, 0, 0x44},
		{"another IP header length", &tcp4, BYTE, 0, 0x46},
		{"IPv4 packet longer than the frame", &tcp4, BYTE, 2, 0xff},
		{"IPv4 packet shorter than the frame", &tcp4, BYTE, 2, 1},
		{"a first fragment", &tcp4, BYTE, 6, 0x20},
		{"a later fragment", &tcp4, BYTE, 7, 1},
		{"another IPv4 protocol", &tcp4, BYTE, 9, 47},
		{"UDP by its IPv4 header", &tcp4, BYTE, 9, UDP},
		{"IPv6 payload longer than the frame", &tcp6, BYTE, 4, 0xff},
		{"IPv6 payload shorter than the frame", &tcp6, BYTE, 4, 0x01},
		{"an IPv6 fragment", &ext6, BYTE, 6, 44},
		{"an endless extension header", &ext6, BYTE, 41, 255},
		{"another extension header length", &ext6, BYTE, 41, 1},
		{"TCP header of 16 bytes", &tcp4, L4_BYTE, 12, 0x40},
		{"UDP packet longer than the frame", &udp4, L4_BYTE, 4, 0xff},
		{"UDP packet shorter than the frame", &udp4, L4_BYTE, 5, 1},
		{"a byte behind the packet", &tcp4, LONGER, 0, 1},
		{"a byte is missing", &tcp4, SHORTER, 0, 1},
		{"only the headers are there", &tcp4, SHORTER, 0, 5000},
		{"half of the TCP header is there", &tcp4, SHORTER, 0, 5010},
		{"options of TCP in the next buffer", &tcp4, FIRST, 0, 1},
		{"TCP in the next buffer", &tcp4, FIRST, 0, 20},
		{"IP in the next buffer", &tcp4, FIRST, 0, 40},
		{"inner headers in the next buffer", &vxlan, FIRST, 0, 20},
		{"outer packet longer than the frame", &vxlan, IN_OUTER, 2, 0xff},
		{"outer packet shorter than the frame", &vxlan, IN_OUTER, 2, 1},
		{"outer UDP packet longer than the frame", &vxlan, IN_OUTER, 24, 0xff},
		{"outer packet is a fragment", &vxlan, IN_OUTER, 6, 0x20},
		{"a byte behind the outer packet", &vxlan, LONGER, 0, 1},
		{"no tunnel by its port", &other, SIZE, 0, 1000},
	};
	static struct packet p;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		build(&p, cases[i].of);
		struct virtio_net_hdr h = header_of(&p, 1000);
		uint32_t first = p.headers;
		tell(cases[i].lie, &p, &h, &first, cases[i].at, cases[i].value);
		struct rte_mbuf *m = chain(&p, first);
		CHECK(!segment_mark(m, &h), "%s: taken", cases[i].name);
		CHECK(!(m->ol_flags & SEGMENT_MARKS), "%s: marked", cases[i].name);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

// hdr_len is not read: a wrong one changes nothing. A checksum beyond the frame is refused.
static void edges(void **state)
{
	struct recipe r = {.version = 4, .protocol = TCP, .payload = 3000};
	static struct packet p;

	(void)state;
	build(&p, &r);
	struct virtio_net_hdr h = header_of(&p, 1000);
	h.hdr_len = 65535;
	struct rte_mbuf *m = chain(&p, p.headers);
	assert_true(segment_mark(m, &h));
	check_cut(&p, m, 1000);
	h = header_of(&p, 0);
	h.csum_start = (uint16_t)(p.length - 2);
	h.csum_offset = 1;
	assert_false(segment_mark(m, &h));
	assert_false(segment_is(m));
	h.csum_offset = 0;
	assert_true(segment_mark(m, &h));
	rte_pktmbuf_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kinds),
		TEST(extremes),
		TEST(tags),
		TEST(lone),
		TEST(one_piece_in_tunnel),
		TEST(elsewhere),
		TEST(zero),
		TEST(no_buffers),
		TEST(changed),
		TEST(lies),
		TEST(edges),
	};

	return cmocka_run_group_tests(tests, begin, end) != 0;
}
