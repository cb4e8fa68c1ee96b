// SPDX-License-Identifier: BSD-3-Clause
// Hand-made captures, so that the tests of reading do not depend on writing.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/pcap/captures.h"
#include "control/pcap/pcapng.h"
#include "control/pcap/reader.h"
#include "control/pcap/record.h"
#include "control/pcap/writer.h"
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
	CHECK(captures_add(c, f->path, error), "%s", error);
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
	static const char *const says[] = {"the file is empty", "this is no capture",
					   "link type is RAW (only Ethernet is supported)",
					   "link type is RAW (only Ethernet is supported)",
					   "ends within its header"};

	(void)state;
	pcap_header(&files[2], 0xa1b2c3d4, RAW_IP);
	pcapng_header(&files[3], 9, RAW_IP);
	pcap_header(&files[4], 0xa1b2c3d4, ETHERNET);
	files[4].len = 23; // an incomplete header
	for (size_t i = 0; i < COUNT(files); i++) {
		struct captures *c = captures_create();
		char error[CAPTURE_ERROR] = "";
		save(&files[i]);
		assert_false(captures_add(c, files[i].path, error));
		CHECK(!strncmp(error, files[i].path, strlen(files[i].path)),
		      "'%s' does not name the file", error);
		CHECK(strstr(error, says[i]), "%s", error);
		unlink(files[i].path);
		assert_false(captures_add(c, files[i].path, error));
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
	assert_int_equal(captures_next(c, &r, text), CAPTURE_WARNING);
	assert_int_equal(strncmp(text, f.path, strlen(f.path)), 0);
	assert_non_null(strstr(text, "impossible length"));
	expect_end(c);
	close_file(c, &f);
}

// Records of several inputs are merged by time. Equal times are in the order of the inputs. Within
// an input the order of the file stays.
static void merged_by_time(void **state)
{
	static const uint32_t times[3][4] = {{1, 5, 5, 9}, {1, 4, 5, 10}, {0, 7, 3, 9}};
	static const struct {
		uint32_t s;
		unsigned input;
	} wanted[] = {{0, 2}, {1, 0}, {1, 1}, {4, 1}, {5, 0}, {5, 0},
		      {5, 1}, {7, 2}, {3, 2}, {9, 0}, {9, 2}, {10, 1}};
	struct file f[3] = {0};
	struct captures *c = captures_create();
	struct capture_record r;
	char text[CAPTURE_ERROR];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		pcap_header(&f[i], i % 2 ? 0xa1b23c4d : 0xa1b2c3d4, ETHERNET);
		for (int n = 0; n < 4; n++)
			pcap_record(&f[i], times[i][n], 0, 14, 14, (uint8_t)i);
		save(&f[i]);
		assert_true(captures_add(c, f[i].path, text));
	}
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_int_equal(captures_next(c, &r, text), CAPTURE_RECORD);
		CHECK(r.ns == wanted[i].s * UINT64_C(1000000000) && r.input == wanted[i].input,
		      "record %zu: %ju of %u", i, (uintmax_t)r.ns, r.input);
		assert_int_equal(r.data[0], r.input); // each input has its own bytes
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
	struct writer *o = writer_open(path, error);
	assert_non_null(o);
	for (size_t i = 0; i < COUNT(times); i++) {
		memset(bytes, (int)i, sizeof bytes);
		writer_put(o, times[i], bytes, (uint32_t)(14 + i * 4000));
	}
	assert_true(writer_close(o));
	struct captures *c = captures_create();
	assert_true(captures_add(c, path, error));
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
	assert_null(writer_open("/no/such/folder/a.pcap", error));
	assert_non_null(strstr(error, "/no/such/folder/a.pcap"));
	struct writer *o = writer_open("/dev/full", error);
	if (!o)
		return;                 // the error came at once
	for (int i = 0; i < 10000; i++) // several blocks
		writer_put(o, 0, bytes, sizeof bytes);
	assert_false(writer_close(o));
}

