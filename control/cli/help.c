// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/help.h"

#include <jansson.h>
#include <string.h>

#include "control/cli/commands.h"
#include "control/common/complain.h"
#include "control/common/policykeys.h"
#include "control/common/text.h"

// Prints "  what   help". A long `what` moves help to the next line.
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

static void print_command_options(FILE *out)
{
	char what[64];

	for (const struct command_option *o = command_options; o->name; o++) {
		snprintf(what, sizeof what, "-%c, --%s%s%s", o->letter, o->name,
			 o->value ? " " : "", o->value ? o->value : "");
		print_row(out, what, 17, o->help);
	}
}

void help_print(FILE *out)
{
	fputs("usage: nestctl [OPTIONS] COMMAND …\n\n", out);
	print_commands(out, NULL);
	fputs("\nWithout a verb, nestctl uses `show`. Options may stand anywhere before --:\n\n",
	      out);
	print_command_options(out);
	fputs("\nFor details, run `nestctl COMMAND --help`.\n"
	      "Exit status: 0 success, 1 refused, 2 wrong usage, 3 no switch found.\n",
	      out);
}

static void print_settings(FILE *out, const struct argument *a)
{
	char what[ARGUMENT_USAGE];

	if (a->settings)
		fputs("\nSettings:\n\n", out);
	for (const struct argument *s = a->settings; s && s->name; s++)
		print_row(out, argument_usage(s, what), 20, s->help);
	fputs("\nPolicy keys:\n\n", out);
	policy_print_keys(out);
}

static void print_columns(FILE *out, const struct command *c)
{
	char all[512] = "";
	size_t at = 0;

	for (size_t i = 0; command_column(c, i) && at < sizeof all; i++)
		at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", i ? ", " : "",
				       command_column(c, i));
	text_wrap(out, all, 19);
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
		if (a->form == ARG_COLUMNS)
			print_columns(out, c);
	}
}

static void print_examples(FILE *out, const char *examples)
{
	fputs("\nExamples:\n\n", out);
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
	if (c->more) {
		fputc('\n', out);
		text_wrap(out, c->more, 0);
	}
	if (c->examples)
		print_examples(out, c->examples);
	for (const struct argument *a = c->args; a && a->name; a++)
		if (a->form == ARG_PAIRS || a->form == ARG_KEYS)
			print_settings(out, a);
}

static json_t *split_lines(const char *text)
{
	json_t *all = json_array();

	for (size_t n; text && *text; text += n + (text[n] != 0)) {
		n = strcspn(text, "\n");
		json_array_append_new(all, json_stringn(text, n));
	}
	return all;
}

static json_t *describe_arguments(const struct command *c, const struct argument *a)
{
	json_t *all = json_array();
	char usage[ARGUMENT_USAGE];

	for (; a && a->name; a++) {
		json_t *words = json_array(), *settings = describe_arguments(c, a->settings);
		for (size_t i = 0; a->words && a->words[i]; i++)
			json_array_append_new(words, json_string(a->words[i]));
		for (size_t i = 0; a->form == ARG_COLUMNS && command_column(c, i); i++)
			json_array_append_new(words, json_string(command_column(c, i)));
		json_array_append_new(all, json_pack("{s:s, s:s, s:b, s:o, s:o}", "usage",
						     argument_usage(a, usage), "help", a->help,
						     "optional", a->optional, "words", words,
						     "settings", settings));
	}
	return all;
}

static json_t *describe_command(const struct command *c)
{
	char usage[COMMAND_USAGE];

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "group", c->group, "verb", c->verb,
			 "usage", command_usage(c, usage), "help", c->help, "arguments",
			 describe_arguments(c, c->args), "more", c->more ? c->more : "", "examples",
			 split_lines(c->examples));
}

// Prints the commands of a group, one command, or all of them.
static void print_commands_json(const char *group, const struct command *only)
{
	json_t *all = json_array();

	for (const struct command *c = commands; c->group; c++)
		if (only ? c == only : !group || !strcmp(c->group, group))
			json_array_append_new(all, describe_command(c));
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static void print_group(FILE *out, const char *group)
{
	fprintf(out, "usage: nestctl %s …\n\n", group);
	print_commands(out, group);
	fprintf(out, "\nFor details, run `nestctl %s VERB --help`.\n", group);
}

int help_explain(char *const *words, bool json)
{
	const struct command *c = NULL;
	int used = 0;

	if (*words && !(c = command_wanted(words, &used)))
		return EXIT_USAGE;
	bool one = c && (used == 2 || command_is_alone(c));
	if (json)
		print_commands_json(c ? c->group : NULL, one ? c : NULL);
	else if (one)
		print_command(stdout, c);
	else if (c)
		print_group(stdout, c->group);
	else
		help_print(stdout);
	return EXIT_DONE;
}
