// SPDX-License-Identifier: BSD-3-Clause
// nestctl: the control client. One command, or a shell for many.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/complete.h"
#include "control/cli/line.h"
#include "control/cli/screen.h"
#include "control/cli/shell.h"
#include "control/common/complain.h"
#include "control/common/unixsocket.h"

static void print_word(void *unused, const char *word, const char *help)
{
	(void)unused, (void)help;
	puts(word);
}

// The caller's shell knows better which files there are.
static void print_file(void *unused, enum argument_kind kind, const char *value, const char *help)
{
	(void)unused, (void)value, (void)help;
	if (kind == KIND_FILE || kind == KIND_PATH)
		puts("<FILE>");
}

// What is opened later must not get the number of a standard file that is closed: what is printed
// would go there.
static void hold_numbers(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0 && fd <= STDERR_FILENO)
		continue;
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct session s = {.socket = CONTROL_SOCKET, .colours = screen_has_colours()};
	const struct completion print = {.offer = print_word, .expect = print_file};

	hold_numbers();
	if (argc > 2 && !strcmp(argv[1], "--complete"))
		return line_complete(&s, &print, argc - 1, argv + 1), EXIT_DONE;
	int status = line_carry_out(&s, argc, argv);
	return status == LINE_EMPTY ? shell_run(&s) : status;
}
