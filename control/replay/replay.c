// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/replay.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <rte_mbuf_dyn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/api/describe.h"
#include "control/api/event_json.h"
#include "control/common/complain.h"
#include "control/common/error.h"
#include "control/common/pcapio.h"
#include "control/common/text.h"
#include "control/common/view.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "control/switch/events.h"
#include "control/switch/links.h"
#include "control/switch/mactable.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/forward.h"
#include "dataplane/frame.h"
#include "dataplane/key.h"
#include "dataplane/pool.h"
#include "dataplane/portset.h"
#include "dataplane/txbatch.h"

enum {
	BURST_DEFAULT = 32,
	FDB_PAGE = 65536, // entries of the report made at a time
	PROGRESS_EVERY = 65536,
	POOL_SHARE = 4, // of the buffers for a burst: a frame may be copied for a second form and
			// for mirrors
	FRAME_MAX = 262144 + FRAME_TAG,        // what libpcap takes, and a tag that forwarding adds
	REAL_DIGITS = JSON_REAL_PRECISION(15), // nanoseconds over eleven days
};

struct options {
	const char *config, *out, *report;
	const char *in[CAPTURES_MAX]; // PORT=PCAP
	unsigned in_count;
	uint64_t until_ns;
	unsigned burst;
};

struct replay {
	const struct options *opt;
	struct vswitch *sw;
	struct forwarder *fwd;
	struct captures *in;
	struct capture_out *out[PORTS_MAX]; // by port number; all NULL without --out
	int stamp;                          // where an mbuf carries its capture's timestamp
	bool begun;
	uint64_t first_ns, now_ns; // the clock's zero; the clock
	uint32_t sweep_tick;       // entries may expire from here on
	uint64_t recovery_ns;      // an err-disabled port comes back then
	unsigned port;             // of the burst that is being filled
	unsigned count;
	uint32_t buffers; // that its frames take
	struct rte_mbuf *frame[BURST_MAX];
	uint64_t when[BURST_MAX];
	// Events until the report is written, a line each: its time, a blank, its JSON object. Each
	// file is in order of time; a violation is told when its second is over, under the time of
	// the first one, so they have a file apart.
	FILE *events, *violations;
	bool events_bad;
	uint8_t flat[FRAME_MAX];
	bool progress;
	uint64_t frames;
};

static uint64_t *stamp_of(const struct replay *r, struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, r->stamp, uint64_t *);
}

