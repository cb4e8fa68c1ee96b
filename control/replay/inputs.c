// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/inputs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/common/complain.h"
#include "control/common/text.h"
#include "control/pcap/captures.h"
#include "control/pcap/reader.h"
#include "control/pcap/record.h"
#include "control/replay/stations.h"
#include "dataplane/frame.h"

enum {
	NO_PORT = -1,
	SOURCES_NAMED = 10,
	EXACT = 48,
	NAMED = 10, // interfaces in a message
	NAMES = NAMED * (CAPTURE_INTERFACE + 2) + 8,
};

// Interfaces that a message names. Each is Ethernet.
enum listed {
	LISTED_ALL,
	LISTED_WITH_FRAMES,
	LISTED_STRANGE, // with frames, and no port has their name
};

const char *const left_names[LEFTS] = {
#define X(id, name) name,
	LEFT_LIST(X)
#undef X
};

enum input_kind {
	INPUT_OF_PORT,   // PORT=FILE
	INPUT_INTERFACE, // PORT=FILE:INTERFACE
	INPUT_BY_NAME,   // FILE
	INPUT_BY_SOURCE, // FILE, with --sources
};

struct input {
	enum input_kind kind;
	char *path;
	const char *interface; // INPUT_INTERFACE
	int port;
	unsigned order;   // of the options
	int16_t *port_of; // by interface, filled in as they appear
	uint32_t known;
};

struct source {
	uint64_t mac; // its first `bits` bits
	unsigned bits;
	int port;
};

struct inputs {
	const struct config *config;
	struct captures *captures;
	struct input input[CAPTURES_MAX]; // in the order of captures
	unsigned count;
	struct source *source; // single MACs in order, then ranges, the longest prefix first
	size_t sources, exact;
	int rest;
	struct stations *unlisted;
	uint64_t left[LEFTS], taken;
};

static int port_named(const struct config *c, const char *name, size_t len)
{
	for (unsigned p = 0; p < c->port_count; p++)
		if (strlen(c->port[p].name) == len && !strncmp(c->port[p].name, name, len))
			return (int)p;
	return NO_PORT;
}

// Options.

static bool refuse_port(const struct inputs *in, const struct replay_options *o, const char *option,
			const char *word, size_t len)
{
	char name[PORT_NAME], hint[TEXT_HINT];

	snprintf(name, sizeof name, "%.*s", (int)len, word);
	return complain("%s %s: %s has no port '%s'%s", option, word, o->config, name,
			config_port_hint(hint, in->config, name, NULL));
}

// FILE:INTERFACE, where no file has the whole name.
static void split_interface(struct input *i)
{
	char *colon = strrchr(i->path, ':');

	if (!colon || !colon[1] || !access(i->path, F_OK))
		return;
	*colon = 0;
	i->interface = colon + 1;
	i->kind = INPUT_INTERFACE;
}

// A word before '=' is a port, unless it is the path of a file.
static bool names_port(const char *word, size_t len)
{
	return word[len] == '=' && !memchr(word, '/', len);
}

static bool parse_input(struct inputs *in, const struct replay_options *o, const char *word)
{
	struct input *i = &in->input[in->count];
	size_t len = strcspn(word, "=");
	bool named = names_port(word, len);

	*i = (struct input){.port = NO_PORT, .order = in->count};
	i->kind = named ? INPUT_OF_PORT : o->source_count ? INPUT_BY_SOURCE : INPUT_BY_NAME;
	if (named && (i->port = port_named(in->config, word, len)) == NO_PORT)
		return refuse_port(in, o, "--in", word, len);
	i->path = strdup(named ? word + len + 1 : word);
	if (!i->path)
		return complain("out of memory");
	in->count++;
	bool is_port = !named && port_named(in->config, word, len) != NO_PORT;
	if (!*i->path || (is_port && access(word, F_OK)))
		return complain("--in %s has no capture (--in PORT=CAPTURE)", word);
	if (named)
		split_interface(i);
	return true;
}

static bool parse_inputs(struct inputs *in, const struct replay_options *o)
{
	bool uses_stdin = false;

	for (unsigned n = 0; n < o->in_count; n++) {
		if (!parse_input(in, o, o->in[n]))
			return false;
		if (strcmp(in->input[n].path, "-"))
			continue;
		if (uses_stdin)
			return complain("only one --in can be '-', standard input");
		uses_stdin = true;
	}
	return true;
}

static bool add_sources(struct inputs *in, const struct mac_list *macs, int port)
{
	struct source *more = realloc(in->source, (in->sources + macs->count) * sizeof *in->source);

	if (!more)
		return complain("out of memory");
	in->source = more;
	for (unsigned i = 0; i < macs->count; i++)
		in->source[in->sources++] = (struct source){macs->range[i].mac, macs->range[i].bits,
							    port};
	return true;
}

