// SPDX-License-Identifier: BSD-3-Clause
#include "control/bench/bench.h"

#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "control/bench/load.h"
#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/device/eal.h"

enum { SECONDS_MAX = 3600 };

#define SOURCE_AND_SINK \
	"To receive is to take packet buffers and copy frames in from memory, to send is to free them. "

static const struct bench_mode modes[] = {
	{"forward",
	 "known unicast between ports: cycles a frame, Mpps, Gbit/s",
	 "Known unicast between ports, the same share of the MACs behind each, another source and destination in every frame. " SOURCE_AND_SINK
	 "HARNESS is that alone, SWITCH the rest of the cycles of a frame. GBPS is on the line: with FCS, preamble, gap.",
	 "macs=2,2000,20000,200000,1000000 size=64 ports=2 tagged config in workers seconds=0.3 repeats=5",
	 "macs size ports worker cycles+ harness switch mpps+ gbps flooded dropped",
	 bench_forward,
	 {"macs", "cycles", "size ports worker", "MACs", "cycles a frame", true}},
	{"learn",
	 "address learning rate (RFC 2889 5.8)",
	 "New MACs a second (RFC 2889 5.8): one port sends a frame from each of so many new MACs to a known one, as fast as the worker "
	 "takes them; then another port sends to each of them, and what is not forwarded but flooded was missed. " SOURCE_AND_SINK
	 "That is in the cycles.",
	 "macs=1000,10000,100000,1000000 seconds repeats=5",
	 "macs cycles+ rate+ missed",
	 bench_learn,
	 {"macs", "rate", NULL, "new MACs", "MACs a second", true}},
	{"capacity",
	 "address caching capacity (RFC 2889 5.7)",
	 "Address caching capacity (RFC 2889 5.7): the greatest number of MACs that one port can teach an empty table so that frames to "
	 "all of them are then forwarded, none is flooded: KNOWN. Found by bisection between nothing and ASKED; of that many, KNOWN OF "
	 "ASKED were. Nothing is timed.",
	 "tables=1000,65536,1000000 seconds repeats=1",
	 "table known asked known_of_asked",
	 bench_capacity,
	 {"table", "known", NULL, "size of the table", "MACs known", true}},
	{"flood",
	 "group frames and unknown unicast to many ports, beside single sends",
	 "A frame to so many ports, and beside it, in the same run, known unicast to one of them: SINGLE. " SOURCE_AND_SINK
	 "That is in the cycles. RATIO compares a flooded frame with as many single ones as it has copies.",
	 "macs.1=1000 size=64 ports=4,8,16 seconds=0.3 repeats=5",
	 "ports size kind cycles+ copy+ single ratio+",
	 bench_flood,
	 {"ports", "copy", "kind size", "ports", "cycles a copy", false}},
	{"attack",
	 "known traffic beside a port that sends random sources",
	 "What known traffic of one port gets of a worker alone, and beside a port that sends as fast as the worker takes it. Ports are "
	 "polled in turn, up to 32 frames each, so each of two busy ports has half of the polls. Half of what it had alone is its FAIR "
	 "share, and it gets all of that where a frame of the other port costs no more than its own: RATIO is 1. Default limits: MACS are "
	 "those learned on the other port, LOST the known frames that were not forwarded to their one port.",
	 "macs.1=2000 size.1=64 seconds=0.5 repeats=5",
	 "beside mpps+ share fair ratio+ beside_mpps macs limit lost",
	 bench_attack,
	 {"beside", "share", NULL, "beside", "known traffic, of alone", false}},
	{"neighbours",
	 "a pair of ports beside nested hosts, promiscuous ones and learning ones",
	 "The sledgehammer: known unicast between a pair of ports, both ways, beside silent nested hosts. A promiscuous host gets a copy "
	 "of every frame, a learning one none. Here delivery to a port costs what a virtual NIC's costs: the frame's bytes are copied "
	 "into a ring of the port's own, of 512 buffers. SHARE is of the first line of its kind, COPIES are deliveries a frame.",
	 "macs.1=2000 neighbours=0,1,2,4,8,16 size=64,1518 seconds=0.2 repeats=5",
	 "size hosts neighbours mpps+ share cycles+ copies",
	 bench_neighbours,
	 {"neighbours", "share", "hosts size", "nested hosts beside the pair",
	  "throughput of the pair, of the first", false}},
	{"latency",
	 "time through the switch at a given load",
	 "Time through a live switch, worker loop and all, between DPDK's net_ring devices of 1,024 frames: from the moment a frame was due "
	 "until this program has it back. A generator on the control core sends at a constant rate to one port, for MACs behind the other; "
	 "100% is what came through while its queue was never empty. The histogram has all repeats.",
	 "macs.1=2000 size.1=64 load=10%,50%,90% seconds=0.5 repeats=5",
	 "load offered_mpps sent lost p50_ns+ p99_ns+ p999_ns+ max_ns+",
	 bench_latency,
	 {"from_ns", "share", "load", "ns, from (log2 buckets)", "share of the frames", true}},
	{"replay",
	 "frames a second of the whole `nestswitch replay`, and its memory",
	 "The whole of `nestswitch replay` as a process of its own, from start to end, its captures in the page cache. They are of known "
	 "unicast between two ports, a frame every microsecond, unless --in gives others. Wall time; RSS is the peak of resident memory.",
	 "macs.1=2000 size.1=64 frames=1000000 config in seconds repeats=5",
	 "frames seconds+ rate+ rss_mib",
	 bench_replay,
	 {0}},
	{"control",
	 "what work of the control side costs a forwarding worker",
	 "A worker forwards among so many MACs while control does nothing; ageing sweeps as `run` does them; pages of `nestctl fdb show`, "
	 "one after the other; one flush of all MACs at the begin of each repeat; changes of a policy key, one after the other. LONGEST US "
	 "is the longest round of the worker over its two ports, SLOW ROUNDS how many of a repeat took more than 100 us. A virtual "
	 "machine loses its core now and then: see the undisturbed line.",
	 "macs.1=1000000 size.1=64 seconds=1 repeats=5",
	 "phase cycles+ longest_us+ slow_rounds+ work",
	 bench_control,
	 {"phase", "longest_us", NULL, "control does", "longest round, us", false}},
	{0},
};