static uint16_t write_frames(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	struct replay *r = arg;

	for (uint16_t i = 0; i < n && r->out[port]; i++) {
		uint32_t len = rte_pktmbuf_pkt_len(frames[i]);
		capture_out_write(r->out[port], *stamp_of(r, frames[i]),
				  rte_pktmbuf_read(frames[i], 0, len, r->flat), len);
	}
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

static void spool_event(void *arg, const struct event *e)
{
	struct replay *r = arg;
	FILE *f = e->type == EVENT_VIOLATION ? r->violations : r->events;
	json_t *o = f ? event_json(r->sw, e) : NULL;

	if (!f)
		return;
	if (!o || fprintf(f, "%" PRIu64 " ", e->ns) < 0 ||
	    json_dumpf(o, f, JSON_COMPACT | REAL_DIGITS) || fputc('\n', f) == EOF)
		r->events_bad = true;
	json_decref(o);
}

static void forward_pending(struct replay *r)
{
	if (!r->count)
		return;
	forward_burst(r->fwd, r->port, r->frame, r->when, r->count);
	txbatch_drain(&r->fwd->tx);
	events_drain(r->sw);
	r->recovery_ns = links_recover(r->sw);
	r->count = 0;
	r->buffers = 0;
}

// Clears out what has expired by now, and finds out when there may be more.
static void sweep(struct replay *r)
{
	uint32_t tick = forward_tick(r->sw->replay_ns),
		 aging = atomic_load(&r->sw->shared.fdb->aging_min);

	r->sweep_tick = mactable_sweep_all(r->sw);
	// What is learned from now on lives for the shortest ageing time at least.
	if (aging && tick < UINT32_MAX - aging && tick + aging + 1 < r->sweep_tick)
		r->sweep_tick = tick + aging + 1;
}

// Lets the clock run on. What is due on the way happens at its time.
static void advance_clock(struct replay *r, uint64_t ns)
{
	for (;;) {
		uint64_t expiry = r->sweep_tick < UINT32_MAX ? r->sweep_tick * FORWARD_TICK_NS
							     : UINT64_MAX;
		uint64_t due = expiry < r->recovery_ns ? expiry : r->recovery_ns;
		if (due > ns)
			break;
		r->sw->replay_ns = due;
		if (due == expiry)
			sweep(r);
		r->recovery_ns = links_recover(r->sw);
	}
	r->sw->replay_ns = ns;
	r->now_ns = ns;
	events_collect_violations(r->sw, 0);
	forwarder_set_clock(r->fwd, ns);
}

// A record's time on the switch's clock, which begins with the first frame and never goes back.
static uint64_t clock_of(struct replay *r, const struct capture_record *rec)
{
	if (!r->begun)
		r->first_ns = rec->ns;
	r->begun = true;
	uint64_t ns = rec->ns > r->first_ns ? rec->ns - r->first_ns : 0;
	return ns > r->now_ns ? ns : r->now_ns;
}

static bool take(struct replay *r, const struct capture_record *rec)
{
	uint64_t ns = clock_of(r, rec);

	// What is due is done between bursts.
	bool due = forward_tick(ns) != forward_tick(r->now_ns) || ns >= r->recovery_ns;
	uint32_t buffers = rec->captured / RTE_MBUF_DEFAULT_DATAROOM + 1;
	if (due || r->port != rec->tag || r->count == r->opt->burst ||
	    r->buffers + buffers > r->sw->pool->size / POOL_SHARE)
		forward_pending(r);
	if (due)
		advance_clock(r, ns);
	struct rte_mbuf *m = pool_frame(r->sw->pool, rec->data, rec->captured);
	if (!m)
		return complain("no packet buffer left for a frame of %" PRIu32 " bytes",
				rec->captured),
		       false;
	*stamp_of(r, m) = rec->ns;
	if (rec->captured < rec->length)
		counter_add(&r->fwd->counters[rec->tag].truncated, 1);
	r->port = rec->tag;
	r->now_ns = ns;
	r->sw->replay_ns = ns;
	r->when[r->count] = ns;
	r->frame[r->count++] = m;
	r->buffers += buffers;
	return true;
}

static void show_progress(const struct replay *r, bool last)
{
	if (r->progress)
		fprintf(stderr, "\rreplay: %3.0f %%, %" PRIu64 " frames, %.3f s%s",
			captures_progress(r->in) * 100, r->frames, (double)r->now_ns / 1e9,
			last ? "\n" : "");
}

static bool play(struct replay *r)
{
	struct capture_record rec;
	char text[CAPTURE_ERROR];
	enum capture_status s;

	while ((s = captures_next(r->in, &rec, text)) != CAPTURE_END) {
		if (s == CAPTURE_BROKEN)
			return complain("%s", text), false;
		if (s == CAPTURE_WARNING) {
			complain("warning: %s", text);
			continue;
		}
		if (!take(r, &rec))
			return false;
		if (++r->frames % PROGRESS_EVERY == 0)
			show_progress(r, false);
	}
	forward_pending(r);
	show_progress(r, true);
	if (r->opt->until_ns > r->now_ns)
		advance_clock(r, r->opt->until_ns);
	events_collect_violations(r->sw, r->sw->ports);
	return !r->events_bad || (complain("events cannot be kept: %s", strerror(ENOSPC)), false);
}

static bool open_inputs(struct replay *r)
{
	char error[CAPTURE_ERROR];

	// In the order of the configuration, so that ties are resolved by it.
	for (unsigned p = 0; p < r->sw->config->port_count; p++) {
		const char *name = r->sw->config->port[p].name;
		for (unsigned i = 0; i < r->opt->in_count; i++) {
			const char *in = r->opt->in[i];
			size_t len = strlen(name);
			if (strncmp(in, name, len) || in[len] != '=')
				continue;
			if (!captures_add(r->in, in + len + 1, (unsigned)switch_port(r->sw, name),
					  error))
				return complain("%s", error), false;
		}
	}
	return true;
}

static bool open_outputs(struct replay *r)
{
	char path[4096], error[CAPTURE_ERROR];

	if (!r->opt->out)
		return true;
	if (mkdir(r->opt->out, 0777) && errno != EEXIST)
		return complain("%s: %s", r->opt->out, strerror(errno)), false;
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (!*r->sw->port[i].name)
			continue;
		snprintf(path, sizeof path, "%s/%s.pcap", r->opt->out, r->sw->port[i].name);
		r->out[i] = capture_out_open(path, error);
		if (!r->out[i])
			return complain("%s", error), false;
	}
	return true;
}

