// SPDX-License-Identifier: BSD-3-Clause
// The tests loop over the table of policy keys, so they include new keys.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "tests/unit/kit.h"

static bool sets(enum policy_key k, const char *text, struct policy *p)
{
	char why[POLICY_ERROR] = "";
	struct policy before = *p;
	bool good = policy_set(p, k, text, why);

	if (!good) {
		CHECK(!strncmp(why, policy_rows[k].name, strlen(policy_rows[k].name)), "%s: %s",
		      policy_rows[k].name, why);
		CHECK(!memcmp(&before, p, sizeof *p), "%s refuses '%s', but changes the policy",
		      policy_rows[k].name, text);
	} else {
		CHECK(policy_has(p, k), "%s", policy_rows[k].name);
	}
	return good;
}

// Checks that the policy's text for a key is `wanted`, and that this text gives the same value.
static void check_text(enum policy_key k, const struct policy *p, const char *wanted)
{
	char *text = malloc(VLANS_TEXT);
	struct policy again = {0};

	policy_text(p, k, text);
	CHECK(!strcmp(text, wanted), "%s is '%s', not '%s'", policy_rows[k].name, text, wanted);
	assert_true(sets(k, text, &again));
	assert_int_equal(again.value[k], p->value[k]);
	free(text);
}

static void rows_are_complete(void **state)
{
	(void)state;
	assert_true(POLICY_KEYS <= 64); // bits of `set`
	for (int k = 0; k < POLICY_KEYS; k++) {
		const struct policy_row *r = &policy_rows[k];
		assert_non_null(r->name);
		assert_non_null(r->help);
		assert_int_equal(policy_find(r->name), k); // therefore the name is unique
		assert_true(r->type != POLICY_NUMBER ||
			    (r->min <= r->standard && r->standard <= r->max));
		assert_true(r->type != POLICY_CHOICE || r->words[r->standard]);
	}
	assert_int_equal(policy_find("no-such-key"), -1);
	assert_int_equal(policy_find(""), -1);
}

static void every_choice(void **state)
{
	(void)state;
	for (int k = 0; k < POLICY_KEYS; k++) {
		for (int w = 0; policy_rows[k].type == POLICY_CHOICE && policy_rows[k].words[w];
		     w++) {
			struct policy p = {0};
			assert_true(sets((enum policy_key)k, policy_rows[k].words[w], &p));
			assert_int_equal(p.value[k], w);
			check_text((enum policy_key)k, &p, policy_rows[k].words[w]);
		}
		struct policy p = {0};
		assert_false(sets((enum policy_key)k, "no-such-word", &p));
		assert_false(sets((enum policy_key)k, "", &p));
	}
}

static void every_number(void **state)
{
	(void)state;
	for (int k = 0; k < POLICY_KEYS; k++) {
		const struct policy_row *r = &policy_rows[k];
		struct policy p = {0};
		char text[32];
		if (r->type != POLICY_NUMBER)
			continue;
		snprintf(text, sizeof text, "%u", r->min);
		assert_true(sets((enum policy_key)k, text, &p));
		check_text((enum policy_key)k, &p, text);
		snprintf(text, sizeof text, "%u", r->max);
		assert_true(sets((enum policy_key)k, text, &p));
		check_text((enum policy_key)k, &p, text);
		snprintf(text, sizeof text, "%ju", (uintmax_t)r->max + 1);
		assert_false(sets((enum policy_key)k, text, &p));
		snprintf(text, sizeof text, "%jd", (intmax_t)r->min - 1);
		assert_false(sets((enum policy_key)k, text, &p));
		assert_false(sets((enum policy_key)k, "4294967296", &p));
	}
}

static void synonyms(void **state)
{
	static const char *const words[][2] = {{"on", "on"},   {"true", "on"},   {"yes", "on"},
					       {"off", "off"}, {"false", "off"}, {"no", "off"}};
	struct policy p = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		assert_true(sets(PK_MAC_LEARNING, words[i][0], &p));
		check_text(PK_MAC_LEARNING, &p, words[i][1]);
	}
	assert_true(sets(PK_MULTICAST_ROUTER, "yes", &p)); // auto, on or off
	check_text(PK_MULTICAST_ROUTER, &p, "on");
	assert_false(sets(PK_PROMISCUOUS, "on", &p)); // accept or reject
	assert_true(sets(PK_ALLOWED_VLANS, "20,10-12", &p));
	check_text(PK_ALLOWED_VLANS, &p, "10-12,20");
	assert_false(sets(PK_ALLOWED_VLANS, "0", &p));
}

