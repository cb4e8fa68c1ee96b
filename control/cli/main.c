// SPDX-License-Identifier: BSD-3-Clause
// nestctl: the control client. Runs one command, or a shell.
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

// Lets the caller's shell complete names of files.
static void print_file(void *unused, enum argument_kind kind, const char *value, const char *help)
{
	(void)unused, (void)value, (void)help;
	if (kind == KIND_FILE || kind == KIND_PATH)
		puts("<FILE>");
}

// Opens /dev/null for each closed standard file. Otherwise a socket might get its number, and
// output would go to the socket.
static void open_standard_files(void)
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

	open_standard_files();
	if (argc > 2 && !strcmp(argv[1], "--complete")) {
		line_complete(&s, &print, argc - 1, argv + 1);
		return EXIT_DONE;
	}
	int status = line_carry_out(&s, argc, argv);
	return status == LINE_EMPTY ? shell_run(&s) : status;
}
