// SPDX-License-Identifier: BSD-3-Clause
#include "control/pcap/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/pcap/record.h"

enum { BLOCK = 64 * 1024, LINK_ETHERNET = 1, NS_PER_S = 1000000000 };

struct writer {
	int fd;
	int failed; // errno of the first failure
	size_t used;
	uint8_t block[BLOCK];
};

struct file_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snaplen, link;
};

struct record_head {
	uint32_t s, ns, captured, length;
};

// Writes the block. What follows an error is not written.
static void flush(struct writer *w)
{
	for (size_t at = 0; at < w->used && !w->failed;) {
		ssize_t n = write(w->fd, w->block + at, w->used - at);
		at += n > 0 ? (size_t)n : 0;
		w->failed = n < 0 && errno != EINTR ? errno : 0;
	}
	w->used = 0;
}

static void put(struct writer *w, const void *data, size_t len)
{
	const uint8_t *from = data;

	while (len) {
		size_t room = BLOCK - w->used, part = len < room ? len : room;
		memcpy(w->block + w->used, from, part);
		w->used += part;
		from += part;
		len -= part;
		if (w->used == BLOCK)
			flush(w);
	}
}

struct writer *writer_open(const char *path, char error[CAPTURE_ERROR])
{
	static const struct file_head head = {.magic = 0xa1b23c4d,
					      .major = 2,
					      .minor = 4,
					      .snaplen = READER_RECORD_MAX,
					      .link = LINK_ETHERNET};
	struct writer *w = malloc(sizeof *w);
	int fd = w ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;

	if (fd < 0) {
		snprintf(error, CAPTURE_ERROR, "%s: %s", path, strerror(errno));
		free(w);
		return NULL;
	}
	w->fd = fd;
	w->failed = 0;
	w->used = 0;
	put(w, &head, sizeof head);
	return w;
}

void writer_put(struct writer *w, uint64_t ns, const uint8_t *data, uint32_t len)
{
	struct record_head head = {.s = (uint32_t)(ns / NS_PER_S),
				   .ns = (uint32_t)(ns % NS_PER_S),
				   .captured = len < READER_RECORD_MAX ? len : READER_RECORD_MAX,
				   .length = len};

	put(w, &head, sizeof head);
	put(w, data, head.captured);
}

bool writer_close(struct writer *w)
{
	flush(w);
	int failed = close(w->fd) && !w->failed ? errno : w->failed;
	free(w);
	errno = failed;
	return !failed;
}
