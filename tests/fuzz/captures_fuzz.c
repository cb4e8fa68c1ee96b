// SPDX-License-Identifier: BSD-3-Clause
// A capture of arbitrary bytes, read as two parallel inputs: a file, and a pipe that gives the
// bytes in pieces. Its records must be within bounds, in order, and the same from both inputs,
// though what was read is overwritten.
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/pcap/captures.h"
#include "tests/fuzz/fuzz.h"

enum {
	INPUTS = 2,
	RECORDS_MAX = 100000,
	TOGETHER = 5,
	CAPTURED_MAX = 262144,
	PIPE = 1 << 20,
	PIECES = 200, // a pipe of that size has room for 256
};

// The records of one input so far.
struct seen {
	uint64_t records, sum;
	unsigned ends; // warnings and failures
};

static void check_record(struct seen *seen, const struct capture_record *r)
{
	MUST(r->input < INPUTS);
	struct seen *s = &seen[r->input];
	MUST(r->captured <= CAPTURED_MAX, "%u bytes", r->captured);
	MUST(r->ns <= CAPTURE_NS_MAX);
	MUST(r->captured <= r->length);
	s->records++;
	s->sum = s->sum * 31 + r->ns + r->captured + r->length;
	for (uint32_t i = 0; i < r->captured; i++)
		s->sum = s->sum * 31 + r->data[i];
}

static void check_records(struct seen *seen, const struct capture_record *const *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		check_record(seen, r[i]);
	for (unsigned i = 0; i < n; i++)
		memset(r[i]->data - CAPTURE_HEADROOM, 0xa5, CAPTURE_HEADROOM + r[i]->captured);
}

static void read_all(struct captures *c)
{
	const struct capture_record *r[TOGETHER];
	struct seen seen[INPUTS] = {0};
	char text[CAPTURE_ERROR];
	enum capture_status status = CAPTURE_RECORD;
	unsigned warnings = 0, n;

	for (int i = 0; i < RECORDS_MAX && status != CAPTURE_END; i++) {
		status = captures_read(c, r, 1 + (unsigned)i % TOGETHER, &n, text);
		double part = captures_progress(c);
		MUST(part >= 0 && part <= 1, "%f", part);
		MUST((status == CAPTURE_RECORD) == (n > 0) && n <= TOGETHER);
		check_records(seen, r, n);
		if (status == CAPTURE_WARNING)
			MUST(strstr(text, "is used up to there") && ++warnings <= INPUTS, "%s",
			     text);
	}
	if (status == CAPTURE_END)
		MUST(seen[0].records == seen[1].records && seen[0].sum == seen[1].sum);
}

static int make_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	return fd;
}

// A pipe that gives one piece for each read().
static int make_pipe(const uint8_t *data, size_t size)
{
	size_t piece = size / PIECES + 1;
	int fd[2];

	MUST(!pipe2(fd, O_CLOEXEC | O_DIRECT) && fcntl(fd[1], F_SETPIPE_SZ, PIPE) >= PIPE);
	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		MUST(write(fd[1], data + at, n) == (ssize_t)n);
	}
	close(fd[1]);
	return fd[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct captures *c = captures_create();
	char path[32], error[CAPTURE_ERROR];
	bool good = size <= PIPE / 2;

	MUST(c);
	int fd[INPUTS] = {make_file(data, size), good ? make_pipe(data, size) : -1};
	for (unsigned i = 0; i < INPUTS && good; i++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd[i]);
		good = captures_add(c, path, error);
		MUST(good || (*error && !strchr(error, '\n')), "%s", error);
	}
	if (good)
		read_all(c);
	captures_destroy(c);
	for (unsigned i = 0; i < INPUTS; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return 0;
}
