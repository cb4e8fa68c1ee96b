// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "complain.h"

#include <errno.h>
#include <stdarg.h>

void complain(const char *format, ...)
{
	char line[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	text_clean(line);
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, line);
}

void complain_config(const char *path, const struct config_error *e)
{
	if (e->at.line)
		fprintf(stderr, "%s:%u:%u: %s\n", path, e->at.line, e->at.column, e->text);
	else
		fprintf(stderr, "%s: %s\n", path, e->text);
}

void complain_warning(void *path, const struct config_error *e)
{
	complain_config(path, e);
}
