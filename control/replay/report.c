// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/describe.h"
#include "control/api/describe_mdb.h"
#include "control/api/event_json.h"
#include "control/common/complain.h"
#include "control/common/json.h"
#include "control/common/text.h"
#include "control/common/view.h"
#include "control/replay/inputs.h"
#include "control/replay/scratch.h"
#include "control/switch/flush.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/key.h"
#include "dataplane/mdb.h"

enum {
	FDB_PAGE = 65536, // entries that are described at a time
	FDB_SHOWN = 50,
};

// Events are spooled, a line each: time, blank, JSON object. Each spool is in order of time. A
// violation is reported after its second with the time of its first frame, therefore violations
// have their own spool.
struct report {
	const struct vswitch *sw;
	FILE *events, *violations;
	bool bad;
};

struct report *report_create(const struct vswitch *sw)
{
	struct report *r = calloc(1, sizeof *r);

	if (r && (r->events = scratch_file()) && (r->violations = scratch_file())) {
		r->sw = sw;
		return r;
	}
	report_destroy(r);
	return NULL;
}

void report_destroy(struct report *r)
{
	if (r && r->events)
		fclose(r->events);
	if (r && r->violations)
		fclose(r->violations);
	free(r);
}

void report_event(struct report *r, const struct event *e)
{
	FILE *f = e->type == EVENT_VIOLATION ? r->violations : r->events;
	json_t *o = event_json(r->sw, e);

	if (!o || fprintf(f, "%" PRIu64 " ", e->ns) < 0 ||
	    json_dumpf(o, f, JSON_COMPACT | JSON_DIGITS) || fputc('\n', f) == EOF)
		r->bad = true;
	json_decref(o);
}

// Writes rows into an open JSON array, one a line.
static void put_rows(FILE *f, const json_t *rows, bool *any)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row) {
		fputs(*any ? ",\n" : "\n", f);
		json_dumpf(row, f, JSON_DIGITS);
		*any = true;
	}
}

static bool put_fdb(const struct report *r, FILE *f)
{
	struct fdb_filter all = {.port = -1, .type = -1};
	uint64_t after = 0;
	bool more = true, any = false;

	while (more) {
		uint64_t mac = 0;
		json_t *page = describe_fdb(r->sw, &all, after, FDB_PAGE, &more);
		if (!page)
			return false;
		put_rows(f, page, &any);
		if (more) {
			const json_t *last = json_array_get(page, json_array_size(page) - 1);
			text_mac(json_string_value(json_object_get(last, "mac")), &mac);
			after = key_make(
				(uint16_t)json_integer_value(json_object_get(last, "vlan")), mac);
		}
		json_decref(page);
	}
	return true;
}

// The next line of a spool that is read.
struct spool {
	FILE *file;
	uint64_t ns; // UINT64_MAX: the spool is at its end
	char *line;  // the JSON object
	char *buffer;
	size_t size;
};

static void spool_next(struct spool *s)
{
	ssize_t len = getline(&s->buffer, &s->size, s->file);

	s->ns = UINT64_MAX;
	if (len <= 0)
		return;
	s->buffer[len - 1] = 0;
	s->ns = strtoull(s->buffer, &s->line, 10);
	s->line++;
}

// Merges both spools by time.
static void write_events(struct report *r, FILE *f)
{
	struct spool s[] = {{.file = r->violations}, {.file = r->events}};
	bool any = false;

	for (int i = 0; i < 2; i++) {
		rewind(s[i].file);
		spool_next(&s[i]);
	}
	while (s[0].ns != UINT64_MAX || s[1].ns != UINT64_MAX) {
		struct spool *first = &s[s[1].ns < s[0].ns];
		fprintf(f, "%s%s", any ? ",\n" : "\n", first->line);
		any = true;
		spool_next(first);
	}
	free(s[0].buffer);
	free(s[1].buffer);
}

// What was not replayed.
static json_t *left_json(const struct inputs *in)
{
	json_t *o = json_object();

	for (unsigned why = 0; why < LEFTS; why++)
		json_object_set_new(o, left_names[why],
				    json_integer((json_int_t)inputs_left(in, why)));
	return o;
}

static bool put_report(struct report *r, FILE *f, const struct player *p, const struct inputs *in)
{
	json_t *about = json_pack("{s:s, s:f}", "name", r->sw->config->name, "time",
				  (double)p->now_ns / 1e9);
	json_t *ports = describe_ports(r->sw), *left = left_json(in);
	bool any = false;

	fputs("{\"switch\": ", f);
	json_dumpf(about, f, JSON_DIGITS);
	fprintf(f, ",\n\"skipped\": %" PRIu64 ",\n\"left_out\": ", inputs_skipped(in));
	json_dumpf(left, f, 0);
	fputs(",\n\"ports\": [", f);
	put_rows(f, ports, &any);
	fputs("],\n\"fdb\": [", f);
	bool good = put_fdb(r, f);
	fputs("],\n\"mdb\": [", f);
	json_t *groups = describe_mdb(r->sw, &(struct mdb_filter){.port = -1}, 0);
	any = false;
	put_rows(f, groups, &any);
	json_decref(groups);
	fputs("],\n\"events\": [", f);
	write_events(r, f);
	fputs("]}\n", f);
	json_decref(about);
	json_decref(ports);
	json_decref(left);
	return good && !ferror(f);
}

bool report_write(struct report *r, const char *path, const struct player *p,
		  const struct inputs *in)
{
	bool to_stdout = !strcmp(path, "-");
	FILE *f = to_stdout ? stdout : fopen(path, "w");

	if (r->bad)
		complain("cannot store events in %s (set TMPDIR to a folder with room)",
			 scratch_parent());
	if (!f)
		return complain("%s: %s", path, strerror(errno));
	bool good = put_report(r, f, p, in) && !r->bad;
	if (to_stdout ? fflush(f) : fclose(f))
		good = false;
	return good ||
	       complain("%s: cannot write the whole report", to_stdout ? "standard output" : path);
}

void report_print(const struct player *p, const struct inputs *in)
{
	struct fdb_filter all = {.port = -1, .type = -1};
	bool more;
	json_t *ports = describe_ports(p->sw),
	       *fdb = describe_fdb(p->sw, &all, 0, FDB_SHOWN, &more);

	printf("%" PRIu64 " frames in %.3f s", p->frames, (double)p->now_ns / 1e9);
	if (inputs_skipped(in))
		printf(", %" PRIu64 " skipped", inputs_skipped(in));
	for (unsigned why = 0; why < LEFTS; why++)
		if (inputs_left(in, why))
			printf(", %" PRIu64 " left out (%s)", inputs_left(in, why),
			       left_names[why]);
	fputs("\n\n", stdout);
	view_print(stdout, VIEW_COUNTERS, ports, false);
	putchar('\n');
	view_print(stdout, VIEW_FDB, fdb, false);
	if (p->sw->conf->snoops) {
		json_t *groups = describe_mdb(p->sw, &(struct mdb_filter){.port = -1}, 0);
		putchar('\n');
		view_print(stdout, VIEW_MDB, groups, false);
		json_decref(groups);
	}
	if (more)
		printf("… (the first %d; --report writes all)\n", FDB_SHOWN);
	json_decref(ports);
	json_decref(fdb);
}
