// SPDX-License-Identifier: BSD-3-Clause
#include "control/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/common/text.h"

void notify_send(const char *lines)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof a.sun_path ||
	    (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		return;
	memcpy(a.sun_path, path, len);
	if (*path == '@') // the name of an abstract socket
		*a.sun_path = 0;
	(void)!sendto(fd, lines, strlen(lines), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&a,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

// The time within which the manager wants to hear of this process. 0: never.
static uint64_t watchdog_ns(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t limit, process;

	if (!us || !text_number(us, UINT64_MAX / 1000, &limit) ||
	    (pid && (!text_number(pid, INT32_MAX, &process) || process != (uint64_t)getpid())))
		return 0;
	return limit * 1000;
}

void notify_alive(uint64_t now_ns)
{
	static uint64_t last_ns;
	uint64_t limit = watchdog_ns();

	if (!limit || now_ns - last_ns < limit / 4)
		return;
	notify_send("WATCHDOG=1");
	last_ns = now_ns;
}
