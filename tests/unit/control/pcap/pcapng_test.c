// SPDX-License-Identifier: BSD-3-Clause
// libpcap reads the written captures.

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/pcap/pcapng.h"
#include "tests/unit/kit.h"

enum { FRAMES = 70, STREAM = 65536 };

#define EPOCH UINT64_C(1790000000123456789)

static uint8_t stream[STREAM];
static size_t length;

static const uint8_t *frame(unsigned i)
{
	static uint8_t data[FRAMES];

	memset(data, (int)i, sizeof data);
	return data;
}

// All lengths of data and comments, with all paddings.
static void write_stream(void)
{
	char comment[FRAMES + 1];

	length = pcapng_section(stream, "test");
	length += pcapng_interface(stream + length, "a", 100);
	length += pcapng_interface(stream + length, "fifteen-letters", 100);
	for (unsigned i = 0; i < FRAMES; i++) {
		struct pcapng_packet p = {
			.interface = i % 2,
			.direction = i % 2 ? PCAPNG_INBOUND : PCAPNG_OUTBOUND,
			.ns = EPOCH + i,
			.data = frame(i),
			.captured = i,
			.length = i + 10,
			.comment = i ? comment : NULL,
		};
		snprintf(comment, sizeof comment, "%.*s", (int)i,
			 "dropped: forged_transmit, at some length, for there is room for it here");
		size_t size = pcapng_packet(stream + length, &p);
		CHECK(size <= PCAPNG_ROOM + 2 * i && size % 4 == 0, "block of %zu bytes", size);
		length += size;
	}
	length += pcapng_statistics(stream + length,
				    &(struct pcapng_statistics){0, EPOCH, FRAMES, 0});
	assert_true(length < STREAM);
}

static void read_by_libpcap(void **state)
{
	char path[] = "/tmp/pcapng_test.XXXXXX", error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	const u_char *data;
	int fd = mkstemp(path);

	(void)state;
	write_stream();
	assert_int_equal(write(fd, stream, length), length);
	close(fd);
	pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO,
							    error);
	unlink(path);
	CHECK(p, "%s", error);
	assert_int_equal(pcap_datalink(p), DLT_EN10MB);
	for (unsigned i = 0; i < FRAMES; i++) {
		CHECK(pcap_next_ex(p, &h, &data) == 1, "frame %u: %s", i, pcap_geterr(p));
		assert_int_equal(h->caplen, i);
		assert_int_equal(h->len, i + 10);
		assert_int_equal((uint64_t)h->ts.tv_sec * 1000000000 + (uint64_t)h->ts.tv_usec,
				 EPOCH + i);
		assert_memory_equal(data, frame(i), i);
	}
	assert_int_equal(pcap_next_ex(p, &h, &data), PCAP_ERROR_BREAK);
	pcap_close(p);
}

static void dropped(void **state)
{
	uint8_t block[PCAPNG_ROOM];
	struct pcapng_statistics s = {
		.interface = 1, .ns = EPOCH, .received = 7, .dropped = UINT64_C(5000000000)};
	size_t size = pcapng_statistics(block, &s);

	(void)state;
	assert_int_equal(pcapng_dropped(block, size), s.dropped);
	for (size_t cut = 0; cut < size; cut++) { // no read is beyond the end
		uint8_t *part = malloc(cut + !cut);
		pcapng_dropped(memcpy(part, block, cut), cut);
		free(part);
	}
}

RUN_TESTS(TEST(read_by_libpcap), TEST(dropped))
