// SPDX-License-Identifier: BSD-3-Clause
// Turns the words after a command into the parameters of its method.
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/cli/commands.h"
#include "control/common/complain.h"
#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "control/common/view.h"

#define SECONDS_MIN 0.1
enum { SECONDS_MAX = 86400 };

struct parse {
	const struct command *c;
	char *const *word; // the next one
	json_t *params;
	const char *name; // the word that was taken for an optional argument
};

static bool usage_error(const struct command *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool usage_error(const struct command *c, const char *format, ...)
{
	char what[512], usage[COMMAND_USAGE];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	complain("%s (usage: nestctl %s)", what, command_usage(c, usage));
	return false;
}

static bool check_choice(const struct argument *a, const char *word)
{
	char hint[TEXT_HINT];

	for (size_t i = 0; a->words[i]; i++)
		if (!strcmp(a->words[i], word))
			return true;
	complain("%s cannot be '%s'%s", a->form == ARG_LIST ? "TYPE" : a->name, word,
		 text_hint_of(hint, word, a->words));
	return false;
}

const char *command_column(const struct command *c, size_t i)
{
	for (const struct argument *a = c->args; a && a->name; a++)
		if (a->form == ARG_COLUMNS)
			return view_member(c->view, i);
	return NULL;
}

static const char *column_name(void *command, size_t i)
{
	return command_column(command, i);
}

static bool is_column(const struct command *c, const char *word)
{
	for (size_t i = 0; command_column(c, i); i++)
		if (!strcmp(command_column(c, i), word))
			return true;
	return false;
}

static bool check_column(const struct command *c, const char *word)
{
	char hint[TEXT_HINT];

	if (is_column(c, word))
		return true;
	complain("unknown column '%s'%s", word,
		 text_hint(hint, word, column_name, (void *)(uintptr_t)c, NULL));
	return false;
}

static json_t *seconds_of(const struct argument *a, const char *word)
{
	char *end;
	double s = strtod(word, &end);

	if (end != word && !*end && s >= SECONDS_MIN && s <= SECONDS_MAX)
		return json_real(s);
	complain("%s cannot be '%s' (seconds, %g to %d)", a->name, word, SECONDS_MIN, SECONDS_MAX);
	return NULL;
}

// Loads a file into parameter `text`. A text has no zero bytes.
static bool load_file(json_t *params, const char *path)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "r") : stdin;
	char *text = f ? malloc(CONFIG_FILE_MAX) : NULL;
	size_t n = text ? fread(text, 1, CONFIG_FILE_MAX, f) : 0;
	bool good = text && !ferror(f) && n < CONFIG_FILE_MAX && !memchr(text, 0, n);
	json_t *string = good ? json_stringn(text, n) : NULL;

	if (!string)
		complain("%s: %s", path, f ? "not a text file of at most 16 MiB" : strerror(errno));
	else
		json_object_set_new(params, "text", string);
	if (f && f != stdin)
		fclose(f);
	free(text);
	return string;
}

static json_t *plain_text(const char *word)
{
	json_t *text = json_string(word);

	if (!text)
		complain("'%s' is not valid UTF-8", word);
	return text;
}

static json_t *path_value(const char *path)
{
	bool as_it_is = *path == '/' || !strcmp(path, "-");
	char *here = as_it_is ? NULL : getcwd(NULL, 0), *whole = NULL;

	if (as_it_is || (here && asprintf(&whole, "%s/%s", here, path) < 0))
		whole = strdup(path);
	if (!whole)
		complain("%s: cannot determine the current folder: %s", path, strerror(errno));
	json_t *text = whole ? plain_text(whole) : NULL;
	free(here);
	free(whole);
	return text;
}

// The value of a word, NULL after printing an error.
static json_t *parse_word(struct parse *p, const struct argument *a, const char *word)
{
	uint64_t number;

	switch (a->kind) {
	case KIND_NUMBER:
		if (text_number(word, UINT32_MAX, &number))
			return json_integer((json_int_t)number);
		complain("%s cannot be '%s' (a number%s%s)", a->name, word, a->unit ? " of " : "",
			 a->unit ? a->unit : "");
		return NULL;
	case KIND_SECONDS:
		return seconds_of(a, word);
	case KIND_COLUMN:
		return check_column(p->c, word + (*word == '-')) ? json_string(word) : NULL;
	case KIND_CHOICE:
		return check_choice(a, word) ? json_string(word) : NULL;
	case KIND_FILE:
		return load_file(p->params, word) ? plain_text(word) : NULL;
	case KIND_PATH:
		return path_value(word);
	default:
		return plain_text(word);
	}
}

