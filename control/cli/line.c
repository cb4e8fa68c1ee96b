// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/cli/line.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "control/cli/capture.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/complete.h"
#include "control/cli/help.h"
#include "control/cli/screen.h"
#include "control/cli/select.h"
#include "control/cli/trace.h"
#include "control/cli/watch.h"
#include "control/common/complain.h"
#include "control/common/text.h"
#include "control/common/version.h"

enum { OPTIONS_MAX = 16 };

// The options in the form of getopt.
struct getopt_tables {
	char letters[2 * OPTIONS_MAX + 3];
	struct option longs[OPTIONS_MAX + 1];
};

static struct getopt_tables make_tables(void)
{
	struct getopt_tables t = {.letters = "+:"};
	char *letter = t.letters + 2;
	struct option *l = t.longs;

	for (const struct command_option *o = command_options; o->name; o++) {
		*l++ = (struct option){o->name, o->value ? required_argument : no_argument, NULL,
				       o->letter};
		*letter++ = (char)o->letter;
		if (o->value)
			*letter++ = ':';
	}
	return t;
}

static int ask_and_show(struct session *s, const struct command *c, json_t *params)
{
	bool one = c->one && json_object_get(params, "port");
	json_t *selection = select_take(params), *result;
	int status = client_ask(s, c, params, &result);

	if (!status) {
		json_t *rows = select_rows(selection, c->view, result);
		client_show(s, one && json_array_size(rows) ? c->one : c->view, rows);
		json_decref(rows);
	}
	json_decref(result);
	json_decref(selection);
	return status;
}

// Each returns the exit status.
static int (*const ways[])(struct session *s, const struct command *c, json_t *params) = {
	[WAY_ASK] = ask_and_show, [WAY_WATCH] = watch_run,     [WAY_FOLLOW] = client_follow,
	[WAY_TRACE] = trace_run,  [WAY_CAPTURE] = capture_run,
};

static int run_command(struct session *s, char *const *words)
{
	int used, status;
	const struct command *c = command_wanted(words, &used);
	json_t *params = c ? command_params(c, words + used) : NULL;

	if (!params)
		return EXIT_USAGE;
	command_meant(c, words, used, s->meant, sizeof s->meant);
	status = client_connect(s);
	if (!status)
		status = ways[c->way](s, c, params);
	client_close(s);
	json_decref(params);
	return status;
}

static const struct command_option *option_of(int letter)
{
	const struct command_option *o = command_options;

	while (o->letter != letter)
		o++;
	return o;
}

static bool choose_colours(struct session *s, const char *when)
{
	char hint[TEXT_HINT];

	if (!strcmp(when, "auto"))
		s->colours = screen_has_colours();
	else if (!strcmp(when, "always") || !strcmp(when, "never"))
		s->colours = !strcmp(when, "always");
	else {
		complain("--color cannot be '%s'%s", when,
			 text_hint_of(hint, when, option_of('c')->words));
		return false;
	}
	return true;
}

// Applies an option to the session. Returns 0, or the option if it is invalid or not for the
// session.
static int take_option(struct session *s, int option)
{
	if (option == 's')
		s->socket = optarg;
	else if (option == 'j')
		s->json = true;
	else if (option != 'c' || !choose_colours(s, optarg))
		return option;
	return 0;
}

// Removes the options from argv, wherever they stand. The words remain, from argv[1] on. The word
// after `sort` is not an option, even if it begins with '-'. Returns the first invalid option, else
// the last option that is not for the session, else 0.
static int take_options(struct session *s, int argc, char **argv)
{
	struct getopt_tables t = make_tables();
	int words = 0, other = 0, option;
	bool ended = false;

	for (optind = 0; optind < argc;) { // at 0, getopt starts anew
		int at = optind ? optind : 1;
		bool column = words && !strcmp(argv[words], COMMAND_SORT);
		option = ended || column ? -1 : getopt_long(argc, argv, t.letters, t.longs, NULL);
		ended |= option == -1 && optind > at; // after --
		if (option == -1 && optind < argc)
			argv[++words] = argv[optind++];
		option = option == -1 ? 0 : take_option(s, option);
		if (option == ':' || option == '?' || option == 'c')
			return option;
		other = option ? option : other;
	}
	argv[words + 1] = NULL;
	return other;
}

// Flushes standard output. Returns the exit status.
static int finish_output(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	complain("standard output: %s", strerror(errno));
	return status > EXIT_DONE ? status : EXIT_REFUSED;
}

int line_carry_out(struct session *in, int argc, char **argv)
{
	struct session s = *in;
	int option = take_options(&s, argc, argv);
	char **words = argv + 1;

	if (option == ':' || option == '?')
		complain_option(option, argv[optind - 1], make_tables().longs,
				"nestctl --help; -- ends the options");
	if (option == ':' || option == '?' || option == 'c')
		return EXIT_USAGE;
	if (option == 'V') {
		puts("nestctl " NESTSWITCH_VERSION);
		return finish_output(EXIT_DONE);
	}
	if (option == 'h' || (*words && !strcmp(*words, "help")))
		return finish_output(help_explain(words + (option != 'h'), s.json));
	if (*words)
		return finish_output(run_command(&s, words));
	*in = s;
	return LINE_EMPTY;
}

static json_t *switch_names(void *session, enum argument_kind kind)
{
	return client_names(session, kind);
}

void line_complete(const struct session *in, const struct completion *to, int argc, char **argv)
{
	struct session s = *in;
	struct completion c = *to;
	const char *begun = argv[argc - 1];

	c.names = switch_names;
	c.names_arg = &s;
	argv[argc - 1] = NULL;
	if (take_options(&s, argc - 1, argv) == ':')
		complete_option(&c, option_of(optopt), begun);
	else
		complete_command(&c, argv + 1, begun);
}
