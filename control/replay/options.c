// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/common/complain.h"
#include "control/common/text.h"
#include "dataplane/txbatch.h"

enum { BURST_DEFAULT = 32 };

static const char usage[] =
	"usage: nestswitch replay --config FILE --in [PORT=]CAPTURE … [OPTION …]\n"
	"\n"
	"Forwards the frames of captures through the switch of FILE. The clock follows their timestamps.\n"
	"\n"
	"  --config FILE        configuration of the switch; its devices are not used\n"
	"  --in PORT=CAPTURE    frames that PORT receives; repeatable\n"
	"  --in PORT=CAPTURE:INTERFACE\n"
	"                       frames of one interface of a pcapng\n"
	"  --in CAPTURE         frames of all interfaces that are named like ports; with --sources:\n"
	"                       frames of a whole lab\n"
	"  --sources PORT=MAC[/BITS][,…] …\n"
	"                       the port of a frame is that of its source MAC\n"
	"  --rest PORT          the port of frames from other sources\n"
	"  --until SECONDS      advance the clock to SECONDS after the first frame\n"
	"  --burst N            forward at most N frames together, 1 to 256 (default 32); it changes no result\n"
	"\n"
	"  --out DIR            write the frames sent to each port into DIR/PORT.pcap\n"
	"  --report FILE        write counters, MAC table and events as JSON; -: to standard output\n"
	"  --frames [FILE]      print a line for each frame, with the tunnels that it takes; -j: as\n"
	"                       JSON\n"
	"  --expect DIR         compare with DIR/PORT.pcap and DIR/report.json; status 1 if they differ\n"
	"  --update             write DIR of --expect instead\n"
	"  --fail-on REASON[,…] status 1 if a frame was dropped for such a reason\n"
	"\n"
	"A CAPTURE is pcap or pcapng, also compressed with gzip, bzip2, xz, zstd or lz4; -: standard input.\n"
	"\n"
	"Examples:\n"
	"\n"
	"  nestswitch replay --config lab.yaml --in esx1=one.pcap --in kvm1=two.pcap --out out\n"
	"                       a capture for each port; out/ gets what each port is sent\n"
	"  nestswitch replay --config lab.yaml --in lab.pcapng --frames\n"
	"                       a capture of all ports by `nestctl capture`, whose interfaces are named like them\n"
	"  nestswitch replay --config lab.yaml --in br0.pcap --sources esx1=00:50:56:00:00:00/24 --rest kvm1\n"
	"                       a capture of a whole lab by `tcpdump -i br0`; see `nestswitch sources`\n";

static bool parse_until(const char *text, uint64_t *ns)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || *end || !(s >= 0) || s > 1e9)
		return complain("--until cannot be '%s' (seconds, up to 1000000000)", text);
	*ns = (uint64_t)(s * 1e9 + 0.5);
	return true;
}

static bool parse_burst(const char *text, unsigned *burst)
{
	uint64_t n;

	if (!text_number(text, BURST_MAX, &n) || !n)
		return complain("--burst cannot be '%s' (a number from 1 to %d)", text, BURST_MAX);
	*burst = (unsigned)n;
	return true;
}

static bool add_word(const char **list, unsigned *count, unsigned max, const char *word,
		     const char *option)
{
	if (*count == max)
		return complain("more than %u %s", max, option);
	list[(*count)++] = word;
	return true;
}

// --frames may have a value as a word of its own.
static void take_frames(struct replay_options *o, int argc, char **argv)
{
	const char *next = optind < argc ? argv[optind] : "--";

	o->frames = true;
	o->frames_file = "-";
	if (optarg) {
		o->frames_file = optarg;
	} else if ((*next != '-' || !next[1]) && !strchr(next, '=')) {
		o->frames_file = next;
		optind++;
	}
}

static bool take_option(struct replay_options *o, int option, int argc, char **argv)
{
	switch (option) {
	case 'c':
		o->config = optarg;
		return true;
	case 'i':
		return add_word(o->in, &o->in_count, CAPTURES_MAX, optarg, "--in");
	case 's':
		return add_word(o->source, &o->source_count, SOURCES_WORDS, optarg, "--sources");
	case 'R':
		o->rest = optarg;
		return true;
	case 'o':
		o->out = optarg;
		return true;
	case 'r':
		o->report = optarg;
		return true;
	case 'e':
		o->expect = optarg;
		return true;
	case 'U':
		o->update = true;
		return true;
	case 'F':
		o->fail_on = optarg;
		return true;
	case 'f':
		take_frames(o, argc, argv);
		return true;
	case 'j':
		o->json = true;
		return true;
	case 'u':
		return parse_until(optarg, &o->until_ns);
	case 'b':
		return parse_burst(optarg, &o->burst);
	}
	return false;
}

// Further words belong to --sources.
static bool take_words(struct replay_options *o, int argc, char **argv)
{
	for (; optind < argc; optind++) {
		if (!o->source_count || !strchr(argv[optind], '='))
			return complain("'%s' is not expected (see nestswitch replay --help)",
					argv[optind]);
		if (!add_word(o->source, &o->source_count, SOURCES_WORDS, argv[optind],
			      "--sources"))
			return false;
	}
	return true;
}

static bool check_options(const struct replay_options *o)
{
	if (!o->config)
		return complain("--config FILE is missing (see nestswitch replay --help)");
	if (!o->in_count)
		return complain("--in PORT=CAPTURE is missing (see nestswitch replay --help)");
	if (o->update && !o->expect)
		return complain("--update needs --expect DIR, the folder that it writes");
	if (o->update && o->out)
		return complain("--update and --out exclude each other: both write the results");
	if (o->rest && !o->source_count)
		return complain("--rest needs --sources PORT=MAC");
	if (o->json && !o->frames)
		return complain("-j needs --frames (--report FILE writes a report as JSON)");
	return true;
}

enum options_result replay_options_parse(struct replay_options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"in", required_argument, NULL, 'i'},
		{"sources", required_argument, NULL, 's'},
		{"rest", required_argument, NULL, 'R'},
		{"out", required_argument, NULL, 'o'},
		{"report", required_argument, NULL, 'r'},
		{"expect", required_argument, NULL, 'e'},
		{"update", no_argument, NULL, 'U'},
		{"fail-on", required_argument, NULL, 'F'},
		{"frames", optional_argument, NULL, 'f'},
		{"json", no_argument, NULL, 'j'},
		{"until", required_argument, NULL, 'u'},
		{"burst", required_argument, NULL, 'b'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	*o = (struct replay_options){.burst = BURST_DEFAULT};
	optind = 0; // getopt starts again
	while ((option = getopt_long(argc, argv, ":c:hj", longs, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return OPTIONS_HELP;
		}
		if (option == '?' || option == ':') {
			complain_option(option, argv[optind - 1], longs,
					"nestswitch replay --help");
			return OPTIONS_WRONG;
		}
		if (!take_option(o, option, argc, argv))
			return OPTIONS_WRONG;
	}
	return take_words(o, argc, argv) && check_options(o) ? OPTIONS_RUN : OPTIONS_WRONG;
}