// What the value of an option is.
enum value { FLAG, TEXT, NUMBER, SECONDS, LIST, SIZES, LOADS, INPUT };

struct row {
	const char *name;
	enum value value;
	size_t at; // in struct bench_options
	uint32_t min, max;
	const char *argument, *help;
};

#define AT(member) offsetof(struct bench_options, member)

static const struct row rows[] = {
	{"macs", LIST, AT(macs), 1, 8000000, "N,…", "MACs in all"},
	{"size", SIZES, AT(size), 64, 1522, "N,…",
	 "bytes of a frame on the line, FCS included, or imix: 7 x 64, 4 x 576, 1 x 1518"},
	{"ports", LIST, AT(ports), 2, CONFIG_PORTS_MAX - 1, "N,…", "how many ports"},
	{"tagged", FLAG, AT(tagged), 0, 0, "", "frames with an 802.1Q tag"},
	{"tables", LIST, AT(tables), 1, 4000000, "N,…", "sizes of the table"},
	{"neighbours", LIST, AT(neighbours), 0, CONFIG_PORTS_MAX - 2, "N,…",
	 "nested hosts beside the pair"},
	{"load", LOADS, AT(load), 0, 0, "N%,N,…",
	 "what is sent: a share of what the switch can take, or Mpps"},
	{"frames", NUMBER, AT(frames), 1, 100000000, "N", "frames of the captures that are made"},
	{"config", TEXT, AT(config), 0, 0, "FILE",
	 "this switch instead; its devices are not touched"},
	{"in", INPUT, 0, 0, 0, "PORT=PCAP",
	 "PORT receives this capture, and no other traffic is made; again and again"},
	{"workers", NUMBER, AT(workers), 1, CONFIG_WORKERS_MAX, "N",
	 "forwarding threads, each on a core of its own where there are enough"},
	{"seconds", SECONDS, AT(seconds), 0, 0, "S",
	 "length of a repeat, in modes that measure for a time"},
	{"repeats", NUMBER, AT(repeats), 1, BENCH_REPEATS, "N",
	 "how often each figure is measured"},
	{"json", FLAG, AT(json), 0, 0, "", "one JSON document instead of a table"},
	{"plot", TEXT, AT(plot), 0, 0, "FILE", "a plot, too: FILE.svg or FILE.png, by gnuplot"},
};

