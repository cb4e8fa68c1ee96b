// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/cli/capturefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/cli/framelines.h"
#include "control/common/complain.h"
#include "control/pcap/pcapng.h"

enum { BLOCK_LEAST = 12, MODE = 0644 };

static bool is_stdout(const struct capturefile *f)
{
	return !strcmp(f->path, "-");
}

// The name of the file with this number, for the caller to free. NULL: out of memory.
static char *name_of(const struct capturefile *f, uint64_t number)
{
	char *name;

	return (f->size ? asprintf(&name, "%s.%llu", f->path, (unsigned long long)number)
			: asprintf(&name, "%s", f->path)) < 0
		       ? NULL
		       : name;
}

static bool report_failure(const struct capturefile *f)
{
	int error = errno;
	char *name = name_of(f, f->number);

	complain("%s: %s",
		 is_stdout(f) ? "standard output"
		 : name       ? name
			      : f->path,
		 strerror(error));
	free(name);
	return false;
}

static bool open_file(struct capturefile *f)
{
	char *name = name_of(f, f->number);

	f->fd = is_stdout(f) ? STDOUT_FILENO
		: name       ? open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, MODE)
			     : -1;
	free(name);
	f->written = 0;
	return f->fd >= 0 || report_failure(f);
}

bool capturefile_open(struct capturefile *f)
{
	f->number = 0;
	return open_file(f);
}

bool capturefile_close(struct capturefile *f)
{
	free(f->head);
	f->head = NULL;
	return f->fd < 0 || is_stdout(f) || !close(f->fd) || report_failure(f);
}

// Whether data begins with a complete block. *h: its head, even if the block is incomplete; if the
// head is incomplete too, its length is 0.
static bool has_block(const uint8_t *data, size_t len, struct pcapng_head *h)
{
	h->length = 0;
	if (len >= sizeof *h)
		memcpy(h, data, sizeof *h);
	return h->length >= BLOCK_LEAST && h->length <= len;
}

// A write failed after `done` bytes: truncates the file after its last complete block.
static bool truncate_file(struct capturefile *f, const uint8_t *data, size_t done)
{
	struct pcapng_head h;
	size_t whole = 0;

	report_failure(f);
	while (has_block(data + whole, done - whole, &h))
		whole += h.length;
	if (!is_stdout(f))
		(void)!ftruncate(f->fd, (off_t)(f->written + whole)); // devices cannot be truncated
	return false;
}

static bool write_blocks(struct capturefile *f, const uint8_t *data, size_t len)
{
	size_t done = 0;
	ssize_t n;

	if (f->lines) {
		bool printed = framelines_print(f->lines, data, len);
		f->unread |= !printed && errno == EPIPE;
		return printed || f->unread ? printed : report_failure(f);
	}
	while (done < len && ((n = write(f->fd, data + done, len - done)) >= 0 || errno == EINTR))
		done += n > 0 ? (size_t)n : 0;
	f->unread |= done < len && errno == EPIPE;
	if (f->unread)
		return false;
	if (done < len)
		return truncate_file(f, data, done);
	f->written += len;
	return true;
}

static bool next_file(struct capturefile *f)
{
	char *oldest;

	if (close(f->fd))
		return report_failure(f);
	f->number++;
	if (f->keep && f->number >= f->keep && (oldest = name_of(f, f->number - f->keep))) {
		unlink(oldest);
		free(oldest);
	}
	return open_file(f) && write_blocks(f, f->head, f->head_size);
}

static bool add_to_head(struct capturefile *f, const uint8_t *block, uint32_t length)
{
	uint8_t *head = realloc(f->head, f->head_size + length);

	if (!head) {
		complain("out of memory");
		return false;
	}
	f->head = head;
	memcpy(head + f->head_size, block, length);
	f->head_size += length;
	return true;
}

// Counts a block, and keeps it if later files need it.
static bool account_block(struct capturefile *f, const uint8_t *block, const struct pcapng_head *h)
{
	f->captured += h->type == PCAPNG_PACKET;
	f->open += h->type == PCAPNG_INTERFACE;
	if (h->type == PCAPNG_STATISTICS) {
		f->lost += pcapng_dropped(block, h->length);
		f->open--;
	}
	return (h->type != PCAPNG_SECTION && h->type != PCAPNG_INTERFACE) ||
	       add_to_head(f, block, h->length);
}

bool capturefile_take(struct capturefile *f, const uint8_t *data, size_t len, size_t *taken)
{
	struct pcapng_head h;
	size_t from = 0, at = 0; // the blocks between them are not written yet

	for (; has_block(data + at, len - at, &h); at += h.length) {
		uint64_t size = f->written + at - from;
		if (f->size && h.type == PCAPNG_PACKET && size > f->head_size &&
		    size + h.length > f->size) {
			if (!write_blocks(f, data + from, at - from) || !next_file(f))
				return false;
			from = at;
		}
		if (!account_block(f, data + at, &h))
			return false;
	}
	*taken = at;
	if (h.length > CAPTUREFILE_BLOCK || (h.length && h.length < BLOCK_LEAST)) {
		complain("the switch sent an invalid capture");
		return false;
	}
	return write_blocks(f, data + from, at - from);
}

json_t *capturefile_summary(const struct capturefile *f)
{
	json_t *files = json_array();
	uint64_t first = f->keep && f->number >= f->keep ? f->number - f->keep + 1 : 0;

	for (uint64_t i = first; i <= f->number; i++) {
		char *name = name_of(f, i);
		json_array_append_new(files, json_string(name));
		free(name);
	}
	return json_pack("{s:I, s:I, s:o}", "captured", (json_int_t)f->captured, "lost",
			 (json_int_t)f->lost, "files", files);
}
