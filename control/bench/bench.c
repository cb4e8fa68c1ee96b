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

enum { SECONDS_MAX = 3600, DISTURBED_MAX = 10 }; // per cent

// Options, as bits of bench_mode.takes. Every mode also takes those of OPT_OUTPUT.
enum {
	OPT_MACS = 1 << 0,
	OPT_SIZE = 1 << 1,
	OPT_PORTS = 1 << 2,
	OPT_TAGGED = 1 << 3,
	OPT_TABLES = 1 << 4,
	OPT_NEIGHBOURS = 1 << 5,
	OPT_LOAD = 1 << 6,
	OPT_FRAMES = 1 << 7,
	OPT_CONFIG = 1 << 8,
	OPT_IN = 1 << 9,
	OPT_WORKERS = 1 << 10,
	OPT_TIMES = 1 << 11, // --seconds, --repeats
	OPT_LOSS = 1 << 12,
	OPT_OUTPUT = 1 << 13,
};

#define COUNT_OF(...) (sizeof(uint32_t[]){__VA_ARGS__} / sizeof(uint32_t))
#define LIST_OF(...) \
	{ \
		.count = COUNT_OF(__VA_ARGS__), .item = { __VA_ARGS__ } \
	}
#define ONE(number) \
	{ \
		.count = 1, .one = true, .item = { number } \
	}
#define SHARE(per_cent) \
	{ \
		.value = (per_cent), .share = true \
	}

#define MEDIAN(name) \
	{ \
		.member = #name \
	}
#define SPREAD(name) \
	{ \
		.member = #name, .spread = true \
	}

#define SOURCE_AND_SINK \
	"Receiving takes packet buffers and copies frames from memory into them; sending frees them. "

