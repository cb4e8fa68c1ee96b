// SPDX-License-Identifier: BSD-3-Clause
// Replays of captures: order, times and reports. pcaps/ and the model test the decisions of
// forwarding.

#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/common/complain.h"
#include "control/device/quirks/starting.h"
#include "control/pcap/captures.h"
#include "control/pcap/writer.h"
#include "control/replay/replay.h"
#include "tests/unit/folder.h"
#include "tests/unit/frame.h"
#include "tests/unit/kit.h"

enum { FRAME = 60, ARGS_MAX = 32, RANDOM_FRAMES = 3000 };

#define START UINT64_C(1790000000123456789) // nanoseconds since 1970
#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define MAC(n) TEST_MAC(n)

// A frame of a capture, at a time after START.
struct record {
	uint64_t ns, dst, src;
};

static void write_capture(const char *name, const struct record *r, size_t n)
{
	char error[CAPTURE_ERROR];
	struct writer *out = writer_open(folder_path(name), error);

	CHECK(out, "%s", error);
	for (size_t i = 0; i < n; i++) {
		uint8_t bytes[FRAME] = {0};
		test_header(bytes, r[i].dst, r[i].src, TEST_UNTAGGED);
		writer_put(out, START + r[i].ns, bytes, sizeof bytes);
	}
	assert_true(writer_close(out));
}

#define WRITE(name, ...) \
	do { \
		static const struct record records_[] = {__VA_ARGS__}; \
		write_capture(name, records_, COUNT(records_)); \
	} while (0)

// Runs replay and returns its exit status. Words are separated by blanks. @ is the folder.
static int run(const char *words)
{
	char text[2048] = "replay ", *argv[ARGS_MAX] = {NULL}, *rest = text;
	int argc = 0;

	for (size_t n = strlen(text); *words; words++)
		n += (size_t)snprintf(text + n, sizeof text - n, *words == '@' ? "%s" : "%.1s",
				      *words == '@' ? folder : words);
	while (argc < ARGS_MAX - 1 && (argv[argc] = strsep(&rest, " ")))
		argc += *argv[argc] != 0;
	argv[argc] = NULL;
	return replay_main(argc, argv);
}

// The report of a successful replay.
static json_t *report(const char *words)
{
	char line[1024];
	json_error_t why;

	snprintf(line, sizeof line, "--config @/c.yaml --report @/report %s", words);
	assert_int_equal(run(line), EXIT_DONE);
	json_t *o = json_load_file(folder_path("report"), 0, &why);
	CHECK(o, "%s", why.text);
	return o;
}

static double time_of(const json_t *o)
{
	return json_real_value(json_object_get(o, "time"));
}

static void check_time(double time, double wanted)
{
	CHECK(fabs(time - wanted) < 1e-9, "%.9f, should be %.9f", time, wanted);
}

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

static json_t *named(const json_t *list, const char *key, const char *name)
{
	size_t i;
	json_t *o;

	json_array_foreach(list, i, o)
		if (!strcmp(text_of(o, key), name))
			return o;
	fail_msg("there is no %s", name);
	return NULL;
}

// The events of a report, "TIME TYPE, …", times in milliseconds.
static const char *events_of(const json_t *o)
{
	static char out[4096];
	size_t i;
	json_t *e;

	*out = 0;
	json_array_foreach(json_object_get(o, "events"), i, e)
		sprintf(out + strlen(out), "%s%.0f %s", i ? ", " : "", time_of(e) * 1000,
			text_of(e, "type"));
	return out;
}

static json_int_t counter(const json_t *o, const char *port, const char *name)
{
	return json_integer_value(
		json_object_get(named(json_object_get(o, "ports"), "name", port), name));
}

static void check_record(struct captures *in, uint64_t ns, uint64_t src)
{
	char error[CAPTURE_ERROR];
	struct capture_record r;

	CHECK(captures_next(in, &r, error) == CAPTURE_RECORD, "no frame of %" PRIu64 " ns", ns);
	assert_int_equal(r.ns, START + ns);
	assert_int_equal(r.captured, FRAME);
	assert_int_equal(r.data[11], src & 0xff);
}

