// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/complete.h"

#include <string.h>

#include "control/common/policykeys.h"

struct place {
	const struct completion *to;
	char *const *word; // the next word to follow
	const char *begun;
	const struct command *c;
	json_t *offered;              // object; its members are the words so far
	const struct argument *taken; // whose value stood first without its keyword; NULL: none
};

// Offers a word once: a port can have the name of a column.
static void offer_word(const struct place *p, const char *word, const char *help)
{
	if (strncmp(word, p->begun, strlen(p->begun)) || json_object_get(p->offered, word))
		return;
	json_object_set_new(p->offered, word, json_true());
	p->to->offer(p->to->arg, word, help);
}

// Whether this word stands between `first` and the current word.
static bool is_used(const struct place *p, const char *word, char *const *first)
{
	for (; first < p->word; first++)
		if (!strcmp(*first, word))
			return true;
	return false;
}

static void tell_options(const struct place *p)
{
	char dashed[64];

	for (const struct command_option *o = command_options; o->name; o++) {
		snprintf(dashed, sizeof dashed, "--%s", o->name);
		offer_word(p, dashed, o->help);
	}
}

void complete_option(const struct completion *to, const struct command_option *o, const char *begun)
{
	struct place p = {.to = to, .begun = begun};

	for (size_t i = 0; o->words && o->words[i]; i++)
		offer_word(&p, o->words[i], o->help);
	if (!o->words)
		to->expect(to->arg, KIND_PATH, o->value, o->help);
}

static void tell_groups(const struct place *p)
{
	const char *last = "";

	for (const struct command *c = commands; c->group; c++) {
		if (strcmp(c->group, last))
			offer_word(p, c->group, c->help);
		last = c->group;
	}
	offer_word(p, "help", "show this help, or the help of one command");
}

static void tell_verbs(const struct place *p)
{
	for (const struct command *c = commands; c->group && !command_is_alone(p->c); c++)
		if (!strcmp(c->group, p->c->group))
			offer_word(p, c->verb, c->help);
}

// Offers columns for `sort`; with a '-' in front if the user typed one.
static void tell_columns(const struct place *p, const struct argument *a)
{
	const char *column;
	char word[64];

	for (size_t i = 0; (column = command_column(p->c, i)); i++) {
		snprintf(word, sizeof word, "%s%s", *p->begun == '-' ? "-" : "", column);
		offer_word(p, word, a->help);
	}
}

// Offers columns to select rows by, but only after the user typed a letter, because there are many.
static void tell_filters(const struct place *p, const struct argument *a)
{
	const char *column;

	if (!*p->begun)
		p->to->expect(p->to->arg, KIND_TEXT, a->value, a->help);
	for (size_t i = 0; *p->begun && (column = command_column(p->c, i)); i++)
		if (!command_keyword(p->c, column))
			offer_word(p, column, a->help);
}

static void tell_value(const struct place *p, const struct argument *a)
{
	json_t *names = p->to->names(p->to->names_arg, a->kind), *name;
	size_t i;

	json_array_foreach(names, i, name)
		offer_word(p, json_string_value(name), a->help);
	for (i = 0; a->words && a->words[i]; i++)
		offer_word(p, a->words[i], a->help);
	if (a->kind == KIND_COLUMN)
		tell_columns(p, a);
	else if (a->kind == KIND_MAC || a->kind == KIND_VLAN ||
		 (!json_array_size(names) && !a->words))
		p->to->expect(p->to->arg, a->kind, a->value, a->help);
	json_decref(names);
}

static void tell_keys(const struct place *p, const struct argument *a, char *const *first)
{
	for (const struct argument *s = a->settings; s && s->name; s++)
		if (!is_used(p, s->name, first) && !command_keyword(p->c, s->name))
			offer_word(p, s->name, s->help);
	for (int k = 0; k < POLICY_KEYS; k++)
		if (!is_used(p, policy_rows[k].name, first))
			offer_word(p, policy_rows[k].name, policy_rows[k].help);
}