static void too_many_inputs(void **state)
{
	struct file f = {0};
	char error[CAPTURE_ERROR];

	(void)state;
	pcap_header(&f, 0xa1b2c3d4, ETHERNET);
	struct captures *c = open_file(&f);
	for (int i = 1; i < CAPTURES_MAX; i++)
		assert_true(captures_add(c, f.path, error));
	assert_false(captures_add(c, f.path, error));
	assert_non_null(strstr(error, "at most 256"));
	expect_end(c);
	close_file(c, &f);
}

// Options of pcapng.
struct option {
	uint16_t code, len;
	uint64_t value; // of numbers
	const char *text;
};

static void put_options(struct file *f, const struct option *o, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put(f, o[i].code, 2);
		put(f, o[i].len, 2);
		if (o[i].text) {
			memcpy(f->bytes + f->len, o[i].text, o[i].len);
			f->len += o[i].len;
		} else {
			put(f, o[i].value, o[i].len);
		}
		put(f, 0, -o[i].len & 3);
	}
	put32(f, 0); // the end of options
}

static size_t begin_block(struct file *f, uint32_t type)
{
	put32(f, type);
	put32(f, 0);
	return f->len;
}

// Fills in the length of a block whose body begins at `start`.
static void end_block(struct file *f, size_t start)
{
	size_t end = f->len;
	uint32_t length = (uint32_t)(end - start) + 12;

	f->len = start - 4;
	put32(f, length);
	f->len = end;
	put32(f, length);
}

static void put_section(struct file *f)
{
	size_t start = begin_block(f, PCAPNG_SECTION);

	put32(f, PCAPNG_BYTE_ORDER);
	put(f, 1, 2);
	put(f, 0, 2);
	put(f, UINT64_MAX, 8);
	end_block(f, start);
}

#define PUT_INTERFACE(f, link, snaplen, ...) \
	put_interface(f, link, snaplen, (const struct option[]){__VA_ARGS__}, \
		      COUNT(((const struct option[]){__VA_ARGS__})))

static void put_interface(struct file *f, uint16_t link, uint32_t snaplen, const struct option *o,
			  size_t n)
{
	size_t start = begin_block(f, PCAPNG_INTERFACE);

	put(f, link, 2);
	put(f, 0, 2);
	put32(f, snaplen);
	put_options(f, o, n);
	end_block(f, start);
}

#define PUT_PACKET(f, interface, time, len, byte, ...) \
	put_packet(f, interface, time, len, byte, (const struct option[]){__VA_ARGS__}, \
		   COUNT(((const struct option[]){__VA_ARGS__})))

static void put_packet(struct file *f, uint32_t interface, uint64_t time, uint32_t len,
		       uint8_t byte, const struct option *o, size_t n)
{
	size_t start = begin_block(f, PCAPNG_PACKET);

	put32(f, interface);
	put32(f, (uint32_t)(time >> 32));
	put32(f, (uint32_t)time);
	put32(f, len);
	put32(f, len);
	memset(f->bytes + f->len, byte, len);
	f->len += len;
	put(f, 0, -len & 3);
	put_options(f, o, n);
	end_block(f, start);
}

static struct capture_record next_record(struct captures *c)
{
	struct capture_record r;
	char text[CAPTURE_ERROR] = "";

	CHECK(captures_next(c, &r, text) == CAPTURE_RECORD, "no record: %s", text);
	return r;
}

