// SPDX-License-Identifier: BSD-3-Clause
#include "control/server/listen.h"

#include <errno.h>
#include <event2/event.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "control/common/log.h"

struct event; // libevent's

static struct watched {
	struct evconnlistener *listener; // NULL: unused
	const char *name;
	struct event *resume;
	time_t logged_s; // 0: never
} watched[LISTENERS_MAX];

static struct watched *find(const struct evconnlistener *l)
{
	for (struct watched *w = watched; w < watched + LISTENERS_MAX; w++)
		if (w->listener == l)
			return w;
	return NULL;
}

static void log_failure(struct watched *w, int error)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (w->logged_s && now.tv_sec - w->logged_s < LISTEN_LOG_S)
		return;
	w->logged_s = now.tv_sec;
	log_write(LOG_ERR, "%s: clients wait, because none can be accepted: %s", w->name,
		  strerror(error));
}

static void on_failure(struct evconnlistener *l, void *arg)
{
	static const struct timeval pause = {.tv_usec = LISTEN_PAUSE_MS * 1000};
	struct watched *w = find(l);
	int error = errno;

	(void)arg; // belongs to the listener's other callback
	log_failure(w, error);
	evconnlistener_disable(l);
	event_add(w->resume, &pause);
}

static void on_resume(evutil_socket_t fd, short what, void *listener)
{
	(void)fd, (void)what;
	evconnlistener_enable(listener);
}

bool listen_watch(struct evconnlistener *l, const char *name)
{
	struct watched *w = find(NULL);
	struct event *resume = event_new(evconnlistener_get_base(l), -1, 0, on_resume, l);

	if (!w || !resume || event_priority_set(resume, 0)) {
		if (resume)
			event_free(resume);
		return false;
	}
	*w = (struct watched){.listener = l, .name = name, .resume = resume};
	evconnlistener_set_error_cb(l, on_failure);
	return true;
}

void listen_forget(struct evconnlistener *l)
{
	struct watched *w = l ? find(l) : NULL;

	if (!w)
		return;
	event_free(w->resume);
	*w = (struct watched){.listener = NULL};
}
