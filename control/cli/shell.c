// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/cli/shell.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/complete.h"
#include "control/cli/help.h"
#include "control/cli/line.h"
#include "control/common/complain.h"
#include "control/common/text.h"

enum { HISTORY_LINES = 1000, SCRIPT_LINE_MAX = 65536, NAME_SHOWN = 40, WORDS_SHOWN = 200 };

struct shell {
	struct session *session;
	Tokenizer *tokenizer;
	EditLine *edit;
	History *history;
	char *history_file; // NULL: the history is not saved
	char prompt[NAME_SHOWN + 3];
	bool cancelled; // the user cancelled the line
};

// The candidates at the cursor, with their help.
struct candidates {
	json_t *words, *others; // others: placeholders
	bool file;
};

// Splits a line into words after the program's name, NULL after the last. The caller frees them
// before the next call. With `begun`, the last word is the one at the end of the line, which may be
// empty. NULL: a quote is open.
static char **split_line(Tokenizer *t, const LineInfo *line, bool begun, int *argc)
{
	const char **words;
	int count, cursor, offset;
	char **argv;

	tok_reset(t);
	if (tok_line(t, line, &count, &words, &cursor, &offset) ||
	    !(argv = calloc((size_t)count + 3, sizeof *argv)))
		return NULL;
	argv[0] = program_invocation_short_name;
	memcpy(argv + 1, words, (size_t)count * sizeof *argv);
	*argc = count + 1;
	if (begun && cursor == count)
		argv[(*argc)++] = "";
	return argv;
}

// The bytes of a line without its line end and its comment. A comment starts at a word that begins
// with `#`.
static size_t command_length(const char *line)
{
	size_t i, len = strcspn(line, "\r\n");
	bool begins = true;
	char quote = 0;

	for (i = 0; i < len && !(begins && !quote && line[i] == '#'); i++) {
		char c = line[i];
		begins = !quote && (c == ' ' || c == '\t');
		if (c == '\\' && quote != '\'')
			i++;
		else if (quote ? c == quote : c == '\'' || c == '"')
			quote = quote ? 0 : c;
	}
	return i < len ? i : len;
}

static bool says_exit(char *const *argv)
{
	return argv[1] && !argv[2] && (!strcmp(argv[1], "exit") || !strcmp(argv[1], "quit"));
}

static void add_word(void *to, const char *word, const char *help)
{
	json_object_set_new(((struct candidates *)to)->words, word, json_string(help));
}

static void add_other(void *to, enum argument_kind kind, const char *value, const char *help)
{
	struct candidates *c = to;

	c->file |= kind == KIND_FILE || kind == KIND_PATH;
	json_object_set_new(c->others, value, json_string(help));
}

// Finds the candidates at the cursor. *begun: the bytes typed so far. False: a quote is open.
static bool find_candidates(struct shell *sh, struct candidates *c, size_t *begun)
{
	const struct completion to = {.offer = add_word, .expect = add_other, .arg = c};
	const LineInfo *l = el_line(sh->edit), up_to_cursor = {l->buffer, l->cursor, l->cursor};
	int argc;
	char **argv = split_line(sh->tokenizer, &up_to_cursor, true, &argc);

	*c = (struct candidates){json_object(), json_object(), false};
	if (!argv)
		return false;
	*begun = strlen(argv[argc - 1]);
	if (argc == 2 && !strncmp("exit", argv[1], *begun))
		add_word(c, "exit", "leave the shell");
	line_complete(sh->session, &to, argc, argv);
	free(argv);
	return true;
}

static void free_candidates(struct candidates *c)
{
	json_decref(c->words);
	json_decref(c->others);
}

static struct shell *shell_of(EditLine *e)
{
	struct shell *sh;

	el_get(e, EL_CLIENTDATA, &sh);
	return sh;
}

// The number of letters that all words have in common at their beginning.
static size_t common_length(json_t *words, const char **first)
{
	const char *word;
	size_t common = 0;
	json_t *help;

	*first = NULL;
	json_object_foreach(words, word, help) {
		size_t same = 0;
		if (!*first)
			common = strlen(*first = word);
		while (same < common && word[same] == (*first)[same])
			same++;
		common = same;
	}
	return common;
}

static void print_candidates(EditLine *e, json_t *words)
{
	const char *word;
	json_t *help;
	int columns = 80, width = 0, shown = 0;

	el_get(e, EL_GETTC, "co", &columns);
	json_object_foreach(words, word, help)
		if ((int)strlen(word) + 2 > width)
			width = (int)strlen(word) + 2;
	int in_a_line = width && columns > width ? columns / width : 1;
	json_object_foreach(words, word, help) {
		if (shown == WORDS_SHOWN)
			break;
		printf("%s%-*s", shown++ % in_a_line ? "" : "\n", width, word);
	}
	if (json_object_size(words) > WORDS_SHOWN)
		printf("\nand %zu more", json_object_size(words) - WORDS_SHOWN);
	putchar('\n');
}

