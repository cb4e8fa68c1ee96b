// SPDX-License-Identifier: BSD-3-Clause
// The stream of a capture. The test's thread forwards in place of two workers. It also reads the
// stream from the other end of a socket.

#define _GNU_SOURCE
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <jansson.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "control/api/method.h"
#include "control/common/error.h"
#include "control/diagnose/capture.h"
#include "control/pcap/pcapng.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/forward.h"
#include "dataplane/pool.h"
#include "dataplane/portset.h"
#include "dataplane/sniff.h"
#include "dataplane/txbatch.h"
#include "tests/unit/frame.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

enum {
	PATIENCE_S = 60,
	BLOCKS_MAX = 4096,
	LONG = 1500,
	RINGS = 32 << 20, // of all workers together
	OPTION_FLAGS = 2,
	OPTION_COMMENT = 1,
	OPTION_NAME = 2,
	OPTION_RECEIVED = 4,
	OPTION_DROPPED = 5,
};

#define MAC(n) TEST_MAC(n)

// A block of the stream that refers to an interface.
struct block {
	uint32_t type, interface;
	uint64_t ns;
	uint32_t captured, length;
	const uint8_t *data;
	uint32_t direction;
	uint64_t received, dropped;
	char text[64]; // comment of a packet, name of an interface
};

static struct event_base *base;
static struct vswitch *sw;
static struct capture *capture;
static struct bufferevent *io;
static int peer; // the reader's end
static uint8_t *stream;
static size_t stream_len, stream_size;
static struct block blocks[BLOCKS_MAX];
static size_t block_count;

static void on_ports(void *arg, portset gone)
{
	(void)arg;
	if (capture)
		capture_ports_changed(capture, gone);
}

static uint16_t swallow(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	(void)arg, (void)port;
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

static int set_up(void **state)
{
	int ends[2];

	(void)state;
	sw = test_switch("dataplane: {workers: 2}\n"
			 "ports: [{name: a}, {name: b}, {name: c, policy: {allowed-vlans: 7}}]",
			 SWITCH_BENCH);
	for (unsigned w = 0; w < sw->workers; w++)
		sw->worker[w]->forwarder.tx.send = swallow;
	sw->on_ports = on_ports;
	base = event_base_new();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends))
		return -1;
	io = bufferevent_socket_new(base, ends[0], BEV_OPT_CLOSE_ON_FREE);
	peer = ends[1];
	return bufferevent_enable(io, EV_READ | EV_WRITE);
}

static int tear_down(void **state)
{
	(void)state;
	capture_destroy(capture);
	capture = NULL;
	bufferevent_free(io);
	close(peer);
	event_base_free(base);
	bool clean = !rte_mempool_in_use_count(sw->pool);
	switch_destroy(sw);
	free(stream);
	stream = NULL;
	stream_len = stream_size = block_count = 0;
	return !clean;
}

static void start_with(json_t *params)
{
	struct error e;

	capture = capture_start(sw, params, io, &e);
	json_decref(params);
	CHECK(capture, "%s", e.text);
}

static void start(const char *json)
{
	json_t *params = json_loads(json, 0, NULL);

	CHECK(params, "%s", json);
	start_with(params);
}

// A port receives frames, at a worker with the right clock.
static void forward(unsigned worker, const char *port, uint64_t dst, uint64_t src, uint16_t len,
		    unsigned n)
{
	struct forwarder *w = &sw->worker[worker]->forwarder;
	struct rte_mbuf *frames[SNIFF_BURST_MAX];
	uint8_t bytes[LONG] = {0};

	test_header(bytes, dst, src, TEST_UNTAGGED);
	for (unsigned i = 0; i < n; i++) {
		frames[i] = pool_frame(sw->pool, bytes, len);
		assert_non_null(frames[i]);
	}
	forwarder_set_clock(w, switch_now(sw));
	forward_burst(w, test_port(sw, port), frames, NULL, n);
	txbatch_drain(&w->tx);
}

