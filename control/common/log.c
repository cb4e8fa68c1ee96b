// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/common/error.h"
#include "control/common/text.h"

enum { LINE_MAX_BYTES = 2048 };

static struct {
	int level;
	enum { PLAIN, JOURNAL, SYSLOG } where;
} sink = {.level = LOG_WARNING};

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
	if (syslog_wanted)
		openlog("nestswitch", LOG_PID, LOG_DAEMON);
	return true;
}

static void write_plain(int level, const char *line)
{
	char date[DATE_TEXT];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	text_put_date((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, date);
	fprintf(stderr, "%s nestswitch: %s%s\n", date,
		level == LOG_WARNING ? "warning: "
		: level == LOG_ERR   ? "error: "
				     : "",
		line);
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
	if (sink.where == SYSLOG)
		syslog(level, "%s", line);
	else if (sink.where == JOURNAL)
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		write_plain(level, line);
}