static unsigned char complete_word(EditLine *e, json_t *words, size_t begun)
{
	const char *first;
	size_t common = common_length(words, &first);

	if (common == begun && json_object_size(words) > 1) {
		print_candidates(e, words);
		return CC_REDISPLAY;
	}
	char *more = strndup(first + begun, common - begun);
	if (more)
		el_insertstr(e, more);
	if (json_object_size(words) == 1)
		el_insertstr(e, " ");
	free(more);
	return CC_REFRESH;
}

static unsigned char on_tab(EditLine *e, int key)
{
	struct candidates c;
	size_t begun;
	unsigned char action = CC_ERROR;

	if (find_candidates(shell_of(e), &c, &begun) && json_object_size(c.words))
		action = complete_word(e, c.words, begun);
	else if (c.file)
		action = _el_fn_complete(e, key);
	free_candidates(&c);
	return action;
}

static void print_explanations(json_t *words)
{
	const char *word;
	json_t *help;
	int shown = 0;

	json_object_foreach(words, word, help)
		if (shown++ < WORDS_SHOWN)
			printf("  %s%*s  %s\n", word,
			       (int)text_columns(word) < 22 ? 22 - (int)text_columns(word) : 0, "",
			       json_string_value(help));
	if (shown > WORDS_SHOWN)
		printf("  and %d more\n", shown - WORDS_SHOWN);
}

// Explains the candidates. Within quotes, inserts a question mark.
static unsigned char on_question(EditLine *e, int key)
{
	struct candidates c;
	size_t begun;
	bool asked = find_candidates(shell_of(e), &c, &begun);

	(void)key;
	if (asked) {
		putchar('\n');
		print_explanations(c.words);
		print_explanations(c.others);
		if (!json_object_size(c.words) && !json_object_size(c.others))
			puts("  no word may follow here");
	} else {
		el_insertstr(e, "?");
	}
	free_candidates(&c);
	return asked ? CC_REDISPLAY : CC_REFRESH;
}

static unsigned char on_cancel(EditLine *e, int key)
{
	(void)key;
	shell_of(e)->cancelled = true;
	puts("^C");
	return CC_NEWLINE;
}

static char *prompt(EditLine *e)
{
	struct shell *sh = shell_of(e);

	return sh->prompt;
}

static void make_prompt(struct shell *sh)
{
	char name[NAME_SHOWN];

	client_switch_name(sh->session, name, sizeof name);
	snprintf(sh->prompt, sizeof sh->prompt, "%s> ", *name ? name : "nestctl");
}

// Sets up the line editor. Ctrl-C is a key at the prompt, but a signal for a running command.
static bool open_editor(struct shell *sh)
{
	HistEvent event;

	sh->edit = el_init(program_invocation_short_name, stdin, stdout, stderr);
	sh->history = history_init();
	if (!sh->edit || !sh->history)
		return false;
	history(sh->history, &event, H_SETSIZE, HISTORY_LINES);
	history(sh->history, &event, H_SETUNIQUE, 1);
	if (sh->history_file)
		history(sh->history, &event, H_LOAD, sh->history_file);
	el_set(sh->edit, EL_CLIENTDATA, sh);
	el_set(sh->edit, EL_PROMPT, prompt);
	el_set(sh->edit, EL_EDITOR, "emacs");
	el_set(sh->edit, EL_HIST, history, sh->history);
	el_set(sh->edit, EL_SETTY, "-d", "-isig", NULL);
	// Wide strings, because libedit leaks the wide copies that it makes of others.
	el_wset(sh->edit, EL_ADDFN, L"nestctl-complete", L"complete a word", on_tab);
	el_wset(sh->edit, EL_ADDFN, L"nestctl-explain", L"explain the words that may follow",
		on_question);
	el_wset(sh->edit, EL_ADDFN, L"nestctl-cancel", L"cancel the line", on_cancel);
	el_set(sh->edit, EL_BIND, "^I", "nestctl-complete", NULL);
	el_set(sh->edit, EL_BIND, "?", "nestctl-explain", NULL);
	el_set(sh->edit, EL_BIND, "^C", "nestctl-cancel", NULL);
	el_source(sh->edit, NULL);
	return true;
}

static void remember(struct shell *sh, const char *line)
{
	HistEvent event;

	history(sh->history, &event, H_ENTER, line);
	if (sh->history_file)
		history(sh->history, &event, H_SAVE, sh->history_file);
}

static int run_argv(const struct session *s, int argc, char **argv)
{
	struct session own = *s;
	int status = line_carry_out(&own, argc, argv);

	if (status != LINE_EMPTY)
		return status;
	complain("a command is missing after the options");
	return EXIT_USAGE;
}

