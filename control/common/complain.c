// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/common/complain.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#include "control/common/error.h"
#include "control/common/text.h"

bool complain(const char *format, ...)
{
	char line[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	text_clean(line);
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, line);
	return false;
}

static const char *option_name(void *longs, size_t i)
{
	return ((const struct option *)longs)[i].name;
}

static bool has_letter(const struct option *o, int letter)
{
	for (; o->name; o++)
		if (o->val == letter)
			return true;
	return false;
}

bool complain_option(int refused, const char *word, const struct option *longs, const char *help)
{
	char name[64], letter[] = {'-', (char)optopt, 0};

	// In a cluster such as -xy, `word` may still be the word before it.
	if (refused == '?' && optopt && !has_letter(longs, optopt))
		word = letter;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
	const char *near = strncmp(name, "--", 2)
				   ? NULL
				   : text_nearest(name + 2, option_name, (void *)(uintptr_t)longs);
	if (refused == ':')
		return complain("option '%s' needs a value (see %s)", word, help);
	if (near)
		return complain("unknown option '%s' (did you mean '--%s'?)", word, near);
	return complain("unknown option '%s' (see %s)", word, help);
}

void complain_error(const char *path, const struct error *e)
{
	if (e->at.line)
		fprintf(stderr, "%s:%u:%u: %s\n", path, e->at.line, e->at.column, e->text);
	else
		fprintf(stderr, "%s: %s\n", path, e->text);
}

void complain_warning(void *path, const struct error *e)
{
	complain_error(path, e);
}