enum { ROWS = sizeof rows / sizeof *rows, HELP = ROWS };

static bool wrong(const struct row *r, const char *value, const char *right)
{
	return complain("--%s cannot be '%s' (%s)", r->name, value, right), false;
}

static bool parse_item(const struct row *r, const char *word, uint32_t *item)
{
	char right[POLICY_ERROR];
	uint64_t n;

	if (r->value == SIZES && !strcmp(word, "imix"))
		return *item = LOAD_SIZE_IMIX, true;
	snprintf(right, sizeof right, "a number from %" PRIu32 " to %" PRIu32 "%s", r->min, r->max,
		 r->value == SIZES ? ", or imix" : "");
	if (!text_number(word, r->max, &n) || n < r->min)
		return wrong(r, word, right);
	*item = (uint32_t)n;
	return true;
}

static bool parse_load(const struct row *r, const char *word, struct bench_loads *l)
{
	char *end;
	double v = strtod(word, &end);
	bool share = *end == '%';

	l->item[l->count].value = v;
	l->item[l->count].share = share;
	bool good = end != word && !end[share] && v > 0 && v <= (share ? 100 : 1000);
	return good || wrong(r, word, "a share such as 50%, or Mpps such as 1.5");
}

// The words of a list, one by one.
static bool parse_list(const struct row *r, char *text, void *at)
{
	uint32_t *count = at; // both kinds of lists begin with it
	struct bench_list *list = r->value == LOADS ? NULL : at;
	uint32_t most = list && list->one ? 1 : BENCH_LIST;
	char *word;

	for (*count = 0; (word = strsep(&text, ",")); ++*count) {
		if (*count == most)
			return complain("--%s names more than %" PRIu32 ", the most here", r->name,
					most),
			       false;
		if (!(list ? parse_item(r, word, &list->item[*count]) : parse_load(r, word, at)))
			return false;
	}
	return true;
}

static bool parse_seconds(const struct row *r, const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return (end != text && !*end && *seconds > 0 && *seconds <= SECONDS_MAX) ||
	       wrong(r, text, "seconds above 0, up to an hour, such as 0.3");
}

static bool parse_input(const char *text, struct bench_options *o)
{
	if (o->in_count == CAPTURES_MAX)
		return complain("more than %d --in", CAPTURES_MAX), false;
	if (!strchr(text, '='))
		return complain("--in cannot be '%s' (PORT=PCAP)", text), false;
	o->in[o->in_count++] = text;
	return true;
}

static bool parse_value(const struct row *r, char *text, struct bench_options *o)
{
	void *at = (char *)o + r->at;

	switch (r->value) {
	case FLAG:
		return *(bool *)at = true;
	case TEXT:
		return *(const char **)at = text, true;
	case NUMBER:
		return parse_item(r, text, at);
	case SECONDS:
		return parse_seconds(r, text, at);
	case INPUT:
		return parse_input(text, o);
	default:
		return parse_list(r, text, at);
	}
}

static void print_option(const struct row *r, bool one, const char *standard)
{
	char argument[32];

	snprintf(argument, sizeof argument, "%s", r->argument);
	if (one)
		argument[strcspn(argument, ",")] = 0;
	// An ellipsis takes three bytes and one column.
	printf("  --%s %-*s%s", r->name,
	       22 - (int)strlen(r->name) + (strstr(argument, "…") ? 2 : 0), argument, r->help);
	printf(standard ? " (default %s)\n" : "\n", standard);
}