static const struct bench_mode modes[] = {
	{
		.name = "forward",
		.help = "known unicast between ports: cycles per frame, Mpps, Gbit/s",
		.about =
			"Known unicast between ports. Each port has the same share of the MACs. Every "
			"frame has another source and destination. " SOURCE_AND_SINK
			"HARNESS is the cost of that alone, SWITCH the rest of the cycles per frame. "
			"GBPS counts FCS, preamble and gap.",
		.takes = OPT_MACS | OPT_SIZE | OPT_PORTS | OPT_TAGGED | OPT_CONFIG | OPT_IN |
			 OPT_WORKERS | OPT_TIMES,
		.standard = {.macs = LIST_OF(2, 2000, 20000, 200000, 1000000),
			     .size = LIST_OF(64),
			     .ports = LIST_OF(2),
			     .seconds = 0.3,
			     .repeats = 5},
		.columns = {MEDIAN(macs), MEDIAN(size), MEDIAN(ports), MEDIAN(worker),
			    SPREAD(cycles), MEDIAN(harness), MEDIAN(switch), SPREAD(mpps),
			    MEDIAN(gbps), MEDIAN(flooded), MEDIAN(dropped)},
		.run = bench_forward,
		.plot = {.x = "macs",
			 .y = "cycles",
			 .series = {"size", "ports", "worker"},
			 .x_title = "MACs",
			 .y_title = "cycles per frame",
			 .log_x = true},
	},
	{
		.name = "learn",
		.help = "address learning rate (RFC 2889 5.8)",
		.about =
			"New MACs per second (RFC 2889 5.8). One port sends a frame from each new MAC "
			"to a known MAC, as fast as the worker takes them. Then another port sends a "
			"frame to each new MAC. Each frame that is flooded counts as a MAC that was "
			"MISSED. " SOURCE_AND_SINK "The cycles include this.",
		.takes = OPT_MACS | OPT_TIMES,
		.standard = {.macs = LIST_OF(1000, 10000, 100000, 1000000), .repeats = 5},
		.columns = {MEDIAN(macs), SPREAD(cycles), SPREAD(rate), MEDIAN(missed)},
		.run = bench_learn,
		.plot = {.x = "macs",
			 .y = "rate",
			 .x_title = "new MACs",
			 .y_title = "MACs per second",
			 .log_x = true},
	},
	{
		.name = "capacity",
		.help = "address caching capacity (RFC 2889 5.7)",
		.about =
			"Address caching capacity (RFC 2889 5.7). KNOWN is the greatest number of MACs "
			"that an empty table learns from one port so that no frame to them is "
			"flooded. A bisection between 0 and ASKED finds it. KNOWN OF ASKED is the "
			"number of MACs known after ASKED were sent. Nothing is timed.",
		.takes = OPT_TABLES | OPT_TIMES,
		.standard = {.tables = LIST_OF(1000, 65536, 1000000), .repeats = 1},
		.columns = {MEDIAN(table), MEDIAN(known), MEDIAN(asked), MEDIAN(known_of_asked)},
		.run = bench_capacity,
		.plot = {.x = "table",
			 .y = "known",
			 .x_title = "size of the table",
			 .y_title = "MACs known",
			 .log_x = true},
	},
	{
		.name = "flood",
		.help = "group frames and unknown unicast to many ports, beside single sends",
		.about =
			"A frame to several ports, compared with known unicast to one of them in the "
			"same run: SINGLE. " SOURCE_AND_SINK
			"The cycles include this. RATIO compares "
			"a frame with as many single frames as it has copies. The VLAN snoops: a `group` "
			"without members is flooded, and two ports have joined the `group of 2 ports`.",
		.takes = OPT_MACS | OPT_SIZE | OPT_PORTS | OPT_TIMES,
		.standard = {.macs = ONE(1000),
			     .size = LIST_OF(64),
			     .ports = LIST_OF(4, 8, 16),
			     .seconds = 0.3,
			     .repeats = 5},
		.columns = {MEDIAN(ports), MEDIAN(size), MEDIAN(kind), SPREAD(cycles), SPREAD(copy),
			    MEDIAN(single), SPREAD(ratio)},
		.run = bench_flood,
		.plot = {.x = "ports",
			 .y = "copy",
			 .series = {"kind", "size"},
			 .x_title = "ports",
			 .y_title = "cycles per copy"},
	},
	{
		.name = "tunnel",
		.help = "frames into and out of a VXLAN tunnel, beside local frames",
		.about =
			"UDP frames of one size, in turns: between two ports, into a VXLAN tunnel, and "
			"out of it. MACS are known on both sides. " SOURCE_AND_SINK
			"HARNESS is the cost of that alone, with the packet's headers where the packet "
			"comes in; SWITCH is the rest of the cycles per frame. RATIO compares with the "
			"local frames of the same repeat. LOST are frames that did not leave by their "
			"port.",
		.takes = OPT_MACS | OPT_SIZE | OPT_TIMES,
		.standard = {.macs = ONE(2000), .size = LIST_OF(64), .seconds = 0.2, .repeats = 5},
		.columns = {MEDIAN(size), MEDIAN(way), SPREAD(cycles), MEDIAN(harness),
			    MEDIAN(switch), SPREAD(ratio), SPREAD(mpps), MEDIAN(macs),
			    MEDIAN(lost)},
		.run = bench_tunnel,
		.plot = {.x = "way",
			 .y = "cycles",
			 .series = {"size"},
			 .x_title = "way",
			 .y_title = "cycles per frame"},
	},
	{
		.name = "attack",
		.help = "known traffic beside a port that sends random sources",
		.about =
			"Throughput of a port with known traffic: alone, and beside a port that sends as "
			"fast as the worker takes frames. Each of two busy ports gets half of the "
			"worker's time, whatever its frames cost. FAIR is this share of the throughput "
			"alone. RATIO is 1 if the other port takes no more than its half. The limits "
			"are the defaults. MACS were learned on the other port. LOST are known frames "
			"that were not forwarded to their one port.",
		.takes = OPT_MACS | OPT_SIZE | OPT_TIMES,
		.standard = {.macs = ONE(2000), .size = ONE(64), .seconds = 0.5, .repeats = 5},
		.columns = {MEDIAN(beside), SPREAD(mpps), MEDIAN(share), MEDIAN(fair),
			    SPREAD(ratio), MEDIAN(beside_mpps), MEDIAN(macs), MEDIAN(limit),
			    MEDIAN(lost)},
		.run = bench_attack,
		.plot = {.x = "beside",
			 .y = "share",
			 .x_title = "beside",
			 .y_title = "known traffic, share of its throughput alone"},
	},
	{
		.name = "neighbours",
		.help = "a pair of ports beside nested hosts, promiscuous ones and learning ones",
		.about =
			"Known unicast between a pair of ports, both ways, beside silent nested hosts. A "
			"promiscuous host gets a copy of every frame, a learning host gets none. "
			"Delivery to a port costs as much as to a virtual NIC: the frame is copied into "
			"a ring of 512 buffers. SHARE is relative to the first line of its kind. COPIES "
			"are deliveries per frame.",
		.takes = OPT_MACS | OPT_SIZE | OPT_NEIGHBOURS | OPT_TIMES,
		.standard = {.macs = ONE(2000),
			     .neighbours = LIST_OF(0, 1, 2, 4, 8, 16),
			     .size = LIST_OF(64, 1518),
			     .seconds = 0.2,
			     .repeats = 5},
		.columns = {MEDIAN(size), MEDIAN(hosts), MEDIAN(neighbours), SPREAD(mpps),
			    MEDIAN(share), SPREAD(cycles), MEDIAN(copies)},
		.run = bench_neighbours,
		.plot = {.x = "neighbours",
			 .y = "share",
			 .series = {"hosts", "size"},
			 .x_title = "nested hosts beside the pair",
			 .y_title = "throughput of the pair, share of the first line"},
	},
	{
		.name = "latency",
		.help = "time through the switch at a given load",
		.about =
			"Time through a live switch and its worker loop, between net_ring devices of "
			"1,024 frames. It runs from the moment when a frame is due until this program "
			"has the frame back. A generator on the control core sends at a constant rate "
			"to one port, for MACs behind the other port. 100% is the throughput while the "
			"port's queue is never empty. JITTER is the mean difference between the times "
			"of a frame and the next one. The histogram has all repeats.",
		.takes = OPT_MACS | OPT_SIZE | OPT_LOAD | OPT_TIMES,
		.standard = {.macs = ONE(2000),
			     .size = ONE(64),
			     .load = {.count = 3, .item = {SHARE(10), SHARE(50), SHARE(90)}},
			     .seconds = 0.5,
			     .repeats = 5},
		.columns = {MEDIAN(load), MEDIAN(offered_mpps), MEDIAN(sent), MEDIAN(lost),
			    SPREAD(p50_ns), SPREAD(p90_ns), SPREAD(p99_ns), SPREAD(p999_ns),
			    SPREAD(max_ns), SPREAD(jitter_ns)},
		.details = {MEDIAN(load), MEDIAN(from_ns), MEDIAN(frames), MEDIAN(share)},
		.run = bench_latency,
		.plot = {.x = "from_ns",
			 .y = "share",
			 .series = {"load"},
			 .x_title = "ns, from (log2 buckets)",
			 .y_title = "share of the frames",
			 .log_x = true,
			 .details = true},
	},
	{
		.name = "throughput",
		.help = "highest rates without loss and with little loss (RFC 2544 26.1, 26.3)",
		.about =
			"Throughput (RFC 2544 26.1) of a live switch and its worker, between net_ring "
			"devices of 1,024 frames. NDR is the highest rate without a lost frame, PDR "
			"the highest that loses no more than --loss. A bisection finds them to 1 %. "
			"A rate counts if two of three trials of --seconds pass (RFC 2544 has 60 "
			"seconds). BOTH directions share the rate. LIMIT is the throughput while the "
			"queues are never empty. The second table is the loss at tenths of it "
			"(26.3). GBPS counts FCS, preamble and gap. This is no tester on a wire: the "
			"generator runs on a core of this machine, without NICs.",
		.takes = OPT_MACS | OPT_SIZE | OPT_TIMES | OPT_LOSS,
		.standard = {.macs = ONE(2000),
			     .size = LIST_OF(64, 128, 256, 512, 1024, 1280, 1518, LOAD_SIZE_IMIX),
			     .seconds = 0.1,
			     .repeats = 3,
			     .loss = 0.5},
		.columns = {MEDIAN(size), MEDIAN(directions), SPREAD(ndr_mpps), MEDIAN(ndr_gbps),
			    SPREAD(pdr_mpps), MEDIAN(pdr_gbps), MEDIAN(limit_mpps)},
		.details = {MEDIAN(size), MEDIAN(directions), MEDIAN(offered_mpps), MEDIAN(sent),
			    MEDIAN(lost_percent)},
		.run = bench_throughput,
		.plot = {.x = "offered_mpps",
			 .y = "lost_percent",
			 .series = {"size", "directions"},
			 .x_title = "offered load, Mpps",
			 .y_title = "lost frames, %",
			 .details = true},
	},
	{
		.name = "back-to-back",
		.help = "longest burst without loss (RFC 2544 26.4, RFC 9004)",
		.about =
			"The longest burst of frames, one right after the other, that loses none (RFC "
			"2544 26.4), found by bisection to 1 %. A burst of 4,194,304 is the longest: "
			"the switch then forwards as fast as the generator sends. BURST MPPS is the "
			"generator's rate, LIMIT the switch's. BUFFER US is the corrected buffer time "
			"(RFC 9004 5.4). RFC 9004 wants 50 repeats.",
		.takes = OPT_MACS | OPT_SIZE | OPT_TIMES,
		.standard = {.macs = ONE(2000),
			     .size = LIST_OF(64, 512, 1518),
			     .seconds = 0.1,
			     .repeats = 5},
		.columns = {MEDIAN(size), SPREAD(frames), MEDIAN(burst_mpps), MEDIAN(limit_mpps),
			    MEDIAN(buffer_us)},
		.run = bench_back_to_back,
	},
	{
		.name = "replay",
		.help = "frames per second and memory of the whole `nestswitch replay`",
		.about =
			"`nestswitch replay` as a process of its own, from start to end, with its "
			"captures in the page cache. They are known unicast between two ports, a frame "
			"every microsecond, unless --in names others. SECONDS and RATE are of wall time. "
			"CPU RATE is frames per second of CPU time, which other work on the machine "
			"changes less. RSS is the peak of resident memory.",
		.takes = OPT_MACS | OPT_SIZE | OPT_FRAMES | OPT_CONFIG | OPT_IN | OPT_TIMES,
		.standard = {.macs = ONE(2000), .size = ONE(64), .frames = 1000000, .repeats = 5},
		.columns = {MEDIAN(frames), SPREAD(seconds), SPREAD(rate), SPREAD(cpu_rate),
			    MEDIAN(rss_mib)},
		.run = bench_replay,
	},
	{
		.name = "control",
		.help = "cost of the control thread's work for a forwarding worker",
		.about =
			"A worker forwards while the control thread does nothing, sweeps the table as "
			"`run` does, answers `nestctl fdb show` page by page, flushes all MACs at the "
			"start of each repeat, or changes a policy key again and again. LONGEST US is "
			"the worker's longest round over its two ports. SLOW ROUNDS of a repeat took "
			"more than 100 us. A virtual machine loses its core now and then, therefore "
			"compare with the undisturbed line.",
		.takes = OPT_MACS | OPT_SIZE | OPT_TIMES,
		.standard = {.macs = ONE(1000000), .size = ONE(64), .seconds = 1, .repeats = 5},
		.columns = {MEDIAN(phase), SPREAD(cycles), SPREAD(longest_us), SPREAD(slow_rounds),
			    MEDIAN(work)},
		.run = bench_control,
		.plot = {.x = "phase",
			 .y = "longest_us",
			 .x_title = "work of the control thread",
			 .y_title = "longest round, us"},
	},
};

