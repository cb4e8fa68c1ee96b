// SPDX-License-Identifier: BSD-3-Clause
// error: why something was refused or failed: one sentence, and where its cause stands.
//
// Model   Who fails fills in the caller's struct error and returns false or NULL. Who can do
//         nothing about it hands the same struct on. It is printed, logged or sent once, where it
//         ends.
// Limits  A sentence is cut off at ERROR_TEXT - 1 bytes.
#pragma once

#include <stdbool.h>

enum { ERROR_TEXT = 1024 };

// A place in a file, from 1 on; line 0: the cause is in no file.
struct mark {
	unsigned line, column;
};

struct error {
	struct mark at;
	int code; // for a client of JSON-RPC, see api/method.h; 0: refused
	char text[ERROR_TEXT];
};

// Fills in an error, with and without a place in a file. Both return false. The text becomes one
// clean line.
bool error_at(struct error *e, struct mark at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool error_set(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool error_no_memory(struct error *e);
