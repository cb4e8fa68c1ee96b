// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/pcapio.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SNAPLEN = 262144 };
#define SECONDS_MAX UINT64_C(16725225600)

struct input {
	pcap_t *pcap;
	char *path;
	bool wanted;  // the next record has to be read
	bool pending; // `next` holds a record
	struct capture_record next;
	uint64_t size;
};

struct captures {
	unsigned count;
	struct input input[CAPTURES_MAX];
};

struct captures *captures_create(void)
{
	return calloc(1, sizeof(struct captures));
}

static void input_close(struct input *in)
{
	if (in->pcap)
		pcap_close(in->pcap);
	in->pcap = NULL;
}

void captures_destroy(struct captures *c)
{
	for (unsigned i = 0; c && i < c->count; i++) {
		input_close(&c->input[i]);
		free(c->input[i].path);
	}
	free(c);
}

// Whether this is libpcap's error for a pcap or pcapng file that ends within a record.
static bool is_cut_short(const char *error)
{
	return !strncmp(error, "truncated dump file", 19) ||
	       !strncmp(error, "truncated pcapng dump file", 26);
}

static enum capture_status report_broken(struct input *in, char text[CAPTURE_ERROR])
{
	const char *why = pcap_geterr(in->pcap);
	bool cut = is_cut_short(why);

	snprintf(text, CAPTURE_ERROR, "%s: %s%s", in->path,
		 cut ? "the file ends within a record, and is used up to there: " : "", why);
	input_close(in);
	return cut ? CAPTURE_WARNING : CAPTURE_BROKEN;
}

// Reads the next record.
static enum capture_status read_ahead(struct input *in, char text[CAPTURE_ERROR])
{
	struct pcap_pkthdr *h;
	const u_char *data;
	int rc = pcap_next_ex(in->pcap, &h, &data);

	in->wanted = false;
	in->pending = rc == 1;
	if (rc == 1) {
		// Timestamps after the year 2500 are wrong and would overflow.
		uint64_t s = h->ts.tv_sec < 0 ? 0 : (uint64_t)h->ts.tv_sec;
		in->next.ns = (s < SECONDS_MAX ? s : SECONDS_MAX) * 1000000000 +
			      (uint64_t)h->ts.tv_usec % 1000000000;
		in->next.data = data;
		in->next.captured = h->caplen;
		in->next.length = h->len;
		return CAPTURE_RECORD;
	}
	if (rc == PCAP_ERROR_BREAK)
		return CAPTURE_END;
	return report_broken(in, text);
}

bool captures_add(struct captures *c, const char *path, unsigned tag, char error[CAPTURE_ERROR])
{
	char why[PCAP_ERRBUF_SIZE];
	struct stat st = {0};

	if (c->count == CAPTURES_MAX) {
		snprintf(error, CAPTURE_ERROR, "too many captures (at most %d)", CAPTURES_MAX);
		return false;
	}
	struct input *in = &c->input[c->count];
	in->path = strdup(path);
	in->pcap = in->path ? pcap_open_offline_with_tstamp_precision(
				      path, PCAP_TSTAMP_PRECISION_NANO, why)
			    : NULL;
	if (!in->pcap) {
		// Some messages of libpcap begin with the path.
		bool named = !strncmp(why, path, strlen(path));
		snprintf(error, CAPTURE_ERROR, "%s%s%s", named ? "" : path, named ? "" : ": ", why);
		free(in->path);
		return false;
	}
	c->count++;
	int type = pcap_datalink(in->pcap);
	if (type != DLT_EN10MB) {
		const char *name = pcap_datalink_val_to_name(type);
		snprintf(error, CAPTURE_ERROR,
			 "%s: the link type is %s (only Ethernet is supported)", path,
			 name ? name : "unknown");
		return false;
	}
	if (!stat(path, &st))
		in->size = (uint64_t)st.st_size;
	in->next.tag = tag;
	in->wanted = true;
	return true;
}

enum capture_status captures_next(struct captures *c, struct capture_record *r,
				  char text[CAPTURE_ERROR])
{
	struct input *first = NULL;

	for (unsigned i = 0; i < c->count; i++) {
		struct input *in = &c->input[i];
		if (in->wanted) {
			enum capture_status s = read_ahead(in, text);
			if (s == CAPTURE_WARNING || s == CAPTURE_BROKEN)
				return s;
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

double captures_progress(const struct captures *c)
{
	uint64_t size = 0, done = 0;

	for (unsigned i = 0; i < c->count; i++) {
		const struct input *in = &c->input[i];
		long at = in->pcap ? ftell(pcap_file(in->pcap)) : -1;
		size += in->size;
		done += at >= 0 ? (uint64_t)at : in->size;
	}
	return size ? (double)done / (double)size : 1;
}

struct capture_out {
	pcap_t *dead;
	pcap_dumper_t *dump;
};

struct capture_out *capture_out_open(const char *path, char error[CAPTURE_ERROR])
{
	struct capture_out *o = calloc(1, sizeof *o);

	if (o)
		o->dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAPLEN,
							       PCAP_TSTAMP_PRECISION_NANO);
	if (!o || !o->dead) {
		free(o);
		snprintf(error, CAPTURE_ERROR, "%s: out of memory", path);
		return NULL;
	}
	o->dump = pcap_dump_open(o->dead, path);
	if (!o->dump) {
		snprintf(error, CAPTURE_ERROR, "%s", pcap_geterr(o->dead));
		pcap_close(o->dead);
		free(o);
		return NULL;
	}
	return o;
}

void capture_out_write(struct capture_out *o, uint64_t ns, const uint8_t *data, uint32_t len)
{
	struct pcap_pkthdr h = {
		.ts = {.tv_sec = (time_t)(ns / 1000000000),
		       .tv_usec = (suseconds_t)(ns % 1000000000)},
		.caplen = len < SNAPLEN ? len : SNAPLEN,
		.len = len,
	};

	pcap_dump((u_char *)o->dump, &h, data);
}

bool capture_out_close(struct capture_out *o)
{
	bool good = !pcap_dump_flush(o->dump) && !ferror(pcap_dump_file(o->dump));

	pcap_dump_close(o->dump);
	pcap_close(o->dead);
	free(o);
	return good;
}
