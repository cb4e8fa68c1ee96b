// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/config/history.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/common/log.h"
#include "control/config/config.h"

// Makes a path absolute, because the working folder may change. Keeps links. NULL: no memory.
static char *absolute_path(const char *path)
{
	char folder[PATH_MAX], *whole;

	if (*path == '/' || !getcwd(folder, sizeof folder))
		return strdup(path);
	return asprintf(&whole, "%s/%s", folder, path) < 0 ? NULL : whole;
}

struct history *history_create(const char *file, const struct config *c)
{
	struct history *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	if (file) {
		h->file = absolute_path(file);
		history_note_file(h, c);
	}
	history_note(h, c, "start");
	if (!file == !h->file && h->count)
		return h;
	history_destroy(h);
	return NULL;
}

const char *history_path(const struct history *h)
{
	return h->file;
}

void history_destroy(struct history *h)
{
	if (!h)
		return;
	for (unsigned i = 0; i < h->count; i++)
		free(h->revision[i].text);
	free(h->file);
	free(h->held);
	free(h);
}

static void drop_oldest(struct history *h)
{
	h->bytes -= strlen(h->revision[0].text);
	free(h->revision[0].text);
	memmove(h->revision, h->revision + 1, --h->count * sizeof *h->revision);
}

static double unix_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void history_note(struct history *h, const struct config *c, const char *what)
{
	const struct revision *newest = history_newest(h);
	char *text = config_text(c);

	if (!text) {
		log_write(LOG_ERR, "no memory to keep the configuration of '%s'", what);
		return;
	}
	if (newest && !strcmp(newest->text, text)) {
		free(text);
		return;
	}
	while (h->count == HISTORY_MAX || (h->count && h->bytes + strlen(text) > HISTORY_BYTES))
		drop_oldest(h);
	struct revision *r = &h->revision[h->count++];
	*r = (struct revision){.number = ++h->last, .time = unix_time(), .text = text};
	snprintf(r->what, sizeof r->what, "%s", what);
	h->bytes += strlen(text);
	if (newest)
		log_write(LOG_NOTICE, "configuration %u: %s", r->number, r->what);
}

void history_note_file(struct history *h, const struct config *c)
{
	free(h->held);
	h->held = config_text(c);
}

const struct revision *history_find(const struct history *h, unsigned number)
{
	for (unsigned i = 0; i < h->count; i++)
		if (h->revision[i].number == number)
			return &h->revision[i];
	return NULL;
}

const struct revision *history_newest(const struct history *h)
{
	return h->count ? &h->revision[h->count - 1] : NULL;
}

bool history_knows(const struct history *h, const char *text)
{
	for (unsigned i = 0; i < h->count; i++)
		if (!strcmp(h->revision[i].text, text))
			return true;
	return h->held && !strcmp(h->held, text);
}
