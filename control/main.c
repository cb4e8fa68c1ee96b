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
#include "control/subcommands.h"

static int help_main(int argc, char **argv);

struct subcommand {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help;
};

static const struct subcommand subcommands[] = {
	{"run", run_main, "forward between devices, controlled by nestctl, until told to stop"},
	{"replay", replay_main,
	 "send captures through a switch; write what comes out and a report"},
	{"bench", bench_main, "measure the switch on this machine"},
	{"check", check_main, "say whether a configuration is good"},
	{"help", help_main,
	 "say this; `help policy`, `help drops`, `help events`: what these names mean"},
	{0},
};

static void print_usage(FILE *out)
{
	fputs("usage: nestswitch COMMAND …\n\n", out);
	for (const struct subcommand *s = subcommands; s->name; s++)
		fprintf(out, "  %-8s %s\n", s->name, s->help);
	fputs("\n`nestswitch COMMAND --help` says more; `nestswitch --version` says which version this is.\n",
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
		if (!strcmp(topics[i].name, argv[1]))
			return topics[i].print(stdout), EXIT_DONE;
	if (argc > 1)
		return complain(
			       "no help on '%s' (there is `help policy`, `help drops` and `help events`)",
			       argv[1]),
		       EXIT_USAGE;
	print_usage(stdout);
	return EXIT_DONE;
}

static const char *subcommand_name(void *unused, size_t i)
{
	(void)unused;
	return subcommands[i].name;
}

int main(int argc, char **argv)
{
	char hint[TEXT_HINT];

	if (argc < 2)
		return print_usage(stderr), EXIT_USAGE;
	if (!strcmp(argv[1], "--version"))
		return puts("nestswitch " NESTSWITCH_VERSION), EXIT_DONE;
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_usage(stdout), EXIT_DONE;
	for (const struct subcommand *s = subcommands; s->name; s++)
		if (!strcmp(s->name, argv[1]))
			return s->main(argc - 1, argv + 1);
	complain("unknown command '%s'%s", argv[1],
		 text_hint(hint, argv[1], subcommand_name, NULL, "see nestswitch --help"));
	return EXIT_USAGE;
}
