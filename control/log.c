// SPDX-License-Identifier: BSD-3-Clause
#include "log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "events.h"
#include "reply.h"

enum { LINE_MAX_BYTES = 2048 };

static struct {
	int level;
	enum { PLAIN, JOURNAL, SYSLOG } where;
	uint64_t second; // events logged in it, and left out
	unsigned logged, left_out;
} sink = {.level = LOG_WARNING};

static const struct {
	const char *name;
	int level;
} levels[] = {
	{"error", LOG_ERR}, {"warning", LOG_WARNING}, {"notice", LOG_NOTICE}, {"info", LOG_INFO}, {"debug", LOG_DEBUG},
};

static const int event_levels[EVENT_TYPES] = {
	[EVENT_MAC_LEARNED] = LOG_INFO,
	[EVENT_MAC_MOVED] = LOG_INFO,
	[EVENT_MAC_AGED] = LOG_INFO,
	[EVENT_MAC_FLAP] = LOG_WARNING,
	[EVENT_VIOLATION] = LOG_WARNING,
	[EVENT_PORT_ERR_DISABLED] = LOG_WARNING,
	[EVENT_PORT_RECOVERED] = LOG_NOTICE,
	[EVENT_TABLE_FULL] = LOG_WARNING,
	[EVENT_PORT_UP] = LOG_NOTICE,
	[EVENT_PORT_DOWN] = LOG_NOTICE,
	[EVENT_LOST] = LOG_WARNING,
	[EVENT_CONFIG_ROLLED_BACK] = LOG_DEBUG, // told in words of its own
	[EVENT_CONFIG_ROLLBACK_FAILED] = LOG_DEBUG,
};

// Whether standard error is the journal's, as systemd says.
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && !fstat(STDERR_FILENO, &st) &&
	       st.st_dev == device && st.st_ino == inode;
}

static bool set_level(const char *name)
{
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (!strcmp(levels[i].name, name))
			return sink.level = levels[i].level, true;
	return false;
}

bool log_open(const char *where, const char *level, struct config_error *e)
{
	bool syslog_wanted = where && !strcmp(where, "syslog");

	if (where && !syslog_wanted && strcmp(where, "stderr") != 0)
		return config_refuse(e, (struct mark){0}, "--log cannot be '%.40s' (stderr or syslog)", where);
	if (!set_level(level ? level : "notice"))
		return config_refuse(e, (struct mark){0}, "--log-level cannot be '%.40s' (error, warning, notice, info or debug)", level);
	sink.where = syslog_wanted ? SYSLOG : is_journal() ? JOURNAL : PLAIN;
	if (syslog_wanted)
		openlog("nestswitch", LOG_PID, LOG_DAEMON);
	return true;
}

static void put_plain(int level, const char *line)
{
	char date[EVENT_DATE];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	event_put_date((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, date);
	fprintf(stderr, "%s nestswitch: %s%s\n", date, level == LOG_WARNING ? "warning: " : level == LOG_ERR ? "error: " : "", line);
}

void log_write(int level, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;

	if (level > sink.level)
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
		put_plain(level, line);
}

// Whether one more event may be logged in its second.
static bool has_room(const struct event *e)
{
	uint64_t second = e->ns / 1000000000;

	if (second != sink.second) {
		if (sink.left_out)
			log_write(LOG_WARNING, "%u more events, left out (nestctl monitor has all)", sink.left_out);
		sink.second = second;
		sink.logged = sink.left_out = 0;
	}
	if (sink.logged == LOG_EVENTS_MAX)
		sink.left_out++;
	else
		sink.logged++;
	return !sink.left_out;
}

void log_event(const struct vswitch *sw, const struct event *e)
{
	char *text = NULL;
	size_t size;

	if (event_levels[e->type] > sink.level || !has_room(e))
		return;
	FILE *f = open_memstream(&text, &size);
	json_t *o = event_json(sw, e);
	if (f) {
		reply_print(f, VIEW_EVENT, o, false);
		fclose(f);
	}
	json_decref(o);
	if (text) {
		char *words = strchr(text, ' ') + 1; // behind the time
		log_write(event_levels[e->type], "%.*s", (int)strcspn(words, "\n"), words);
	}
	free(text);
}