// Interfaces that differ in everything, in two sections of unlike byte order.
static void unlike_interfaces(void **state)
{
	struct file f = {0};

	(void)state;
	put_section(&f);
	PUT_INTERFACE(&f, ETHERNET, 60, {PCAPNG_INTERFACE_NAME, 4, 0, "esx1"});
	PUT_INTERFACE(&f, RAW_IP, 0, {PCAPNG_INTERFACE_NAME, 4, 0, "tun0"});
	PUT_INTERFACE(&f, ETHERNET, 96, {PCAPNG_INTERFACE_RESOLUTION, 1, 3, NULL},
		      {PCAPNG_INTERFACE_OFFSET, 8, 1000, NULL});
	PUT_PACKET(&f, 0, 5000001, 20, 'a', {PCAPNG_PACKET_FLAGS, 4, 1, NULL});
	PUT_PACKET(&f, 1, 6000000, 20, 'b', {0});
	PUT_PACKET(&f, 2, 1500, 20, 'c', {PCAPNG_PACKET_FLAGS, 4, 2, NULL},
		   {PCAPNG_COMMENT, 18, 0, "dropped: same_port"});
	f.swapped = true;
	put_section(&f);
	PUT_INTERFACE(&f, ETHERNET, 0, {PCAPNG_INTERFACE_NAME, 4, 0, "esx2"});
	PUT_PACKET(&f, 0, 7000000, 20, 'd', {PCAPNG_COMMENT, 7, 0, "dropped"});
	struct captures *c = open_file(&f);
	struct capture_record r = next_record(c);
	const struct reader *reader = captures_reader(c, 0);
	assert_int_equal(r.ns, 5000001000);
	assert_int_equal(r.way, CAPTURE_INBOUND);
	assert_string_equal(reader_interface_name(reader, r.interface), "esx1");
	r = next_record(c);
	assert_int_equal(r.ns, UINT64_C(1001500000000));
	assert_int_equal(r.way, CAPTURE_OUTBOUND);
	assert_true(r.drop);
	assert_string_equal(reader_interface_name(reader, r.interface), "2");
	r = next_record(c);
	assert_int_equal(r.ns, 7000000000);
	assert_int_equal(r.data[0], 'd');
	assert_false(r.drop);
	assert_string_equal(reader_interface_name(reader, r.interface), "esx2");
	expect_end(c);
	assert_int_equal(reader_skipped(reader), 1);
	assert_int_equal(reader_interfaces(reader), 4);
	close_file(c, &f);
}

