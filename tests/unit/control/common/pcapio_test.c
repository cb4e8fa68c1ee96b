// SPDX-License-Identifier: BSD-3-Clause
// Hand-made captures, so that the tests of reading do not depend on writing.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/common/pcapio.h"
#include "tests/unit/kit.h"

enum { FILE_MAX = 4096, ETHERNET = 1, RAW_IP = 101 };

struct file {
	uint8_t bytes[FILE_MAX];
	size_t len;
	bool swapped; // in the other byte order
	char path[64];
};

static void put(struct file *f, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		f->bytes[f->len++] = (uint8_t)(v >> 8 * (f->swapped ? bytes - 1 - i : i));
}

static void put32(struct file *f, uint32_t v)
{
	put(f, v, 4);
}

static void pcap_header(struct file *f, uint32_t magic, uint32_t link)
{
	put32(f, magic);
	put(f, 2, 2);
	put(f, 4, 2);
	put32(f, 0);
	put32(f, 0);
	put32(f, 65535);
	put32(f, link);
}

static void pcap_record(struct file *f, uint32_t s, uint32_t fraction, uint32_t captured,
			uint32_t length, uint8_t byte)
{
	put32(f, s);
	put32(f, fraction);
	put32(f, captured);
	put32(f, length);
	memset(f->bytes + f->len, byte, captured);
	f->len += captured;
}

// A section with one Ethernet interface whose times are in 10^-digits seconds.
static void pcapng_header(struct file *f, uint8_t digits, uint16_t link)
{
	put32(f, 0x0a0d0d0a);
	put32(f, 28);
	put32(f, 0x1a2b3c4d);
	put(f, 1, 2);
	put(f, 0, 2);
	put(f, UINT64_MAX, 8);
	put32(f, 28);
	put32(f, 1); // interface
	put32(f, 32);
	put(f, link, 2);
	put(f, 0, 2);
	put32(f, 0);
	put(f, 9, 2); // if_tsresol
	put(f, 1, 2);
	put(f, digits, f->swapped ? 1 : 4);
	if (f->swapped)
		put(f, 0, 3);
	put32(f, 0);
	put32(f, 32);
}

static void pcapng_record(struct file *f, uint64_t time, uint32_t captured, uint32_t length,
			  uint8_t byte)
{
	uint32_t padded = (captured + 3) / 4 * 4;

	put32(f, 6);
	put32(f, 32 + padded);
	put32(f, 0);
	put32(f, (uint32_t)(time >> 32));
	put32(f, (uint32_t)time);
	put32(f, captured);
	put32(f, length);
	memset(f->bytes + f->len, byte, captured);
	f->len += padded;
	put32(f, 32 + padded);
}

static void save(struct file *f)
{
	strcpy(f->path, "/tmp/nestswitch-capture-XXXXXX");
	int fd = mkstemp(f->path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, f->bytes, f->len), f->len);
	close(fd);
}

static struct captures *open_file(struct file *f)
{
	struct captures *c = captures_create();
	char error[CAPTURE_ERROR];

	save(f);
	CHECK(captures_add(c, f->path, 7, error), "%s", error);
	return c;
}

static void close_file(struct captures *c, struct file *f)
{
	captures_destroy(c);
	unlink(f->path);
}

static void expect_record(struct captures *c, uint64_t ns, uint32_t captured, uint32_t length,
			  uint8_t byte)
{
	struct capture_record r;
	char text[CAPTURE_ERROR] = "";

	CHECK(captures_next(c, &r, text) == CAPTURE_RECORD, "no record at %ju: %s", (uintmax_t)ns,
	      text);
	CHECK(r.ns == ns, "at %ju, not %ju", (uintmax_t)r.ns, (uintmax_t)ns);
	assert_int_equal(r.captured, captured);
	assert_int_equal(r.length, length);
	for (uint32_t i = 0; i < captured; i++)
		assert_int_equal(r.data[i], byte);
}

static void expect_end(struct captures *c)
{
	struct capture_record r;
	char text[CAPTURE_ERROR] = "";

	for (int i = 0; i < 2; i++)
		CHECK(captures_next(c, &r, text) == CAPTURE_END, "no end: %s", text);
	assert_true(captures_progress(c) == 1);
}