static bool parse_source(struct inputs *in, const struct replay_options *o, const char *word)
{
	size_t len = strcspn(word, "=");
	int port = port_named(in->config, word, len);
	struct mac_list macs;

	if (!word[len])
		return complain("--sources %s has no MAC (--sources PORT=MAC[/BITS],…)", word);
	if (port == NO_PORT)
		return refuse_port(in, o, "--sources", word, len);
	if (!text_macs(word + len + 1, &macs) || !macs.count)
		return complain(
			"--sources %s: '%s' is no list of MACs (such as 52:54:00:00:00:01,00:50:56:00:00:00/24; at most %d)",
			word, word + len + 1, MACS_MAX);
	return add_sources(in, &macs, port);
}

static int compare_sources(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->bits != y->bits)
		return x->bits < y->bits ? 1 : -1;
	return (x->mac > y->mac) - (x->mac < y->mac);
}

static bool refuse_double(const struct inputs *in, const struct source *s)
{
	char mac[MAC_TEXT];

	text_put_mac(s->mac, mac);
	return complain("--sources: %s/%u is listed for ports '%s' and '%s'", mac, s->bits,
			in->config->port[s[0].port].name, in->config->port[s[1].port].name);
}

// --sources says nothing of a capture whose port is named.
static bool check_use(const struct inputs *in, const struct replay_options *o)
{
	for (unsigned i = 0; i < in->count; i++)
		if (in->input[i].kind == INPUT_BY_SOURCE)
			return true;
	return !o->source_count ||
	       complain("--sources needs a capture of several ports: --in CAPTURE, without PORT=");
}

static bool parse_sources(struct inputs *in, const struct replay_options *o)
{
	for (unsigned i = 0; i < o->source_count; i++)
		if (!parse_source(in, o, o->source[i]))
			return false;
	if (in->sources)
		qsort(in->source, in->sources, sizeof *in->source, compare_sources);
	while (in->exact < in->sources && in->source[in->exact].bits == EXACT)
		in->exact++;
	for (size_t i = 0; i + 1 < in->sources; i++)
		if (!compare_sources(&in->source[i], &in->source[i + 1]) &&
		    in->source[i].port != in->source[i + 1].port)
			return refuse_double(in, &in->source[i]);
	if (!o->rest)
		return true;
	in->rest = port_named(in->config, o->rest, strlen(o->rest));
	return in->rest != NO_PORT || refuse_port(in, o, "--rest", o->rest, strlen(o->rest));
}

// The order of the configuration decides between frames with the same time.
static int compare_inputs(const void *a, const void *b)
{
	const struct input *x = a, *y = b;

	return x->port != y->port ? x->port - y->port : (int)x->order - (int)y->order;
}

struct inputs *inputs_create(const struct replay_options *o, const struct config *c, int *status)
{
	struct inputs *in = calloc(1, sizeof *in);

	*status = EXIT_USAGE;
	if (!in || !(in->captures = captures_create()) || !(in->unlisted = stations_create())) {
		*status = EXIT_REFUSED;
		complain("out of memory");
		inputs_destroy(in);
		return NULL;
	}
	in->config = c;
	in->rest = NO_PORT;
	if (!parse_inputs(in, o) || !check_use(in, o) || !parse_sources(in, o)) {
		inputs_destroy(in);
		return NULL;
	}
	qsort(in->input, in->count, sizeof *in->input, compare_inputs);
	return in;
}

void inputs_destroy(struct inputs *in)
{
	if (!in)
		return;
	for (unsigned i = 0; i < in->count; i++) {
		free(in->input[i].path);
		free(in->input[i].port_of);
	}
	free(in->source);
	stations_destroy(in->unlisted);
	captures_destroy(in->captures);
	free(in);
}

unsigned inputs_count(const struct inputs *in)
{
	return in->count;
}

const char *inputs_path(const struct inputs *in, unsigned n)
{
	return in->input[n].path;
}

bool inputs_reads(const struct inputs *in, const char *path)
{
	struct stat st, other;

	for (unsigned i = 0; i < in->count && !stat(path, &st); i++)
		if (!stat(in->input[i].path, &other) && st.st_dev == other.st_dev &&
		    st.st_ino == other.st_ino)
			return true;
	return false;
}

static bool needs_names(const struct input *i)
{
	return i->kind == INPUT_INTERFACE || i->kind == INPUT_BY_NAME;
}

bool inputs_open(struct inputs *in)
{
	char error[CAPTURE_ERROR];

	for (unsigned n = 0; n < in->count; n++) {
		const struct input *i = &in->input[n];
		if (!captures_add(in->captures, i->path, error))
			return complain("%s", error);
		if (needs_names(i) && !reader_names_interfaces(captures_reader(in->captures, n)))
			return complain(
				"%s: only pcapng has names of interfaces, and this is pcap (--in PORT=%s, or --sources)",
				i->path, i->path);
	}
	return true;
}