// Takes the arrived data.
static void receive(void)
{
	ssize_t n;

	do {
		if (stream_len + 65536 > stream_size)
			stream = realloc(stream, stream_size = 2 * stream_size + 131072);
		assert_non_null(stream);
		n = recv(peer, stream + stream_len, stream_size - stream_len, 0);
		stream_len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
}

static uint32_t word(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static void read_options(struct block *b, const uint8_t *p, const uint8_t *end)
{
	uint16_t option[2]; // code, length

	for (; p + sizeof option <= end; p += sizeof option + ((option[1] + 3u) & ~3u)) {
		memcpy(option, p, sizeof option);
		const uint8_t *value = p + sizeof option;
		bool packet = b->type == PCAPNG_PACKET;
		if (!option[0])
			return;
		if (packet ? option[0] == OPTION_COMMENT
			   : b->type == PCAPNG_INTERFACE && option[0] == OPTION_NAME)
			snprintf(b->text, sizeof b->text, "%.*s", option[1], value);
		else if (packet && option[0] == OPTION_FLAGS)
			b->direction = word(value);
		else if (b->type == PCAPNG_STATISTICS && option[0] == OPTION_RECEIVED)
			memcpy(&b->received, value, sizeof b->received);
		else if (b->type == PCAPNG_STATISTICS && option[0] == OPTION_DROPPED)
			memcpy(&b->dropped, value, sizeof b->dropped);
	}
}

static void read_block(struct block *b, const uint8_t *p, uint32_t len)
{
	*b = (struct block){.type = word(p)};
	if (b->type == PCAPNG_INTERFACE) {
		b->length = word(p + 12); // the maximum captured length of a frame
		read_options(b, p + 16, p + len - 4);
		return;
	}
	b->interface = word(p + 8);
	b->ns = (uint64_t)word(p + 12) << 32 | word(p + 16);
	if (b->type == PCAPNG_STATISTICS)
		read_options(b, p + 20, p + len - 4);
	if (b->type != PCAPNG_PACKET)
		return;
	b->captured = word(p + 20);
	b->length = word(p + 24);
	b->data = p + 28;
	read_options(b, p + 28 + ((b->captured + 3) & ~3u), p + len - 4);
}

// Reads all blocks except the section header.
static void read_blocks(void)
{
	uint32_t len;

	block_count = 0;
	for (size_t at = 0; at < stream_len; at += len) {
		assert_true(at + 12 <= stream_len);
		len = word(stream + at + 4);
		assert_true(len >= 12 && len % 4 == 0 && at + len <= stream_len);
		assert_int_equal(word(stream + at + len - 4), len);
		if (word(stream + at) == PCAPNG_SECTION) {
			assert_int_equal(at, 0);
			continue;
		}
		assert_true(block_count < BLOCKS_MAX);
		read_block(&blocks[block_count++], stream + at, len);
	}
}

// Runs the event loop for some rounds of the capture, and reads.
static void run_for(unsigned ms)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		event_base_loop(base, EVLOOP_NONBLOCK);
		receive();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < ms);
}

static void run_to_the_end(void)
{
	for (unsigned i = 0; !capture_is_over(capture); i++) {
		CHECK(i < PATIENCE_S * 1000, "the capture does not end");
		run_for(1);
	}
	run_for(1);
}

// Ends the capture. `blocks` then has the written blocks.
static void finish(void)
{
	capture_end(capture);
	run_to_the_end();
	read_blocks();
}

static size_t count(uint32_t type)
{
	size_t n = 0;

	for (size_t i = 0; i < block_count; i++)
		n += blocks[i].type == type;
	return n;
}

// The number of the last interface in the stream with this name.
static uint32_t interface(const char *name)
{
	uint32_t number = 0, found = UINT32_MAX;

	for (size_t i = 0; i < block_count; i++) {
		if (blocks[i].type != PCAPNG_INTERFACE)
			continue;
		if (!strcmp(blocks[i].text, name))
			found = number;
		number++;
	}
	CHECK(found != UINT32_MAX, "no interface %s", name);
	return found;
}

static unsigned frames_of(const char *name, uint32_t direction)
{
	unsigned n = 0;

	for (size_t i = 0; i < block_count; i++)
		n += blocks[i].type == PCAPNG_PACKET && blocks[i].interface == interface(name) &&
		     blocks[i].direction == direction;
	return n;
}

static const struct block *statistics_of(const char *name)
{
	const struct block *found = NULL;

	for (size_t i = 0; i < block_count; i++)
		if (blocks[i].type == PCAPNG_STATISTICS && blocks[i].interface == interface(name))
			found = &blocks[i];
	CHECK(found, "no statistics of %s", name);
	return found;
}

static void check_statistics(const char *name, uint64_t received, uint64_t dropped)
{
	assert_int_equal(statistics_of(name)->received, received);
	assert_int_equal(statistics_of(name)->dropped, dropped);
}

