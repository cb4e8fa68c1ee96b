// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#define ALLOW_EXPERIMENTAL_API // there is no other way to say which file a callback is for
#include "control/device/quirks/listener.h"

#include <dlfcn.h>
#include <errno.h>
#include <rte_common.h>
#include <rte_interrupts.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// A callback of the driver's for a file.
struct source {
	struct rte_intr_handle *handle; // NULL: there is none
	rte_intr_callback_fn call;
	void *arg;
};

struct caller {
	struct source source;
	ino_t socket; // the file may be another one's by now
};

struct listener {
	struct source source;
	struct caller caller[LISTENER_CALLERS];
};

typedef int register_fn(const struct rte_intr_handle *, rte_intr_callback_fn, void *);

static struct listener listeners[RTE_MAX_ETHPORTS];
static _Thread_local struct listener *answering; // in the interrupt thread
static _Thread_local struct caller *accepted;    // by it

static int option(int fd, int name)
{
	int value = 0;
	socklen_t size = sizeof value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &size) ? 0 : value;
}

// The path of a socket as only memif devices listen on; false: it is another one, or it has no
// file.
static bool memif_path(int fd, struct sockaddr_un *address)
{
	socklen_t size = sizeof *address;

	return option(fd, SO_ACCEPTCONN) && option(fd, SO_TYPE) == SOCK_SEQPACKET &&
	       !getsockname(fd, (struct sockaddr *)address, &size) &&
	       address->sun_family == AF_UNIX && *address->sun_path;
}

static bool source_set(struct source *s, int fd, rte_intr_callback_fn call, void *arg)
{
	*s = (struct source){rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE), call, arg};
	return s->handle && !rte_intr_fd_set(s->handle, fd) &&
	       !rte_intr_type_set(s->handle, RTE_INTR_HANDLE_EXT);
}

static void source_forget(struct source *s)
{
	rte_intr_instance_free(s->handle);
	s->handle = NULL;
}

static bool is_connected(const struct caller *c)
{
	struct stat file;

	return c->source.handle && !fstat(rte_intr_fd_get(c->source.handle), &file) &&
	       file.st_ino == c->socket;
}

static register_fn *dpdk_register(void)
{
	return (register_fn *)(uintptr_t)dlsym(RTLD_NEXT, "rte_intr_callback_register");
}

// Does what the driver does, except that one who left at once leaves nothing behind.
static void answer(void *arg)
{
	struct listener *l = arg;

	for (unsigned i = 0; i < LISTENER_CALLERS; i++)
		if (l->caller[i].source.handle && !is_connected(&l->caller[i]))
			source_forget(&l->caller[i].source);
	answering = l;
	l->source.call(l->source.arg);
	answering = NULL;
	if (accepted && !is_connected(accepted)) {
		rte_intr_callback_unregister(accepted->source.handle, accepted->source.call,
					     accepted->source.arg);
		source_forget(&accepted->source);
	}
	accepted = NULL;
}

static int register_caller(const struct rte_intr_handle *handle, rte_intr_callback_fn call,
			   void *arg)
{
	int fd = rte_intr_fd_get(handle);
	struct stat file;

	for (struct caller *c = answering->caller; c < answering->caller + LISTENER_CALLERS; c++) {
		if (c->source.handle)
			continue;
		if (fstat(fd, &file) || !source_set(&c->source, fd, call, arg) ||
		    dpdk_register()(handle, call, arg)) {
			source_forget(&c->source);
			break;
		}
		c->socket = file.st_ino;
		accepted = c;
		return 0;
	}
	return -ENOSPC;
}

static int register_listener(const struct rte_intr_handle *handle, rte_intr_callback_fn call,
			     void *arg)
{
	for (struct listener *l = listeners; l < listeners + RTE_DIM(listeners); l++) {
		if (l->source.handle)
			continue;
		if (source_set(&l->source, rte_intr_fd_get(handle), call, arg) &&
		    !dpdk_register()(handle, answer, l))
			return 0;
		source_forget(&l->source);
		break;
	}
	return -ENOSPC;
}

int rte_intr_callback_register(const struct rte_intr_handle *handle, rte_intr_callback_fn call,
			       void *arg)
{
	struct sockaddr_un address;

	if (answering)
		return register_caller(handle, call, arg);
	if (memif_path(rte_intr_fd_get(handle), &address))
		return register_listener(handle, call, arg);
	return dpdk_register()(handle, call, arg);
}

// The driver, which closes those whose connection ends, hears nothing else of them any more.
static void hang_up(struct listener *l)
{
	char message[256];

	for (unsigned i = 0; i < LISTENER_CALLERS; i++) {
		struct source *s = &l->caller[i].source;
		if (is_connected(&l->caller[i])) {
			shutdown(rte_intr_fd_get(s->handle), SHUT_RDWR);
			while (recv(rte_intr_fd_get(s->handle), message, sizeof message,
				    MSG_DONTWAIT) > 0)
				continue;
		}
		source_forget(s);
	}
	rte_intr_callback_unregister(l->source.handle, answer, l);
	close(rte_intr_fd_get(l->source.handle));
	source_forget(&l->source);
}

void listener_close_forsaken(void)
{
	for (struct listener *l = listeners; l < listeners + RTE_DIM(listeners); l++) {
		struct sockaddr_un address;
		struct stat file;
		if (!l->source.handle)
			continue;
		// The last device takes the file away.
		if (!memif_path(rte_intr_fd_get(l->source.handle), &address) ||
		    lstat(address.sun_path, &file))
			hang_up(l);
	}
}