// Frames of several captures are merged by time and keep their times.
static void merged_by_time(void **state)
{
	char error[CAPTURE_ERROR];
	struct captures *in = captures_create();
	struct capture_record r;

	(void)state;
	folder_write("c.yaml", "ports: [{name: a}, {name: b}, {name: c}]");
	WRITE("a1", {1, MAC(9), MAC(1)}, {5, MAC(9), MAC(2)}, {9 * SECOND, MAC(9), MAC(3)});
	WRITE("a2", {2, MAC(9), MAC(4)}, {6 * SECOND, MAC(9), MAC(5)});
	WRITE("b", {0, MAC(9), MAC(6)}, {3, MAC(9), MAC(7)}, {10 * SECOND, MAC(9), MAC(8)});
	json_t *o = report("--in b=@/b --in a=@/a1 --in a=@/a2 --out @/out");
	check_time(time_of(json_object_get(o, "switch")), 10);
	json_decref(o);
	CHECK(captures_add(in, folder_path("out/c.pcap"), error), "%s", error);
	check_record(in, 0, MAC(6));
	check_record(in, 1, MAC(1));
	check_record(in, 2, MAC(4));
	check_record(in, 3, MAC(7));
	check_record(in, 5, MAC(2));
	check_record(in, 6 * SECOND, MAC(5));
	check_record(in, 9 * SECOND, MAC(3));
	check_record(in, 10 * SECOND, MAC(8));
	assert_int_equal(captures_next(in, &r, error), CAPTURE_END);
	captures_destroy(in);
}

// Frames with equal times are in the order of the ports, with any order of the arguments. A MAC is
// on the port of its last frame.
static void at_the_same_time(void **state)
{
	static const char *const words[] = {"--in a=@/f --in b=@/f", "--in b=@/f --in a=@/f"};

	(void)state;
	folder_write("c.yaml", "ports: [{name: a}, {name: b}]");
	WRITE("f", {7, MAC(9), MAC(1)});
	for (size_t i = 0; i < COUNT(words); i++) {
		json_t *o = report(words[i]);
		assert_string_equal(
			text_of(named(json_object_get(o, "fdb"), "mac", "02:00:00:00:00:01"),
				"port"),
			"b");
		assert_string_equal(events_of(o), "0 mac-learned, 0 mac-moved");
		json_decref(o);
	}
}

// A capture keeps its own order, and the clock never goes back.
static void times_that_go_back(void **state)
{
	(void)state;
	folder_write("c.yaml", "ports: [{name: a}, {name: b}]");
	WRITE("f", {5 * SECOND, MAC(9), MAC(1)}, {7 * SECOND, MAC(9), MAC(2)},
	      {2 * SECOND, MAC(9), MAC(3)}, {6 * SECOND, MAC(9), MAC(4)},
	      {8 * SECOND, MAC(9), MAC(5)});
	json_t *o = report("--in a=@/f");
	assert_string_equal(events_of(o), "0 mac-learned, 2000 mac-learned, 2000 mac-learned, "
					  "2000 mac-learned, 3000 mac-learned");
	json_decref(o);
}

// Timed events between two frames happen at their time. Events after the last frame need --until.
static void what_is_due(void **state)
{
	(void)state;
	folder_write("c.yaml",
		     "policy: {aging-time: 2}\n"
		     "ports: [{name: a}, {name: b, policy: {bpdu: guard, recovery-time: 3}}]");
	WRITE("a", {0, MAC(9), MAC(1)}, {10 * SECOND, MAC(9), MAC(2)});
	WRITE("b", {4 * SECOND, UINT64_C(0x0180c2000000), MAC(3)});
	json_t *o = report("--in a=@/a --in b=@/b");
	const char *early = events_of(o);
	CHECK(strstr(early, "0 mac-learned, 2") == early && strstr(early, " mac-aged, ") &&
		      strstr(early,
			     "4000 port-err-disabled, 4000 mac-flushed, 7000 port-recovered, 10000 "
			     "mac-learned"),
	      "%s", early);
	assert_int_equal(json_array_size(json_object_get(o, "fdb")), 1);
	json_decref(o);
	o = report("--in a=@/a --in b=@/b --until 12.5");
	check_time(time_of(json_object_get(o, "switch")), 12.5);
	assert_int_equal(json_array_size(json_object_get(o, "fdb")), 0);
	json_decref(o);
	o = report("--in a=@/a --in b=@/b --until 5"); // it is over by then
	check_time(time_of(json_object_get(o, "switch")), 10);
	json_decref(o);
}