static void ways_and_ports(void **state)
{
	static const struct {
		const char *params;
		unsigned ports, a_in, a_out, b_in, b_out;
	} cases[] = {
		{"{}", 3, 2, 3, 3, 2},
		{"{\"direction\": \"both\"}", 3, 2, 3, 3, 2},
		{"{\"direction\": \"rx\"}", 3, 2, 0, 3, 0},
		{"{\"direction\": \"tx\"}", 3, 0, 3, 0, 2},
		{"{\"port\": [\"b\", \"a\"]}", 2, 2, 3, 3, 2},
		{"{\"port\": [\"a\", \"b\"], \"direction\": \"rx\"}", 2, 2, 0, 3, 0},
		{"{\"direction\": \"drop\"}", 3, 0, 0, 0, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (i)
			assert_int_equal(set_up(state), 0);
		start(cases[i].params);
		forward(0, "a", MAC(9), MAC(1), 60, 2);
		forward(1, "b", MAC(1), MAC(2), 60, 3);
		finish();
		assert_int_equal(count(PCAPNG_INTERFACE), cases[i].ports);
		assert_int_equal(count(PCAPNG_STATISTICS), cases[i].ports);
		unsigned found[] = {frames_of("a", PCAPNG_INBOUND), frames_of("a", PCAPNG_OUTBOUND),
				    frames_of("b", PCAPNG_INBOUND),
				    frames_of("b", PCAPNG_OUTBOUND)};
		CHECK(found[0] == cases[i].a_in && found[1] == cases[i].a_out &&
			      found[2] == cases[i].b_in && found[3] == cases[i].b_out,
		      "%s: %u %u %u %u", cases[i].params, found[0], found[1], found[2], found[3]);
		check_statistics("a", cases[i].a_in + cases[i].a_out, 0);
		check_statistics("b", cases[i].b_in + cases[i].b_out, 0);
		if (i + 1 < COUNT(cases))
			tear_down(state);
	}
}

// A capture of one port: frames from other ports appear on its egress.
static void one_port(void **state)
{
	(void)state;
	start("{\"port\": [\"a\"]}");
	forward(0, "b", MAC(9), MAC(2), 60, 4);
	finish();
	assert_int_equal(count(PCAPNG_PACKET), 4);
	assert_int_equal(frames_of("a", PCAPNG_OUTBOUND), 4);
}

static void drops_say_why(void **state)
{
	(void)state;
	start("{\"direction\": \"drop\"}");
	forward(0, "a", MAC(9), MAC(1), 60, 1);
	forward(0, "a", UINT64_C(0x0180c2000000), MAC(1), 60, 1);
	forward(0, "c", MAC(9), MAC(3), 60, 1);
	finish();
	assert_int_equal(count(PCAPNG_PACKET), 2);
	assert_int_equal(frames_of("a", PCAPNG_INBOUND), 1);
	assert_int_equal(frames_of("c", PCAPNG_INBOUND), 1);
	for (size_t i = 0; i < block_count; i++)
		if (blocks[i].type == PCAPNG_PACKET)
			CHECK(strstr(blocks[i].text, blocks[i].interface == interface("a")
							     ? "bpdu"
							     : "vlan_filtered"),
			      "%s", blocks[i].text);
}

static void bytes_and_times(void **state)
{
	uint64_t before = (uint64_t)time(NULL) * 1000000000;

	(void)state;
	start("{\"snaplen\": 100, \"direction\": \"rx\"}");
	forward(0, "a", MAC(9), MAC(1), 100, 1);
	forward(0, "a", MAC(9), MAC(1), LONG, 1);
	finish();
	assert_int_equal(count(PCAPNG_PACKET), 2);
	unsigned seen = 0;
	for (size_t i = 0; i < block_count; i++) {
		const struct block *b = &blocks[i];
		if (b->type == PCAPNG_INTERFACE)
			assert_int_equal(b->length, 100);
		if (b->type != PCAPNG_PACKET)
			continue;
		assert_int_equal(b->captured, 100);
		assert_int_equal(b->length, seen++ ? LONG : 100);
		assert_memory_equal(b->data, "\x02\0\0\0\0\x09\x02\0\0\0\0\x01", 12);
		assert_in_range(b->ns, before, before + PATIENCE_S * UINT64_C(1000000000));
	}
	assert_true(statistics_of("a")->ns >= before);
}

static json_t *filtered(const char *filter)
{
	pcap_t *ethernet = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;
	json_t *list = json_array();

	CHECK(!pcap_compile(ethernet, &program, filter, 1, PCAP_NETMASK_UNKNOWN), "%s",
	      pcap_geterr(ethernet));
	for (unsigned i = 0; i < program.bf_len; i++) {
		const struct bpf_insn *b = &program.bf_insns[i];
		json_array_append_new(
			list, json_pack("[i,i,i,I]", b->code, b->jt, b->jf, (json_int_t)b->k));
	}
	pcap_freecode(&program);
	pcap_close(ethernet);
	return json_pack("{s:o, s:s}", "program", list, "direction", "rx");
}

static void filters(void **state)
{
	(void)state;
	start_with(filtered("ether src 02:00:00:00:00:01 and greater 200"));
	forward(0, "a", MAC(9), MAC(1), 60, 3);
	forward(0, "a", MAC(9), MAC(2), 300, 4);
	forward(1, "b", MAC(9), MAC(1), 300, 5);
	forward(0, "a", MAC(1), MAC(9), 300, 6);
	finish();
	assert_int_equal(count(PCAPNG_PACKET), 5);
	check_statistics("a", 0, 0);
	check_statistics("b", 5, 0);
}

// Frames of two workers, in the order of their clocks.
static void merged_by_time(void **state)
{
	uint64_t last = 0;
	unsigned n = 0;

	(void)state;
	start("{\"direction\": \"rx\"}");
	for (unsigned i = 0; i < 50; i++)
		forward(i * 7 % 3 % 2, i % 2 ? "a" : "b", MAC(9), MAC(i % 2), (uint16_t)(60 + i),
			1);
	finish();
	for (size_t i = 0; i < block_count; i++) {
		if (blocks[i].type != PCAPNG_PACKET)
			continue;
		assert_int_equal(blocks[i].length, 60 + n++);
		assert_true(blocks[i].ns >= last);
		last = blocks[i].ns;
	}
	assert_int_equal(n, 50);
}

// It ends after its number of frames, from any port.
static void so_many_and_no_more(void **state)
{
	(void)state;
	start("{\"count\": 5, \"direction\": \"rx\"}");
	forward(0, "a", MAC(9), MAC(1), 60, 3);
	run_for(3);
	assert_false(capture_is_over(capture));
	forward(1, "b", MAC(9), MAC(2), 60, 9);
	run_to_the_end();
	forward(0, "a", MAC(9), MAC(1), 60, 3);
	run_for(3);
	read_blocks();
	assert_int_equal(count(PCAPNG_PACKET), 5);
	assert_int_equal(frames_of("a", PCAPNG_INBOUND), 3);
	assert_int_equal(count(PCAPNG_STATISTICS), 3);
}

// A stopped reader does not stop forwarding. When the rings are full, lost frames are counted.
static void a_reader_that_is_slow(void **state)
{
	enum { FRAMES = 40000, BURST = 200 };
	uint64_t written = 0;

	(void)state;
	start("{\"direction\": \"rx\"}");
	for (unsigned i = 0; i < FRAMES / BURST; i++) {
		forward(0, "a", MAC(9), MAC(1), LONG, BURST);
		event_base_loop(base, EVLOOP_NONBLOCK);
		CHECK(evbuffer_get_length(bufferevent_get_output(io)) < CAPTURE_BACKLOG + 4 * LONG,
		      "%zu bytes wait", evbuffer_get_length(bufferevent_get_output(io)));
	}
	capture_end(capture);
	run_to_the_end();
	for (size_t at = 0; at < stream_len; at += word(stream + at + 4))
		written += word(stream + at) == PCAPNG_PACKET;
	assert_true(written > RINGS / 2 / (LONG + 200)); // the ring of one worker
	assert_true(written < FRAMES);
	for (size_t at = 0; at < stream_len; at += word(stream + at + 4)) {
		if (word(stream + at) != PCAPNG_STATISTICS)
			continue;
		read_block(&blocks[0], stream + at, word(stream + at + 4));
		if (blocks[0].interface)
			continue;
		assert_int_equal(blocks[0].received, FRAMES);
		assert_int_equal(blocks[0].dropped, FRAMES - written);
	}
}

// Captures follow names: a new port with the name is a new interface.
static void ports_that_come_and_go(void **state)
{
	(void)state;
	start("{\"port\": [\"a\"], \"direction\": \"rx\"}");
	forward(0, "a", MAC(9), MAC(1), 60, 1);
	test_apply(sw, "dataplane: {workers: 2}\nports: [{name: b}]");
	forward(0, "b", MAC(9), MAC(1), 60, 2); // not captured
	test_apply(sw, "dataplane: {workers: 2}\nports: [{name: b}, {name: new}, {name: a}]");
	forward(0, "a", MAC(9), MAC(1), 60, 4);
	forward(0, "new", MAC(9), MAC(3), 60, 8);
	finish();
	assert_int_equal(count(PCAPNG_INTERFACE), 2);
	assert_int_equal(interface("a"), 1);
	assert_int_equal(count(PCAPNG_PACKET), 5);
	assert_int_equal(frames_of("a", PCAPNG_INBOUND), 4);
	assert_int_equal(count(PCAPNG_STATISTICS), 2);
	check_statistics("a", 4, 0);
}

static void all_ports_that_come(void **state)
{
	(void)state;
	start("{\"direction\": \"rx\"}");
	test_apply(sw, "dataplane: {workers: 2}\nports: [{name: a}, {name: new}]");
	forward(1, "new", MAC(9), MAC(3), 60, 8);
	finish();
	check_statistics("new", 8, 0);
	check_statistics("b", 0, 0);
	assert_int_equal(count(PCAPNG_INTERFACE), 4);
	assert_int_equal(count(PCAPNG_STATISTICS), 4);
}

static void refusals(void **state)
{
	static const struct {
		const char *json;
		int code;
	} cases[] = {
		{"{\"port\": \"a\"}", PARAMS_INVALID},
		{"{\"port\": [\"z\"]}", METHOD_REFUSED},
		{"{\"port\": [1]}", METHOD_REFUSED},
		{"{\"port\": [\"a\", \"z\"]}", METHOD_REFUSED},
		{"{\"direction\": \"up\"}", METHOD_USAGE},
		{"{\"direction\": 1}", METHOD_USAGE},
		{"{\"direction\": \"\"}", METHOD_USAGE},
		{"{\"count\": 0}", METHOD_USAGE},
		{"{\"count\": -1}", METHOD_USAGE},
		{"{\"count\": \"many\"}", METHOD_USAGE},
		{"{\"snaplen\": 0}", METHOD_USAGE},
		{"{\"snaplen\": 262145}", METHOD_USAGE},
		{"{\"program\": []}", METHOD_USAGE},
		{"{\"program\": 1}", METHOD_USAGE},
		{"{\"program\": [6]}", METHOD_USAGE},
		{"{\"program\": [[6, 0, 0]]}", METHOD_USAGE},
		{"{\"program\": [[6, 0, 0, 1, 1]]}", METHOD_USAGE},
		{"{\"program\": [[6, 0, 0, \"1\"]]}", METHOD_USAGE},
		{"{\"program\": [[6, 0, 0, -1]]}", METHOD_USAGE},
		{"{\"program\": [[6, 256, 0, 1]]}", METHOD_USAGE},
		{"{\"program\": [[65542, 0, 0, 1]]}", METHOD_USAGE},
		{"{\"program\": [[6, 0, 0, 4294967296]]}", METHOD_USAGE},
		{"{\"program\": [[0, 0, 0, 1]]}", METHOD_USAGE},                // without an end
		{"{\"program\": [[21, 5, 5, 1], [6, 0, 0, 1]]}", METHOD_USAGE}, // a jump beyond the
										// end
		{"{\"program\": [[5, 0, 0, 4294967295], [6, 0, 0, 1]]}", METHOD_USAGE}, // a jump
											// back
	};
	struct error e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *params = json_loads(cases[i].json, 0, NULL);
		capture = capture_start(sw, params, io, &e);
		json_decref(params);
		CHECK(!capture && e.code == cases[i].code && *e.text, "%s: %d, %s", cases[i].json,
		      e.code, e.text);
	}
	assert_null(sniff_first(&sw->worker[0]->forwarder.tx.sniffers));
	start("{\"program\": [[6, 0, 0, 1]]}"); // all frames
	forward(0, "a", MAC(9), MAC(1), 60, 1);
	finish();
	assert_int_equal(frames_of("a", PCAPNG_INBOUND), 1);
}

// The connection breaks during a capture.
static void it_is_broken_off(void **state)
{
	(void)state;
	start("{}");
	forward(0, "a", MAC(9), MAC(1), 60, 50);
	run_for(2);
	forward(0, "a", MAC(9), MAC(1), 60, 50);
	capture_destroy(capture);
	capture = NULL;
	for (unsigned w = 0; w < sw->workers; w++)
		assert_null(sniff_first(&sw->worker[w]->forwarder.tx.sniffers));
	forward(0, "a", MAC(9), MAC(1), 60, 50);
}

#define CAPTURE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

RUN_TESTS(CAPTURE_TEST(ways_and_ports), CAPTURE_TEST(one_port), CAPTURE_TEST(drops_say_why),
	  CAPTURE_TEST(bytes_and_times), CAPTURE_TEST(filters), CAPTURE_TEST(merged_by_time),
	  CAPTURE_TEST(so_many_and_no_more), CAPTURE_TEST(a_reader_that_is_slow),
	  CAPTURE_TEST(ports_that_come_and_go), CAPTURE_TEST(all_ports_that_come),
	  CAPTURE_TEST(refusals), CAPTURE_TEST(it_is_broken_off))