enum { MODES = sizeof modes / sizeof *modes };

// The kind of an option's value.
enum kind { FLAG, TEXT, NUMBER, DURATION, PERCENT, LIST, SIZES, LOADS, INPUT };

struct row {
	unsigned bit; // OPT_…
	const char *name;
	enum kind kind;
	size_t at; // in struct bench_options
	uint32_t min, max;
	const char *argument, *help;
};

#define AT(member) offsetof(struct bench_options, member)

static const struct row rows[] = {
	{OPT_MACS, "macs", LIST, AT(macs), 1, 8000000, "N,…", "MACs in all"},
	{OPT_SIZE, "size", SIZES, AT(size), 64, 1522, "N,…",
	 "bytes of a frame on the line with FCS, or imix: 7 x 64, 4 x 576, 1 x 1518"},
	{OPT_PORTS, "ports", LIST, AT(ports), 2, CONFIG_PORTS_MAX - 1, "N,…", "number of ports"},
	{OPT_TAGGED, "tagged", FLAG, AT(tagged), 0, 0, "", "send frames with an 802.1Q tag"},
	{OPT_TABLES, "tables", LIST, AT(tables), 1, 4000000, "N,…", "sizes of the table"},
	{OPT_NEIGHBOURS, "neighbours", LIST, AT(neighbours), 0, CONFIG_PORTS_MAX - 2, "N,…",
	 "nested hosts beside the pair"},
	{OPT_LOAD, "load", LOADS, AT(load), 0, 0, "N%,N,…",
	 "offered load: a share of what the switch can forward, or Mpps"},
	{OPT_FRAMES, "frames", NUMBER, AT(frames), 1, 100000000, "N",
	 "number of frames in the captures that are made"},
	{OPT_CONFIG, "config", TEXT, AT(config), 0, 0, "FILE",
	 "use the switch of FILE, without its devices"},
	{OPT_IN, "in", INPUT, 0, 0, 0, "PORT=PCAP",
	 "PORT receives this capture and no other traffic is made; repeatable"},
	{OPT_WORKERS, "workers", NUMBER, AT(workers), 1, CONFIG_WORKERS_MAX, "N",
	 "forwarding threads, each on its own core if there are enough"},
	{OPT_TIMES, "seconds", DURATION, AT(seconds), 0, 0, "S",
	 "length of a repeat, in timed modes"},
	{OPT_TIMES, "repeats", NUMBER, AT(repeats), 1, BENCH_REPEATS, "N",
	 "number of times that each value is measured"},
	{OPT_LOSS, "loss", PERCENT, AT(loss), 0, 0, "PERCENT", "loss that the PDR may have"},
	{OPT_OUTPUT, "anyway", FLAG, AT(anyway), 0, 0, "",
	 "show figures that were measured on a busy machine"},
	{OPT_OUTPUT, "csv", TEXT, AT(csv), 0, 0, "FILE",
	 "also write the figures to FILE as comma-separated values"},
	{OPT_OUTPUT, "json", FLAG, AT(json), 0, 0, "", "print a JSON document instead of a table"},
	{OPT_OUTPUT, "plot", TEXT, AT(plot), 0, 0, "FILE",
	 "also draw FILE.svg or FILE.png with gnuplot"},
};