// A key that is set on every combination of levels.
static void inheritance(void **state)
{
	static const char *const value[POLICY_LEVELS] = {"4096", "1", "2", "3"};

	(void)state;
	for (unsigned levels = 0; levels < 8; levels++) {
		struct policy p[POLICY_LEVELS] = {0}, result;
		struct policy_stack s = {{NULL, &p[LEVEL_SWITCH], &p[LEVEL_GROUP], &p[LEVEL_PORT]}};
		enum policy_level from[POLICY_KEYS], wanted = LEVEL_DEFAULT;
		for (int l = LEVEL_SWITCH; l < POLICY_LEVELS; l++)
			if (levels >> (l - 1) & 1) {
				assert_true(sets(PK_MAC_LIMIT, value[l], &p[l]));
				wanted = (enum policy_level)l;
			}
		policy_resolve(&s, &result, from);
		assert_int_equal(from[PK_MAC_LIMIT], wanted);
		check_text(PK_MAC_LIMIT, &result, value[wanted]);
		for (int k = 0; k < POLICY_KEYS; k++) {
			assert_true(policy_has(&result, (enum policy_key)k));
			assert_true(k == PK_MAC_LIMIT || from[k] == LEVEL_DEFAULT);
		}
	}
}

static void vlans_are_inherited_whole(void **state)
{
	struct policy sw = {0}, port = {0}, result;
	struct policy_stack s = {{NULL, &sw, NULL, &port}};
	enum policy_level from[POLICY_KEYS];

	(void)state;
	policy_resolve(&s, &result, NULL);
	check_text(PK_ALLOWED_VLANS, &result, "1-4094");
	assert_true(sets(PK_ALLOWED_VLANS, "1-10", &sw));
	assert_true(sets(PK_ALLOWED_VLANS, "20", &port));
	policy_resolve(&s, &result, from);
	check_text(PK_ALLOWED_VLANS, &result, "20");
	assert_int_equal(from[PK_ALLOWED_VLANS], LEVEL_PORT);
	policy_unset(&port, PK_ALLOWED_VLANS);
	policy_resolve(&s, &result, from);
	check_text(PK_ALLOWED_VLANS, &result, "1-10");
	assert_int_equal(from[PK_ALLOWED_VLANS], LEVEL_SWITCH);
}

// MACs and ranges of them, as they are written; the bits behind a range do not count.
static void lists_of_macs(void **state)
{
	static const char *const wrong[] = {
		"",
		"02:00:00:00:00",
		"01:00:5e:00:00:01",    // a group
		"00:00:00:00:00:00",    // nobody
		"02:00:00:00:00:01/49", // a MAC has 48 bits
		"02:00:00:00:00:01/0",  // would be everybody
		"02:00:00:00:00:01/",
		"02:00:00:00:00:01,",
		"none,02:00:00:00:00:01",
	};
	struct policy p = {0};
	char many[MACS_TEXT + 32] = "";

	(void)state;
	assert_true(sets(PK_ALLOWED_MACS, "0000.5e00.01ff/40, 02-00-00-00-00-A1", &p));
	check_text(PK_ALLOWED_MACS, &p, "00:00:5e:00:01:00/40,02:00:00:00:00:a1");
	assert_true(sets(PK_ALLOWED_MACS, "02:00:00:00:00:01/1", &p));
	check_text(PK_ALLOWED_MACS, &p, "00:00:00:00:00:00/1");
	assert_true(sets(PK_ALLOWED_MACS, "None", &p));
	check_text(PK_ALLOWED_MACS, &p, "none");
	for (size_t i = 0; i < COUNT(wrong); i++)
		CHECK(!sets(PK_ALLOWED_MACS, wrong[i], &p), "'%s'", wrong[i]);
	for (int i = 0; i < MACS_MAX; i++)
		strcat(many, i ? ",02:00:00:00:00:01/47" : "02:00:00:00:00:01/47");
	assert_true(sets(PK_ALLOWED_MACS, many, &p));
	strcat(many, ",02:00:00:00:00:01");
	assert_false(sets(PK_ALLOWED_MACS, many, &p));
}

// A key without one letter gets a suggestion.
static void typing_errors(void **state)
{
	(void)state;
	for (int k = 0; k < POLICY_KEYS; k++) {
		char typed[64], hint[TEXT_HINT], wanted[TEXT_HINT];
		snprintf(typed, sizeof typed, "%s", policy_rows[k].name);
		size_t middle = strlen(typed) / 2;
		memmove(typed + middle, typed + middle + 1, strlen(typed + middle));
		snprintf(wanted, sizeof wanted, " (did you mean '%s'?)", policy_rows[k].name);
		CHECK(!strcmp(policy_hint(hint, typed), wanted), "%s:%s", typed, hint);
	}
}

RUN_TESTS(TEST(rows_are_complete), TEST(every_choice), TEST(every_number), TEST(synonyms),
	  TEST(inheritance), TEST(vlans_are_inherited_whole), TEST(lists_of_macs),
	  TEST(typing_errors))
