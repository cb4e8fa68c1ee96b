// SPDX-License-Identifier: BSD-3-Clause
// nestswitch: a learning switch for nested virtualisation labs. main() is a table of subcommands.
#include <string.h>

#include "control/bench/bench.h"
#include "control/common/complain.h"
#include "control/common/eventtypes.h"
#include "control/common/policykeys.h"
#include "control/common/reasons.h"
#include "control/common/text.h"
#include "control/common/version.h"
#include "control/replay/replay.h"
#include "control/replay/sources.h"
#include "control/subcommands.h"

static int help_main(int argc, char **argv);

struct subcommand {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help;
};

static const struct subcommand subcommands[] = {
	{"run", run_main, "forward between devices; nestctl controls it"},
	{"replay", replay_main, "forward the frames of captures, write captures and a report"},
	{"sources", sources_main, "print the source MACs of captures"},
	{"bench", bench_main, "measure the switch on this machine"},
	{"check", check_main, "check a configuration"},
	{"help", help_main,
	 "show this; `help policy`, `help drops` and `help events` explain these names"},
	{0},
};

static void print_usage(FILE *out)
{
	fputs("usage: nestswitch COMMAND …\n\n", out);
	for (const struct subcommand *s = subcommands; s->name; s++)
		fprintf(out, "  %-8s %s\n", s->name, s->help);
	fputs("\n`nestswitch COMMAND --help` explains a command. `nestswitch --version` shows the version.\n",
	      out);
}

static const struct {
	const char *name;
	void (*print)(FILE *out);
} topics[] = {
	{"policy", policy_print_keys}, {"drops", reasons_print}, {"events", event_types_print}};

static int help_main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof topics / sizeof *topics && argc == 2; i++)
		if (!strcmp(topics[i].name, argv[1])) {
			topics[i].print(stdout);
			return EXIT_DONE;
		}
	if (argc > 1) {
		complain("no help on '%s' (help policy, help drops or help events)", argv[1]);
		return EXIT_USAGE;
	}
	print_usage(stdout);
	return EXIT_DONE;
}

static const char *subcommand_name(void *unused, size_t i)
{
	(void)unused;
	return subcommands[i].name;
}

static int run_subcommand(int argc, char **argv)
{
	char hint[TEXT_HINT];

	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("nestswitch " NESTSWITCH_VERSION);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	for (const struct subcommand *s = subcommands; s->name; s++)
		if (!strcmp(s->name, argv[1]))
			return s->main(argc - 1, argv + 1);
	complain("unknown command '%s'%s", argv[1],
		 text_hint(hint, argv[1], subcommand_name, NULL, "see nestswitch --help"));
	return EXIT_USAGE;
}

// Who reads the output must not take a part of it for the whole.
static int conclude_output(int status)
{
	if ((!fflush(stdout) && !ferror(stdout)) || status != EXIT_DONE)
		return status;
	complain("standard output: cannot write everything");
	return EXIT_REFUSED;
}

int main(int argc, char **argv)
{
	return conclude_output(run_subcommand(argc, argv));
}
