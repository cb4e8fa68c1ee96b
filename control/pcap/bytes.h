// SPDX-License-Identifier: BSD-3-Clause
// bytes: the bytes of a file, one after another, decompressed by libarchive.
//
// Model     gzip, bzip2, xz, zstd and lz4 are recognised by their content. "-" is standard input.
// Memory    One block of the file, whatever its size.
// Ownership bytes_open() to bytes_close().
// Errors    A text for the user.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct bytes;

// NULL: *why says the reason. It is valid until the next call for any file.
struct bytes *bytes_open(const char *path, const char **why);
void bytes_close(struct bytes *b);

// Takes the next n bytes, fewer at the end of the file. *data is valid until the next call.
size_t bytes_take(struct bytes *b, size_t n, const uint8_t **data);

// Why the file cannot be read any further. NULL: it can, or is at its end.
const char *bytes_failure(const struct bytes *b);

// The size of the file as it is on the disk, 0 if it is not known, and how much of it was read.
uint64_t bytes_size(const struct bytes *b);
uint64_t bytes_done(const struct bytes *b);