static void formats(void **state)
{
	static const struct {
		uint32_t magic; // 0: pcapng
		uint8_t digits;
		uint32_t fraction; // of a second, in the second record
		uint64_t ns;
	} cases[] = {
		{0xa1b2c3d4, 6, 250001, 250001000},
		{0xa1b23c4d, 9, 250000001, 250000001},
		{0, 6, 250001, 250001000},
		{0, 9, 250000001, 250000001},
		{0, 3, 250, 250000000},
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct file f = {.swapped = i % 2};
		uint32_t fraction = cases[i / 2].fraction;
		uint64_t unit = 1;
		for (int d = 0; d < cases[i / 2].digits; d++)
			unit *= 10;
		if (cases[i / 2].magic) {
			pcap_header(&f, cases[i / 2].magic, ETHERNET);
			pcap_record(&f, 1700000000, 0, 60, 60, 'a');
			pcap_record(&f, 1700000001, fraction, 17, 9000, 'b'); // snapped
			pcap_record(&f, 1700000002, 0, 0, 60, 'c');
		} else {
			pcapng_header(&f, cases[i / 2].digits, ETHERNET);
			pcapng_record(&f, 1700000000 * unit, 60, 60, 'a');
			pcapng_record(&f, 1700000001 * unit + fraction, 17, 9000, 'b');
			pcapng_record(&f, 1700000002 * unit, 0, 60, 'c');
		}
		struct captures *c = open_file(&f);
		assert_true(captures_progress(c) < 1);
		expect_record(c, UINT64_C(1700000000000000000), 60, 60, 'a');
		expect_record(c, UINT64_C(1700000001000000000) + cases[i / 2].ns, 17, 9000, 'b');
		expect_record(c, UINT64_C(1700000002000000000), 0, 60, 'c');
		expect_end(c);
		close_file(c, &f);
	}
}

// Truncated at every byte: complete records, then a warning with the file's name, then the end.
static void cut_short(void **state)
{
	struct file whole[2] = {0};
	size_t first[2], second[2]; // where the records end

	(void)state;
	pcap_header(&whole[0], 0xa1b2c3d4, ETHERNET);
	pcap_record(&whole[0], 1, 0, 20, 20, 'a');
	first[0] = whole[0].len;
	pcap_record(&whole[0], 2, 0, 20, 20, 'b');
	second[0] = whole[0].len;
	pcapng_header(&whole[1], 9, ETHERNET);
	pcapng_record(&whole[1], 1000000000, 20, 20, 'a');
	first[1] = whole[1].len;
	pcapng_record(&whole[1], 2000000000, 20, 20, 'b');
	second[1] = whole[1].len;
	for (int i = 0; i < 2; i++)
		for (size_t len = first[i]; len <= second[i]; len++) {
			struct capture_record r;
			char text[CAPTURE_ERROR];
			struct file f = whole[i];
			f.len = len;
			struct captures *c = open_file(&f);
			expect_record(c, 1000000000, 20, 20, 'a');
			if (len == second[i]) {
				expect_record(c, 2000000000, 20, 20, 'b');
			} else if (len > first[i]) {
				CHECK(captures_next(c, &r, text) == CAPTURE_WARNING,
				      "%zu bytes of format %d", len, i);
				assert_int_equal(strncmp(text, f.path, strlen(f.path)), 0);
				assert_non_null(strstr(text, "ends within a record"));
			}
			expect_end(c);
			close_file(c, &f);
		}
}

static void refusals(void **state)
{
	struct file files[] = {{.len = 0},
			       {.bytes = "no capture at all, but long enough for one", .len = 42},
			       {.len = 0},
			       {.len = 0},
			       {.len = 0}};
	static const char *const says[] = {"", "", "link type is RAW (only Ethernet is supported)",
					   "link type is RAW (only Ethernet is supported)", ""};

	(void)state;
	pcap_header(&files[2], 0xa1b2c3d4, RAW_IP);
	pcapng_header(&files[3], 9, RAW_IP);
	pcap_header(&files[4], 0xa1b2c3d4, ETHERNET);
	files[4].len = 23; // an incomplete header
	for (size_t i = 0; i < COUNT(files); i++) {
		struct captures *c = captures_create();
		char error[CAPTURE_ERROR] = "";
		save(&files[i]);
		assert_false(captures_add(c, files[i].path, 0, error));
		CHECK(!strncmp(error, files[i].path, strlen(files[i].path)),
		      "'%s' does not name the file", error);
		CHECK(strstr(error, says[i]), "%s", error);
		unlink(files[i].path);
		assert_false(captures_add(c, files[i].path, 0, error));
		assert_non_null(strstr(error, "No such file"));
		captures_destroy(c);
	}
	captures_destroy(NULL);
}

static void no_records(void **state)
{
	struct file f = {0};

	(void)state;
	pcap_header(&f, 0xa1b2c3d4, ETHERNET);
	struct captures *c = open_file(&f);
	expect_end(c);
	close_file(c, &f);
}

