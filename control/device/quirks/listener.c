// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#define ALLOW_EXPERIMENTAL_API // rte_intr_instance_alloc(), which has no stable alternative
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

// A callback of the driver for a descriptor.
struct source {
	struct rte_intr_handle *handle; // NULL: unused
	rte_intr_callback_fn call;
	void *arg;
};

struct peer {
	struct source source;
	ino_t socket; // shows whether the descriptor was reused for another file
};

struct listener {
	struct source source;
	struct peer peer[LISTENER_PEERS];
};

typedef int register_fn(const struct rte_intr_handle *, rte_intr_callback_fn, void *);

static struct listener listeners[RTE_MAX_ETHPORTS];
static _Thread_local struct listener *accepting; // set while the interrupt thread accepts a peer
static _Thread_local struct peer *accepted;      // the peer that it accepted

static int socket_option(int fd, int name)
{
	int value = 0;
	socklen_t size = sizeof value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &size) ? 0 : value;
}

// Gets the path of a listening socket of a memif device, which alone are of type SOCK_SEQPACKET.
// False for other descriptors and for abstract sockets.
static bool memif_path(int fd, struct sockaddr_un *address)
{
	socklen_t size = sizeof *address;

	return socket_option(fd, SO_ACCEPTCONN) && socket_option(fd, SO_TYPE) == SOCK_SEQPACKET &&
	       !getsockname(fd, (struct sockaddr *)address, &size) &&
	       address->sun_family == AF_UNIX && *address->sun_path;
}

static bool source_set(struct source *s, int fd, rte_intr_callback_fn call, void *arg)
{
	*s = (struct source){rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE), call, arg};
	return s->handle && !rte_intr_fd_set(s->handle, fd) &&
	       !rte_intr_type_set(s->handle, RTE_INTR_HANDLE_EXT);
}

static void source_clear(struct source *s)
{
	rte_intr_instance_free(s->handle);
	s->handle = NULL;
}

static bool is_connected(const struct peer *p)
{
	struct stat file;

	return p->source.handle && !fstat(rte_intr_fd_get(p->source.handle), &file) &&
	       file.st_ino == p->socket;
}

static register_fn *dpdk_register(void)
{
	return (register_fn *)(uintptr_t)dlsym(RTLD_NEXT, "rte_intr_callback_register");
}

// Calls the driver to accept a peer, then unregisters the peer if it disconnected at once.
static void accept_peer(void *arg)
{
	struct listener *l = arg;

	for (unsigned i = 0; i < LISTENER_PEERS; i++)
		if (l->peer[i].source.handle && !is_connected(&l->peer[i]))
			source_clear(&l->peer[i].source);
	accepting = l;
	l->source.call(l->source.arg);
	accepting = NULL;
	if (accepted && !is_connected(accepted)) {
		rte_intr_callback_unregister(accepted->source.handle, accepted->source.call,
					     accepted->source.arg);
		source_clear(&accepted->source);
	}
	accepted = NULL;
}

static int register_peer(const struct rte_intr_handle *handle, rte_intr_callback_fn call, void *arg)
{
	int fd = rte_intr_fd_get(handle);
	struct stat file;

	for (struct peer *p = accepting->peer; p < accepting->peer + LISTENER_PEERS; p++) {
		if (p->source.handle)
			continue;
		if (fstat(fd, &file) || !source_set(&p->source, fd, call, arg) ||
		    dpdk_register()(handle, call, arg)) {
			source_clear(&p->source);
			break;
		}
		p->socket = file.st_ino;
		accepted = p;
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
		    !dpdk_register()(handle, accept_peer, l))
			return 0;
		source_clear(&l->source);
		break;
	}
	return -ENOSPC;
}

int rte_intr_callback_register(const struct rte_intr_handle *handle, rte_intr_callback_fn call,
			       void *arg)
{
	struct sockaddr_un address;

	if (accepting)
		return register_peer(handle, call, arg);
	if (memif_path(rte_intr_fd_get(handle), &address))
		return register_listener(handle, call, arg);
	return dpdk_register()(handle, call, arg);
}

// Closes a socket and shuts down its connections. The driver then reads no more messages from them,
// only that they ended, and closes them.
static void listener_close(struct listener *l)
{
	char message[256];

	for (unsigned i = 0; i < LISTENER_PEERS; i++) {
		struct source *s = &l->peer[i].source;
		if (is_connected(&l->peer[i])) {
			shutdown(rte_intr_fd_get(s->handle), SHUT_RDWR);
			while (recv(rte_intr_fd_get(s->handle), message, sizeof message,
				    MSG_DONTWAIT) > 0)
				continue;
		}
		source_clear(s);
	}
	rte_intr_callback_unregister(l->source.handle, accept_peer, l);
	close(rte_intr_fd_get(l->source.handle));
	source_clear(&l->source);
}

void listener_close_orphans(void)
{
	for (struct listener *l = listeners; l < listeners + RTE_DIM(listeners); l++) {
		struct sockaddr_un address;
		struct stat file;
		if (!l->source.handle)
			continue;
		// The driver removes the file with the last device.
		if (!memif_path(rte_intr_fd_get(l->source.handle), &address) ||
		    lstat(address.sun_path, &file))
			listener_close(l);
	}
}
