// SPDX-License-Identifier: BSD-3-Clause
// The numbers of configurations, and the limits of the history.

#define _GNU_SOURCE
#include "control/config/config.h"
#include "control/config/history.h"
#include "tests/unit/config.h"
#include "tests/unit/folder.h"
#include "tests/unit/kit.h"

enum { MANY = HISTORY_MAX + 50 };

static struct history *h;

static void begin(const char *text)
{
	struct config *c = test_config(text);

	h = history_create("/etc/nestswitch.yaml", c);
	config_free(c);
	assert_non_null(h);
}

static int end(void **state)
{
	(void)state;
	history_destroy(h);
	h = NULL;
	return 0;
}

static void note(const char *text, const char *what)
{
	struct config *c = test_config(text);

	history_note(h, c, what);
	config_free(c);
}

static void check_newest(unsigned number, const char *what, const char *port)
{
	const struct revision *r = history_newest(h);

	assert_int_equal(r->number, number);
	assert_string_equal(r->what, what);
	assert_non_null(strstr(r->text, port));
	assert_ptr_equal(history_find(h, number), r);
}

static void each_change_has_a_number(void **state)
{
	(void)state;
	begin("ports: [{name: a}]");
	check_newest(1, "start", "name: a");
	note("ports: [{name: b}]", "port add b");
	check_newest(2, "port add b", "name: b");
	double before = history_newest(h)->time;
	note("# the same\nports:\n- {name: b}", "nothing"); // only the meaning counts, not the text
	check_newest(2, "port add b", "name: b");
	note("ports: [{name: a}]", "back"); // an earlier configuration, but a new change
	check_newest(3, "back", "name: a");
	assert_true(history_newest(h)->time >= before && before > 1e9);
	assert_string_equal(history_find(h, 1)->text, history_find(h, 3)->text);
	assert_null(history_find(h, 0));
	assert_null(history_find(h, 4));
}

static void the_oldest_go(void **state)
{
	char text[64];

	(void)state;
	begin("ports: []");
	for (unsigned i = 2; i <= MANY; i++) {
		snprintf(text, sizeof text, "ports: [{name: p%u}]", i);
		note(text, "change");
	}
	assert_int_equal(h->count, HISTORY_MAX);
	assert_null(history_find(h, MANY - HISTORY_MAX));
	assert_non_null(history_find(h, MANY - HISTORY_MAX + 1));
	for (unsigned i = MANY - HISTORY_MAX + 1; i <= MANY; i++) {
		snprintf(text, sizeof text, "name: p%u\n", i);
		CHECK(strstr(history_find(h, i)->text, text), "number %u is another one", i);
	}
	check_newest(MANY, "change", "p150");
}

// Memory is bounded for configurations of any length.
static void long_ones_go_earlier(void **state)
{
	(void)state;
	begin("ports: [{name: p1}]");
	size_t len = strlen(h->revision[0].text), size = HISTORY_BYTES - 2 * len;
	free(h->revision[0].text); // a longer one leaves room for exactly two more
	h->revision[0].text = malloc(size + 1);
	assert_non_null(h->revision[0].text);
	memset(h->revision[0].text, '#', size);
	h->revision[0].text[size] = 0;
	h->bytes = size;
	note("ports: [{name: p2}]", "change");
	note("ports: [{name: p3}]", "change");
	assert_int_equal(h->count, 3);
	assert_int_equal(h->bytes, HISTORY_BYTES);
	note("ports: [{name: p4}]", "change");
	assert_int_equal(h->count, 3);
	assert_int_equal(h->bytes, 3 * len);
	assert_null(history_find(h, 1));
	assert_non_null(history_find(h, 2));
	check_newest(4, "change", "p4");
}

static void what_made_it_is_cut(void **state)
{
	char what[HISTORY_WHAT + 10];

	(void)state;
	begin("ports: []");
	memset(what, 'x', sizeof what);
	what[sizeof what - 1] = 0;
	note("ports: [{name: a}]", what);
	assert_int_equal(strlen(history_newest(h)->what), HISTORY_WHAT - 1);
}

static char *text_of(const char *text)
{
	struct config *c = test_config(text);
	char *canonical = config_text(c);

	config_free(c);
	return canonical;
}

// Known contents of the file count too, even if they never ran.
static void what_it_knows(void **state)
{
	char *one = text_of("ports: [{name: one}]"), *two = text_of("ports: [{name: two}]"),
	     *three = text_of("ports: [{name: three}]");
	struct config *c = test_config("ports: [{name: two}]");

	(void)state;
	begin("ports: [{name: one}]");
	assert_true(history_knows(h, one));
	assert_false(history_knows(h, two));
	history_note_file(h, c);
	assert_true(history_knows(h, two));
	assert_int_equal(history_newest(h)->number, 1);
	note("ports: [{name: three}]", "change");
	assert_true(history_knows(h, one) && history_knows(h, two) && history_knows(h, three));
	config_free(c);
	c = test_config("ports: []");
	history_note_file(h, c);
	assert_false(history_knows(h, two)); // the file has changed
	config_free(c);
	free(one);
	free(two);
	free(three);
}

// A path names the same file after a change of the working folder.
static void paths(void **state)
{
	static const char *const given[] = {"lab.yaml", "../lab.yaml", "/etc/lab.yaml"};
	struct config *c = test_config("ports: []");
	char before[PATH_MAX], wanted[PATH_MAX + 32];

	(void)state;
	assert_non_null(getcwd(before, sizeof before));
	for (size_t i = 0; i < COUNT(given); i++) {
		assert_int_equal(chdir(folder), 0);
		struct history *one = history_create(given[i], c);
		assert_int_equal(chdir(before), 0);
		snprintf(wanted, sizeof wanted, "%s%s%s", *given[i] == '/' ? "" : folder,
			 *given[i] == '/' ? "" : "/", given[i]);
		assert_string_equal(history_path(one), wanted);
		history_destroy(one);
	}
	config_free(c);
}

#define HISTORY_TEST(function) cmocka_unit_test_teardown(function, end)

RUN_TESTS(HISTORY_TEST(each_change_has_a_number), HISTORY_TEST(the_oldest_go),
	  HISTORY_TEST(long_ones_go_earlier), HISTORY_TEST(what_made_it_is_cut),
	  HISTORY_TEST(what_it_knows),
	  cmocka_unit_test_setup_teardown(paths, folder_open, folder_close))
