// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/unixsocket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// Connects with the wrong socket type, so that a server never notices. The kernel answers
// EPROTOTYPE if a server is listening and ECONNREFUSED if none is. Returns 0 or errno.
static int probe_socket(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof a.sun_path)
		return ENAMETOOLONG;
	strcpy(a.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) ? errno : 0;
	if (fd >= 0)
		close(fd);
	return error;
}

enum unixsocket_state unixsocket_state(const char *path)
{
	struct stat file;

	if (lstat(path, &file))
		return errno == ENOENT ? UNIXSOCKET_FREE : UNIXSOCKET_UNKNOWN;
	if (!S_ISSOCK(file.st_mode))
		return UNIXSOCKET_OTHER_FILE;
	switch (errno = probe_socket(path)) {
	case EPROTOTYPE:
		return UNIXSOCKET_SERVED;
	case ECONNREFUSED:
		return UNIXSOCKET_STALE;
	case ENOENT:
		return UNIXSOCKET_FREE;
	}
	return UNIXSOCKET_UNKNOWN;
}

bool unixsocket_bury(const char *path)
{
	switch (unixsocket_state(path)) {
	case UNIXSOCKET_STALE:
		return !unlink(path);
	case UNIXSOCKET_SERVED:
		errno = EADDRINUSE;
		break;
	case UNIXSOCKET_OTHER_FILE:
		errno = ENOTSOCK;
		break;
	case UNIXSOCKET_FREE:
		errno = ENOENT;
		break;
	case UNIXSOCKET_UNKNOWN:
		break;
	}
	return false;
}
