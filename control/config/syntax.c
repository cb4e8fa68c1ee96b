// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/syntax.h"

#include <string.h>

#include "control/common/error.h"

enum { SYNTAX_WORD = 40 };

// An error of libyaml, and the text that it read.
struct fault {
	const yaml_parser_t *y;
	const char *text, *end;
	struct error *e;
};

// A line of the text, without its end.
struct line {
	const char *text;
	size_t len;
	size_t indent; // bytes of blanks at its beginning
};

static struct mark place_of(const yaml_mark_t *m)
{
	return (struct mark){(unsigned)m->line + 1, (unsigned)m->column + 1};
}

// Where libyaml noticed the fault.
static const yaml_mark_t *noticed_at(const struct fault *f)
{
	const yaml_mark_t *m = &f->y->problem_mark;

	return m->line || m->column ? m : &f->y->mark;
}

// The bytes of a line break, 0 if there is none. libyaml counts all those of YAML 1.1 (4.2).
static size_t break_length(const char *at, const char *end)
{
	static const char *const breaks[] = {"\r\n",     "\r",           "\n",
					     "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};

	for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
		size_t n = strlen(breaks[i]);
		if (n <= (size_t)(end - at) && !memcmp(at, breaks[i], n))
			return n;
	}
	return 0;
}

static const char *line_end(const char *at, const char *end)
{
	while (at < end && !break_length(at, end))
		at++;
	return at;
}

// The line with this number, from 0. Empty: there is none.
static struct line find_line(const struct fault *f, size_t number)
{
	const char *at = f->text;

	for (; number; number--) {
		const char *end = line_end(at, f->end);
		if (end == f->end)
			return (struct line){"", 0, 0};
		at = end + break_length(end, f->end);
	}
	struct line l = {at, (size_t)(line_end(at, f->end) - at), 0};
	while (l.indent < l.len && l.text[l.indent] == ' ')
		l.indent++;
	return l;
}

// Whether a line begins with blanks and a TAB.
static bool has_tab(const struct line *l)
{
	return l->indent < l->len && l->text[l->indent] == '\t';
}

// A TAB in the indentation confuses libyaml there or in the next line.
static bool explain_tab(const struct fault *f)
{
	size_t number = noticed_at(f)->line;

	for (size_t back = 0; back < 2 && back <= number; back++) {
		struct line l = find_line(f, number - back);
		if (!has_tab(&l))
			continue;
		error_at(f->e, (struct mark){(unsigned)(number - back) + 1, (unsigned)l.indent + 1},
			 "a TAB in the indentation (indent with blanks)");
		return true;
	}
	return false;
}

// The key at the beginning of a line, after its '-'.
static void copy_key(const struct line *l, char out[SYNTAX_WORD])
{
	size_t at = l->indent, n = 0;

	while (at < l->len && (l->text[at] == '-' || l->text[at] == ' '))
		at++;
	while (at + n < l->len && n < SYNTAX_WORD - 1 && l->text[at + n] != ':')
		n++;
	memcpy(out, l->text + at, n);
	out[n] = 0;
}

// Whether a line has a ':' without a blank behind it.
static bool lacks_blank(const struct line *l)
{
	const char *colon = memchr(l->text, ':', l->len);

	return colon && colon + 1 < l->text + l->len && colon[1] != ' ';
}

static bool is_character(const struct fault *f)
{
	struct line l = find_line(f, noticed_at(f)->line);
	size_t column = noticed_at(f)->column;

	return error_at(f->e, place_of(noticed_at(f)),
			"a value cannot begin with '%c' (put the value in quotes)",
			column < l.len ? l.text[column] : '?');
}

// A ':' after which no value is allowed: either the second one of its line, or the line is indented
// more than the value before it allows.
static bool is_colon(const struct fault *f)
{
	const yaml_mark_t *m = noticed_at(f);
	struct line l = find_line(f, m->line), before = find_line(f, m->line ? m->line - 1 : 0);
	char key[SYNTAX_WORD], former[SYNTAX_WORD];
	const char *first = memchr(l.text, ':', l.len);
	size_t column = m->column < l.len ? m->column : l.len;
	bool second = first && first + 1 < l.text + column && first[1] == ' ';

	if (second)
		return error_at(f->e, place_of(m),
				"a second ': ' in one line (put a value with ': ' in quotes, or "
				"begin a new line)");
	copy_key(&l, key);
	copy_key(&before, former);
	if (lacks_blank(&before))
		return error_at(f->e, (struct mark){(unsigned)m->line, (unsigned)before.indent + 1},
				"no blank follows the ':' behind '%s' (KEY: VALUE)", former);
	return error_at(
		f->e, (struct mark){(unsigned)m->line + 1, (unsigned)l.indent + 1},
		"'%s' is indented more than '%s' in the line before, which has a value already "
		"(begin the keys of one mapping in the same column)",
		key, former);
}

static bool is_no_pair(const struct fault *f)
{
	struct line l = find_line(f, f->y->context_mark.line);
	char key[SYNTAX_WORD];

	copy_key(&l, key);
	return error_at(f->e, place_of(&f->y->context_mark),
			"'%s' has no value (a blank follows the ':' of KEY: VALUE)", key);
}