static bool close_outputs(struct replay *r)
{
	bool good = true;

	for (unsigned i = 0; i < PORTS_MAX; i++)
		if (r->out[i] && !capture_out_close(r->out[i])) {
			complain("%s/%s.pcap: could not be written whole", r->opt->out,
				 r->sw->port[i].name);
			good = false;
		}
	memset(r->out, 0, sizeof r->out);
	return good;
}

// A list of objects, one a line, as members of the array that is open.
static void put_rows(FILE *f, const json_t *rows, bool *any)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row) {
		fputs(*any ? ",\n" : "\n", f);
		json_dumpf(row, f, REAL_DIGITS);
		*any = true;
	}
}

static bool put_fdb(const struct replay *r, FILE *f)
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

// A spool that is read again: its next line.
struct spool {
	FILE *file;
	uint64_t ns; // UINT64_MAX: no more
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

static void put_events(struct replay *r, FILE *f)
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

static bool put_report(struct replay *r, FILE *f)
{
	json_t *about = json_pack("{s:s, s:f}", "name", r->sw->config->name, "time",
				  (double)r->now_ns / 1e9);
	json_t *ports = describe_ports(r->sw);
	bool any = false;

	fputs("{\"switch\": ", f);
	json_dumpf(about, f, REAL_DIGITS);
	fputs(",\n\"ports\": [", f);
	put_rows(f, ports, &any);
	fputs("],\n\"fdb\": [", f);
	bool good = put_fdb(r, f);
	fputs("],\n\"events\": [", f);
	put_events(r, f);
	fputs("]}\n", f);
	json_decref(about);
	json_decref(ports);
	return good && !ferror(f);
}

static bool write_report(struct replay *r)
{
	bool to_stdout = !strcmp(r->opt->report, "-");
	FILE *f = to_stdout ? stdout : fopen(r->opt->report, "w");

	if (!f)
		return complain("%s: %s", r->opt->report, strerror(errno)), false;
	bool good = put_report(r, f);
	if (to_stdout ? fflush(f) : fclose(f))
		good = false;
	if (!good)
		complain("%s: could not be written whole", r->opt->report);
	return good;
}

static void print_table(const struct replay *r)
{
	struct fdb_filter all = {.port = -1, .type = -1};
	bool more;
	json_t *ports = describe_ports(r->sw), *fdb = describe_fdb(r->sw, &all, 0, 50, &more);

	printf("%" PRIu64 " frames in %.3f s\n\n", r->frames, (double)r->now_ns / 1e9);
	view_print(stdout, VIEW_COUNTERS, ports, false);
	putchar('\n');
	view_print(stdout, VIEW_FDB, fdb, false);
	if (more)
		puts("… (the first 50; --report has all)");
	json_decref(ports);
	json_decref(fdb);
}

static bool run(struct replay *r)
{
	static const struct rte_mbuf_dynfield field = {.name = "nestswitch_capture_time",
						       .size = sizeof(uint64_t),
						       .align = __alignof__(uint64_t)};

	r->stamp = rte_mbuf_dynfield_register(&field);
	if (r->stamp < 0)
		return complain("no room for timestamps in packet buffers"), false;
	if (r->opt->report && (!(r->events = tmpfile()) || !(r->violations = tmpfile())))
		return complain("events cannot be kept: %s", strerror(errno)), false;
	r->sw->on_event = spool_event;
	r->sw->event_arg = r;
	r->fwd = &r->sw->worker[0]->forwarder;
	r->fwd->tx.send = write_frames;
	r->fwd->tx.arg = r;
	r->recovery_ns = UINT64_MAX;
	sweep(r);
	forwarder_set_clock(r->fwd, 0);
	if (!open_inputs(r) || !open_outputs(r))
		return false;
	bool good = play(r);
	if (!close_outputs(r) || !good)
		return false;
	if (r->opt->report)
		return write_report(r);
	print_table(r);
	return true;
}

static int replay(const struct options *opt)
{
	struct error e;
	struct config *c = config_read(opt->config, &e);
	struct replay *r = calloc(1, sizeof *r);

	if (!c)
		return free(r), complain_error(opt->config, &e), EXIT_USAGE;
	for (unsigned i = 0; i < opt->in_count; i++) {
		char name[PORT_NAME], hint[TEXT_HINT];
		snprintf(name, sizeof name, "%.*s", (int)strcspn(opt->in[i], "="), opt->in[i]);
		bool has_capture = strchr(opt->in[i], '=');
		if (config_port(c, name) && has_capture)
			continue;
		if (has_capture)
			complain("--in %s: %s has no port '%s'%s", opt->in[i], opt->config, name,
				 config_port_hint(hint, c, name, NULL));
		else
			complain("--in %s has no capture (--in PORT=PCAP)", opt->in[i]);
		return free(r), config_free(c), EXIT_USAGE;
	}
	if (!r || !(r->in = captures_create()) || !eal_start(c, EAL_REPLAY, NULL, &e) ||
	    !switch_create(&r->sw, c, SWITCH_REPLAY, &e)) {
		complain("%s", r && r->in ? e.text : "out of memory");
		captures_destroy(r ? r->in : NULL);
		return free(r), config_free(c), EXIT_REFUSED;
	}
	r->opt = opt;
	r->progress = isatty(STDERR_FILENO);
	bool good = run(r);
	rte_pktmbuf_free_bulk(r->frame, good ? 0 : r->count);
	close_outputs(r);
	if (r->events)
		fclose(r->events);
	if (r->violations)
		fclose(r->violations);
	captures_destroy(r->in);
	switch_destroy(r->sw);
	free(r);
	return good ? EXIT_DONE : EXIT_REFUSED;
}

static const char usage[] =
	"usage: nestswitch replay --config FILE --in PORT=PCAP … [--out DIR] [--report FILE|-] [--until SECONDS] [--burst N]\n"
	"\n"
	"Sends captures through the switch that FILE describes, on a clock made of their timestamps.\n"
	"\n"
	"  --config FILE      the switch; its devices are not touched\n"
	"  --in PORT=PCAP     what PORT receives: pcap or pcapng, Ethernet; may be given again and again\n"
	"  --out DIR          write DIR/PORT.pcap for every port: what was delivered to it\n"
	"  --report FILE      write counters, MAC table and events as JSON; -: to standard output\n"
	"  --until SECONDS    let the clock run on to that many seconds after the first frame\n"
	"  --burst N          frames handled together at most, 1 to 256 (default 32); the result is the same\n";

static bool parse_seconds(const char *text, uint64_t *ns)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || *end || !(s >= 0) || s > 1e9)
		return false;
	*ns = (uint64_t)(s * 1e9 + 0.5);
	return true;
}

