// SPDX-License-Identifier: BSD-3-Clause
#include "help.h"

#include <string.h>

#include "commands.h"
#include "complain.h"

// "  what   help"; help has a line of its own where there is no room.
static void print_row(FILE *out, const char *what, int width, const char *help)
{
	int columns = (int)text_columns(what);

	if (columns > width)
		fprintf(out, "  %s\n  %*s  %s\n", what, width, "", help);
	else
		fprintf(out, "  %s%*s  %s\n", what, width - columns, "", help);
}

static void print_commands(FILE *out, const char *group)
{
	char usage[COMMAND_USAGE];

	for (const struct command *c = commands; c->group; c++)
		if (!group || !strcmp(group, c->group))
			print_row(out, command_usage(c, usage), 43, c->help);
}

static void print_options(FILE *out)
{
	char what[64];

	for (const struct command_option *o = command_options; o->name; o++) {
		snprintf(what, sizeof what, "-%c, --%s%s%s", o->letter, o->name, o->value ? " " : "", o->value ? o->value : "");
		print_row(out, what, 17, o->help);
	}
}

void help_print(FILE *out)
{
	fputs("usage: nestctl [OPTIONS] COMMAND …\n\n", out);
	print_commands(out, NULL);
	fputs("\n`show` is the verb if none is given. Options, which may stand anywhere before --:\n\n", out);
	print_options(out);
	fputs("\n`nestctl COMMAND --help` says more. Exit status: 0 done, 1 refused, 2 wrong usage, 3 no switch there.\n", out);
}

static void print_settings(FILE *out, const struct argument *a)
{
	char what[ARGUMENT_USAGE];

	if (a->settings)
		fputs("\nWhat can be set besides policy:\n\n", out);
	for (const struct argument *s = a->settings; s && s->name; s++)
		print_row(out, argument_usage(s, what), 20, s->help);
	fputs("\nThe keys of policy:\n\n", out);
	policy_print_keys(out);
}

static void print_arguments(FILE *out, const struct command *c)
{
	char what[ARGUMENT_USAGE];

	if (c->args)
		fputc('\n', out);
	for (const struct argument *a = c->args; a && a->name; a++) {
		print_row(out, argument_usage(a, what), 15, a->help);
		for (size_t i = 0; a->words && a->words[i]; i++)
			fprintf(out, "%19s%s\n", "", a->words[i]);
	}
}

static void print_examples(FILE *out, const char *examples)
{
	fputs("\nFor example:\n\n", out);
	for (size_t n; *examples; examples += n + (examples[n] != 0)) {
		n = strcspn(examples, "\n");
		fprintf(out, "  nestctl %.*s\n", (int)n, examples);
	}
}

static void print_command(FILE *out, const struct command *c)
{
	char usage[COMMAND_USAGE];

	fprintf(out, "usage: nestctl %s\n\n%s\n", command_usage(c, usage), c->help);
	print_arguments(out, c);
	if (c->more)
		fputc('\n', out), text_wrap(out, c->more, 0);
	if (c->examples)
		print_examples(out, c->examples);
	for (const struct argument *a = c->args; a && a->name; a++)
		if (a->form == ARG_PAIRS || a->form == ARG_KEYS)
			print_settings(out, a);
}

int help_explain(char *const *words)
{
	int used;

	if (!*words)
		return help_print(stdout), EXIT_DONE;
	const struct command *c = command_wanted(words, &used);
	if (!c)
		return EXIT_USAGE;
	if (used == 2 || command_is_alone(c)) {
		print_command(stdout, c);
	} else {
		printf("usage: nestctl %s …\n\n", c->group);
		print_commands(stdout, c->group);
		printf("\n`nestctl %s VERB --help` says more.\n", c->group);
	}
	return EXIT_DONE;
}