enum { ROWS = sizeof rows / sizeof *rows, HELP = ROWS };

static bool refuse_value(const struct row *r, const char *value, const char *right)
{
	return complain("--%s cannot be '%s' (%s)", r->name, value, right);
}

static bool parse_item(const struct row *r, const char *word, uint32_t *item)
{
	char right[POLICY_ERROR];
	uint64_t n;

	if (r->kind == SIZES && !strcmp(word, "imix")) {
		*item = LOAD_SIZE_IMIX;
		return true;
	}
	snprintf(right, sizeof right, "a number from %" PRIu32 " to %" PRIu32 "%s", r->min, r->max,
		 r->kind == SIZES ? ", or imix" : "");
	if (!text_number(word, r->max, &n) || n < r->min)
		return refuse_value(r, word, right);
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
	return good || refuse_value(r, word, "a share such as 50%, or Mpps such as 1.5");
}

// Parses the words of a list, one by one.
static bool parse_list(const struct row *r, char *text, void *at)
{
	uint32_t *count = at; // both kinds of lists begin with it
	struct bench_list *list = r->kind == LOADS ? NULL : at;
	uint32_t most = list && list->one ? 1 : BENCH_LIST;
	char *word;

	for (*count = 0; (word = strsep(&text, ",")); ++*count) {
		if (*count == most)
			return complain("--%s has more than %" PRIu32 " (the limit of this mode)",
					r->name, most);
		if (!(list ? parse_item(r, word, &list->item[*count]) : parse_load(r, word, at)))
			return false;
	}
	return true;
}

