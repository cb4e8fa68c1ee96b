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
#include "control/switch/flush.h"
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
	FDB_PAGE = 65536, // entries that the report describes at a time
	PROGRESS_EVERY = 65536,
	POOL_SHARE = 4, // a burst takes at most 1/4 of the buffers; the rest is for tagged copies
			// and mirrors
	FRAME_MAX = 262144 + FRAME_TAG,        // libpcap's limit, and a tag that forwarding adds
	REAL_DIGITS = JSON_REAL_PRECISION(15), // exact nanoseconds for eleven days
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
	int stamp;                          // offset of the capture's timestamp in an mbuf
	bool begun;
	uint64_t first_ns, now_ns; // time of the first record; the switch's clock
	uint32_t sweep_tick;       // no entry expires before
	uint64_t recovery_ns;      // an err-disabled port recovers then
	unsigned port;             // of the pending burst
	unsigned count;
	uint32_t buffers; // of its frames
	struct rte_mbuf *frame[BURST_MAX];
	uint64_t when[BURST_MAX];
	// Spools of events for the report, a line each: time, blank, JSON object. Each spool is in
	// order of time. A violation is reported after its second with the time of its first frame,
	// therefore violations have their own spool.
	FILE *events, *violations;
	bool events_bad;
	uint8_t flat[FRAME_MAX];
	bool progress;
	uint64_t frames;
};

static uint64_t *arrival_time(const struct replay *r, struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, r->stamp, uint64_t *);
}

