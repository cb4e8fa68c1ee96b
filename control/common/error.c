// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "control/common/text.h"

static void fill(struct error *e, struct mark at, const char *format, va_list args)
{
	e->at = at;
	e->code = 0;
	vsnprintf(e->text, sizeof e->text, format, args);
	text_clean(e->text);
}

bool error_at(struct error *e, struct mark at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(e, at, format, args);
	va_end(args);
	return false;
}

bool error_set(struct error *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(e, (struct mark){0}, format, args);
	va_end(args);
	return false;
}

bool error_no_memory(struct error *e)
{
	return error_set(e, "out of memory");
}