static bool parse_duration(const struct row *r, const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return (end != text && !*end && *seconds > 0 && *seconds <= SECONDS_MAX) ||
	       refuse_value(r, text, "seconds above 0, up to an hour, such as 0.3");
}

static bool parse_percent(const struct row *r, const char *text, double *percent)
{
	char *end;

	*percent = strtod(text, &end);
	return (end != text && !*end && *percent > 0 && *percent < 100) ||
	       refuse_value(r, text, "a share in per cent, above 0 and below 100, such as 0.5");
}

static bool parse_input(const char *text, struct bench_options *o)
{
	if (o->in_count == CAPTURES_MAX)
		return complain("more than %d --in", CAPTURES_MAX);
	if (!strchr(text, '='))
		return complain("--in cannot be '%s' (PORT=PCAP)", text);
	o->in[o->in_count++] = text;
	return true;
}

static bool parse_bench_option(const struct row *r, char *text, struct bench_options *o)
{
	void *at = (char *)o + r->at;

	switch (r->kind) {
	case FLAG:
		*(bool *)at = true;
		return true;
	case TEXT:
		*(const char **)at = text;
		return true;
	case NUMBER:
		return parse_item(r, text, at);
	case DURATION:
		return parse_duration(r, text, at);
	case PERCENT:
		return parse_percent(r, text, at);
	case INPUT:
		return parse_input(text, o);
	case LIST:
	case SIZES:
	case LOADS:
		break;
	}
	return parse_list(r, text, at);
}

