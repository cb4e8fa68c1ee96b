// SPDX-License-Identifier: BSD-3-Clause
// The part of config that looks for comments. libyaml throws them away: what is looked at is what
// lies between its tokens.
#include <string.h>
#include <yaml.h>

#include "control/config/config.h"

struct scan {
	yaml_parser_t y;
	const char *at; // where the last token that was looked at ends,
	size_t index;   // in characters
	bool found;
};

// Moves on to the character with this number; whether a # was passed on the way, up to the end of
// the line if `line`.
static bool pass(struct scan *s, size_t index, bool line)
{
	bool mark = false, over = false;

	for (; s->index < index; s->index++) {
		over = over || (line && *s->at == '\n');
		mark = mark || (*s->at == '#' && !over);
		do
			s->at++;
		while ((*s->at & 0xc0) == 0x80); // UTF-8 goes on
	}
	return mark;
}

// The first line of a text block, | or >, may end in a comment.
static bool is_block(const yaml_token_t *t)
{
	return t->type == YAML_SCALAR_TOKEN && (t->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
						t->data.scalar.style == YAML_FOLDED_SCALAR_STYLE);
}

// Looks at what stands before a token, and at the token. False: there are no more.
static bool look(struct scan *s)
{
	yaml_token_t t;

	if (!yaml_parser_scan(&s->y, &t)) {
		s->found = true;
		return false;
	}
	bool foreign = t.type == YAML_STREAM_START_TOKEN &&
		       t.data.stream_start.encoding != YAML_UTF8_ENCODING;
	s->found = foreign || pass(s, t.start_mark.index, false) ||
		   (pass(s, t.end_mark.index, true) && is_block(&t));
	bool more = t.type != YAML_STREAM_END_TOKEN && !s->found;
	yaml_token_delete(&t);
	return more;
}

bool config_has_comments(const char *text, size_t len)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct scan s = {.at = strncmp(text, byte_order_mark, 3) ? text : text + 3};

	if (!yaml_parser_initialize(&s.y))
		return true;
	yaml_parser_set_input_string(&s.y, (const unsigned char *)text, len);
	while (look(&s)) {
	}
	yaml_parser_delete(&s.y);
	return s.found;
}
