// SPDX-License-Identifier: BSD-3-Clause
// nestswitch: a learning switch for nested virtualisation labs. main() is a table of subcommands.
#include <string.h>

#include "complain.h"
#include "policykeys.h"
#include "replay.h"
#include "subcommands.h"
#include "version.h"

static int help_main(int argc, char **argv);

struct subcommand {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help;
};

static const struct subcommand subcommands[] = {
	{"run", run_main, "forward between devices, controlled by nestctl, until told to stop"},
	{"replay", replay_main, "send captures through a switch; write what comes out and a report"},
	{"bench", bench_main, "measure the switch on this machine"},
	{"check", check_main, "say whether a configuration is good"},
	{"help", help_main, "say this; `help policy`: the policy keys"},
	{0},
};

static void print_usage(FILE *out)
{
	fputs("usage: nestswitch COMMAND …\n\n", out);
	for (const struct subcommand *s = subcommands; s->name; s++)
		fprintf(out, "  %-8s %s\n", s->name, s->help);
	fputs("\n`nestswitch COMMAND --help` says more; `nestswitch --version` says which version this is.\n", out);
}

static void print_policy_keys(void)
{
	char values[POLICY_ERROR];

	for (int k = 0; k < POLICY_KEYS; k++) {
		const struct policy_row *r = &policy_rows[k];
		policy_describe_values((enum policy_key)k, values, sizeof values);
		if (r->type == POLICY_CHOICE)
			printf("%s: %s (default %s)\n", r->name, values, r->words[r->standard]);
		else if (r->type == POLICY_VLANS)
			printf("%s: %s (default 1-4094)\n", r->name, values);
		else
			printf("%s: %s%s%s (default %u)\n", r->name, values, r->unit ? " " : "", r->unit ? r->unit : "", r->standard);
		printf("    %s\n", r->help);
	}
}

static int help_main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "policy"))
		print_policy_keys();
	else if (argc > 1)
		return complain("no help on '%s' (there is `help` and `help policy`)", argv[1]), EXIT_USAGE;
	else
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
	if (argc < 2)
		return print_usage(stderr), EXIT_USAGE;
	if (!strcmp(argv[1], "--version"))
		return puts("nestswitch " NESTSWITCH_VERSION), EXIT_DONE;
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_usage(stdout), EXIT_DONE;
	for (const struct subcommand *s = subcommands; s->name; s++)
		if (!strcmp(s->name, argv[1]))
			return s->main(argc - 1, argv + 1);
	const char *near = text_nearest(argv[1], subcommand_name, NULL);
	complain("unknown command '%s' (%s%s%s)", argv[1], near ? "did you mean '" : "see nestswitch --help", near ? near : "",
		 near ? "'?" : "");
	return EXIT_USAGE;
}
