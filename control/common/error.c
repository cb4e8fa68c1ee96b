// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/error.h"

#include <stdio.h>

#include "control/common/text.h"

bool error_set_args(struct error *e, struct mark at, const char *format, va_list args)
{
	e->at = at;
	e->code = 0;
	vsnprintf(e->text, sizeof e->text, format, args);
	text_clean(e->text);
	return false;
}

bool error_at(struct error *e, struct mark at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_set_args(e, at, format, args);
	va_end(args);
	return false;
}

bool error_set(struct error *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_set_args(e, (struct mark){0}, format, args);
	va_end(args);
	return false;
}

bool error_no_memory(struct error *e)
{
	return error_set(e, "out of memory");
}
