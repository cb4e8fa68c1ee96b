// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/expect.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/common/complain.h"
#include "control/common/json.h"
#include "control/pcap/frametext.h"
#include "control/pcap/reader.h"
#include "control/pcap/record.h"
#include "control/replay/inputs.h"
#include "control/replay/outputs.h"
#include "dataplane/portset.h"

enum { PATH_SIZE = 4096, WHERE = 256, VALUE = 96, ADDRESSES = 12, HEADER = 14, TAG_END = 18 };

#define SUFFIX ".pcap"
#define HALF_NS 5e-10 // times are numbers of seconds

static void put_path(char path[PATH_SIZE], const char *dir, const char *name, const char *suffix)
{
	snprintf(path, PATH_SIZE, "%s/%s%s", dir, name, suffix);
}

// Captures.

// The next frame of each capture. The data of one is valid until it is read again.
struct pair {
	struct reader *reader[2];
	struct capture_record rec[2];
	bool there[2];
};

enum { EXPECTED, ACTUAL };

static bool open_pair(struct pair *p, const char *expected, const char *actual)
{
	char error[CAPTURE_ERROR];

	*p = (struct pair){0};
	for (int i = 0; i < 2; i++) {
		p->reader[i] = reader_open(i == EXPECTED ? expected : actual, error);
		if (!p->reader[i])
			return complain("%s", error);
	}
	return true;
}

static bool read_pair(struct pair *p, bool *cut)
{
	char text[CAPTURE_ERROR];

	for (int i = 0; i < 2; i++) {
		enum reader_status s = reader_next(p->reader[i], &p->rec[i], text);
		p->there[i] = s == READER_RECORD;
		*cut = *cut || (s == READER_CUT && !complain("%s", text));
	}
	return p->there[EXPECTED] || p->there[ACTUAL];
}

static bool same_frame(const struct pair *p)
{
	const struct capture_record *a = &p->rec[EXPECTED], *b = &p->rec[ACTUAL];

	return p->there[EXPECTED] && p->there[ACTUAL] && a->ns == b->ns &&
	       a->captured == b->captured && a->length == b->length &&
	       !memcmp(a->data, b->data, a->captured);
}

static bool differ(const struct pair *p, uint32_t from, uint32_t to)
{
	const struct capture_record *a = &p->rec[EXPECTED], *b = &p->rec[ACTUAL];

	return a->captured >= to && b->captured >= to &&
	       memcmp(a->data + from, b->data + from, to - from);
}

// The fields in which two frames differ.
static void list_fields(const struct pair *p, char out[WHERE])
{
	const struct capture_record *a = &p->rec[EXPECTED], *b = &p->rec[ACTUAL];
	uint32_t least = a->captured < b->captured ? a->captured : b->captured, at = HEADER;
	char byte[32] = "";

	while (at < least && a->data[at] == b->data[at])
		at++;
	if (at < least)
		snprintf(byte, sizeof byte, ", byte %u", at);
	snprintf(out, WHERE, "%s%s%s%s%s%s", a->ns != b->ns ? ", time" : "",
		 differ(p, 0, 6) ? ", destination" : "", differ(p, 6, ADDRESSES) ? ", source" : "",
		 differ(p, ADDRESSES, HEADER) ? ", type or tag" : "",
		 a->length != b->length ? ", length" : "", byte);
}

static void print_frame(const char *what, const struct pair *p, int i)
{
	char line[FRAMETEXT_LINE] = "no such frame";
	const struct capture_record *r = &p->rec[i];

	if (p->there[i])
		frametext_line(r->data, r->captured, r->captured, line);
	fprintf(stderr, "  %-9s", what);
	if (p->there[i])
		fprintf(stderr, "%" PRIu64 ".%09" PRIu64 " ", r->ns / 1000000000,
			r->ns % 1000000000);
	fprintf(stderr, "%s\n", line);
}

static void tell_frame(const char *name, uint64_t number, const struct pair *p)
{
	char fields[WHERE] = "";

	if (p->there[EXPECTED] && p->there[ACTUAL])
		list_fields(p, fields);
	complain("port '%s': frame %" PRIu64 " is %s%s", name, number,
		 !p->there[ACTUAL]     ? "missing"
		 : !p->there[EXPECTED] ? "not expected"
				       : "another than expected: ",
		 *fields ? fields + 2 : "");
	print_frame("expected", p, EXPECTED);
	print_frame("is", p, ACTUAL);
}

static bool compare_frames(const char *name, struct pair *p)
{
	uint64_t number = 0, differences = 0;
	bool cut = false;

	while (read_pair(p, &cut)) {
		number++;
		if (!same_frame(p) && !differences++)
			tell_frame(name, number, p);
	}
	if (differences > 1)
		complain("port '%s': %" PRIu64 " of %" PRIu64 " frames differ", name, differences,
			 number);
	return !differences && !cut;
}

static bool compare_captures(const char *name, const char *expected, const char *actual)
{
	struct pair p;
	bool good = open_pair(&p, expected, actual) && compare_frames(name, &p);

	reader_close(p.reader[EXPECTED]);
	reader_close(p.reader[ACTUAL]);
	return good;
}

// Reports.

struct differences {
	uint64_t count;
};

static void put_value(const json_t *v, char out[VALUE])
{
	char *text = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_DIGITS) : NULL;

	snprintf(out, VALUE, "%s", text ? text : "nothing");
	free(text);
}