// if_tsresol has powers of ten and of two.
static void resolutions(void **state)
{
	static const struct {
		uint8_t resolution;
		uint64_t time, ns;
	} cases[] = {
		{0, 7, 7000000000},
		{6, 7000001, 7000001000},
		{12, 7000000001999, 7000000001},
		{0x80, 7, 7000000000},
		{0x81, 15, 7500000000},
		{0xa0, UINT64_C(15) << 31, 7500000000},
		{0, UINT64_MAX, CAPTURE_NS_MAX},
		{40, UINT64_MAX, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct file f = {0};
		put_section(&f);
		PUT_INTERFACE(&f, ETHERNET, 0,
			      {PCAPNG_INTERFACE_RESOLUTION, 1, cases[i].resolution, NULL});
		PUT_PACKET(&f, 0, cases[i].time, 20, 'a', {0});
		struct captures *c = open_file(&f);
		expect_record(c, cases[i].ns, 20, 20, 'a');
		close_file(c, &f);
	}
}

// The FCS does not belong to the frame, wherever the file tells of it.
static void fcs_is_cut(void **state)
{
	struct file f[3] = {0};

	(void)state;
	pcap_header(&f[0], 0xa1b2c3d4, 0x24000001); // two units of 16 bits
	pcap_record(&f[0], 1, 0, 64, 64, 'a');
	pcap_record(&f[0], 1, 0, 62, 64, 'a'); // half of the FCS was not captured
	pcap_record(&f[0], 1, 0, 40, 64, 'a');
	put_section(&f[1]);
	PUT_INTERFACE(&f[1], ETHERNET, 0, {PCAPNG_INTERFACE_FCS, 1, 4, NULL});
	PUT_PACKET(&f[1], 0, 1000000, 64, 'a', {0});
	put_section(&f[2]);
	PUT_INTERFACE(&f[2], ETHERNET, 0, {PCAPNG_INTERFACE_FCS, 1, 32, NULL});
	PUT_PACKET(&f[2], 0, 1000000, 64, 'a', {PCAPNG_PACKET_FLAGS, 4, 2 << 5, NULL});
	for (int i = 0; i < 3; i++) {
		struct captures *c = open_file(&f[i]);
		expect_record(c, 1000000000, i < 2 ? 60 : 62, i < 2 ? 60 : 62, 'a');
		if (i == 0) {
			expect_record(c, 1000000000, 60, 60, 'a');
			expect_record(c, 1000000000, 40, 60, 'a');
		}
		expect_end(c);
		assert_int_equal(reader_fcs(captures_reader(c, 0)), i < 2 ? 4 : 2);
		close_file(c, &f[i]);
	}
}

// Seconds of pcap have 32 bits without a sign.
static void after_2038(void **state)
{
	struct file f = {0};

	(void)state;
	pcap_header(&f, 0xa1b2c3d4, ETHERNET);
	pcap_record(&f, 0xfffffff0, 1, 20, 20, 'a');
	struct captures *c = open_file(&f);
	expect_record(c, UINT64_C(4294967280000001000), 20, 20, 'a');
	close_file(c, &f);
}

// The record is longer than the header says that any is.
static void longer_than_snaplen(void **state)
{
	struct file f = {0};

	(void)state;
	pcap_header(&f, 0xa1b2c3d4, ETHERNET);
	f.bytes[16] = 32;
	f.bytes[17] = 0;
	pcap_record(&f, 1, 0, 60, 60, 'a');
	struct captures *c = open_file(&f);
	expect_record(c, 1000000000, 60, 60, 'a');
	close_file(c, &f);
}

// Simple packets have no stamp: they take that of the record before.
static void without_stamp(void **state)
{
	struct file f = {0};

	(void)state;
	put_section(&f);
	PUT_INTERFACE(&f, ETHERNET, 40, {0});
	for (int i = 0; i < 2; i++) {
		size_t start = begin_block(&f, PCAPNG_SIMPLE_PACKET);
		put32(&f, 60); // on the wire
		memset(f.bytes + f.len, 'a', 40);
		f.len += 40;
		end_block(&f, start);
		if (!i)
			PUT_PACKET(&f, 0, 5000000, 20, 'b', {0});
	}
	struct captures *c = open_file(&f);
	for (int i = 0; i < 3; i++) {
		struct capture_record r = next_record(c);
		assert_int_equal(r.stamped, i == 1);
		assert_int_equal(r.ns, i ? 5000000000 : 0);
		assert_int_equal(r.captured, i == 1 ? 20 : 40);
		assert_int_equal(r.length, i == 1 ? 20 : 60);
	}
	expect_end(c);
	close_file(c, &f);
}

// Compressed files are read as they are. A file that ends too early is used up to there.
static void compressed(void **state)
{
	static const char *const tools[] = {"gzip", "xz", "zstd", "bzip2"};
	char command[256], text[CAPTURE_ERROR];

	(void)state;
	for (size_t i = 0; i < COUNT(tools); i++) {
		struct file f = {0}, packed = {0};
		struct capture_record r;
		snprintf(command, sizeof command, "command -v %s >/dev/null", tools[i]);
		if (system(command)) // NOLINT: a tool of the test
			continue;
		pcap_header(&f, 0xa1b2c3d4, ETHERNET);
		pcap_record(&f, 1, 0, 60, 60, 'a');
		save(&f);
		snprintf(command, sizeof command, "%s -qc %s >%s.packed", tools[i], f.path, f.path);
		assert_int_equal(system(command), 0);
		snprintf(packed.path, sizeof packed.path, "%.50s.packed", f.path);
		struct captures *c = captures_create();
		CHECK(captures_add(c, packed.path, text), "%s", text);
		expect_record(c, 1000000000, 60, 60, 'a');
		expect_end(c);
		captures_destroy(c);
		if (!strcmp(tools[i], "gzip")) {
			assert_int_equal(truncate(packed.path, 30), 0);
			c = captures_create();
			bool opened = captures_add(c, packed.path, text);
			if (opened)
				assert_int_equal(captures_next(c, &r, text), CAPTURE_WARNING);
			assert_non_null(strstr(text, packed.path));
			captures_destroy(c);
		}
		unlink(packed.path);
		unlink(f.path);
	}
}

enum { LONG_RECORDS = 3000, LONG_MAX = 3000, HUGE_MAX = 262144 };

// A record of a long file has this many bytes, which depend on its number.
static uint32_t long_length(unsigned i)
{
	return i % 500 == 499 ? HUGE_MAX - i : i * 2654435761u % LONG_MAX;
}

static void fill_long(unsigned i, uint8_t *bytes)
{
	for (uint32_t at = 0; at < long_length(i); at++)
		bytes[at] = (uint8_t)(at * 31 + i);
}

static void write_long_file(char *path, uint8_t *bytes)
{
	struct file head = {0};
	FILE *f = fdopen(mkstemp(path), "wb");

	assert_non_null(f);
	pcap_header(&head, 0xa1b23c4d, ETHERNET);
	fwrite(head.bytes, 1, head.len, f);
	for (unsigned i = 0; i < LONG_RECORDS; i++) {
		uint32_t n = long_length(i), record[] = {1, i, n, n};
		fill_long(i, bytes);
		fwrite(record, sizeof record, 1, f);
		fwrite(bytes, 1, n, f);
	}
	assert_int_equal(fclose(f), 0);
}

// Checks records and overwrites what may be overwritten.
static void check_long(const struct capture_record *const *r, unsigned n, unsigned first,
		       uint8_t *bytes)
{
	for (unsigned i = 0; i < n; i++) {
		fill_long(first + i, bytes);
		assert_int_equal(r[i]->ns, UINT64_C(1000000000) + first + i);
		CHECK(r[i]->captured == long_length(first + i), "record %u", first + i);
		CHECK(!memcmp(r[i]->data, bytes, r[i]->captured), "record %u", first + i);
	}
	for (unsigned i = 0; i < n; i++)
		memset(r[i]->data - CAPTURE_HEADROOM, 0xff, CAPTURE_HEADROOM + r[i]->captured);
}

static void read_long_file(const char *path, unsigned max, uint8_t *bytes)
{
	const struct capture_record *r[64];
	struct captures *c = captures_create();
	char text[CAPTURE_ERROR] = "";
	enum capture_status s;
	unsigned n, seen = 0;
	double progress = 0;

	CHECK(captures_add(c, path, text), "%s", text);
	while ((s = captures_read(c, r, 1 + seen % max, &n, text)) == CAPTURE_RECORD) {
		check_long(r, n, seen, bytes);
		seen += n;
		assert_true(captures_progress(c) >= progress);
		progress = captures_progress(c);
		assert_true(seen > LONG_RECORDS / 2 || progress < 0.9);
	}
	CHECK(s == CAPTURE_END, "%s", text);
	assert_int_equal(seen, LONG_RECORDS);
	captures_destroy(c);
}

// Records cross the ends of blocks. Those that were read together stay, and may be overwritten.
static void long_files(void **state)
{
	static const unsigned most[] = {1, 7, 64};
	char path[] = "/tmp/nestswitch-capture-XXXXXX", packed[64], command[128];
	uint8_t *bytes = malloc(HUGE_MAX);

	(void)state;
	assert_non_null(bytes);
	write_long_file(path, bytes);
	snprintf(packed, sizeof packed, "%s.gz", path);
	snprintf(command, sizeof command, "gzip -1kf %s", path);
	assert_int_equal(system(command), 0); // NOLINT: a tool of the test
	for (size_t i = 0; i < COUNT(most); i++) {
		read_long_file(path, most[i], bytes);
		read_long_file(packed, most[i], bytes);
	}
	unlink(path);
	unlink(packed);
	free(bytes);
}

RUN_TESTS(TEST(formats), TEST(cut_short), TEST(refusals), TEST(no_records), TEST(broken),
	  TEST(merged_by_time), TEST(written_and_read_again), TEST(outputs_that_fail),
	  TEST(too_many_inputs), TEST(unlike_interfaces), TEST(resolutions), TEST(fcs_is_cut),
	  TEST(after_2038), TEST(longer_than_snaplen), TEST(without_stamp), TEST(compressed),
	  TEST(long_files))
