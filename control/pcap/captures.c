// SPDX-License-Identifier: BSD-3-Clause
#include "control/pcap/captures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/pcap/format.h"
#include "control/pcap/reader.h"
#include "control/pcap/record.h"

struct input {
	struct reader *reader;
	bool wanted;  // the next record has to be read
	bool pending; // `next` holds a record
	struct capture_record next;
	char cut[CAPTURE_ERROR]; // a warning that waits
};

struct captures {
	unsigned count;
	struct input input[CAPTURES_MAX];
};

struct captures *captures_create(void)
{
	return calloc(1, sizeof(struct captures));
}

void captures_destroy(struct captures *c)
{
	for (unsigned i = 0; c && i < c->count; i++)
		reader_close(c->input[i].reader);
	free(c);
}

static void read_ahead(struct input *in, unsigned number)
{
	enum reader_status s = reader_next(in->reader, &in->next, in->cut);

	in->wanted = false;
	in->pending = s == READER_RECORD;
	in->next.input = number;
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
	read_ahead(in, c->count++);
	if (has_ethernet(in->reader))
		return true;
	refuse_file(in, path, error);
	return false;
}

enum capture_status captures_next(struct captures *c, struct capture_record *r,
				  char text[CAPTURE_ERROR])
{
	struct input *first = NULL;

	for (unsigned i = 0; i < c->count; i++) {
		struct input *in = &c->input[i];
		if (in->wanted)
			read_ahead(in, i);
		if (*in->cut) {
			snprintf(text, CAPTURE_ERROR, "%s", in->cut);
			*in->cut = 0;
			return CAPTURE_WARNING;
		}
		if (in->pending && (!first || in->next.ns < first->next.ns))
			first = in;
	}
	if (!first)
		return CAPTURE_END;
	*r = first->next;
	first->pending = false;
	first->wanted = true; // reading it invalidates the data of this one
	return CAPTURE_RECORD;
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
