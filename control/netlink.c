// SPDX-License-Identifier: BSD-3-Clause
#include "control/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

int netlink_open(void)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0 || !bind(fd, (struct sockaddr *)&a, sizeof a))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

void netlink_drain(int fd)
{
	char message[8192];

	// ENOBUFS: messages were lost. That says as much as they do.
	while (recv(fd, message, sizeof message, MSG_TRUNC) > 0 || errno == ENOBUFS)
		continue;
}
