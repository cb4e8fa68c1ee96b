// SPDX-License-Identifier: BSD-3-Clause
// error: the reason of a refusal or failure: one sentence, and its place in a file.
//
// Model   A function that fails fills in the caller's struct error and returns false or NULL. A
//         caller that cannot handle the error passes the same struct on. The last one prints, logs
//         or sends it once.
// Limits  A sentence is truncated at ERROR_TEXT - 1 bytes.
#pragma once

#include <stdarg.h>
#include <stdbool.h>

enum { ERROR_TEXT = 1024 };

// A place in a file, counted from 1. Line 0: the error has no place in a file.
struct mark {
	unsigned line, column;
};

struct error {
	struct mark at;
	int code; // JSON-RPC error code, see api/method.h; 0: refused
	char text[ERROR_TEXT];
};

// Fill in an error, with and without a place in a file. They return false. The text is cleaned, see
// text_clean().
bool error_at(struct error *e, struct mark at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool error_set(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool error_set_args(struct error *e, struct mark at, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

bool error_no_memory(struct error *e);
