// SPDX-License-Identifier: BSD-3-Clause
#include "control/device/holder.h"

#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define OWN_NAME "nestswitch"

enum { PROC_PATH = 64, PROC_LINE = 512, COMM = 16 };

// Whether a descriptor, which links to `target`, is the one that is looked for.
typedef bool descriptor_fn(const char *pid, const char *fd, const char *target, const void *arg);

// Copies the name of a process, or "?" if it has ended.
static void process_name(const char *pid, char out[COMM])
{
	char path[PROC_PATH];

	snprintf(path, sizeof path, "/proc/%.16s/comm", pid);
	FILE *f = fopen(path, "re");
	if (!f || !fgets(out, COMM, f))
		strcpy(out, "?");
	if (f)
		fclose(f);
	out[strcspn(out, "\n")] = 0;
}

// Whether a process has the descriptor.
static bool process_has(const char *pid, descriptor_fn *is_it, const void *arg)
{
	char path[PROC_PATH], target[PROC_LINE];
	struct dirent *fd;
	bool found = false;

	snprintf(path, sizeof path, "/proc/%.16s/fd", pid);
	DIR *fds = opendir(path);
	while (fds && !found && (fd = readdir(fds))) {
		ssize_t n = readlinkat(dirfd(fds), fd->d_name, target, sizeof target - 1);
		target[n < 0 ? 0 : n] = 0;
		found = n > 0 && is_it(pid, fd->d_name, target, arg);
	}
	if (fds)
		closedir(fds);
	return found;
}

// Finds a process other than this one that has the descriptor. `name` NULL: a process of any name.
static bool find_process(const char *name, descriptor_fn *is_it, const void *arg,
			 char out[HOLDER_TEXT])
{
	DIR *processes = opendir("/proc");
	struct dirent *p;
	bool found = false;
	char comm[COMM];

	while (processes && !found && (p = readdir(processes))) {
		if (strspn(p->d_name, "0123456789") != strlen(p->d_name) ||
		    atoi(p->d_name) == getpid() || !process_has(p->d_name, is_it, arg))
			continue;
		process_name(p->d_name, comm);
		found = !name || !strcmp(comm, name);
		snprintf(out, HOLDER_TEXT, "%s, process %.16s", comm, p->d_name);
	}
	if (processes)
		closedir(processes);
	return found;
}

static bool is_socket(const char *pid, const char *fd, const char *target, const void *arg)
{
	const unsigned long *inode = arg;
	char wanted[PROC_PATH];

	(void)pid, (void)fd;
	snprintf(wanted, sizeof wanted, "socket:[%lu]", *inode);
	return !strcmp(target, wanted);
}

// Finds the socket that listens at a path.
static bool find_listener(const char *path, unsigned long *inode, unsigned *type)
{
	enum { ACCEPTS = 0x10000 }; // __SO_ACCEPTCON of the kernel
	FILE *f = fopen("/proc/net/unix", "re");
	char line[PROC_LINE];
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f)) {
		unsigned flags;
		int at = 0;
		if (sscanf(line, "%*s %*x %*x %x %x %*x %lu %n", &flags, type, inode, &at) != 3 ||
		    !at)
			continue;
		line[strcspn(line, "\n")] = 0;
		found = flags & ACCEPTS && !strcmp(line + at, path);
	}
	if (f)
		fclose(f);
	return found;
}

bool holder_of_socket(const char *path, char out[HOLDER_TEXT])
{
	unsigned long inode;
	unsigned type;

	return find_listener(path, &inode, &type) && find_process(NULL, is_socket, &inode, out);
}

bool holder_is_own_memif(const char *path)
{
	unsigned long inode;
	unsigned type;

	return find_listener(path, &inode, &type) && type == SOCK_SEQPACKET &&
	       process_has("self", is_socket, &inode);
}

// Whether a process is in this network namespace. True if it cannot be asked.
static bool shares_network(const char *pid)
{
	char path[PROC_PATH];
	struct stat own, other;

	snprintf(path, sizeof path, "/proc/%.16s/ns/net", pid);
	return stat("/proc/self/ns/net", &own) || stat(path, &other) || own.st_ino == other.st_ino;
}

// The kernel tells the interface of a descriptor of /dev/net/tun in a line "iff:\tNAME".
static bool is_tap(const char *pid, const char *fd, const char *target, const void *arg)
{
	char path[PROC_PATH], line[PROC_LINE];
	bool found = false;

	if (strcmp(target, "/dev/net/tun") || !shares_network(pid))
		return false;
	snprintf(path, sizeof path, "/proc/%.16s/fdinfo/%.16s", pid, fd);
	FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		found = !strncmp(line, "iff:\t", 5) && !strcmp(line + 5, arg);
	}
	if (f)
		fclose(f);
	return found;
}

bool holder_of_tap(const char *name, char out[HOLDER_TEXT])
{
	return find_process(NULL, is_tap, name, out);
}

bool holder_of_interface(const char *name, char out[HOLDER_TEXT])
{
	unsigned wanted = if_nametoindex(name), interface;
	FILE *f = wanted ? fopen("/proc/net/packet", "re") : NULL;
	char line[PROC_LINE];
	bool found = false;
	unsigned long inode;

	while (f && !found && fgets(line, sizeof line, f))
		found = sscanf(line, "%*s %*s %*s %*s %u %*s %*s %*s %lu", &interface, &inode) ==
				2 &&
			interface == wanted && find_process(OWN_NAME, is_socket, &inode, out);
	if (f)
		fclose(f);
	return found;
}
