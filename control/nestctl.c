// SPDX-License-Identifier: BSD-3-Clause
// nestctl: the control client: its options, then a command of the table.
#define _GNU_SOURCE
#include <getopt.h>
#include <string.h>

#include "client.h"
#include "commands.h"
#include "complain.h"
#include "version.h"

static void print_commands(FILE *out, const char *group)
{
	char usage[COMMAND_USAGE];

	for (const struct command *c = commands; c->group; c++)
		if (!group || !strcmp(group, c->group))
			fprintf(out, "  %-60s %s\n", command_usage(c, usage), c->help);
}

static void print_usage(FILE *out)
{
	fputs("usage: nestctl [-s SOCKET] [-j] COMMAND …\n\n", out);
	print_commands(out, NULL);
	fputs("\n  -s, --socket PATH   the switch's control socket (default " SESSION_SOCKET ")\n"
	      "  -j, --json          results as JSON\n"
	      "  --help, --version\n\n"
	      "`show` is the verb if none is given. Exit status: 0 done, 1 refused, 2 wrong usage, 3 no switch there.\n"
	      "The policy keys: nestswitch help policy\n",
	      out);
}

static int ask_and_show(struct session *s, const struct command *c, json_t *params)
{
	json_t *result;
	int status = client_ask(s, c, params, &result);

	if (!status)
		client_show(s, c, result);
	json_decref(result);
	return status;
}

static int carry_out(struct session *s, char *const *words)
{
	int used, status;
	const struct command *c = command_find(words, &used);

	if (!c)
		return EXIT_USAGE;
	if (words[used] && !strcmp(words[used], "--help"))
		return print_commands(stdout, c->group), EXIT_DONE;
	json_t *params = command_params(c, words + used);
	if (!params)
		return EXIT_USAGE;
	status = client_connect(s);
	if (!status)
		status = c->run ? c->run(s, c, params) : ask_and_show(s, c, params);
	client_close(s);
	json_decref(params);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"socket", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'V'}, {0},
	};
	struct session s = {.socket = SESSION_SOCKET};
	int option;

	while ((option = getopt_long(argc, argv, "+s:jh", longs, NULL)) != -1)
		switch (option) {
		case 's':
			s.socket = optarg;
			break;
		case 'j':
			s.json = true;
			break;
		case 'h':
			return print_usage(stdout), EXIT_DONE;
		case 'V':
			return puts("nestctl " NESTSWITCH_VERSION), EXIT_DONE;
		default:
			return EXIT_USAGE;
		}
	if (optind == argc)
		return print_usage(stderr), EXIT_USAGE;
	return carry_out(&s, argv + optind);
}
