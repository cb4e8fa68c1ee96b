// SPDX-License-Identifier: BSD-3-Clause
#include "control/pcap/captures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/pcap/reader.h"
#include "control/pcap/record.h"

enum { AHEAD = 64 };

// The stamp of an input without a next record.
#define NO_RECORD UINT64_MAX

_Static_assert(CAPTURE_NS_MAX < NO_RECORD, "a record's stamp is less");

struct input {
	struct reader *reader;
	unsigned at, count; // of the records that were read
	struct capture_record ahead[AHEAD];
	char cut[CAPTURE_ERROR]; // a warning that waits
};

struct captures {
	unsigned count;
	int used_up; // an input whose records were all given; -1: none
	bool cut;    // an input may have a warning
	uint64_t next_ns[CAPTURES_MAX];
	struct input input[CAPTURES_MAX];
};

struct captures *captures_create(void)
{
	struct captures *c = calloc(1, sizeof *c);

	if (c)
		c->used_up = -1;
	return c;
}

void captures_destroy(struct captures *c)
{
	for (unsigned i = 0; c && i < c->count; i++)
		reader_close(c->input[i].reader);
	free(c);
}

static void read_ahead(struct captures *c, unsigned number)
{
	struct input *in = &c->input[number];
	enum reader_status s = reader_read(in->reader, in->ahead, AHEAD, &in->count, in->cut);

	in->at = 0;
	for (unsigned i = 0; i < in->count; i++)
		in->ahead[i].input = number;
	c->next_ns[number] = in->count ? in->ahead[0].ns : NO_RECORD;
	c->cut |= s == READER_CUT;
}

static bool has_ethernet(const struct reader *r)
{
	for (uint32_t i = 0; i < reader_interfaces(r); i++)
		if (reader_interface_is_ethernet(r, i))
			return true;
	return false;
}

static void refuse_file(const struct input *in, const char *path, char error[CAPTURE_ERROR])
{
	const struct reader *r = in->reader;
	const char *link = reader_interfaces(r) ? reader_link_name(r, 0) : NULL;
	const char *advice = link ? capture_link_advice(link) : "";

	if (*in->cut)
		snprintf(error, CAPTURE_ERROR, "%s", in->cut);
	else if (!link)
		snprintf(error, CAPTURE_ERROR, "%s: the file has no interface", path);
	else
		snprintf(error, CAPTURE_ERROR,
			 "%s: the link type is %s (only Ethernet is supported%s)", path, link,
			 advice);
}

bool captures_add(struct captures *c, const char *path, char error[CAPTURE_ERROR])
{
	if (c->count == CAPTURES_MAX) {
		snprintf(error, CAPTURE_ERROR, "too many captures (at most %d)", CAPTURES_MAX);
		return false;
	}
	struct input *in = &c->input[c->count];
	in->reader = reader_open(path, error);
	if (!in->reader)
		return false;
	read_ahead(c, c->count++);
	if (has_ethernet(in->reader))
		return true;
	refuse_file(in, path, error);
	return false;
}

// Takes a warning. False: there is none.
static bool take_warning(struct captures *c, char text[CAPTURE_ERROR])
{
	for (unsigned i = 0; c->cut && i < c->count; i++) {
		char *cut = c->input[i].cut;
		if (!*cut)
			continue;
		snprintf(text, CAPTURE_ERROR, "%s", cut);
		*cut = 0;
		return true;
	}
	return c->cut = false;
}

// The input with the earliest record. Which one it is cannot be predicted, so there is no branch.
static unsigned find_first(const struct captures *c)
{
	uint64_t best = c->next_ns[0];
	unsigned first = 0;

	for (unsigned i = 1; i < c->count; i++) {
		bool earlier = c->next_ns[i] < best;
		first = earlier ? i : first;
		best = earlier ? c->next_ns[i] : best;
	}
	return first;
}

enum capture_status captures_read(struct captures *c, const struct capture_record **out,
				  unsigned max, unsigned *n, char text[CAPTURE_ERROR])
{
	*n = 0;
	if (c->used_up >= 0)
		read_ahead(c, (unsigned)c->used_up); // which overwrites what was given
	c->used_up = -1;
	if (take_warning(c, text))
		return CAPTURE_WARNING;
	while (*n < max && c->used_up < 0) {
		unsigned first = find_first(c);
		struct input *in = &c->input[first];
		if (c->next_ns[first] == NO_RECORD)
			break;
		out[(*n)++] = &in->ahead[in->at++];
		if (in->at == in->count)
			c->used_up = (int)first;
		else
			c->next_ns[first] = in->ahead[in->at].ns;
	}
	return *n ? CAPTURE_RECORD : CAPTURE_END;
}

enum capture_status captures_next(struct captures *c, struct capture_record *r,
				  char text[CAPTURE_ERROR])
{
	const struct capture_record *next;
	unsigned n;
	enum capture_status s = captures_read(c, &next, 1, &n, text);

	if (s == CAPTURE_RECORD)
		*r = *next;
	return s;
}

unsigned captures_count(const struct captures *c)
{
	return c->count;
}

const struct reader *captures_reader(const struct captures *c, unsigned input)
{
	return c->input[input].reader;
}

double captures_progress(const struct captures *c)
{
	uint64_t size = 0, done = 0;

	for (unsigned i = 0; i < c->count; i++) {
		uint64_t whole = reader_size(c->input[i].reader),
			 part = reader_done(c->input[i].reader);
		size += whole;
		done += part < whole ? part : whole;
	}
	return size ? (double)done / (double)size : 1;
}
