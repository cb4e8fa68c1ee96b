// SPDX-License-Identifier: BSD-3-Clause
#include "control/pcap/bytes.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BLOCK = 256 * 1024,
	PROBE = 64, // bytes that show whether and how a file is compressed
};

static int open_path(const char *path)
{
	return strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
}

static ssize_t read_file(struct bytes_file *b, uint8_t *to, size_t room)
{
	ssize_t n;

	do
		n = read(b->fd, to, room);
	while (n < 0 && errno == EINTR);
	b->read += n > 0 ? (uint64_t)n : 0;
	return n;
}

// Gives libarchive the next bytes of the file.
static la_ssize_t give_raw(struct archive *a, void *bytes, const void **out)
{
	struct bytes_file *b = bytes;
	ssize_t n = (ssize_t)b->raw_len;

	*out = b->raw;
	b->raw_len = 0;
	if (!n)
		n = read_file(b, b->raw, BLOCK);
	if (n < 0)
		archive_set_error(a, errno, "%s", strerror(errno));
	b->ended = b->ended || !n;
	return n;
}

// Filters that libarchive has itself. It would run programs for others.
static bool read_as_one_file(struct archive *a)
{
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_lz4(a);
	return archive_read_support_format_raw(a) == ARCHIVE_OK &&
	       archive_read_support_format_empty(a) == ARCHIVE_OK;
}

// What libarchive says, or what the system says. It has many words for a file that lacks its end.
static const char *reason(const struct bytes_file *b)
{
	const char *text = archive_error_string(b->archive);

	if (b->ended)
		return "the compressed data end too early";
	return text ? text : strerror(archive_errno(b->archive));
}

// Reads the first bytes. Enough of them are at once in memory for libarchive to know the file.
static bool read_first(struct bytes_file *b)
{
	ssize_t n;

	do {
		n = read_file(b, b->raw + b->raw_len, BLOCK - b->raw_len);
		b->raw_len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && b->raw_len < PROBE);
	return n >= 0;
}

static bool open_archive(struct bytes_file *b)
{
	struct archive_entry *entry;

	if (!read_as_one_file(b->archive) ||
	    archive_read_open(b->archive, b, NULL, give_raw, NULL) != ARCHIVE_OK)
		return false;
	int rc = archive_read_next_header(b->archive, &entry);
	return rc == ARCHIVE_OK || rc == ARCHIVE_WARN || rc == ARCHIVE_EOF;
}

// The file is as it was written: its first bytes become the block, and libarchive has no part in
// it any more.
static void read_plainly(struct bytes_file *b, size_t first)
{
	archive_read_free(b->archive);
	b->archive = NULL;
	b->block = b->at = b->raw;
	b->end = b->at + first;
	b->raw = NULL;
}

// False: errno, or libarchive, has the reason.
static bool begin(struct bytes_file *b)
{
	struct stat st;

	if (b->fd < 0 || fstat(b->fd, &st))
		return false;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return false;
	}
	b->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	b->room = BLOCK;
	b->raw = malloc(BLOCK);
	if (!b->raw || !read_first(b))
		return false;
	size_t first = b->raw_len;
	b->archive = archive_read_new();
	if (!b->archive || !open_archive(b))
		return false;
	if (archive_filter_code(b->archive, 0) == ARCHIVE_FILTER_NONE) {
		read_plainly(b, first);
		return true;
	}
	b->block = b->at = b->end = malloc(BLOCK);
	return b->block;
}

struct bytes_file *bytes_open(const char *path, const char **why)
{
	static char text[256];
	struct bytes_file *b = calloc(1, sizeof *b);

	*why = text;
	if (b) {
		b->fd = open_path(path);
		if (begin(b))
			return b;
	}
	snprintf(text, sizeof text, "%s", b && b->archive ? reason(b) : strerror(errno));
	bytes_close(b);
	return NULL;
}

void bytes_close(struct bytes_file *b)
{
	if (!b)
		return;
	archive_read_free(b->archive);
	if (b->fd >= 0)
		close(b->fd);
	free(b->block);
	free(b->raw);
	free(b);
}

// The rest of a block of libarchive's, or of its next one, as far as there is room.
static ssize_t unpack(struct bytes_file *b, uint8_t *to, size_t room)
{
	la_int64_t offset;

	while (!b->unpacked_n) {
		const void *block;
		int rc = archive_read_data_block(b->archive, &block, &b->unpacked_n, &offset);
		b->unpacked = block;
		if (rc == ARCHIVE_OK || rc == ARCHIVE_WARN)
			continue;
		b->unpacked_n = 0;
		return rc == ARCHIVE_EOF ? 0 : -1;
	}
	size_t n = b->unpacked_n < room ? b->unpacked_n : room;
	memcpy(to, b->unpacked, n);
	b->unpacked += n;
	b->unpacked_n -= n;
	return (ssize_t)n;
}

// Moves what is left to the front of the block, which gets room for n bytes.
static bool make_room(struct bytes_file *b, size_t n)
{
	size_t left = bytes_left(b), room = n > b->room ? n : b->room;

	memmove(b->block, b->at, left);
	uint8_t *block = room > b->room ? realloc(b->block, room) : b->block;
	b->block = block ? block : b->block;
	b->room = block ? room : b->room;
	b->at = b->block;
	b->end = b->at + left;
	return block;
}

uint8_t *bytes_read_on(struct bytes_file *b, size_t n)
{
	if (b->held || b->failure)
		return NULL;
	if (!make_room(b, n)) {
		b->failure = strerror(ENOMEM);
		return NULL;
	}
	while (bytes_left(b) < n) {
		size_t room = b->room - (size_t)(b->end - b->block);
		ssize_t got = b->archive ? unpack(b, b->end, room) : read_file(b, b->end, room);
		if (got < 0)
			b->failure = b->archive ? reason(b) : strerror(errno);
		if (got <= 0)
			return NULL;
		b->end += got;
	}
	return b->at;
}

uint64_t bytes_size(const struct bytes_file *b)
{
	return b->size;
}

uint64_t bytes_done(const struct bytes_file *b)
{
	return b->archive ? (uint64_t)archive_filter_bytes(b->archive, -1)
			  : b->read - bytes_left(b);
}
