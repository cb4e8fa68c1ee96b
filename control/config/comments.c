// SPDX-License-Identifier: BSD-3-Clause
// Finds comments. libyaml discards them, therefore this looks at the text between its tokens.
#include <string.h>
#include <yaml.h>

#include "control/config/config.h"

struct scan {
	yaml_parser_t y;
	const char *at; // the end of the last token
	size_t index;   // the same as a number of characters
	bool found;
};

// Advances to a character. Returns whether it passed a #. line: one after the first line end does
// not count.
static bool skip_to(struct scan *s, size_t index, bool line)
{
	bool mark = false, over = false;

	for (; s->index < index; s->index++) {
		over = over || (line && *s->at == '\n');
		mark = mark || (*s->at == '#' && !over);
		do
			s->at++;
		while ((*s->at & 0xc0) == 0x80); // the rest of a UTF-8 character
	}
	return mark;
}

// The first line of a text block, | or >, may end in a comment.
static bool is_block(const yaml_token_t *t)
{
	return t->type == YAML_SCALAR_TOKEN && (t->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
						t->data.scalar.style == YAML_FOLDED_SCALAR_STYLE);
}

// Scans the text before the next token, and the token. False: the scan is over.
static bool scan_token(struct scan *s)
{
	yaml_token_t t;

	if (!yaml_parser_scan(&s->y, &t)) {
		s->found = true;
		return false;
	}
	bool foreign = t.type == YAML_STREAM_START_TOKEN &&
		       t.data.stream_start.encoding != YAML_UTF8_ENCODING;
	s->found = foreign || skip_to(s, t.start_mark.index, false) ||
		   (skip_to(s, t.end_mark.index, true) && is_block(&t));
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
	while (scan_token(&s)) {
	}
	yaml_parser_delete(&s.y);
	return s.found;
}