static bool parse_option(struct options *o, int option, char *value)
{
	uint64_t n;

	switch (option) {
	case 'c':
		o->config = value;
		return true;
	case 'i':
		if (o->in_count == CAPTURES_MAX)
			return complain("more than %d --in", CAPTURES_MAX), false;
		o->in[o->in_count++] = value;
		return true;
	case 'o':
		o->out = value;
		return true;
	case 'r':
		o->report = value;
		return true;
	case 'u':
		return parse_seconds(value, &o->until_ns) ||
		       (complain("--until cannot be '%s' (seconds, up to 1000000000)", value),
			false);
	case 'b':
		if (!text_number(value, BURST_MAX, &n) || !n)
			return complain("--burst cannot be '%s' (a number from 1 to %d)", value,
					BURST_MAX),
			       false;
		o->burst = (unsigned)n;
		return true;
	}
	return false;
}

int replay_main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'}, {"in", required_argument, NULL, 'i'},
		{"out", required_argument, NULL, 'o'},    {"report", required_argument, NULL, 'r'},
		{"until", required_argument, NULL, 'u'},  {"burst", required_argument, NULL, 'b'},
		{"help", no_argument, NULL, 'h'},         {0},
	};
	struct options o = {.burst = BURST_DEFAULT};
	int option;

	optind = 0; // getopt starts anew
	while ((option = getopt_long(argc, argv, ":c:h", longs, NULL)) != -1) {
		if (option == 'h')
			return fputs(usage, stdout), EXIT_DONE;
		if (option == '?' || option == ':')
			return complain_option(option, argv[optind - 1], longs,
					       "nestswitch replay --help"),
			       EXIT_USAGE;
		if (!parse_option(&o, option, optarg))
			return EXIT_USAGE;
	}
	if (optind < argc)
		return complain("'%s' is not expected (see nestswitch replay --help)",
				argv[optind]),
		       EXIT_USAGE;
	if (!o.config)
		return complain("--config FILE is missing (see nestswitch replay --help)"),
		       EXIT_USAGE;
	if (!o.in_count)
		return complain("--in PORT=PCAP is missing (see nestswitch replay --help)"),
		       EXIT_USAGE;
	return replay(&o);
}
