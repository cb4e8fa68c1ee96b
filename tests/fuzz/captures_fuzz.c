// SPDX-License-Identifier: BSD-3-Clause
// A capture of arbitrary bytes, read as two parallel inputs. Its records must be within bounds, in
// order, and the same from both inputs.
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/pcap/captures.h"
#include "tests/fuzz/fuzz.h"

enum { INPUTS = 2, RECORDS_MAX = 100000, CAPTURED_MAX = 262144 };

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

static void read_all(struct captures *c)
{
	struct seen seen[INPUTS] = {0};
	struct capture_record r;
	char text[CAPTURE_ERROR];
	enum capture_status status;
	unsigned warnings = 0;

	for (int i = 0; i < RECORDS_MAX; i++) {
		status = captures_next(c, &r, text);
		double part = captures_progress(c);
		MUST(part >= 0 && part <= 1, "%f", part);
		if (status == CAPTURE_END)
			break;
		if (status == CAPTURE_RECORD)
			check_record(seen, &r);
		else
			MUST(strstr(text, "is used up to there") && ++warnings <= INPUTS, "%s",
			     text);
	}
	if (status == CAPTURE_END)
		MUST(seen[0].records == seen[1].records && seen[0].sum == seen[1].sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	struct captures *c = captures_create();
	char path[32], error[CAPTURE_ERROR];
	bool good = true;

	MUST(fd >= 0 && c && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	for (unsigned i = 0; i < INPUTS && good; i++) {
		good = captures_add(c, path, error);
		MUST(good || (*error && !strchr(error, '\n')), "%s", error);
	}
	if (good)
		read_all(c);
	captures_destroy(c);
	close(fd);
	return 0;
}