static void tell_value(struct differences *d, const char *where, const json_t *expected,
		       const json_t *actual)
{
	char wanted[VALUE], got[VALUE];

	if (d->count++)
		return;
	put_value(expected, wanted);
	put_value(actual, got);
	complain(EXPECT_REPORT ": %s: expected %s, is %s", where + (*where == '.'), wanted, got);
}

static void compare_values(struct differences *d, const char *where, const json_t *expected,
			   const json_t *actual);

static void compare_members(struct differences *d, const char *where, json_t *expected,
			    const json_t *actual)
{
	char path[WHERE];
	const char *key;
	json_t *value;

	json_object_foreach(expected, key, value) {
		snprintf(path, sizeof path, "%s.%s", where, key);
		compare_values(d, path, value, json_object_get(actual, key));
	}
}

static void compare_items(struct differences *d, const char *where, const json_t *expected,
			  const json_t *actual)
{
	size_t a = json_array_size(expected), b = json_array_size(actual);
	char path[WHERE];

	for (size_t i = 0; i < a || i < b; i++) {
		const json_t *value = json_array_get(i < a ? expected : actual, i);
		const char *name = json_string_value(json_object_get(value, "name"));
		snprintf(path, sizeof path, name ? "%s[%zu] (%s)" : "%s[%zu]", where, i,
			 name ? name : "");
		compare_values(d, path, json_array_get(expected, i), json_array_get(actual, i));
	}
}

static void compare_values(struct differences *d, const char *where, const json_t *expected,
			   const json_t *actual)
{
	if (json_is_object(expected) && json_is_object(actual))
		compare_members(d, where, (json_t *)expected, actual);
	else if (json_is_array(expected) && json_is_array(actual))
		compare_items(d, where, expected, actual);
	else if (json_is_number(expected) && json_is_number(actual)) {
		if (fabs(json_number_value(expected) - json_number_value(actual)) > HALF_NS)
			tell_value(d, where, expected, actual);
	} else if (!expected || !actual || !json_equal(expected, actual)) {
		tell_value(d, where, expected, actual);
	}
}

static bool compare_reports(const char *expected, const char *actual)
{
	struct differences d = {0};
	json_error_t why;
	json_t *wanted = json_load_file(expected, 0, &why);

	if (!wanted)
		return complain("%s:%d:%d: %s", expected, why.line, why.column, why.text);
	json_t *got = json_load_file(actual, 0, &why);
	compare_values(&d, "", wanted, got);
	if (d.count > 1)
		complain(EXPECT_REPORT ": %" PRIu64 " values differ", d.count);
	json_decref(wanted);
	json_decref(got);
	return !d.count;
}

// Folders.

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static bool is_port(const char *name, size_t len, const struct vswitch *sw)
{
	unsigned port;

	PORTSET_FOREACH(port, outputs_ports(sw))
		if (strlen(sw->port[port].name) == len && !memcmp(sw->port[port].name, name, len))
			return true;
	return false;
}

// A port that is expected to send frames, and that the configuration does not have.
static bool check_ports(const char *dir, const struct vswitch *sw, const struct inputs *in)
{
	char path[PATH_SIZE];
	const struct dirent *entry;
	bool good = true;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		size_t len = strlen(entry->d_name), end = strlen(SUFFIX);
		if (len <= end || strcmp(entry->d_name + len - end, SUFFIX) != 0 ||
		    is_port(entry->d_name, len - end, sw))
			continue;
		put_path(path, dir, entry->d_name, "");
		if (!inputs_reads(in, path))
			good = complain("%s is expected, but there is no port '%.*s'", path,
					(int)(len - end), entry->d_name);
	}
	if (d)
		closedir(d);
	return good;
}

bool expect_compare(const char *expected, const char *actual, const struct vswitch *sw,
		    const struct inputs *in)
{
	char wanted[PATH_SIZE], got[PATH_SIZE];
	bool good = check_ports(expected, sw, in), any = false;
	unsigned port;

	PORTSET_FOREACH(port, outputs_ports(sw)) {
		put_path(wanted, expected, sw->port[port].name, SUFFIX);
		put_path(got, actual, sw->port[port].name, SUFFIX);
		if (!exists(wanted))
			continue;
		any = true;
		good = compare_captures(sw->port[port].name, wanted, got) && good;
	}
	put_path(wanted, expected, EXPECT_REPORT, "");
	put_path(got, actual, EXPECT_REPORT, "");
	if (exists(wanted)) {
		any = true;
		good = compare_reports(wanted, got) && good;
	}
	return any ? good
		   : complain("%s has neither " EXPECT_REPORT
			      " nor a capture of a port (--update writes them)",
			      expected);
}

static bool move_file(const char *expected, const char *actual, const char *name,
		      const char *suffix)
{
	char to[PATH_SIZE], from[PATH_SIZE];

	put_path(to, expected, name, suffix);
	put_path(from, actual, name, suffix);
	return !rename(from, to) || complain("%s: %s", to, strerror(errno));
}

bool expect_update(const char *expected, const char *actual, const struct vswitch *sw)
{
	unsigned port;

	PORTSET_FOREACH(port, outputs_ports(sw))
		if (!move_file(expected, actual, sw->port[port].name, SUFFIX))
			return false;
	return move_file(expected, actual, EXPECT_REPORT, "");
}
