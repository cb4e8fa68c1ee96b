// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/framelines.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/common/text.h"
#include "control/pcap/frametext.h"
#include "control/pcap/pcapng.h"

enum {
	INTERFACE_OPTIONS = 16, // offsets in blocks
	PACKET_DATA = 28,
	BLOCK_TAIL = 4, // the length again
	COMMENT_MAX = 64,
	CLOCK_TEXT = 40,
};

// What a packet block says.
struct shown_frame {
	const char *port;
	uint64_t ns; // since 1970
	uint32_t captured, length, direction;
	const uint8_t *data;
	char comment[COMMENT_MAX]; // "dropped: REASON"; empty: none
};

static uint32_t number_at(const uint8_t *block, size_t at)
{
	uint32_t number;

	memcpy(&number, block + at, sizeof number);
	return number;
}

// Finds an option from an offset on. NULL: the block has none. *len: of its value.
static const uint8_t *find_option(const uint8_t *block, size_t length, size_t at, uint16_t code,
				  uint16_t *len)
{
	uint16_t option[2]; // code, length

	while (at + sizeof option + BLOCK_TAIL <= length) {
		memcpy(option, block + at, sizeof option);
		at += sizeof option;
		if (option[0] == PCAPNG_OPTION_END || at + option[1] + BLOCK_TAIL > length)
			break;
		*len = option[1];
		if (option[0] == code)
			return block + at;
		at += (option[1] + 3u) & ~3u;
	}
	return NULL;
}

static void take_option(const uint8_t *block, size_t length, size_t at, uint16_t code, char *out,
			size_t size)
{
	uint16_t len = 0;
	const uint8_t *value = find_option(block, length, at, code, &len);

	snprintf(out, size, "%.*s", value ? (int)len : 0, value ? (const char *)value : "");
	text_clean(out);
}

static bool add_port(struct framelines *l, const uint8_t *block, size_t length)
{
	void *more = realloc(l->port, (l->ports + 1) * sizeof *l->port);

	if (!more)
		return false;
	l->port = more;
	take_option(block, length, INTERFACE_OPTIONS, PCAPNG_INTERFACE_NAME, l->port[l->ports++],
		    sizeof *l->port);
	return true;
}

// False: the block is not a whole packet of a known port.
static bool read_packet(const struct framelines *l, const uint8_t *block, size_t length,
			struct shown_frame *f)
{
	uint16_t len = 0;

	if (length < PACKET_DATA + BLOCK_TAIL || number_at(block, 8) >= l->ports)
		return false;
	*f = (struct shown_frame){.port = l->port[number_at(block, 8)],
				  .ns = (uint64_t)number_at(block, 12) << 32 | number_at(block, 16),
				  .captured = number_at(block, 20),
				  .length = number_at(block, 24),
				  .data = block + PACKET_DATA};
	if (f->captured > length - PACKET_DATA - BLOCK_TAIL)
		return false;
	size_t options = PACKET_DATA + ((f->captured + 3u) & ~3u);
	const uint8_t *flags = find_option(block, length, options, PCAPNG_PACKET_FLAGS, &len);
	f->direction = flags && len == 4 ? number_at(flags, 0) & 3 : 0;
	take_option(block, length, options, PCAPNG_COMMENT, f->comment, sizeof f->comment);
	return true;
}

static const char *direction_of(const struct shown_frame *f)
{
	return f->direction == PCAPNG_INBOUND ? "rx" : "tx";
}

// The reason in the comment, NULL: the frame was neither dropped nor refused.
static const char *reason_of(const struct shown_frame *f)
{
	const char *colon = strstr(f->comment, ": ");

	return colon ? colon + 2 : NULL;
}

static void print_text(const struct shown_frame *f)
{
	char line[FRAMETEXT_LINE], clock[CLOCK_TEXT];
	time_t seconds = (time_t)(f->ns / 1000000000);
	struct tm tm;

	strftime(clock, sizeof clock, "%T", localtime_r(&seconds, &tm));
	frametext_line(f->data, f->captured, f->length, line);
	printf("%s.%06u  %-15s  %s  %s\n", clock, (unsigned)(f->ns % 1000000000 / 1000), f->port,
	       *f->comment ? f->comment : direction_of(f), line);
}

// "MAC" of six bytes, null if the frame is too short.
static json_t *mac_json(const struct shown_frame *f, uint32_t at)
{
	char text[MAC_TEXT];
	const uint8_t *b = f->data + at;

	if (f->captured < at + 6)
		return json_null();
	snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		 b[5]);
	return json_string(text);
}

static void print_json(const struct shown_frame *f)
{
	char date[CLOCK_TEXT], type[FRAMETEXT_TYPE];
	time_t seconds = (time_t)(f->ns / 1000000000);
	const char *reason = reason_of(f);
	struct tm tm;
	int vid = frametext_vid(f->data, f->captured);

	strftime(date, sizeof date, "%FT%T", gmtime_r(&seconds, &tm));
	frametext_type(f->data, f->captured, type);
	json_t *o = json_pack("{s:o, s:s, s:s, s:s?, s:o, s:o, s:o, s:s, s:I}", "date",
			      json_sprintf("%s.%06uZ", date, (unsigned)(f->ns % 1000000000 / 1000)),
			      "port", f->port, "direction", direction_of(f), "reason", reason,
			      "source", mac_json(f, 6), "destination", mac_json(f, 0), "vlan",
			      vid < 0 ? json_null() : json_integer(vid), "type", type, "length",
			      (json_int_t)f->length);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

bool framelines_print(struct framelines *l, const uint8_t *data, size_t len)
{
	struct pcapng_head h;
	struct shown_frame f;

	for (size_t at = 0; at < len; at += h.length) {
		memcpy(&h, data + at, sizeof h);
		if (h.type == PCAPNG_INTERFACE && !add_port(l, data + at, h.length))
			return false;
		if (h.type != PCAPNG_PACKET || !read_packet(l, data + at, h.length, &f))
			continue;
		if (l->json)
			print_json(&f);
		else
			print_text(&f);
	}
	return !fflush(stdout);
}

void framelines_free(struct framelines *l)
{
	free(l->port);
	l->port = NULL;
}