static uint16_t write_frames(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	struct replay *r = arg;

	for (uint16_t i = 0; i < n && r->out[port]; i++) {
		uint32_t len = rte_pktmbuf_pkt_len(frames[i]);
		capture_out_write(r->out[port], *arrival_time(r, frames[i]),
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

// Removes expired entries, and determines when the next ones may expire.
static void sweep_expired(struct replay *r)
{
	uint32_t tick = forward_tick(r->sw->replay_ns),
		 aging = atomic_load(&r->sw->shared.fdb->aging_min);

	r->sweep_tick = mactable_sweep_all(r->sw);
	// MACs learned from now on live at least for the shortest ageing time.
	if (aging && tick < UINT32_MAX - aging && tick + aging + 1 < r->sweep_tick)
		r->sweep_tick = tick + aging + 1;
}

// Advances the clock. Ageing and recovery that are due before `ns` happen at their time.
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
			sweep_expired(r);
		r->recovery_ns = links_recover(r->sw);
	}
	r->sw->replay_ns = ns;
	r->now_ns = ns;
	events_collect_violations(r->sw, 0);
	forwarder_set_clock(r->fwd, ns);
}

// A record's time on the switch's clock. The clock starts with the first frame and never goes back.
static uint64_t clock_of(struct replay *r, const struct capture_record *rec)
{
	if (!r->begun)
		r->first_ns = rec->ns;
	r->begun = true;
	uint64_t ns = rec->ns > r->first_ns ? rec->ns - r->first_ns : 0;
	return ns > r->now_ns ? ns : r->now_ns;
}

// Adds a record to the pending burst. Forwards the burst before, if the record does not fit into
// it.
static bool add_record(struct replay *r, const struct capture_record *rec)
{
	uint64_t ns = clock_of(r, rec);

	// Ageing and recovery happen between bursts.
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
				rec->captured);
	*arrival_time(r, m) = rec->ns;
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

static bool forward_captures(struct replay *r)
{
	struct capture_record rec;
	char text[CAPTURE_ERROR];
	enum capture_status s;

	while ((s = captures_next(r->in, &rec, text)) != CAPTURE_END) {
		if (s == CAPTURE_BROKEN)
			return complain("%s", text);
		if (s == CAPTURE_WARNING) {
			complain("warning: %s", text);
			continue;
		}
		if (!add_record(r, &rec))
			return false;
		if (++r->frames % PROGRESS_EVERY == 0)
			show_progress(r, false);
	}
	forward_pending(r);
	show_progress(r, true);
	if (r->opt->until_ns > r->now_ns)
		advance_clock(r, r->opt->until_ns);
	events_collect_violations(r->sw, r->sw->ports);
	return !r->events_bad || complain("cannot store events: %s", strerror(ENOSPC));
}

static bool open_inputs(struct replay *r)
{
	char error[CAPTURE_ERROR];

	// The order of the configuration decides between frames with the same time.
	for (unsigned p = 0; p < r->sw->config->port_count; p++) {
		const char *name = r->sw->config->port[p].name;
		for (unsigned i = 0; i < r->opt->in_count; i++) {
			const char *in = r->opt->in[i];
			size_t len = strlen(name);
			if (strncmp(in, name, len) || in[len] != '=')
				continue;
			if (!captures_add(r->in, in + len + 1, (unsigned)switch_port(r->sw, name),
					  error))
				return complain("%s", error);
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
		return complain("%s: %s", r->opt->out, strerror(errno));
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (!*r->sw->port[i].name)
			continue;
		snprintf(path, sizeof path, "%s/%s.pcap", r->opt->out, r->sw->port[i].name);
		r->out[i] = capture_out_open(path, error);
		if (!r->out[i])
			return complain("%s", error);
	}
	return true;
}

static bool close_outputs(struct replay *r)
{
	bool good = true;

	for (unsigned i = 0; i < PORTS_MAX; i++)
		if (r->out[i] && !capture_out_close(r->out[i])) {
			complain("%s/%s.pcap: cannot write the whole file", r->opt->out,
				 r->sw->port[i].name);
			good = false;
		}
	memset(r->out, 0, sizeof r->out);
	return good;
}

// Writes rows into an open JSON array, one a line.
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
static void write_events(struct replay *r, FILE *f)
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
	write_events(r, f);
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
		return complain("%s: %s", r->opt->report, strerror(errno));
	bool good = put_report(r, f);
	if (to_stdout ? fflush(f) : fclose(f))
		good = false;
	if (!good)
		complain("%s: cannot write the whole report", r->opt->report);
	return good;
}

static void print_counters(const struct replay *r)
{
	struct fdb_filter all = {.port = -1, .type = -1};
	bool more;
	json_t *ports = describe_ports(r->sw), *fdb = describe_fdb(r->sw, &all, 0, 50, &more);

	printf("%" PRIu64 " frames in %.3f s\n\n", r->frames, (double)r->now_ns / 1e9);
	view_print(stdout, VIEW_COUNTERS, ports, false);
	putchar('\n');
	view_print(stdout, VIEW_FDB, fdb, false);
	if (more)
		puts("… (the first 50; --report writes all)");
	json_decref(ports);
	json_decref(fdb);
}

static bool run_replay(struct replay *r)
{
	static const struct rte_mbuf_dynfield field = {.name = "nestswitch_capture_time",
						       .size = sizeof(uint64_t),
						       .align = __alignof__(uint64_t)};

	r->stamp = rte_mbuf_dynfield_register(&field);
	if (r->stamp < 0)
		return complain("packet buffers have no room for timestamps");
	if (r->opt->report && (!(r->events = tmpfile()) || !(r->violations = tmpfile())))
		return complain("cannot store events: %s", strerror(errno));
	r->sw->on_event = spool_event;
	r->sw->event_arg = r;
	r->fwd = &r->sw->worker[0]->forwarder;
	r->fwd->tx.send = write_frames;
	r->fwd->tx.arg = r;
	r->recovery_ns = UINT64_MAX;
	sweep_expired(r);
	forwarder_set_clock(r->fwd, 0);
	if (!open_inputs(r) || !open_outputs(r))
		return false;
	bool good = forward_captures(r);
	if (!close_outputs(r) || !good)
		return false;
	if (r->opt->report)
		return write_report(r);
	print_counters(r);
	return true;
}

static bool check_inputs(const struct options *opt, const struct config *c)
{
	for (unsigned i = 0; i < opt->in_count; i++) {
		char name[PORT_NAME], hint[TEXT_HINT];
		snprintf(name, sizeof name, "%.*s", (int)strcspn(opt->in[i], "="), opt->in[i]);
		if (!strchr(opt->in[i], '='))
			return complain("--in %s has no capture (--in PORT=PCAP)", opt->in[i]);
		if (!config_port(c, name))
			return complain("--in %s: %s has no port '%s'%s", opt->in[i], opt->config,
					name, config_port_hint(hint, c, name, NULL));
	}
	return true;
}

// good: all frames were forwarded. Else a burst may be pending.
static void replay_destroy(struct replay *r, bool good)
{
	if (!r)
		return;
	rte_pktmbuf_free_bulk(r->frame, good ? 0 : r->count);
	close_outputs(r);
	if (r->events)
		fclose(r->events);
	if (r->violations)
		fclose(r->violations);
	captures_destroy(r->in);
	switch_destroy(r->sw);
	free(r);
}

// Takes the configuration.
static struct replay *replay_create(const struct options *opt, struct config *c)
{
	struct replay *r = calloc(1, sizeof *r);
	struct error e = {.text = "out of memory"};

	if (r && (r->in = captures_create()) && eal_start(c, EAL_REPLAY, NULL, &e) &&
	    switch_create(&r->sw, c, SWITCH_REPLAY, &e)) {
		r->opt = opt;
		r->progress = isatty(STDERR_FILENO);
		return r;
	}
	complain("%s", e.text);
	config_free(c);
	if (r)
		captures_destroy(r->in);
	free(r);
	return NULL;
}

static int replay(const struct options *opt)
{
	struct error e;
	struct config *c = config_read(opt->config, &e);

	if (!c) {
		complain_error(opt->config, &e);
		return EXIT_USAGE;
	}
	if (!check_inputs(opt, c)) {
		config_free(c);
		return EXIT_USAGE;
	}
	struct replay *r = replay_create(opt, c);
	bool good = r && run_replay(r);
	replay_destroy(r, good);
	return good ? EXIT_DONE : EXIT_REFUSED;
}

static const char usage[] =
	"usage: nestswitch replay --config FILE --in PORT=PCAP … [--out DIR] [--report FILE|-] [--until SECONDS] [--burst N]\n"
	"\n"
	"Forwards the frames of captures through the switch of FILE. The clock follows their timestamps.\n"
	"\n"
	"  --config FILE      configuration of the switch; its devices are not used\n"
	"  --in PORT=PCAP     frames that PORT receives: pcap or pcapng, Ethernet; repeatable\n"
	"  --out DIR          write the frames sent to each port into DIR/PORT.pcap\n"
	"  --report FILE      write counters, MAC table and events as JSON; -: to standard output\n"
	"  --until SECONDS    advance the clock to SECONDS after the first frame\n"
	"  --burst N          forward at most N frames together, 1 to 256 (default 32); it changes no result\n";

static bool parse_timestamp(const char *text, uint64_t *ns)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || *end || !(s >= 0) || s > 1e9)
		return false;
	*ns = (uint64_t)(s * 1e9 + 0.5);
	return true;
}

