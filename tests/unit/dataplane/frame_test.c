// SPDX-License-Identifier: BSD-3-Clause

#include <stdlib.h>
#include <string.h>

#include "dataplane/frame.h"
#include "tests/unit/buffer.h"
#include "tests/unit/kit.h"

#define DST 1, 2, 3, 4, 5, 6
#define SRC 7, 8, 9, 10, 11, 12

// Copies each header to a buffer of its size, so that AddressSanitizer sees reads beyond it.
static bool parse(const uint8_t *bytes, uint32_t len, struct frame *f)
{
	uint8_t *exact = malloc(len ? len : 1);

	memcpy(exact, bytes, len);
	bool good = frame_parse(exact, len, f);
	free(exact);
	return good;
}

static void headers(void **state)
{
	static const struct {
		uint8_t bytes[20];
		uint32_t shortest; // least valid length
		uint32_t tag;
	} cases[] = {
		{{DST, SRC, 0x08, 0x00, 0xff, 0xff}, 14, 0},
		{{DST, SRC, 0x81, 0x00, 0x2f, 0xff, 8, 0}, 18, 0x81002fff},
		{{DST, SRC, 0x81, 0x00, 0xe0, 0x00, 8, 0}, 18, 0x8100e000},
		{{DST, SRC, 0x81, 0x00, 0x00, 0x00, 8, 0}, 18, 0x81000000},
		{{DST, SRC, 0x88, 0xa8, 0x00, 0x05, 0x81, 0}, 14, 0},
		{{DST, SRC, 0x91, 0x00, 0x00, 0x05, 8, 0}, 14, 0},
		{{DST, SRC, 0x81, 0x01, 0x00, 0x05, 8, 0}, 14, 0},
		{{DST, SRC, 0x00, 0x2e, 0x00, 0x05, 8, 0}, 14, 0}, // a length: LLC
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (uint32_t len = 0; len <= 20; len++) {
			struct frame f;
			bool good = parse(cases[i].bytes, len, &f);
			CHECK(good == (len >= cases[i].shortest), "case %zu, %u bytes", i, len);
			if (!good)
				continue;
			assert_int_equal(f.dst, UINT64_C(0x010203040506));
			assert_int_equal(f.src, UINT64_C(0x0708090a0b0c));
			CHECK(f.tag == cases[i].tag, "case %zu: tag %08x", i, f.tag);
		}
}

static void tag_fields(void **state)
{
	(void)state;
	assert_int_equal(tag_vid(0x8100ffff), 0xfff);
	assert_int_equal(tag_vid(0x8100f000), 0);
	assert_int_equal(tag_tci(0x8100bfff, 5), 0xb005);
	assert_int_equal(tag_tci(0, 4094), 4094);
}

static void check_bytes(struct rte_mbuf *m, const uint8_t *wanted, uint16_t len)
{
	assert_int_equal(rte_pktmbuf_pkt_len(m), len);
	assert_int_equal(rte_pktmbuf_data_len(m), len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), wanted, len);
}

static const uint8_t plain[] = {DST, SRC, 0x08, 0x06, 0xaa, 0xbb},
		     tagged[] = {DST, SRC, 0x81, 0x00, 0x60, 0x07, 0x08, 0x06, 0xaa, 0xbb},
		     retagged[] = {DST, SRC, 0x81, 0x00, 0x0f, 0xfe, 0x08, 0x06, 0xaa, 0xbb};

static void tags_come_and_go(void **state)
{
	struct rte_mbuf *m = buffer_new(4, plain, sizeof plain);

	(void)state;
	assert_true(frame_push_tag(m, 0x6007));
	check_bytes(m, tagged, sizeof tagged);
	frame_set_tag(m, 0x0ffe);
	check_bytes(m, retagged, sizeof retagged);
	frame_untag(m);
	check_bytes(m, plain, sizeof plain);
	buffer_free(m);
}

static void a_tag_needs_room(void **state)
{
	struct rte_mbuf *m = buffer_new(3, plain, sizeof plain);

	(void)state;
	assert_false(frame_push_tag(m, 0x6007));
	check_bytes(m, plain, sizeof plain);
	buffer_free(m);
}

RUN_TESTS(TEST(headers), TEST(tag_fields), TEST(tags_come_and_go), TEST(a_tag_needs_room))
