// SPDX-License-Identifier: BSD-3-Clause
#include "control/pcap/pcapng.h"

#include <string.h>

enum {
	LINKTYPE_ETHERNET = 1,
	STATISTICS_OPTIONS = 20, // offset of the options
	// Codes of options.
	SECTION_APPLICATION = 4,
	STATISTICS_RECEIVED = 4,
	STATISTICS_DROPPED = 5,
};

// A block under construction.
struct block {
	uint8_t *start, *at;
};

static void put_bytes(struct block *b, const void *data, size_t len)
{
	memcpy(b->at, data, len);
	b->at += len;
}

static void put32(struct block *b, uint32_t v)
{
	put_bytes(b, &v, sizeof v);
}

// Bytes, and zeros up to a multiple of four.
static void put_padded(struct block *b, const void *data, size_t len)
{
	put_bytes(b, data, len);
	put_bytes(b, (uint8_t[3]){0}, -len & 3);
}

static void put_option(struct block *b, uint16_t code, const void *data, size_t len)
{
	put_bytes(b, (uint16_t[]){code, (uint16_t)len}, 4);
	put_padded(b, data, len);
}

// The upper half comes first, whatever the byte order.
static void put_timestamp(struct block *b, uint64_t ns)
{
	put32(b, (uint32_t)(ns >> 32));
	put32(b, (uint32_t)ns);
}

static struct block block_begin(uint8_t *out, uint32_t type)
{
	struct block b = {out, out};

	put32(&b, type);
	put32(&b, 0); // length, see block_end()
	return b;
}

static size_t block_end(struct block *b)
{
	uint32_t length = (uint32_t)(b->at - b->start) + 2 * sizeof(uint32_t);

	put32(b, 0); // end of options
	put32(b, length);
	memcpy(b->start + sizeof(uint32_t), &length, sizeof length);
	return length;
}

size_t pcapng_section(uint8_t *out, const char *application)
{
	struct block b = block_begin(out, PCAPNG_SECTION);

	put32(&b, PCAPNG_BYTE_ORDER);
	put_bytes(&b, (uint16_t[]){1, 0}, 4); // version
	put_bytes(&b, &(int64_t){-1}, 8);     // length of the section: unknown
	put_option(&b, SECTION_APPLICATION, application, strlen(application));
	return block_end(&b);
}

size_t pcapng_interface(uint8_t *out, const char *name, uint32_t snaplen)
{
	struct block b = block_begin(out, PCAPNG_INTERFACE);

	put32(&b, LINKTYPE_ETHERNET);
	put32(&b, snaplen);
	put_option(&b, PCAPNG_INTERFACE_NAME, name, strlen(name));
	put_option(&b, PCAPNG_INTERFACE_RESOLUTION, &(uint8_t){9}, 1); // 10^-9 s
	return block_end(&b);
}

size_t pcapng_packet(uint8_t *out, const struct pcapng_packet *p)
{
	struct block b = block_begin(out, PCAPNG_PACKET);

	put32(&b, p->interface);
	put_timestamp(&b, p->ns);
	put32(&b, p->captured);
	put32(&b, p->length);
	put_padded(&b, p->data, p->captured);
	put_option(&b, PCAPNG_PACKET_FLAGS, &(uint32_t){p->direction}, sizeof(uint32_t));
	if (p->comment)
		put_option(&b, PCAPNG_COMMENT, p->comment, strlen(p->comment));
	return block_end(&b);
}

size_t pcapng_statistics(uint8_t *out, const struct pcapng_statistics *s)
{
	struct block b = block_begin(out, PCAPNG_STATISTICS);

	put32(&b, s->interface);
	put_timestamp(&b, s->ns);
	put_option(&b, STATISTICS_RECEIVED, &s->received, sizeof s->received);
	put_option(&b, STATISTICS_DROPPED, &s->dropped, sizeof s->dropped);
	return block_end(&b);
}

uint64_t pcapng_dropped(const uint8_t *block, size_t length)
{
	uint16_t option[2]; // code, length
	uint64_t dropped = 0;

	for (size_t at = STATISTICS_OPTIONS; at + sizeof option + sizeof dropped <= length;
	     at += (option[1] + 3u) & ~3u) {
		memcpy(option, block + at, sizeof option);
		at += sizeof option;
		if (option[0] == STATISTICS_DROPPED)
			memcpy(&dropped, block + at, sizeof dropped);
	}
	return dropped;
}