static bool set_once(struct parse *p, json_t *object, const char *name, json_t *value)
{
	if (value && json_object_get(object, name)) {
		json_decref(value);
		return usage_error(p->c, "'%s' is set twice", name);
	}
	return value && !json_object_set_new(object, name, value);
}

const struct argument *command_keyword(const struct command *c, const char *word)
{
	for (const struct argument *a = c->args; a && a->name; a++)
		if (argument_is_keyword(a) && !strcmp(a->name, word))
			return a;
	return NULL;
}

bool command_begins_pair(const struct command *c, char *const *words)
{
	return command_keyword(c, *words) || (is_column(c, *words) && words[1]);
}

const struct argument *command_bare(const struct command *c)
{
	for (const struct argument *a = c->args; a && a->name; a++)
		if (a->bare)
			return a;
	return NULL;
}

// Whether a word is one of those that the rest of a command consists of.
static bool is_choice(const struct command *c, const char *word)
{
	const struct argument *a = c->args;

	while (a && a->name && a->form != ARG_LIST)
		a++;
	for (size_t i = 0; a && a->words && a->words[i]; i++)
		if (!strcmp(a->words[i], word))
			return true;
	return false;
}

// Whether the next word may belong to an optional argument.
static bool is_meant(const struct parse *p, const struct argument *a)
{
	uint64_t number;

	return !command_begins_pair(p->c, p->word) &&
	       (a->kind != KIND_NUMBER || text_number(*p->word, UINT32_MAX, &number));
}

static bool take_values(struct parse *p, const struct argument *a);

// Takes the first words as the values of the argument that needs no keyword, if there is one and
// they are not meant otherwise.
static bool take_bare(struct parse *p)
{
	const struct argument *a = command_bare(p->c);

	if (!a || !*p->word || command_begins_pair(p->c, p->word) || is_choice(p->c, *p->word))
		return true;
	p->name = *p->word;
	return a->repeated ? take_values(p, a)
			   : set_once(p, p->params, a->name, parse_word(p, a, *p->word++));
}

static bool take_words(struct parse *p)
{
	for (const struct argument *a = p->c->args; a && a->form == ARG_WORD; a++) {
		if (!*p->word || (a->optional && !is_meant(p, a)))
			return a->optional || usage_error(p->c, "%s is missing", a->value);
		p->name = a->optional ? *p->word : NULL;
		if (!set_once(p, p->params, a->name, parse_word(p, a, *p->word++)))
			return false;
	}
	return take_bare(p);
}

// Takes all words up to the next keyword, at least one.
static bool take_values(struct parse *p, const struct argument *a)
{
	json_t *all = json_object_get(p->params, a->name);

	do {
		json_t *value = parse_word(p, a, *p->word++);
		if (!value)
			return false;
		json_array_append_new(all, value);
	} while (*p->word && !command_keyword(p->c, *p->word));
	return true;
}

static bool take_keyword(struct parse *p, const struct argument *a)
{
	const char *keyword = *p->word++;
	json_t *into = a->form == ARG_SETTING ? json_object_get(p->params, "set") : p->params;

	if (a->form == ARG_FLAG)
		return set_once(p, into, a->name, json_true());
	if (!*p->word)
		return usage_error(p->c, "'%s' needs a value", keyword);
	return a->repeated ? take_values(p, a)
			   : set_once(p, into, a->name, parse_word(p, a, *p->word++));
}

// The i-th key of an argument: its settings, then the policy keys.
static const char *key_name(void *arg, size_t i)
{
	const struct argument *a = arg, *s = a->settings;

	for (; s && s->name && i; i--)
		s++;
	return s && s->name ? s->name : i < POLICY_KEYS ? policy_rows[i].name : NULL;
}

// Checks a key, and its value if there is one. The switch checks the rest.
static bool check_key(const struct argument *a, const char *key, const char *value)
{
	struct policy scratch = {0};
	char why[POLICY_ERROR], hint[TEXT_HINT];
	int k = policy_find(key);

	for (const struct argument *s = a->settings; s && s->name; s++)
		if (!strcmp(key, s->name))
			return true;
	if (k < 0)
		complain("unknown key '%s'%s", key,
			 text_hint(hint, key, key_name, (void *)(uintptr_t)a,
				   "see nestswitch help policy"));
	else if (!value || policy_set(&scratch, (enum policy_key)k, value, why))
		return true;
	else
		complain("%s", why);
	return false;
}

static bool take_pair(struct parse *p, const struct argument *a)
{
	const char *key = *p->word++;

	if (!*p->word)
		return usage_error(p->c, "'%s' needs a value", key);
	return check_key(a, key, *p->word) &&
	       set_once(p, json_object_get(p->params, "set"), key, plain_text(*p->word++));
}