// Blocks or unblocks interrupts. Blocked ones stay pending for the next command.
static void take_interrupts(bool take)
{
	sigset_t interrupts;

	sigemptyset(&interrupts);
	sigaddset(&interrupts, SIGINT);
	sigaddset(&interrupts, SIGQUIT);
	sigprocmask(take ? SIG_UNBLOCK : SIG_BLOCK, &interrupts, NULL);
}

// Runs a command in a child process, which prints its own errors.
static void run_child(struct session *s, int argc, char **argv)
{
	int status;

	fflush(NULL);
	pid_t child = fork();
	if (child < 0)
		complain("cannot start a process: %s", strerror(errno));
	if (!child) {
		take_interrupts(true);
		status = run_argv(s, argc, argv);
		fflush(stdout);
		_exit(status);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (child > 0 && WIFSIGNALED(status))
		putchar('\n');
}

// Runs a typed line. False: the user leaves.
static bool run_typed_line(struct shell *sh, const char *line)
{
	size_t len = command_length(line);
	const LineInfo l = {line, line + len, line + len};
	int argc;
	char **argv = split_line(sh->tokenizer, &l, false, &argc);
	bool stays = !argv || !says_exit(argv);

	if (!argv)
		complain("a quote is not closed");
	else if (argc > 1 && stays)
		run_child(sh->session, argc, argv);
	free(argv);
	return stays;
}

static void run_prompt(struct shell *sh)
{
	const char *typed;
	int len;
	bool stays = true;

	puts("Press TAB to complete a word and ? to explain it. `help` lists all commands, `exit` leaves.");
	while (stays) {
		make_prompt(sh);
		sh->cancelled = false;
		el_set(sh->edit, EL_PREP_TERM, 1); // before the prompt, so that no key is lost
		if (!(typed = el_gets(sh->edit, &len)) || len <= 0)
			break;
		char *line = sh->cancelled ? NULL : strndup(typed, strcspn(typed, "\r\n"));
		if (line && line[strspn(line, " \t")]) {
			remember(sh, line);
			stays = run_typed_line(sh, line);
		}
		free(line);
	}
	if (stays)
		putchar('\n');
}

static int run_interactive(struct session *s)
{
	struct shell sh = {.session = s, .tokenizer = tok_init(NULL)};
	const char *home = getenv("HOME");

	setlocale(LC_CTYPE, "");
	take_interrupts(false);
	if (home && asprintf(&sh.history_file, "%s/.nestctl_history", home) < 0)
		sh.history_file = NULL;
	bool good = sh.tokenizer && open_editor(&sh);
	if (good)
		run_prompt(&sh);
	if (sh.history)
		history_end(sh.history);
	if (sh.edit)
		el_end(sh.edit);
	if (sh.tokenizer)
		tok_end(sh.tokenizer);
	free(sh.history_file);
	return good ? EXIT_DONE : EXIT_REFUSED;
}

// Runs a line of a script. LINE_EMPTY: the line has no command. *leaves: the line is `exit`.
static int run_script_line(struct session *s, Tokenizer *t, const char *line, bool *leaves)
{
	size_t len = command_length(line);
	const LineInfo l = {line, line + len, line + len};
	int argc, status = LINE_EMPTY;

	char **argv = split_line(t, &l, false, &argc);
	if (!argv) {
		complain("a quote is not closed");
		return EXIT_USAGE;
	}
	*leaves = says_exit(argv);
	if (!*leaves && argc > 1)
		status = run_argv(s, argc, argv);
	free(argv);
	return status;
}

static int run_script(struct session *s, char line[SCRIPT_LINE_MAX])
{
	Tokenizer *t = tok_init(NULL);
	unsigned number = 0;
	int status = EXIT_DONE;
	bool leaves = false;

	while (t && status <= EXIT_DONE && !leaves && fgets(line, SCRIPT_LINE_MAX, stdin)) {
		number++;
		if (strlen(line) == SCRIPT_LINE_MAX - 1) {
			complain("the line is too long (at most %d bytes)", SCRIPT_LINE_MAX - 2);
			status = EXIT_USAGE;
		} else
			status = run_script_line(s, t, line, &leaves);
		fflush(stdout);
	}
	if (t)
		tok_end(t);
	if (!number) {
		help_print(stderr);
		return EXIT_USAGE;
	}
	if (status > EXIT_DONE)
		complain("line %u of the script failed: %.*s", number, (int)strcspn(line, "\r\n"),
			 line);
	return status > EXIT_DONE ? status : EXIT_DONE;
}

int shell_run(struct session *s)
{
	static char line[SCRIPT_LINE_MAX];

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? run_interactive(s)
							     : run_script(s, line);
}