// Frames.

static int port_of_interface(const struct inputs *in, const struct input *i, const char *name)
{
	if (i->kind == INPUT_BY_NAME)
		return port_named(in->config, name, strlen(name));
	return strcmp(name, i->interface) ? NO_PORT : i->port;
}

// Finds the ports of interfaces that have appeared since.
static bool learn_interfaces(struct inputs *in, struct input *i, const struct reader *r)
{
	uint32_t count = reader_interfaces(r);
	int16_t *more = realloc(i->port_of, count * sizeof *more);

	if (!more)
		return complain("out of memory");
	i->port_of = more;
	for (; i->known < count; i->known++)
		i->port_of[i->known] = (int16_t)port_of_interface(
			in, i, reader_interface_name(r, i->known));
	return true;
}

static int port_by_name(struct inputs *in, struct input *i, const struct capture_record *rec)
{
	if (rec->interface >= i->known &&
	    !learn_interfaces(in, i, captures_reader(in->captures, rec->input)))
		return NO_PORT;
	return i->port_of[rec->interface];
}

static int compare_mac(const void *key, const void *source)
{
	uint64_t mac = *(const uint64_t *)key, other = ((const struct source *)source)->mac;

	return (mac > other) - (mac < other);
}

static int port_by_source(const struct inputs *in, const struct capture_record *rec)
{
	struct frame f;

	if (!frame_parse(rec->data, rec->captured, &f))
		return in->rest;
	const struct source *s = in->exact ? bsearch(&f.src, in->source, in->exact,
						     sizeof *in->source, compare_mac)
					   : NULL;
	for (size_t i = in->exact; !s && i < in->sources; i++)
		if (in->source[i].mac == (f.src & text_mac_mask(in->source[i].bits)))
			s = &in->source[i];
	return s ? s->port : in->rest;
}

// The port of a frame. NO_PORT: it is left out, see *why.
static int port_of(struct inputs *in, const struct capture_record *rec, enum left *why)
{
	struct input *i = &in->input[rec->input];

	if (i->kind == INPUT_OF_PORT)
		return i->port;
	int port = i->kind == INPUT_BY_SOURCE ? port_by_source(in, rec) : port_by_name(in, i, rec);
	*why = i->kind == INPUT_BY_SOURCE ? LEFT_SOURCE : LEFT_INTERFACE;
	if (port == NO_PORT && *why == LEFT_SOURCE)
		stations_add(in->unlisted, rec->data, rec->captured, false);
	if (port == NO_PORT)
		return NO_PORT;
	*why = rec->drop ? LEFT_DROPPED : LEFT_OUTBOUND;
	return rec->drop || rec->way == CAPTURE_OUTBOUND ? NO_PORT : port;
}

// Keeps the frames that come to a port.
static unsigned find_ports(struct inputs *in, const struct capture_record *const *rec, unsigned n,
			   struct input_frame *out)
{
	enum left why = 0;
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		int port = port_of(in, rec[i], &why);
		if (port == NO_PORT)
			in->left[why]++;
		else
			out[kept++] = (struct input_frame){rec[i], (unsigned)port};
	}
	in->taken += kept;
	return kept;
}

unsigned inputs_read(struct inputs *in, struct input_frame *out, unsigned max)
{
	const struct capture_record *rec[INPUTS_READ_MAX];
	char text[CAPTURE_ERROR];
	enum capture_status s;
	unsigned n, kept = 0;

	max = max < INPUTS_READ_MAX ? max : INPUTS_READ_MAX;
	while (!kept && (s = captures_read(in->captures, rec, max, &n, text)) != CAPTURE_END) {
		if (s == CAPTURE_WARNING)
			complain("warning: %s", text);
		else
			kept = find_ports(in, rec, n, out);
	}
	return kept;
}

// Conclusions.

static void tell_unlisted(struct inputs *in)
{
	char list[SOURCES_NAMED * (MAC_TEXT + 24)] = "", mac[MAC_TEXT];
	uint32_t count;
	const struct station *s = stations_sorted(in->unlisted, &count);
	size_t at = 0;

	if (!in->left[LEFT_SOURCE])
		return;
	for (uint32_t i = 0; i < count && i < SOURCES_NAMED; i++) {
		text_put_mac(s[i].mac, mac);
		at += (size_t)snprintf(list + at, sizeof list - at, "%s%s (%" PRIu64 ")",
				       i ? ", " : "", mac, s[i].frames);
	}
	complain(
		"warning: %" PRIu64
		" frames are left out, because --sources does not list their sources: %s%s (--rest PORT takes them)",
		in->left[LEFT_SOURCE], list, count > SOURCES_NAMED ? ", …" : "");
}

