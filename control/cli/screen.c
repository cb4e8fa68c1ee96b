// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/cli/screen.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
enum { SIGNALS = sizeof signals / sizeof *signals };

static struct {
	struct sigaction before[SIGNALS];
	struct termios keys;
	bool has_keys, keys_end;
	char *shown;
	FILE *errors;
	char *error_text;
	size_t error_size;
} screen;

static volatile sig_atomic_t ended, resized;

static void on_screen_signal(int number)
{
	if (number == SIGWINCH)
		resized = 1;
	else
		ended = 1;
}

bool screen_is_there(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

bool screen_has_colours(void)
{
	const char *no = getenv("NO_COLOR");

	return screen_is_there() && !(no && *no);
}

// Reads single keys without echo. Disables Ctrl-Z, which would not restore the terminal.
static void take_keys(void)
{
	struct termios keys;

	screen.has_keys = !tcgetattr(STDIN_FILENO, &screen.keys);
	screen.keys_end = false;
	if (!screen.has_keys)
		return;
	keys = screen.keys;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	keys.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(STDIN_FILENO, TCSANOW, &keys);
}

void screen_open(void)
{
	struct sigaction a = {.sa_handler = on_screen_signal}; // without SA_RESTART: interrupts
							       // waiting calls

	ended = resized = 0;
	for (int i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &a, &screen.before[i]);
	take_keys();
	screen.errors = stderr;
	FILE *kept = open_memstream(&screen.error_text, &screen.error_size);
	if (kept)
		stderr = kept;
	fputs("\033[?1049h\033[?25l", stdout);
	fflush(stdout);
}

bool screen_close(void)
{
	if (ended)
		clearerr(stdout); // the signal interrupted a write, which is not an error
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	if (screen.has_keys)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen.keys);
	for (int i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &screen.before[i], NULL);
	if (stderr != screen.errors) {
		fclose(stderr);
		stderr = screen.errors;
		if (!ended)
			fputs(screen.error_text, stderr);
		free(screen.error_text);
	}
	free(screen.shown);
	screen.shown = NULL;
	return ended;
}

// Prints as much of a line as fits. Colour sequences take no room. Erases the old line first,
// because on many terminals a cursor past the last column would erase that column.
static void print_line(const char *line, size_t len, unsigned width, bool last)
{
	bool sequence = false;

	fputs(last ? "\033[J" : "\033[K", stdout);
	for (unsigned n = 0; len; line++, len--) {
		sequence |= *line == '\033';
		n += !sequence && (*line & 0xc0) != 0x80;
		if (n > width)
			break;
		putchar(*line);
		sequence &= *line != 'm';
	}
	fputs(last ? "\033[0m" : "\033[0m\n", stdout);
}

static unsigned count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void screen_draw(void)
{
	struct winsize window;
	const char *line = screen.shown ? screen.shown : "";
	char more[40];

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) || !window.ws_row || !window.ws_col)
		window = (struct winsize){.ws_row = 24, .ws_col = 80};
	unsigned lines = count_lines(line);
	bool all = lines <= window.ws_row;
	fputs("\033[H", stdout);
	for (unsigned i = 0, room = all ? lines : window.ws_row - 1u; i < room; i++) {
		size_t len = strcspn(line, "\n");
		print_line(line, len, window.ws_col, i + 1 == lines);
		line += len + 1;
	}
	if (!all) {
		snprintf(more, sizeof more, "… %u more lines", lines - window.ws_row + 1u);
		print_line(more, strlen(more), window.ws_col, true);
	}
	fflush(stdout);
}

void screen_show(const char *text)
{
	free(screen.shown);
	screen.shown = strdup(text);
	screen_draw();
}

// Reads a key. False: the user wants to quit. At the end of the input, no more keys follow.
static bool take_key(void)
{
	char key = 0;

	screen.keys_end = read(STDIN_FILENO, &key, 1) <= 0;
	return key != 'q' && key != 'Q';
}

static double monotonic_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// Waits for a key, a signal that this mask admits, or the end of the time.
static void wait_once(double seconds, const sigset_t *mask)
{
	struct pollfd keys = {.fd = screen.has_keys && !screen.keys_end ? STDIN_FILENO : -1,
			      .events = POLLIN};
	struct timespec t = {.tv_sec = (time_t)seconds};

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	if (resized) {
		resized = 0;
		screen_draw();
	}
	if (ppoll(&keys, 1, &t, mask) > 0 && !take_key())
		ended = 1;
}

bool screen_wait(double seconds)
{
	double end = monotonic_s() + seconds;
	sigset_t ours, before;

	sigemptyset(&ours);
	for (int i = 0; i < SIGNALS; i++)
		sigaddset(&ours, signals[i]);
	sigprocmask(SIG_BLOCK, &ours, &before); // no signal between the check and the wait
	for (double left = seconds; !ended && left > 0; left = end - monotonic_s())
		wait_once(left, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return !ended;
}