// The options of a mode, each with its default, as getopt and the parser want them. True: as help
// for people.
static void take_options(const struct bench_mode *m, struct option *longs, struct bench_options *o,
			 bool help)
{
	char all[256], *rest = all, *word;

	snprintf(all, sizeof all, "%s json plot", m->options);
	while ((word = strsep(&rest, " "))) {
		char *one = strsep(&word, "="), *name = strsep(&one, ".");
		int i = 0;
		while (strcmp(rows[i].name, name))
			i++;
		const struct row *r = &rows[i];
		if (help)
			print_option(r, one, word);
		*longs++ = (struct option){r->name, r->value != FLAG, NULL, i};
		if (one)
			((struct bench_list *)((char *)o + r->at))->one = true;
		if (word)
			parse_value(r, word, o);
	}
	*longs++ = (struct option){"help", no_argument, NULL, HELP};
	*longs = (struct option){0};
}

static void print_usage(FILE *out)
{
	fputs("usage: nestswitch bench MODE [OPTIONS]\n\nMeasures the switch on this machine, with traffic from memory.\n\n",
	      out);
	for (const struct bench_mode *m = modes; m->name; m++)
		fprintf(out, "  %-11s %s\n", m->name, m->help);
	fputs("\n`nestswitch bench MODE --help` says how it is measured, and with what options.\n",
	      out);
}

static const char *mode_name(void *unused, size_t i)
{
	(void)unused;
	return modes[i].name;
}

static const struct bench_mode *find_mode(const char *name)
{
	char hint[TEXT_HINT];

	for (const struct bench_mode *m = modes; m->name; m++)
		if (!strcmp(m->name, name))
			return m;
	complain("unknown mode '%s'%s", name,
		 text_hint(hint, name, mode_name, NULL, "see nestswitch bench --help"));
	return NULL;
}

static int bench(const struct bench_mode *m, const struct bench_options *o)
{
	struct bench b = {.mode = m, .o = *o, .rows = json_array(), .failure = EXIT_REFUSED};
	bool good = (!o->plot || bench_plot_ready(&b)) && m->run(&b) && bench_print(&b) &&
		    (!o->plot || bench_plot(&b));

	json_decref(b.rows);
	json_decref(b.histogram);
	eal_stop();
	return good ? EXIT_DONE : (int)b.failure;
}

static int print_mode_help(const struct bench_mode *m, struct option *longs,
			   struct bench_options *o)
{
	printf("usage: nestswitch bench %s [OPTIONS]\n\n", m->name);
	text_wrap(stdout, m->about, 0);
	putchar('\n');
	take_options(m, longs, o, true);
	return EXIT_DONE;
}

int bench_main(int argc, char **argv)
{
	struct bench_options o = {.repeats = 1};
	struct option longs[ROWS + 2];
	const struct bench_mode *m;
	int option;

	if (argc < 2)
		return print_usage(stderr), EXIT_USAGE;
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_usage(stdout), EXIT_DONE;
	if (!(m = find_mode(argv[1])))
		return EXIT_USAGE;
	take_options(m, longs, &o, false);
	argv[1] = argv[0]; // what getopt calls the program
	while ((option = getopt_long(argc - 1, argv + 1, ":", longs, NULL)) != -1) {
		if (option == HELP)
			return print_mode_help(m, longs, &o);
		if (option == '?' || option == ':')
			return complain_option(option, argv[optind], longs,
					       "nestswitch bench --help"),
			       EXIT_USAGE;
		if (!parse_value(&rows[option], optarg, &o))
			return EXIT_USAGE;
	}
	if (optind < argc - 1)
		return complain("'%s' is not expected (see nestswitch bench %s --help)",
				argv[optind + 1], m->name),
		       EXIT_USAGE;
	return bench(m, &o);
}