// Whether a list of Ethernet interfaces has this one.
static bool is_listed(const struct input *i, const struct reader *r, uint32_t n, enum listed which)
{
	if (!reader_interface_is_ethernet(r, n))
		return false;
	if (which == LISTED_STRANGE)
		return reader_interface_has_frames(r, n) &&
		       (n >= i->known || i->port_of[n] == NO_PORT);
	return which == LISTED_ALL || reader_interface_has_frames(r, n);
}

// Names interfaces of a file. Returns how many there are; a long list ends with an ellipsis.
static unsigned list_interfaces(const struct input *i, const struct reader *r, enum listed which,
				char out[NAMES])
{
	unsigned found = 0;
	size_t at = 0;

	*out = 0;
	for (uint32_t n = 0; n < reader_interfaces(r); n++) {
		if (!is_listed(i, r, n, which))
			continue;
		if (found++ < NAMED)
			at += (size_t)snprintf(out + at, NAMES - at, "%s%s", at ? ", " : "",
					       reader_interface_name(r, n));
	}
	if (found > NAMED)
		snprintf(out + at, NAMES - at, ", …");
	return found;
}

static void tell_interfaces(const struct inputs *in, unsigned n)
{
	const struct input *i = &in->input[n];
	char names[NAMES];
	bool strange = i->kind == INPUT_BY_NAME;
	unsigned found = list_interfaces(i, captures_reader(in->captures, n),
					 strange ? LISTED_STRANGE : LISTED_WITH_FRAMES, names);
	const char *port = i->port == NO_PORT ? "PORT" : in->config->port[i->port].name;

	if (strange && found)
		complain(
			"warning: %s: no port is named like these interfaces: %s (--in PORT=%s:INTERFACE takes one)",
			i->path, names, i->path);
	else if (i->kind == INPUT_OF_PORT && found > 1)
		complain(
			"warning: %s has the frames of %u interfaces (%s), and all come to port '%s' (--in %s=%s:INTERFACE takes one)",
			i->path, found, names, port, port, i->path);
}

static void tell_about_file(const struct inputs *in, unsigned n)
{
	const struct reader *r = captures_reader(in->captures, n);
	const char *path = in->input[n].path;

	if (reader_skipped(r))
		complain("warning: %s: %" PRIu64
			 " frames are skipped, because their interface is no Ethernet",
			 path, reader_skipped(r));
	if (reader_fcs(r))
		complain("warning: %s: an FCS of %u bytes is cut off its frames", path,
			 reader_fcs(r));
	tell_interfaces(in, n);
}

// An input by the name of an interface that does not exist is a mistake.
static bool check_interface(const struct inputs *in, unsigned n)
{
	const struct input *i = &in->input[n];
	const struct reader *r = captures_reader(in->captures, n);
	const char *link = NULL;
	char names[NAMES];

	if (i->kind != INPUT_INTERFACE)
		return true;
	for (uint32_t k = 0; k < reader_interfaces(r); k++) {
		if (strcmp(reader_interface_name(r, k), i->interface) != 0)
			continue;
		if (reader_interface_is_ethernet(r, k))
			return true;
		link = reader_link_name(r, k);
	}
	if (link)
		return complain(
			"%s: the link type of interface '%s' is %s (only Ethernet is supported%s)",
			i->path, i->interface, link, capture_link_advice(link));
	list_interfaces(i, r, LISTED_ALL, names);
	return complain("%s has no interface '%s' (it has %s)", i->path, i->interface, names);
}

// No frame at all is a mistake, unless there is none.
static bool check_taken(const struct inputs *in)
{
	uint64_t outbound = in->left[LEFT_OUTBOUND], dropped = in->left[LEFT_DROPPED];

	if (in->taken)
		return true;
	if (in->left[LEFT_INTERFACE] || in->left[LEFT_SOURCE])
		return complain("no frame comes to a port (see the warnings above)");
	return !(outbound + dropped) ||
	       complain("no frame comes to a port: %" PRIu64 " are marked as outbound, %" PRIu64
			" are records of drops (record what the ports receive)",
			outbound, dropped);
}

bool inputs_conclude(struct inputs *in)
{
	bool good = true;

	for (unsigned n = 0; n < in->count; n++) {
		tell_about_file(in, n);
		good = check_interface(in, n) && good;
	}
	tell_unlisted(in);
	return good && check_taken(in);
}

uint64_t inputs_skipped(const struct inputs *in)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < captures_count(in->captures); i++)
		n += reader_skipped(captures_reader(in->captures, i));
	return n;
}

uint64_t inputs_left(const struct inputs *in, enum left why)
{
	return in->left[why];
}

double inputs_progress(const struct inputs *in)
{
	return captures_progress(in->captures);
}