static const char *item_text(const struct row *r, uint32_t item, char text[16])
{
	if (r->kind == SIZES && item == LOAD_SIZE_IMIX)
		return "imix";
	snprintf(text, 16, "%" PRIu32, item);
	return text;
}

// Prints the default of an option, if it has one.
static void put_default(FILE *out, const struct row *r, const void *at)
{
	const struct bench_list *list = at;
	const struct bench_loads *loads = at;
	char text[16];

	if (r->kind == NUMBER && *(const uint32_t *)at)
		fprintf(out, "%" PRIu32, *(const uint32_t *)at);
	if ((r->kind == DURATION || r->kind == PERCENT) && *(const double *)at > 0)
		fprintf(out, "%g", *(const double *)at);
	for (uint32_t i = 0; (r->kind == LIST || r->kind == SIZES) && i < list->count; i++)
		fprintf(out, "%s%s", i ? "," : "", item_text(r, list->item[i], text));
	for (uint32_t i = 0; r->kind == LOADS && i < loads->count; i++)
		fprintf(out, "%s%g%s", i ? "," : "", loads->item[i].value,
			loads->item[i].share ? "%" : "");
}

static void print_option(const struct row *r, const void *at)
{
	const struct bench_list *list = r->kind == LIST || r->kind == SIZES ? at : NULL;
	char argument[32], standard[128] = "";
	FILE *f = fmemopen(standard, sizeof standard, "w");

	if (f) {
		put_default(f, r, at);
		fclose(f);
	}
	snprintf(argument, sizeof argument, "%s", r->argument);
	if (list && list->one)
		argument[strcspn(argument, ",")] = 0;
	// An ellipsis takes three bytes and one column.
	printf("  --%s %-*s%s", r->name,
	       22 - (int)strlen(r->name) + (strstr(argument, "…") ? 2 : 0), argument, r->help);
	printf(*standard ? " (default %s)\n" : "\n", standard);
}

static bool takes(const struct bench_mode *m, const struct row *r)
{
	return (m->takes | OPT_OUTPUT) & r->bit;
}

// Makes getopt's table of the options of a mode. longs: has room for ROWS + 2.
static void make_longs(const struct bench_mode *m, struct option *longs)
{
	for (int i = 0; i < ROWS; i++)
		if (takes(m, &rows[i]))
			*longs++ = (struct option){rows[i].name, rows[i].kind != FLAG, NULL, i};
	*longs++ = (struct option){"help", no_argument, NULL, HELP};
	*longs = (struct option){0};
}

