// SPDX-License-Identifier: BSD-3-Clause
#include "control/pcap/bytes.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 256 * 1024 };

struct bytes {
	struct archive *archive;
	int fd;
	uint64_t size;
	const uint8_t *at; // the rest of a block
	size_t left;
	uint8_t *joined; // bytes of several blocks
	size_t room;
	bool empty;
	const char *failure;
};

static int open_path(const char *path)
{
	return strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
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

static bool open_archive(struct bytes *b)
{
	struct archive_entry *entry;

	if (!read_as_one_file(b->archive) ||
	    archive_read_open_fd(b->archive, b->fd, READ_SIZE) != ARCHIVE_OK)
		return false;
	int rc = archive_read_next_header(b->archive, &entry);
	b->empty = rc == ARCHIVE_EOF;
	return rc == ARCHIVE_OK || rc == ARCHIVE_WARN || b->empty;
}

// What libarchive says, or what the system says.
static const char *reason(struct archive *a)
{
	const char *text = archive_error_string(a);

	return text ? text : strerror(archive_errno(a));
}

struct bytes *bytes_open(const char *path, const char **why)
{
	static char text[256];
	struct bytes *b = calloc(1, sizeof *b);
	struct stat st;

	*why = text;
	snprintf(text, sizeof text, "%s", strerror(ENOMEM));
	if (!b || !(b->archive = archive_read_new())) {
		free(b);
		return NULL;
	}
	b->fd = open_path(path);
	if (b->fd < 0 || fstat(b->fd, &st)) {
		snprintf(text, sizeof text, "%s", strerror(errno));
	} else if (S_ISDIR(st.st_mode)) {
		snprintf(text, sizeof text, "%s", strerror(EISDIR));
	} else if (!open_archive(b)) {
		snprintf(text, sizeof text, "%s", reason(b->archive));
	} else {
		b->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
		return b;
	}
	bytes_close(b);
	return NULL;
}

void bytes_close(struct bytes *b)
{
	if (!b)
		return;
	archive_read_free(b->archive);
	if (b->fd >= 0)
		close(b->fd);
	free(b->joined);
	free(b);
}

// Goes on to the next block. False at the end.
static bool next_block(struct bytes *b)
{
	const void *block;
	la_int64_t offset;

	if (b->empty)
		return false;
	do {
		int rc = archive_read_data_block(b->archive, &block, &b->left, &offset);
		if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN) {
			b->left = 0;
			b->failure = rc == ARCHIVE_EOF ? NULL : reason(b->archive);
			return false;
		}
	} while (!b->left);
	b->at = block;
	return true;
}

static bool make_room(struct bytes *b, size_t n)
{
	uint8_t *more = n > b->room ? realloc(b->joined, n) : b->joined;

	if (!more)
		return false;
	b->joined = more;
	b->room = n > b->room ? n : b->room;
	return true;
}

// Bytes that lie in several blocks.
static size_t join(struct bytes *b, size_t n, const uint8_t **data)
{
	size_t have = 0;

	if (!make_room(b, n)) {
		b->failure = strerror(ENOMEM);
		return 0;
	}
	while (have < n && (b->left || next_block(b))) {
		size_t part = n - have < b->left ? n - have : b->left;
		memcpy(b->joined + have, b->at, part);
		b->at += part;
		b->left -= part;
		have += part;
	}
	*data = b->joined;
	return have;
}

size_t bytes_take(struct bytes *b, size_t n, const uint8_t **data)
{
	if (b->failure)
		return 0;
	if (n > b->left)
		return join(b, n, data);
	*data = b->at;
	b->at += n;
	b->left -= n;
	return n;
}

const char *bytes_failure(const struct bytes *b)
{
	return b->failure;
}

uint64_t bytes_size(const struct bytes *b)
{
	return b->size;
}

uint64_t bytes_done(const struct bytes *b)
{
	return (uint64_t)archive_filter_bytes(b->archive, -1);
}
