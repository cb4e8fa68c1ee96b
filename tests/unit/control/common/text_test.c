// SPDX-License-Identifier: BSD-3-Clause

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/common/text.h"
#include "tests/unit/kit.h"

static void numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool good;
		uint64_t value;
	} cases[] = {
		{"0", 0, true, 0},
		{"1", 0, false, 0},
		{"7", 10, true, 7},
		{"10", 10, true, 10},
		{"11", 10, false, 0},
		{"100", 10, false, 0},
		{"007", 10, true, 7},
		{"9", 5, false, 0},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"184467440737095516150", UINT64_MAX, false, 0},
		{"", 10, false, 0},
		{"-1", 10, false, 0},
		{"+1", 10, false, 0},
		{" 1", 10, false, 0},
		{"1 ", 10, false, 0},
		{"0x1", 10, false, 0},
		{"1.0", 10, false, 0},
		{"\xd9\xa1", 10, false, 0}, // not an ASCII digit
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t v = 4711;
		bool good = text_number(cases[i].text, cases[i].max, &v);
		CHECK(good == cases[i].good, "'%s' up to %ju", cases[i].text,
		      (uintmax_t)cases[i].max);
		CHECK(v == (good ? cases[i].value : 4711), "'%s' is %ju", cases[i].text,
		      (uintmax_t)v);
	}
}

static void macs(void **state)
{
	static const char *const good[] = {"aa:bb:cc:dd:ee:0f", "AA:bb:CC:dd:EE:0F",
					   "aa-bb-cc-dd-ee-0f", "aabb.ccdd.ee0f"};
	static const char *const bad[] = {
		"",
		"aa",
		"aa:bb:cc:dd:ee",
		"aa:bb:cc:dd:ee:0",
		"aa:bb:cc:dd:ee:0f:",
		"aa:bb:cc:dd:ee:0f0",
		"a:bb:cc:dd:ee:0ff",
		"aa:bb-cc:dd:ee:0f",
		"aabb:ccdd:ee0f",
		"aabbccddee0f",
		"aabb.ccdd.ee0g",
		"aa.bb.cc.dd.ee.0f",
		" aa:bb:cc:dd:ee:0f",
		"aa:bb:cc:dd:ee:0f ",
		"aa::bb:cc:dd:ee",
		"0xaabbccddee",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		uint64_t mac = 0;
		CHECK(text_mac(good[i], &mac) && mac == UINT64_C(0xaabbccddee0f), "%s", good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint64_t mac = 4711;
		CHECK(!text_mac(bad[i], &mac) && mac == 4711, "'%s'", bad[i]);
	}
}

static void macs_there_and_back(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t mac = rnd(&seed) >> 16, again = ~mac;
		char text[MAC_TEXT];
		text_put_mac(mac, text);
		assert_int_equal(strlen(text), 17);
		assert_true(text_mac(text, &again));
		assert_int_equal(again, mac);
	}
}

static void vlan_lists(void **state)
{
	static const struct {
		const char *text, *normal; // NULL: refused
	} cases[] = {
		{"1", "1"},
		{"4094", "4094"},
		{"1-4094", "1-4094"},
		{"1,10-20", "1,10-20"},
		{"3,2,1", "1-3"},
		{"5-5", "5"},
		{"1-10,5-20", "1-20"},
		{" 1 , 2 ", "1-2"},
		{"63,64,65", "63-65"},
		{"0", NULL},
		{"4095", NULL},
		{"4096", NULL},
		{"1-4095", NULL},
		{"99999999999999999999", NULL},
		{"", NULL},
		{",", NULL},
		{"1,", NULL},
		{",1", NULL},
		{"1,,2", NULL},
		{"2-1", NULL},
		{"1-", NULL},
		{"-1", NULL},
		{"1-2-3", NULL},
		{"a", NULL},
		{"1 2", NULL},
		{"1\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct vlanset set = {{4711}};
		char text[VLANS_TEXT];
		bool good = text_vlans(cases[i].text, &set);
		CHECK(good == (cases[i].normal != NULL), "'%s'", cases[i].text);
		CHECK(good || set.word[0] == 4711, "'%s' is refused, and changes the set",
		      cases[i].text);
		if (!good)
			continue;
		text_put_vlans(&set, text);
		assert_string_equal(text, cases[i].normal);
	}
}

static void check_there_and_back(const struct vlanset *set)
{
	char *text = malloc(VLANS_TEXT);
	struct vlanset again;

	text_put_vlans(set, text);
	CHECK(text_vlans(text, &again), "%s", text);
	assert_memory_equal(&again, set, sizeof again);
	free(text);
}

// Sparse and dense random sets, and the set with the longest text.
static void vlan_lists_there_and_back(void **state)
{
	struct vlanset longest = {{0}};
	uint64_t seed = 2;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct vlanset set = {{0}};
		uint32_t part = rnd_below(&seed, 100);
		vlanset_add(&set, 1 + rnd_below(&seed, 4094));
		for (unsigned vid = 1; vid <= 4094; vid++)
			if (rnd_below(&seed, 100) < part)
				vlanset_add(&set, vid);
		check_there_and_back(&set);
	}
	for (unsigned vid = 1; vid <= 4094; vid++)
		if (vid % 3)
			vlanset_add(&longest, vid);
	check_there_and_back(&longest);
}

