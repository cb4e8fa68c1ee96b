// SPDX-License-Identifier: BSD-3-Clause
#include "control/ending.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "control/common/complain.h"
#include "control/common/log.h"

struct event; // libevent's

static struct {
	int fd; // an eventfd: a signal came
	struct event *event;
	const char *volatile socket; // NULL: removed
} ending = {.fd = -1};

// The functions in here are async-signal-safe.
static void on_deadline(int number)
{
	static const char text[] = "nestswitch: a thread hangs, therefore the switch ends without "
				   "closing its devices\n";
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	(void)number;
	if (ending.socket)
		unlink(ending.socket);
	if (poll(&p, 1, 0) > 0)
		(void)!write(STDERR_FILENO, text, sizeof text - 1);
	_exit(EXIT_REFUSED);
}

static void on_signal(int number)
{
	uint64_t one = 1;

	(void)number;
	alarm(ENDING_MAX_S);
	(void)!write(ending.fd, &one, sizeof one);
}

static void on_end(evutil_socket_t fd, short what, void *base)
{
	(void)fd, (void)what;
	event_base_loopbreak(base);
}

bool ending_expect(void)
{
	struct sigaction deadline = {.sa_handler = on_deadline},
			 end = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	ending.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return ending.fd >= 0 && !sigaction(SIGALRM, &deadline, NULL) &&
	       !sigaction(SIGINT, &end, NULL) && !sigaction(SIGTERM, &end, NULL);
}

void ending_set_socket(const char *path)
{
	ending.socket = path;
}

bool ending_begin(struct event_base *base)
{
	ending.event = event_new(base, ending.fd, EV_READ, on_end, base);
	return ending.event && !event_priority_set(ending.event, 0) &&
	       !event_add(ending.event, NULL);
}

bool ending_is_near(void)
{
	struct pollfd p = {.fd = ending.fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

void ending_abandon(unsigned stuck)
{
	log_write(LOG_ERR,
		  "worker %u is stuck, therefore the switch ends without closing its devices",
		  stuck);
	_exit(EXIT_REFUSED);
}

void ending_end(void)
{
	if (ending.event)
		event_free(ending.event);
	ending.event = NULL;
}