static bool parse_replay_option(struct options *o, int option, char *value)
{
	uint64_t n;

	switch (option) {
	case 'c':
		o->config = value;
		return true;
	case 'i':
		if (o->in_count == CAPTURES_MAX)
			return complain("more than %d --in", CAPTURES_MAX);
		o->in[o->in_count++] = value;
		return true;
	case 'o':
		o->out = value;
		return true;
	case 'r':
		o->report = value;
		return true;
	case 'u':
		return parse_timestamp(value, &o->until_ns) ||
		       complain("--until cannot be '%s' (seconds, up to 1000000000)", value);
	case 'b':
		if (!text_number(value, BURST_MAX, &n) || !n)
			return complain("--burst cannot be '%s' (a number from 1 to %d)", value,
					BURST_MAX);
		o->burst = (unsigned)n;
		return true;
	}
	return false;
}

static bool check_replay_options(const struct options *o, int argc, char **argv)
{
	if (optind < argc)
		return complain("'%s' is not expected (see nestswitch replay --help)",
				argv[optind]);
	if (!o->config)
		return complain("--config FILE is missing (see nestswitch replay --help)");
	return o->in_count || complain("--in PORT=PCAP is missing (see nestswitch replay --help)");
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

	optind = 0; // getopt starts again
	while ((option = getopt_long(argc, argv, ":c:h", longs, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return EXIT_DONE;
		}
		if (option == '?' || option == ':') {
			complain_option(option, argv[optind - 1], longs,
					"nestswitch replay --help");
			return EXIT_USAGE;
		}
		if (!parse_replay_option(&o, option, optarg))
			return EXIT_USAGE;
	}
	return check_replay_options(&o, argc, argv) ? replay(&o) : EXIT_USAGE;
}