// A line whose indentation fits neither its mapping nor one around it.
static bool is_indent(const struct fault *f)
{
	const yaml_mark_t *m = noticed_at(f), *began = &f->y->context_mark;
	struct line l = find_line(f, m->line);
	char key[SYNTAX_WORD];

	if (l.indent < l.len && l.text[l.indent] == '-')
		return error_at(f->e, place_of(m),
				"this '-' begins in column %zu, where no list has its items (begin "
				"all items of a list in the same column)",
				m->column + 1);
	copy_key(&l, key);
	return error_at(
		f->e, place_of(m),
		"'%s' begins in column %zu, but the keys of the mapping of line %zu begin in column "
		"%zu (begin the keys of one mapping in the same column)",
		key, m->column + 1, began->line + 1, began->column + 1);
}

static bool is_item(const struct fault *f)
{
	const yaml_mark_t *m = noticed_at(f), *began = &f->y->context_mark;

	return error_at(
		f->e, place_of(m),
		"no '-' in column %zu, where the items of the list of line %zu begin (begin "
		"all items in the same column, and what belongs to an item behind its '-')",
		began->column + 1, began->line + 1);
}

static bool is_document(const struct fault *f)
{
	return error_at(f->e, place_of(noticed_at(f)),
			"this line is indented less than the first key of the file (begin all "
			"sections in the same column)");
}

// A bracket that is not closed where it has to be.
static bool is_bracket(const struct fault *f)
{
	const yaml_mark_t *m = noticed_at(f), *began = &f->y->context_mark;
	struct line l = find_line(f, began->line);
	char open = began->column < l.len ? l.text[began->column] : '{';

	return error_at(f->e, place_of(m),
			"the '%c' of line %zu is not closed before this (a ',' or '%c' is missing)",
			open, began->line + 1, open == '[' ? ']' : '}');
}

static bool is_quote(const struct fault *f)
{
	return error_at(f->e, place_of(&f->y->context_mark),
			"this quote is not closed (end the value with the same quote)");
}

static bool is_item_behind_key(const struct fault *f)
{
	return error_at(f->e, place_of(noticed_at(f)),
			"an item of a list behind a key (begin the list in the next line)");
}

static bool is_reference(const struct fault *f)
{
	const yaml_mark_t *m = f->y->context_mark.line || f->y->context_mark.column
				       ? &f->y->context_mark
				       : noticed_at(f);

	return error_at(f->e, place_of(m),
			"a value that begins with '*' or '&' refers to another one (put it in "
			"quotes)");
}

// Bytes that are no text. libyaml knows only their offset.
static bool is_no_text(const struct fault *f)
{
	struct mark at = {1, 1};
	const char *bad = f->text + f->y->problem_offset;

	for (const char *c = f->text; c < bad && c < f->end; c++) {
		at.column++;
		if (*c == '\n')
			at = (struct mark){at.line + 1, 1};
	}
	return error_at(f->e, at, "a byte that is no text (save the file as UTF-8)");
}

// Parts of libyaml's messages, and what they come from: a text, or a function that says it.
static const struct {
	const char *problem;
	bool (*explain)(const struct fault *f);
	const char *text;
} explanations[] = {
	{"cannot start any token", is_character, NULL},
	{"mapping values are not allowed", is_colon, NULL},
	{"could not find expected ':'", is_no_pair, NULL},
	{"did not find expected key", is_indent, NULL},
	{"did not find expected '-'", is_item, NULL},
	{"did not find expected <document start>", is_document, NULL},
	{"did not find expected ',' or", is_bracket, NULL},
	{"found unexpected end of stream", is_quote, NULL},
	{"block sequence entries are not allowed", is_item_behind_key, NULL},
	{"did not find expected node content", NULL,
	 "a value is missing before this (give one, or remove the ',')"},
	{"found undefined alias", is_reference, NULL},
	{"did not find expected alphabetic", is_reference, NULL},
	{"found unknown escape", NULL, "an unknown escape in double quotes (use single quotes)"},
	{"expected comment or line break", NULL,
	 "a text behind '|' or '>' begins in the next line (put a value that begins with them in quotes)"},
	{"found unexpected ':'", NULL,
	 "a ':' that ends the value (put a value with ':' in quotes)"},
	{"mapping keys are not allowed", NULL,
	 "a '?' begins a key here (put a value that begins with '?' in quotes)"},
	{"incompatible YAML document", NULL,
	 "the file is of another version of YAML (remove the line %YAML)"},
	{"UTF-8", is_no_text, NULL},
	{"control characters", is_no_text, NULL},
};

bool syntax_explain(const yaml_parser_t *y, const char *text, size_t len, struct error *e)
{
	const struct fault f = {y, text, text + len, e};

	if (!y->problem)
		return error_set(e, "out of memory");
	if (explain_tab(&f))
		return false;
	for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++)
		if (strstr(y->problem, explanations[i].problem))
			return explanations[i].explain ? explanations[i].explain(&f)
						       : error_at(e, place_of(noticed_at(&f)), "%s",
								  explanations[i].text);
	return error_at(e, place_of(noticed_at(&f)), "%s%s%s (see the rules of YAML 1.1)",
			y->problem, y->context ? " " : "", y->context ? y->context : "");
}
