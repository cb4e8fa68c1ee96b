// SPDX-License-Identifier: BSD-3-Clause
// When the rows of the kernel are read, with a kernel that has none.
#include "control/evpn/fabric.h"

#include <errno.h>
#include <event2/event.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/common/error.h"
#include "tests/unit/kit.h"

enum { DUMPS = 8, SOCKETS = 3 };

// The kernel: it notes dumps, and answers requests for an acknowledgement with an error. The
// sockets are pairs of sockets of this process.

struct mnl_socket {
	int fd, kernel;
};

static struct mnl_socket sockets[SOCKETS];
static unsigned opened;
static struct {
	uint8_t family;
	uint32_t sequence;
	const struct mnl_socket *socket;
} dump[DUMPS];
static unsigned dumps;

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	struct mnl_socket *s = &sockets[opened++];
	int pair[2];

	(void)bus;
	if (socketpair(AF_UNIX, SOCK_DGRAM | flags, 0, pair))
		return NULL;
	*s = (struct mnl_socket){pair[0], pair[1]};
	return s;
}

int mnl_socket_close(struct mnl_socket *s)
{
	close(s->kernel);
	return close(s->fd);
}

int mnl_socket_get_fd(const struct mnl_socket *s)
{
	return s->fd;
}

unsigned mnl_socket_get_portid(const struct mnl_socket *s)
{
	(void)s;
	return 0;
}

int mnl_socket_bind(struct mnl_socket *s, unsigned groups, pid_t pid)
{
	(void)s, (void)groups, (void)pid;
	return 0;
}

int mnl_socket_setsockopt(const struct mnl_socket *s, int type, void *value, socklen_t size)
{
	(void)s, (void)type, (void)value, (void)size;
	return 0;
}

// A larger buffer needs a privilege.
int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	(void)fd, (void)level, (void)name, (void)value, (void)size;
	return 0;
}

static void answer(const struct mnl_socket *s, uint16_t type, uint32_t sequence, int error)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} a = {{.nlmsg_len = sizeof a, .nlmsg_type = type, .nlmsg_seq = sequence},
	       {.error = error}};

	assert_int_equal(send(s->kernel, &a, sizeof a, 0), sizeof a);
}

ssize_t mnl_socket_sendto(const struct mnl_socket *s, const void *bytes, size_t n)
{
	const struct nlmsghdr *h = bytes;

	if (h->nlmsg_flags & NLM_F_ACK)
		answer(s, NLMSG_ERROR, h->nlmsg_seq, -EINVAL);
	if (h->nlmsg_type == RTM_GETNEIGH) {
		assert_true(dumps < DUMPS);
		const struct ndmsg *m = mnl_nlmsg_get_payload(h);
		dump[dumps].family = m->ndm_family;
		dump[dumps].sequence = h->nlmsg_seq;
		dump[dumps++].socket = s;
	}
	return (ssize_t)n;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *s, void *to, size_t room)
{
	return recv(s->fd, to, room, 0);
}

// The switch: it has nothing.

static void walk(void *arg, host_visit_fn visit, void *visit_arg)
{
	(void)arg, (void)visit, (void)visit_arg;
}

static void walk_owners(void *arg, host_owner_fn visit, void *visit_arg)
{
	(void)arg, (void)visit, (void)visit_arg;
}

static void set_source(void *arg, uint32_t source)
{
	(void)arg, (void)source;
}

static bool publish(void *arg)
{
	(void)arg;
	return true;
}

static void tell(void *arg, enum host_news what, uint32_t vtep, uint32_t count)
{
	(void)arg, (void)vtep, (void)count;
	assert_int_equal(what, HOST_RESYNC);
}

static struct event_base *base;
static struct fabric *fabric;

static int open_fabric(void **state)
{
	static const struct fabric_host host = {.walk = walk,
						.walk_owners = walk_owners,
						.set_source = set_source,
						.publish = publish,
						.tell = tell};
	struct fabric_settings s = {.udp_port = 4789, .sync_rate = 1000, .twin = "none"};
	struct error e;

	(void)state;
	opened = dumps = 0;
	base = event_base_new();
	if (!base || event_base_priority_init(base, 2))
		return -1;
	fabric = fabric_create(base, &host, &s, &e);
	return fabric ? 0 : -1;
}

static int close_fabric(void **state)
{
	(void)state;
	fabric_destroy(fabric);
	event_base_free(base);
	return 0;
}

static void run(void)
{
	for (unsigned i = 0; i < 4; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void end_dump(unsigned i)
{
	assert_int_equal(dumps, i + 1);
	answer(dump[i].socket, NLMSG_DONE, dump[i].sequence, 0);
	run();
}

static void macs_are_read_and_then_addresses(void **state)
{
	(void)state;
	run();
	end_dump(0);
	end_dump(1);
	assert_int_equal(dumps, 2);
	assert_int_equal(dump[0].family, AF_BRIDGE);
	assert_int_equal(dump[1].family, AF_UNSPEC);
}

// A VNI that is made meanwhile, for example: its rows may have been passed.
static void a_dump_that_is_wanted_while_another_runs_is_made(void **state)
{
	(void)state;
	for (unsigned during = 0; during < 2; during++) {
		dumps = 0;
		fabric_resync(fabric, false);
		run();
		if (during)
			end_dump(0);
		fabric_resync(fabric, false);
		run();
		if (!during)
			end_dump(0);
		end_dump(1);
		assert_int_equal(dumps, 3);
		assert_int_equal(dump[2].family, AF_BRIDGE);
		end_dump(2);
		end_dump(3);
		assert_int_equal(dumps, 4);
	}
}

#define IT(function) cmocka_unit_test_setup_teardown(function, open_fabric, close_fabric)

RUN_TESTS(IT(macs_are_read_and_then_addresses),
	  IT(a_dump_that_is_wanted_while_another_runs_is_made))