// A record with an impossible length ends the replay of the capture.
static void broken(void **state)
{
	struct file f = {0};
	struct capture_record r;
	char text[CAPTURE_ERROR];

	(void)state;
	pcap_header(&f, 0xa1b2c3d4, ETHERNET);
	pcap_record(&f, 1, 0, 20, 20, 'a');
	put32(&f, 2);
	put32(&f, 0);
	put32(&f, 0x7fffffff);
	put32(&f, 0x7fffffff);
	memset(f.bytes + f.len, 'x', 100);
	f.len += 100;
	struct captures *c = open_file(&f);
	expect_record(c, 1000000000, 20, 20, 'a');
	assert_int_equal(captures_next(c, &r, text), CAPTURE_BROKEN);
	assert_int_equal(strncmp(text, f.path, strlen(f.path)), 0);
	close_file(c, &f);
}

// Records of several inputs are merged by time. Equal times are in the order of the inputs. Within
// an input the order of the file stays.
static void merged_by_time(void **state)
{
	static const uint32_t times[3][4] = {{1, 5, 5, 9}, {1, 4, 5, 10}, {0, 7, 3, 9}};
	static const struct {
		uint32_t s;
		unsigned tag;
	} wanted[] = {{0, 12}, {1, 10}, {1, 11}, {4, 11}, {5, 10}, {5, 10},
		      {5, 11}, {7, 12}, {3, 12}, {9, 10}, {9, 12}, {10, 11}};
	struct file f[3] = {0};
	struct captures *c = captures_create();
	struct capture_record r;
	char text[CAPTURE_ERROR];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		pcap_header(&f[i], i % 2 ? 0xa1b23c4d : 0xa1b2c3d4, ETHERNET);
		for (int n = 0; n < 4; n++)
			pcap_record(&f[i], times[i][n], 0, 14, 14, (uint8_t)(10 + i));
		save(&f[i]);
		assert_true(captures_add(c, f[i].path, 10 + i, text));
	}
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_int_equal(captures_next(c, &r, text), CAPTURE_RECORD);
		CHECK(r.ns == wanted[i].s * UINT64_C(1000000000) && r.tag == wanted[i].tag,
		      "record %zu: %ju of %u", i, (uintmax_t)r.ns, r.tag);
		assert_int_equal(r.data[0], r.tag); // each input has its own bytes
	}
	expect_end(c);
	captures_destroy(c);
	for (int i = 0; i < 3; i++)
		unlink(f[i].path);
}

static void written_and_read_again(void **state)
{
	static const uint64_t times[] = {0, 999999999, UINT64_C(1700000000123456789)};
	char path[] = "/tmp/nestswitch-capture-XXXXXX", error[CAPTURE_ERROR];
	uint8_t bytes[9000];
	uint8_t magic[4];

	(void)state;
	close(mkstemp(path));
	struct capture_out *o = capture_out_open(path, error);
	assert_non_null(o);
	for (size_t i = 0; i < COUNT(times); i++) {
		memset(bytes, (int)i, sizeof bytes);
		capture_out_write(o, times[i], bytes, (uint32_t)(14 + i * 4000));
	}
	assert_true(capture_out_close(o));
	struct captures *c = captures_create();
	assert_true(captures_add(c, path, 0, error));
	for (size_t i = 0; i < COUNT(times); i++)
		expect_record(c, times[i], (uint32_t)(14 + i * 4000), (uint32_t)(14 + i * 4000),
			      (uint8_t)i);
	expect_end(c);
	captures_destroy(c);
	FILE *f = fopen(path, "rb");
	assert_int_equal(fread(magic, 1, 4, f), 4);
	assert_memory_equal(magic, "\x4d\x3c\xb2\xa1", 4); // classic pcap, nanoseconds
	fclose(f);
	unlink(path);
}

static void outputs_that_fail(void **state)
{
	char error[CAPTURE_ERROR];
	uint8_t bytes[60] = {0};

	(void)state;
	assert_null(capture_out_open("/no/such/folder/a.pcap", error));
	assert_non_null(strstr(error, "/no/such/folder/a.pcap"));
	struct capture_out *o = capture_out_open("/dev/full", error);
	if (!o)
		return; // the error came at once
	for (int i = 0; i < 1000; i++)
		capture_out_write(o, 0, bytes, sizeof bytes);
	assert_false(capture_out_close(o));
}

static void too_many_inputs(void **state)
{
	struct file f = {0};
	char error[CAPTURE_ERROR];

	(void)state;
	pcap_header(&f, 0xa1b2c3d4, ETHERNET);
	struct captures *c = open_file(&f);
	for (int i = 1; i < CAPTURES_MAX; i++)
		assert_true(captures_add(c, f.path, 0, error));
	assert_false(captures_add(c, f.path, 0, error));
	assert_non_null(strstr(error, "at most 256"));
	expect_end(c);
	close_file(c, &f);
}

RUN_TESTS(TEST(formats), TEST(cut_short), TEST(refusals), TEST(no_records), TEST(broken),
	  TEST(merged_by_time), TEST(written_and_read_again), TEST(outputs_that_fail),
	  TEST(too_many_inputs))