static void print_modes(FILE *out)
{
	fputs("usage: nestswitch bench MODE [OPTIONS]\n\nMeasures the switch on this machine with traffic from memory.\n\n",
	      out);
	for (int i = 0; i < MODES; i++)
		fprintf(out, "  %-13s %s\n", modes[i].name, modes[i].help);
	fputs("\n`nestswitch bench MODE --help` explains the measurement and its options.\n"
	      "\n"
	      "Examples:\n"
	      "\n"
	      "  nestswitch bench forward --macs 2,2000 --size 64\n"
	      "                the cost of a frame, with few and with many MACs\n"
	      "  nestswitch bench latency --load 10%,50%,90% --csv latency.csv --plot latency.svg\n"
	      "                times at three loads, as a table, for a spreadsheet and as a plot\n",
	      out);
}

static const char *mode_name(void *unused, size_t i)
{
	(void)unused;
	return i < MODES ? modes[i].name : NULL;
}

static const struct bench_mode *find_mode(const char *name)
{
	char hint[TEXT_HINT];

	for (int i = 0; i < MODES; i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	complain("unknown mode '%s'%s", name,
		 text_hint(hint, name, mode_name, NULL, "see nestswitch bench --help"));
	return NULL;
}

// Refuses figures of a busy machine.
static bool is_quiet(const struct bench *b)
{
	return b->o.anyway || b->disturbed * 100 <= DISTURBED_MAX ||
	       complain(
		       "the machine is busy: threads waited for a core for %.0f %% of the time of a measurement "
		       "(stop other work, or add --anyway)",
		       b->disturbed * 100);
}

static int run_mode(const struct bench_mode *m, const struct bench_options *o)
{
	struct bench b = {.mode = m,
			  .o = *o,
			  .rows = json_array(),
			  .details = json_array(),
			  .failure = EXIT_REFUSED};

	disturbance_begin(&b.since);
	bool good = (!o->plot || bench_plot_ready(&b)) && (!o->csv || bench_csv_ready(&b)) &&
		    m->run(&b) && is_quiet(&b) && bench_print(&b) && (!o->csv || bench_csv(&b)) &&
		    (!o->plot || bench_plot(&b));

	json_decref(b.rows);
	json_decref(b.details);
	eal_stop();
	return good ? EXIT_DONE : (int)b.failure;
}

static void print_mode_help(const struct bench_mode *m)
{
	printf("usage: nestswitch bench %s [OPTIONS]\n\n", m->name);
	text_wrap(stdout, m->about, 0);
	putchar('\n');
	for (int i = 0; i < ROWS; i++)
		if (takes(m, &rows[i]))
			print_option(&rows[i], (const char *)&m->standard + rows[i].at);
}

// Carries out the options. False: it has printed help or an error, and `status` is the exit status.
static bool parse_options(const struct bench_mode *m, int argc, char **argv,
			  struct bench_options *o, int *status)
{
	struct option longs[ROWS + 2];
	int option;

	make_longs(m, longs);
	*status = EXIT_USAGE;
	while ((option = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
		if (option == HELP) {
			print_mode_help(m);
			*status = EXIT_DONE;
			return false;
		}
		if (option == '?' || option == ':')
			return complain_option(option, argv[optind - 1], longs,
					       "nestswitch bench --help");
		if (!parse_bench_option(&rows[option], optarg, o))
			return false;
	}
	if (optind < argc)
		return complain("'%s' is not expected (see nestswitch bench %s --help)",
				argv[optind], m->name);
	return true;
}

int bench_main(int argc, char **argv)
{
	bool help = argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
	const struct bench_mode *m = NULL;
	struct bench_options o;
	int status;

	if (argc < 2 || help)
		print_modes(help ? stdout : stderr);
	else
		m = find_mode(argv[1]);
	if (!m)
		return help ? EXIT_DONE : EXIT_USAGE;
	o = m->standard;
	argv[1] = argv[0]; // what getopt calls the program
	return parse_options(m, argc - 1, argv + 1, &o, &status) ? run_mode(m, &o) : status;
}