static void switches(void **state)
{
	static const struct {
		const char *text;
		int on; // -1: refused
	} cases[] = {
		{"on", 1}, {"off", 0}, {"true", 1},  {"false", 0}, {"yes", 1},
		{"no", 0}, {"On", 1},  {"FALSE", 0}, {"", -1},     {"1", -1},
		{"0", -1}, {"y", -1},  {"onn", -1},  {" on", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool on = cases[i].on != 1; // the wrong value
		CHECK(text_switch(cases[i].text, &on) == (cases[i].on >= 0), "'%s'", cases[i].text);
		CHECK(cases[i].on < 0 ? on : on == (cases[i].on == 1), "'%s'", cases[i].text);
	}
}

static void names(void **state)
{
	(void)state;
	assert_true(text_is_name("esx-1_A.b", 15));
	assert_true(text_is_name("abcdefghijklmno", 15));
	assert_false(text_is_name("abcdefghijklmnop", 15));
	assert_false(text_is_name("", 15));
	assert_false(text_is_name("a b", 15));
	assert_false(text_is_name("a/b", 15));
	assert_false(text_is_name("\xc3\xa4", 15));
}

static const char *next_word(void *words, size_t i)
{
	return ((const char **)words)[i];
}

static void names_made(void **state)
{
	char text[] = "../my lab/x-1.y", plain[] = "lab_1.a-b";

	(void)state;
	text_make_name(text);
	assert_string_equal(text, "_._my_lab_x-1.y");
	text_make_name(plain);
	assert_string_equal(plain, "lab_1.a-b");
}

static void nearest(void **state)
{
	const char *words[] = {"promiscuous", "mac-limit", "mac-learning", "bpdu", NULL},
		   *none[] = {NULL};
	static const struct {
		const char *typed, *meant;
	} cases[] = {
		{"promiscous", "promiscuous"},
		{"mac-limt", "mac-limit"},
		{"maclearning", "mac-learning"},
		{"bpdu", "bpdu"},
		{"bdpu", "bpdu"},
		{"zzzzzzzzzz", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = text_nearest(cases[i].typed, next_word, words);
		CHECK(got == cases[i].meant ||
			      (got && cases[i].meant && !strcmp(got, cases[i].meant)),
		      "%s: %s", cases[i].typed, got ? got : "none");
	}
	assert_null(text_nearest("bpdu", next_word, none));
	assert_null(text_nearest("a-word-that-is-longer-than-any-which-a-key-could-be-mistaken-for",
				 next_word, words));
}

static void hints(void **state)
{
	const char *words[] = {"rx", "tx", "both", NULL}, *one[] = {"promiscuous", NULL},
		   *none[] = {NULL}, *many[64] = {NULL};
	char hint[TEXT_HINT];

	(void)state;
	assert_string_equal(text_hint_of(hint, "bath", words), " (did you mean 'both'?)");
	assert_string_equal(text_hint_of(hint, "neither", words), " (rx, tx or both)");
	assert_string_equal(text_hint_of(hint, "bpdu", one), " (promiscuous)");
	assert_string_equal(text_hint_of(hint, "bpdu", none), "");
	assert_string_equal(text_hint(hint, "neither", next_word, words, "see there"),
			    " (see there)");
	assert_string_equal(text_hint(hint, "boht", next_word, words, "see there"),
			    " (did you mean 'both'?)");
	for (size_t i = 0; i < COUNT(many) - 1; i++)
		many[i] = "a-rather-long-name";
	assert_string_equal(text_hint_of(hint, "neither", many) + strlen(hint) - strlen("name …)"),
			    "name …)");
}

static void columns(void **state)
{
	(void)state;
	assert_int_equal(text_columns(""), 0);
	assert_int_equal(text_columns("KEY …"), 5);
}

static void wrapping(void **state)
{
	char words[402], *out;
	size_t size, longest = 0;
	FILE *f = open_memstream(&out, &size);

	(void)state;
	for (size_t i = 0; i < 400; i++)
		words[i] = "… a bc "[i % 9]; // with many blanks
	words[400] = 0;
	text_wrap(f, words, 4);
	text_wrap(f, "one\n\ntwo", 2);
	text_wrap(f, "", 2);
	fclose(f);
	for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
		CHECK(line[0] == ' ' && line[1] == ' ', "'%s' is not indented", line);
		longest = text_columns(line) > longest ? text_columns(line) : longest;
	}
	CHECK(longest > 90 && longest <= 100, "the longest line has %zu columns", longest);
	free(out);
}

// Bytes that are unsafe for terminals, logs or JSON become '?'.
static void cleaned(void **state)
{
	static const char *const cases[][2] = {
		{"plain \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		 "plain \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"a\x1b[1mb\nc\x7f", "a?[1mb?c?"},
		{"a\xc2\x9b"
		 "1mb\xc2\xa0",
		 "a??1mb\xc2\xa0"}, // U+009B begins a sequence as ESC [ does
		{"\xff\xc2", "??"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[64];
		strcpy(text, cases[i][0]);
		assert_int_equal(text_is_clean(text), !strcmp(text, cases[i][1]));
		text_clean(text);
		assert_string_equal(text, cases[i][1]);
	}
}

static void prefixes(void **state)
{
	static const char *const bad[] = {
		"",          "10.0.0",     "10.0.0.300",     "10.0.0.1/33", "10.0.0.1/24",
		"10.0.0.0/", "10.0.0.0/x", "2001:db8::1/64", "::/129",      "10.0.0.1 ",
		"a:b:c",     "0.0.0.0/0/0"};
	static const struct {
		const char *text;
		uint64_t high, low;
		unsigned bits;
	} good[] = {{"10.0.0.7", 0, UINT64_C(0xffff0a000007), 128},
		    {"10.0.0.0/8", 0, UINT64_C(0xffff0a000000), 104},
		    {"0.0.0.0/0", 0, UINT64_C(0xffff00000000), 96},
		    {"2001:db8::/32", UINT64_C(0x20010db800000000), 0, 32},
		    {"fe80::1", UINT64_C(0xfe80000000000000), 1, 128},
		    {"::/0", 0, 0, 0}};
	uint64_t high, low;
	unsigned bits;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(text_prefix(bad[i], &high, &low, &bits));
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(text_prefix(good[i].text, &high, &low, &bits));
		assert_int_equal(high, good[i].high);
		assert_int_equal(low, good[i].low);
		assert_int_equal(bits, good[i].bits);
	}
	assert_int_equal(text_prefix_mask(0), 0);
	assert_int_equal(text_prefix_mask(1), UINT64_C(1) << 63);
	assert_int_equal(text_prefix_mask(64), UINT64_MAX);
}

RUN_TESTS(TEST(cleaned), TEST(numbers), TEST(macs), TEST(prefixes), TEST(macs_there_and_back),
	  TEST(vlan_lists), TEST(vlan_lists_there_and_back), TEST(switches), TEST(names),
	  TEST(names_made), TEST(nearest), TEST(hints), TEST(columns), TEST(wrapping))