static void tell_key_values(const struct place *p, const struct argument *a, const char *key)
{
	const struct policy_row *r;
	char values[POLICY_ERROR];
	int k = policy_find(key);

	for (const struct argument *s = a->settings; s && s->name; s++)
		if (!strcmp(s->name, key))
			tell_value(p, s);
	if (k < 0)
		return;
	r = &policy_rows[k];
	policy_describe((enum policy_key)k, values, sizeof values);
	for (uint32_t i = 0; r->words && r->words[i]; i++)
		offer_word(p, r->words[i], i == r->standard ? "default" : "");
	if (!r->words)
		p->to->expect(p->to->arg, KIND_TEXT, values, r->help);
}

// Offers the words that may follow the last one.
static void tell_next(const struct place *p, const struct argument *rest, char *const *first)
{
	for (const struct argument *a = p->c->args; a && a->name; a++)
		if (argument_is_keyword(a) && a != p->taken && !is_used(p, a->name, first))
			offer_word(p, a->name, a->help);
	if (rest->form == ARG_LIST)
		tell_value(p, rest);
	else if (rest->form == ARG_COLUMNS)
		tell_filters(p, rest);
	else if (rest->form)
		tell_keys(p, rest, first);
}

// Follows a keyword and its values. True: the last word can only be one of these values.
static bool follow_keyword(struct place *p, const struct argument *a)
{
	p->word++;
	if (a->form == ARG_FLAG)
		return false;
	if (!*p->word) {
		tell_value(p, a);
		return true;
	}
	do
		p->word++;
	while (a->repeated && *p->word && !command_keyword(p->c, *p->word));
	if (a->repeated && !*p->word)
		tell_value(p, a);
	return false;
}

static bool follow_rest(struct place *p, const struct argument *rest)
{
	const char *word = *p->word;

	p->word++;
	if (rest->form != ARG_PAIRS && rest->form != ARG_COLUMNS)
		return false;
	if (*p->word) {
		p->word++;
		return false;
	}
	if (rest->form == ARG_COLUMNS)
		p->to->expect(p->to->arg, KIND_TEXT, "VALUE", rest->help);
	else
		tell_key_values(p, rest, word);
	return true;
}

// Follows the values that need no keyword. True: the last word can only be one of these values.
static bool follow_bare(struct place *p)
{
	const struct argument *a = command_bare(p->c);

	if (a && !*p->word)
		tell_value(p, a);
	if (!a || !*p->word || command_begins_pair(p->c, p->word))
		return false;
	p->taken = a;
	p->word--; // where the keyword would be
	return follow_keyword(p, a);
}

static void follow_arguments(struct place *p)
{
	static const struct argument none = {0};
	const struct argument *a = p->c->args ? p->c->args : &none;

	for (; a->form == ARG_WORD; a++)
		if (!*p->word) {
			tell_value(p, a);
			if (!a->optional)
				return;
		} else if (!a->optional || !command_begins_pair(p->c, p->word)) {
			p->word++;
		}
	if (follow_bare(p))
		return;
	while (a->name && a->form < ARG_LIST)
		a++;
	for (char *const *first = p->word;;) {
		const struct argument *keyword = *p->word ? command_keyword(p->c, *p->word) : NULL;
		if (!*p->word)
			return tell_next(p, a, first);
		if ((!keyword && !a->name) ||
		    (keyword ? follow_keyword(p, keyword) : follow_rest(p, a)))
			return;
	}
}

// Whether the last word is the one that a column follows.
static bool is_column_wanted(char *const *words)
{
	const char *last = "";

	for (; *words; words++)
		last = *words;
	return !strcmp(last, COMMAND_SORT);
}

static void follow_command(struct place *p)
{
	int used;

	if (*p->word && !strcmp(*p->word, "help"))
		p->word++;
	if (!*p->word)
		return tell_groups(p);
	if (!(p->c = command_find(p->word, &used)))
		return;
	p->word += used;
	if (used == 1 && !*p->word)
		tell_verbs(p);
	follow_arguments(p);
}

void complete_command(const struct completion *to, char *const *words, const char *begun)
{
	struct place p = {.to = to, .word = words, .begun = begun, .offered = json_object()};

	if (*begun == '-' && !is_column_wanted(words))
		tell_options(&p);
	else
		follow_command(&p);
	json_decref(p.offered);
}