static bool take_element(struct parse *p, const struct argument *a)
{
	json_t *value = a->form == ARG_KEYS && !check_key(a, *p->word, NULL)
				? NULL
				: parse_word(p, a, *p->word++);

	return value && !json_array_append_new(json_object_get(p->params, a->name), value);
}

static const char *keyword_name(void *command, size_t i)
{
	const struct argument *a = ((const struct command *)command)->args;

	for (; a && a->name; a++)
		if (argument_is_keyword(a) && !i--)
			return a->name;
	return NULL;
}

// The i-th keyword or column.
static const char *known_word(void *command, size_t i)
{
	size_t keywords = 0;

	while (keyword_name(command, keywords))
		keywords++;
	return i < keywords ? keyword_name(command, i) : column_name(command, i - keywords);
}

// The known word that is most similar. Only the first word can be a verb.
static const char *near_word(const struct command *c, const char *word, bool first)
{
	const char *near = text_nearest(word, known_word, (void *)(uintptr_t)c);

	return near || !first ? near : command_nearest_verb(c, word);
}

void command_meant(const struct command *c, char *const *words, int used, char *out, size_t size)
{
	const char *word = words[used];
	const char *verb = word && used == 1 ? command_nearest_verb(c, word) : NULL;
	bool bare = word && command_bare(c) && !command_begins_pair(c, words + used) &&
		    !is_choice(c, word);
	const char *near = bare && !verb ? near_word(c, word, false) : NULL;

	snprintf(out, size, "%s%s%s", verb ? c->group : "", verb ? " " : "",
		 verb   ? verb
		 : near ? near
			: "");
}

static bool unexpected(struct parse *p, bool first)
{
	const char *word = *p->word, *near = near_word(p->c, word, first);

	if (!near && first && p->name) {
		word = p->name;
		near = near_word(p->c, word, true);
	}
	if (!near && first && p->name)
		return usage_error(p->c, "unexpected word '%s' behind '%s'", *p->word, p->name);
	if (!near)
		return usage_error(p->c, "unexpected word '%s'", *p->word);
	complain("unknown word '%s' (did you mean '%s'?)", word, near);
	return false;
}

static bool take_column(struct parse *p, bool first)
{
	const char *column = *p->word;

	if (!is_column(p->c, column))
		return unexpected(p, first);
	p->word++;
	if (!*p->word)
		return usage_error(p->c, "'%s' needs a value", column);
	return set_once(p, json_object_get(p->params, "where"), column, plain_text(*p->word++));
}

// Takes a word, or pair, for the last argument.
static bool take_one(struct parse *p, const struct argument *rest, bool first)
{
	switch (rest->form) {
	case ARG_PAIRS:
		return take_pair(p, rest);
	case ARG_COLUMNS:
		return take_column(p, first);
	default:
		return take_element(p, rest);
	}
}

static bool take_rest(struct parse *p)
{
	char *const *start = p->word;
	const struct argument *rest = p->c->args;

	while (rest && rest->name && rest->form < ARG_LIST)
		rest++;
	while (*p->word) {
		const struct argument *a = command_keyword(p->c, *p->word);
		if (!a && !(rest && rest->name))
			return unexpected(p, p->word == start);
		if (!(a ? take_keyword(p, a) : take_one(p, rest, p->word == start)))
			return false;
	}
	return true;
}

// Creates the objects and arrays that collect words.
static void create_collections(struct parse *p)
{
	for (const struct argument *a = p->c->args; a && a->name; a++)
		if (a->form == ARG_SETTING || a->form == ARG_PAIRS)
			json_object_set_new(p->params, "set", json_object());
		else if (a->form == ARG_COLUMNS)
			json_object_set_new(p->params, a->name, json_object());
		else if (a->repeated || a->form == ARG_LIST || a->form == ARG_KEYS)
			json_object_set_new(p->params, a->name, json_array());
}

static bool is_there(const json_t *params, const struct argument *a)
{
	const json_t *in = a->form == ARG_SETTING ? json_object_get(params, "set") : params;
	const json_t *v = json_object_get(in, a->name);

	return json_array_size(v) || json_object_size(v) || json_is_string(v) ||
	       json_is_integer(v) || json_is_true(v);
}

static bool is_whole(struct parse *p)
{
	for (const struct argument *a = p->c->args; a && a->name; a++)
		if (!a->optional && !is_there(p->params, a))
			return a->form >= ARG_LIST ? usage_error(p->c, "a key is missing")
						   : usage_error(p->c, "'%s' is missing", a->name);
	return true;
}

json_t *command_params(const struct command *c, char *const *words)
{
	struct parse p = {.c = c, .word = words, .params = json_object()};

	create_collections(&p);
	if (take_words(&p) && take_rest(&p) && is_whole(&p))
		return p.params;
	json_decref(p.params);
	return NULL;
}