// The violations of a second are one event with the time of the first one.
static void violations_in_their_place(void **state)
{
	(void)state;
	folder_write("c.yaml", "ports: [{name: a, mac-address: 02:00:00:00:00:01, "
			       "policy: {forged-transmits: reject}}, {name: b}]");
	WRITE("a", {100 * MS, MAC(9), MAC(7)}, {300 * MS, MAC(9), MAC(8)},
	      {1200 * MS, MAC(9), MAC(7)});
	WRITE("b", {0, MAC(9), MAC(2)}, {200 * MS, MAC(9), MAC(3)}, {1100 * MS, MAC(9), MAC(4)},
	      {1300 * MS, MAC(9), MAC(5)});
	json_t *o = report("--in a=@/a --in b=@/b");
	assert_string_equal(events_of(o),
			    "0 mac-learned, 100 violation, 200 mac-learned, 1100 mac-learned, "
			    "1200 violation, 1300 mac-learned");
	json_t *first = json_array_get(json_object_get(o, "events"), 1);
	assert_int_equal(json_integer_value(json_object_get(first, "count")), 2);
	json_decref(o);
}

static void write_random(const char *name, uint64_t seed)
{
	struct record *r = calloc(RANDOM_FRAMES, sizeof *r);
	uint64_t ns = 0;

	assert_non_null(r);
	for (size_t i = 0; i < RANDOM_FRAMES; i++) {
		ns += rnd_below(&seed, 4) ? rnd_below(&seed, 3) : rnd_below(&seed, 2000) * MS;
		r[i] = (struct record){ns, MAC(rnd_below(&seed, 12)), MAC(rnd_below(&seed, 12))};
	}
	write_capture(name, r, RANDOM_FRAMES);
	free(r);
}

// A burst has the same results as single frames.
static void bursts_make_no_difference(void **state)
{
	static const char *const bursts[] = {"--burst 1", "--burst 7", "", "--burst 256"};
	json_t *first = NULL;

	(void)state;
	folder_write("c.yaml", "policy: {aging-time: 1, mac-limit: 3, mac-move-limit: 5}\n"
			       "ports: [{name: a}, {name: b}, {name: c, policy: {mac-limit: 2, "
			       "mac-limit-policy: drop}}]");
	write_random("a", 1);
	write_random("b", 2);
	write_random("c", 3);
	for (size_t i = 0; i < COUNT(bursts); i++) {
		char line[256];
		snprintf(line, sizeof line, "--in a=@/a --in b=@/b --in c=@/c %s", bursts[i]);
		json_t *o = report(line);
		CHECK(!first || json_equal(o, first), "%s makes a difference", bursts[i]);
		assert_int_equal(counter(o, "b", "rx_packets"), RANDOM_FRAMES);
		assert_true(json_array_size(json_object_get(o, "events")) > 1000);
		first = first ? first : json_incref(o);
		json_decref(o);
	}
	json_decref(first);
}

// More entries than one page of the table.
static void a_long_table(void **state)
{
	enum { MACS = 70000 };
	struct record *r = calloc(MACS, sizeof *r);

	(void)state;
	assert_non_null(r);
	for (size_t i = 0; i < MACS; i++)
		r[i] = (struct record){i, MAC(MACS), MAC(i)};
	write_capture("f", r, MACS);
	free(r);
	folder_write("c.yaml", "ports: [{name: a, policy: {mac-limit: 100000}}]");
	json_t *o = report("--in a=@/f"), *fdb = json_object_get(o, "fdb"), *entry;
	assert_int_equal(json_array_size(fdb), MACS);
	size_t i;
	json_array_foreach(fdb, i, entry) {
		char mac[32];
		snprintf(mac, sizeof mac, "02:00:00:%02zx:%02zx:%02zx", i >> 16, i >> 8 & 255,
			 i & 255);
		assert_string_equal(text_of(entry, "mac"), mac);
	}
	json_decref(o);
}

// A truncated capture does not fail. A truncated frame is counted.
static void broken_captures(void **state)
{
	(void)state;
	folder_write("c.yaml", "ports: [{name: a}, {name: b}]");
	WRITE("a", {0, MAC(9), MAC(1)}, {1, MAC(9), MAC(2)}, {2, MAC(9), MAC(3)});
	WRITE("b", {0, MAC(9), MAC(4)}, {9, MAC(9), MAC(5)});
	assert_int_equal(truncate(folder_path("a"), 24 + 2 * (16 + FRAME) + 16 + 30), 0);
	json_t *o = report("--in a=@/a --in b=@/b");
	assert_int_equal(counter(o, "a", "rx_packets"), 2);
	assert_int_equal(counter(o, "b", "rx_packets"), 2);
	json_decref(o);
	int fd = open(folder_path("b"), O_WRONLY);
	uint32_t length = 1000; // of the first frame on the wire
	assert_int_equal(pwrite(fd, &length, sizeof length, 24 + 12), sizeof length);
	close(fd);
	o = report("--in b=@/b");
	assert_int_equal(counter(o, "b", "truncated"), 1);
	json_decref(o);
}

