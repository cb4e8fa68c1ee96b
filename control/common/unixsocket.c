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

bool unixsocket_is_served(const char *path)
{
	return probe_socket(path) == EPROTOTYPE;
}

bool unixsocket_bury(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISSOCK(st.st_mode) && probe_socket(path) == ECONNREFUSED &&
	       !unlink(path);
}
