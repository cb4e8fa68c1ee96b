// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/common/error.h"
#include "control/common/text.h"

enum {
	LINE_MAX_BYTES = 2048,
	HEAD_MAX_BYTES = 64, // before a line: date, program and level
};

static struct {
	int level;
	enum { PLAIN, JOURNAL, SYSLOG } where;
	bool is_socket;
	int fd;
	uint64_t lost;                              // lines that standard error did not take
	char rest[LINE_MAX_BYTES + HEAD_MAX_BYTES]; // of a line that it took in part
	size_t rest_len;
} sink = {.level = LOG_WARNING, .fd = STDERR_FILENO};

static const struct {
	const char *name;
	int level;
} levels[] = {
	{"error", LOG_ERR}, {"warning", LOG_WARNING}, {"notice", LOG_NOTICE},
	{"info", LOG_INFO}, {"debug", LOG_DEBUG},
};

// Whether standard error is connected to systemd's journal.
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == device && st.st_ino == inode;
}

static bool set_level(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof levels / sizeof *levels; i++)
		if (!strcmp(levels[i].name, name))
			break;
	if (i == sizeof levels / sizeof *levels)
		return false;
	sink.level = levels[i].level;
	return true;
}

// A pipe or a terminal is opened again, because only this process may use it without waiting:
// others share standard error's description of the file. Where that is not allowed, poll() alone
// decides.
static void open_stderr(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st))
		return;
	sink.is_socket = S_ISSOCK(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		sink.fd = fd;
}

bool log_open(const char *where, const char *level, struct error *e)
{
	bool syslog_wanted = where && !strcmp(where, "syslog");

	if (where && !syslog_wanted && strcmp(where, "stderr") != 0)
		return error_set(e, "--log cannot be '%.40s' (stderr or syslog)", where);
	if (!set_level(level ? level : "notice"))
		return error_set(
			e, "--log-level cannot be '%.40s' (error, warning, notice, info or debug)",
			level);
	sink.where = syslog_wanted ? SYSLOG : is_journal() ? JOURNAL : PLAIN;
	open_stderr();
	if (syslog_wanted)
		openlog("nestswitch", LOG_PID, LOG_DAEMON);
	return true;
}

// Writes as much as standard error takes at once. Returns how much.
static size_t write_some(const char *text, size_t len)
{
	struct pollfd p = {.fd = sink.fd, .events = POLLOUT};

	if (poll(&p, 1, 0) <= 0)
		return 0;
	ssize_t n = sink.is_socket ? send(sink.fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL)
				   : write(sink.fd, text, len);
	// A reader that is gone for good loses nothing that anybody waits for.
	return n >= 0 ? (size_t)n : errno == EAGAIN || errno == EINTR ? 0 : len;
}

// Writes the rest of a line. True: nothing of it is left.
static bool write_rest(void)
{
	size_t n = write_some(sink.rest, sink.rest_len);

	sink.rest_len -= n;
	memmove(sink.rest, sink.rest + n, sink.rest_len);
	return !sink.rest_len;
}

// Writes a line, or keeps the part that standard error does not take. False: it takes nothing.
static bool write_line(int level, const char *line)
{
	char whole[sizeof sink.rest], date[DATE_TEXT];
	struct timespec now;
	int len;

	if (sink.rest_len && !write_rest())
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	text_put_date((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, date);
	if (sink.where == JOURNAL)
		len = snprintf(whole, sizeof whole, "<%d>%s\n", level, line);
	else
		len = snprintf(whole, sizeof whole, "%s nestswitch: %s%s\n", date,
			       level == LOG_WARNING ? "warning: "
			       : level == LOG_ERR   ? "error: "
						    : "",
			       line);
	size_t n = write_some(whole, (size_t)len);
	if (!n)
		return false;
	sink.rest_len = (size_t)len - n;
	memcpy(sink.rest, whole + n, sink.rest_len);
	return true;
}

void log_catch_up(void)
{
	char line[LINE_MAX_BYTES];

	if (sink.rest_len && !write_rest())
		return;
	if (!sink.lost)
		return;
	snprintf(line, sizeof line,
		 "%" PRIu64 " lines before this are lost, because standard error took no more",
		 sink.lost);
	if (write_line(LOG_WARNING, line))
		sink.lost = 0;
}

bool log_takes(int level)
{
	return level <= sink.level;
}

void log_write(int level, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;

	if (!log_takes(level))
		return;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	text_clean(line);
	if (sink.where == SYSLOG) {
		syslog(level, "%s", line);
		return;
	}
	log_catch_up();
	if (sink.lost || !write_line(level, line))
		sink.lost++;
}