static void refusals(void **state)
{
	static const struct {
		const char *words;
		int status;
	} cases[] = {
		{"", EXIT_USAGE},
		{"--config @/c.yaml", EXIT_USAGE},
		{"--in a=@/f", EXIT_USAGE},
		{"--config @/c.yaml --in a", EXIT_USAGE},
		{"--config @/c.yaml --in z=@/f", EXIT_USAGE},
		{"--config @/c.yaml --in aa=@/f", EXIT_USAGE},
		{"--config @/none --in a=@/f", EXIT_USAGE},
		{"--config @/f --in a=@/f", EXIT_USAGE},
		{"--config @/c.yaml --in a=@/f --burst 0", EXIT_USAGE},
		{"--config @/c.yaml --in a=@/f --burst 257", EXIT_USAGE},
		{"--config @/c.yaml --in a=@/f --until x", EXIT_USAGE},
		{"--config @/c.yaml --in a=@/f --until -1", EXIT_USAGE},
		{"--config @/c.yaml --in a=@/f --until nan", EXIT_USAGE},
		{"--config @/c.yaml --in a=@/f --until 1000000001", EXIT_USAGE},
		{"--config @/c.yaml --in a=@/f more", EXIT_USAGE},
		{"--config @/c.yaml --in a=@/f --frobnicate", EXIT_USAGE},
		{"--config @/c.yaml --in", EXIT_USAGE},
		{"--config @/c.yaml --in a=@/none", EXIT_REFUSED},
		{"--config @/c.yaml --in a=@/c.yaml", EXIT_REFUSED},
		{"--config @/c.yaml --in a=@/f --report @/none/report", EXIT_REFUSED},
		{"--config @/c.yaml --in a=@/f --report /dev/full", EXIT_REFUSED},
		{"--config @/c.yaml --in a=@/f --report @/r --out @/f", EXIT_REFUSED},
	};

	(void)state;
	folder_write("c.yaml", "ports: [{name: a}, {name: b}]");
	WRITE("f", {0, MAC(9), MAC(1)});
	unsigned files = folder_count();
	for (size_t i = 0; i < COUNT(cases); i++) {
		int status = run(cases[i].words);
		CHECK(status == cases[i].status, "%s: %d", cases[i].words, status);
	}
	assert_int_equal(folder_count(), files);
	json_decref(report("--in a=@/f")); // replay still works
}

#define REPLAY_TEST(function) cmocka_unit_test_setup_teardown(function, folder_open, folder_close)

// Loading DPDK's drivers takes most of the time of a short replay.
static void loads_no_drivers(void **state)
{
	char line[512];
	bool driver = false, file = false, eal = false;

	(void)state;
	folder_write("c.yaml", "ports: [{name: a}]");
	WRITE("a", {0, MAC(9), MAC(1)});
	json_decref(report("--in a=@/a"));
	FILE *maps = fopen("/proc/self/maps", "r");
	assert_non_null(maps);
	while (fgets(line, sizeof line, maps)) {
		driver |= strstr(line, "librte_net_memif") != NULL;
		file |= strstr(line, "memfd:nohuge") != NULL;
		eal |= strstr(line, "librte_eal") != NULL;
	}
	fclose(maps);
	assert_true(eal);
	assert_false(driver);
	assert_false(file);
}

static void asks_sysfs_little(void **state)
{
	static const char node[] = "/sys/devices/system/node/node0";
	int used = sched_getcpu(), here = access(node, F_OK);
	char cpu[64], other[64];

	(void)state;
	snprintf(cpu, sizeof cpu, "/sys/devices/system/cpu/cpu%d/topology/core_id", used);
	snprintf(other, sizeof other, "/sys/devices/system/cpu/cpu%d/online", CPU_SETSIZE);
	starting_fast_begin();
	int refused = access(other, F_OK), denied = access(node, F_OK), cores = access(cpu, F_OK);
	starting_fast_end();
	assert_int_equal(cores, access(cpu, F_OK));
	assert_int_equal(denied, -1);
	assert_int_equal(refused, -1);
	assert_int_equal(access(node, F_OK), here);
}

RUN_TESTS(REPLAY_TEST(merged_by_time), REPLAY_TEST(at_the_same_time),
	  REPLAY_TEST(times_that_go_back), REPLAY_TEST(what_is_due),
	  REPLAY_TEST(violations_in_their_place), REPLAY_TEST(bursts_make_no_difference),
	  REPLAY_TEST(a_long_table), REPLAY_TEST(broken_captures), REPLAY_TEST(refusals),
	  REPLAY_TEST(loads_no_drivers), cmocka_unit_test(asks_sysfs_little))
