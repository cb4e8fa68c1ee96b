// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "line.h"

#include <getopt.h>
#include <string.h>

#include "complain.h"
#include "help.h"
#include "version.h"

enum { OPTIONS_MAX = 16 };

// The options as getopt wants them.
struct getopt_tables {
	char letters[2 * OPTIONS_MAX + 2];
	struct option longs[OPTIONS_MAX + 1];
};

static struct getopt_tables make_tables(void)
{
	struct getopt_tables t = {.letters = ":"};
	char *letter = t.letters + 1;
	struct option *l = t.longs;

	for (const struct command_option *o = command_options; o->name; o++) {
		*l++ = (struct option){o->name, o->value ? required_argument : no_argument, NULL, o->letter};
		*letter++ = (char)o->letter;
		if (o->value)
			*letter++ = ':';
	}
	return t;
}

static const char *option_name(void *unused, size_t i)
{
	(void)unused;
	return command_options[i].name;
}

static int wrong_option(bool lacks_value, const char *word)
{
	const char *near = strncmp(word, "--", 2) ? NULL : text_nearest(word + 2, option_name, NULL);

	if (lacks_value)
		complain("no value for '%s' (see nestctl --help)", word);
	else if (near)
		complain("unknown option '%s' (did you mean '--%s'?)", word, near);
	else
		complain("unknown option '%s' (see nestctl --help; -- ends the options)", word);
	return EXIT_USAGE;
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
	const struct command *c = command_wanted(words, &used);
	json_t *params = c ? command_params(c, words + used) : NULL;

	if (!params)
		return EXIT_USAGE;
	s->verb_meant = used == 1 && words[1] ? command_nearest_verb(c, words[1]) : NULL;
	status = client_connect(s);
	if (!status)
		status = c->run ? c->run(s, c, params) : ask_and_show(s, c, params);
	client_close(s);
	json_decref(params);
	return status;
}

// The options among words, which go to the front of argv. Returns the last one that is no setting of the session, 0 for none.
static int take_options(struct session *s, int argc, char **argv)
{
	struct getopt_tables t = make_tables();
	int option, other = 0;

	optind = 0; // getopt starts anew
	while ((option = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1)
		if (option == 's')
			s->socket = optarg;
		else if (option == 'j')
			s->json = true;
		else if (option == ':' || option == '?')
			return option;
		else
			other = option;
	return other;
}

int line_carry_out(struct session *in, int argc, char **argv)
{
	struct session s = *in;
	int option = take_options(&s, argc, argv);
	char **words = argv + optind;

	if (option == ':' || option == '?')
		return wrong_option(option == ':', argv[optind - 1]);
	if (option == 'V')
		return puts("nestctl " NESTSWITCH_VERSION), EXIT_DONE;
	if (option == 'h' || (*words && !strcmp(*words, "help")))
		return help_explain(words + (option != 'h'), s.json);
	if (*words)
		return carry_out(&s, words);
	*in = s;
	return LINE_EMPTY;
}

static json_t *names(void *session, enum argument_kind kind)
{
	return client_names(session, kind);
}

void line_complete(const struct session *in, const struct completion *to, int argc, char **argv)
{
	struct session s = *in;
	struct completion c = *to;
	const char *begun = argv[argc - 1];

	c.names = names, c.names_arg = &s;
	argv[argc - 1] = NULL;
	if (take_options(&s, argc - 1, argv) == ':')
		c.expect(c.arg, KIND_PATH, "PATH", "");
	else
		complete_command(&c, argv + optind, begun);
}
