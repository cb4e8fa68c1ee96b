// SPDX-License-Identifier: BSD-3-Clause
#include "control/evpn/rtnl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int rtnl_open(struct rtnl *r, int buffer)
{
	int error = 0;

	*r = (struct rtnl){.socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC)};
	if (!r->socket)
		return -errno;
	if (buffer && setsockopt(mnl_socket_get_fd(r->socket), SOL_SOCKET, SO_RCVBUFFORCE, &buffer,
				 sizeof buffer))
		error = -errno;
	else if (mnl_socket_bind(r->socket, 0, MNL_SOCKET_AUTOPID))
		error = -errno;
	if (error)
		rtnl_close(r);
	return error;
}

void rtnl_close(struct rtnl *r)
{
	if (r->socket)
		mnl_socket_close(r->socket);
	r->socket = NULL;
}

int rtnl_fd(const struct rtnl *r)
{
	return mnl_socket_get_fd(r->socket);
}

int rtnl_join(struct rtnl *r, int group)
{
	return mnl_socket_setsockopt(r->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof group)
		       ? -errno
		       : 0;
}

void *rtnl_begin(union rtnl_request *q, uint16_t type, uint16_t flags, size_t fixed)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(q->bytes);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	return mnl_nlmsg_put_extra_header(h, fixed);
}

bool rtnl_has(const struct nlmsghdr *h, size_t fixed)
{
	return h->nlmsg_len >= MNL_NLMSG_HDRLEN + fixed;
}

uint32_t rtnl_u32(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) < sizeof(uint32_t) ? 0 : mnl_attr_get_u32(a);
}

uint16_t rtnl_u16(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) < sizeof(uint16_t) ? 0 : mnl_attr_get_u16(a);
}

void rtnl_text(const struct nlattr *a, char *text, size_t size)
{
	snprintf(text, size, "%.*s", (int)mnl_attr_get_payload_len(a),
		 (const char *)mnl_attr_get_payload(a));
}

uint64_t rtnl_mac(const struct nlattr *a)
{
	const uint8_t *bytes = mnl_attr_get_payload(a);
	uint64_t mac = 0;

	for (int i = 0; mnl_attr_get_payload_len(a) == 6 && i < 6; i++)
		mac = mac << 8 | bytes[i];
	return mac;
}

static int send_request(struct rtnl *r, union rtnl_request *q)
{
	q->header.nlmsg_seq = ++r->sequence;
	return mnl_socket_sendto(r->socket, q->bytes, q->header.nlmsg_len) < 0 ? -errno : 0;
}

int rtnl_talk(struct rtnl *r, union rtnl_request *q, mnl_cb_t take, void *arg)
{
	_Alignas(struct nlmsghdr) static char answer[RTNL_ANSWER];
	unsigned port = mnl_socket_get_portid(r->socket);
	int rc = MNL_CB_OK;

	if ((q->header.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		q->header.nlmsg_flags |= NLM_F_ACK;
	int error = send_request(r, q);
	if (error)
		return error;
	while (rc > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(r->socket, answer, sizeof answer);
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		rc = mnl_cb_run(answer, (size_t)n, r->sequence, port, take, arg);
	}
	if (rc >= 0)
		return 0;
	return errno > 0 ? -errno : -EPROTO; // of a message that is no errno
}

int64_t rtnl_ask(struct rtnl *r, union rtnl_request *q)
{
	int error = send_request(r, q);

	return error ? error : (int64_t)r->sequence;
}

int rtnl_read(struct rtnl *r, unsigned messages, rtnl_take_fn take, void *arg)
{
	_Alignas(struct nlmsghdr) static char chunk[RTNL_ANSWER];
	unsigned taken = 0;

	while (taken < messages) {
		ssize_t n = mnl_socket_recvfrom(r->socket, chunk, sizeof chunk);
		if (n < 0)
			return errno == ENOBUFS ? -ENOBUFS : errno == EINTR;
		int left = (int)n;
		for (struct nlmsghdr *h = (struct nlmsghdr *)chunk; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left), taken++)
			take(arg, h);
	}
	return 1;
}
