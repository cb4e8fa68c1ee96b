// SPDX-License-Identifier: BSD-3-Clause
// bytes: the bytes of a file, one after another, decompressed by libarchive.
//
// Model     gzip, bzip2, xz, zstd and lz4 are recognised by their content. "-" is standard input.
//           A block of the file is in memory. What was looked at there stays in place, and may be
//           overwritten, as long as the bytes are held.
// Memory    One block, whatever the size of the file; two of a compressed one.
// Ownership bytes_open() to bytes_close().
// Errors    A text for the user.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive;

struct bytes_file {
	uint8_t *at, *end; // what is in memory and was not taken yet
	bool held;         // the caller sets: no further block is read, because it takes the place
	int fd;
	struct archive *archive;    // NULL: the file is not compressed
	uint8_t *raw;               // of a compressed file
	const uint8_t *unpacked;    // libarchive's block
	size_t raw_len, unpacked_n; // not given to libarchive yet; not taken from it yet
	bool ended;                 // libarchive was told that there is no more
	uint8_t *block;
	size_t room;
	uint64_t size, read;
	const char *failure;
};

// NULL: *why says the reason. It is valid until the next call for any file.
struct bytes_file *bytes_open(const char *path, const char **why);
void bytes_close(struct bytes_file *b);

// The bytes that are in memory and were not taken.
static inline size_t bytes_left(const struct bytes_file *b)
{
	return (size_t)(b->end - b->at);
}

// Reads on until n bytes are in memory. NULL: the bytes are held, or the file has no n bytes more,
// or it cannot be read.
uint8_t *bytes_read_on(struct bytes_file *b, size_t n);

// The next n bytes, which are not taken. NULL as above.
static inline uint8_t *bytes_peek(struct bytes_file *b, size_t n)
{
	return bytes_left(b) >= n ? b->at : bytes_read_on(b, n);
}

// Takes n bytes that were peeked at.
static inline void bytes_take(struct bytes_file *b, size_t n)
{
	b->at += n;
}

// Why the file cannot be read any further. NULL: it can, or is at its end.
static inline const char *bytes_failure(const struct bytes_file *b)
{
	return b->failure;
}

// The size of the file as it is on the disk, 0 if it is not known, and how much of it was read.
uint64_t bytes_size(const struct bytes_file *b);
uint64_t bytes_done(const struct bytes_file *b);
