// SPDX-License-Identifier: BSD-3-Clause
// rtnl: requests to the kernel's rtnetlink, over libmnl.
//
// Model     The kernel carries out a request within send(), and its answers then wait in the
// socket.
//           Therefore a request on a socket that does not block returns its result at once. A
//           socket that listens to groups asks for its dumps itself: then rows of the dump and
//           news of the same rows arrive in the order in which the kernel made them.
// Threads   The control thread.
// Ownership rtnl_open() to rtnl_close(). A closed one has socket NULL.
// Limits    A request has RTNL_REQUEST bytes, an answer RTNL_ANSWER.
// Errors    0 or -errno of the kernel; -ETIMEDOUT if it gave no answer.
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

enum { RTNL_REQUEST = 512, RTNL_ANSWER = 65536 };

struct rtnl {
	struct mnl_socket *socket;
	uint32_t sequence;
};

// One request.
union rtnl_request {
	struct nlmsghdr header;
	char bytes[RTNL_REQUEST];
};

// Opens a socket that does not block, with a receive buffer of `buffer` bytes unless that is 0.
// -EPERM: this process lacks CAP_NET_ADMIN, which a buffer needs.
int rtnl_open(struct rtnl *r, int buffer);
void rtnl_close(struct rtnl *r);
int rtnl_fd(const struct rtnl *r);

// Listens to a group of news (RTNLGRP_…).
int rtnl_join(struct rtnl *r, int group);

// Begins a request. Returns the place of its fixed part, which is zeroed.
void *rtnl_begin(union rtnl_request *q, uint16_t type, uint16_t flags, size_t fixed);

// Whether a message has its fixed part.
bool rtnl_has(const struct nlmsghdr *h, size_t fixed);

// The number in an attribute, in its order of bytes; the MAC. 0: it is shorter, or no MAC.
uint32_t rtnl_u32(const struct nlattr *a);
uint16_t rtnl_u16(const struct nlattr *a);
uint64_t rtnl_mac(const struct nlattr *a);

// Copies the text in an attribute, which need not end with a zero; the copy does.
void rtnl_text(const struct nlattr *a, char *text, size_t size);

// Sends a request and takes its answers; take() gets each of them unless it is NULL.
int rtnl_talk(struct rtnl *r, union rtnl_request *q, mnl_cb_t take, void *arg);

// Sends a request for a dump, whose answers rtnl_read() gives. Returns its sequence number, or
// -errno.
int64_t rtnl_ask(struct rtnl *r, union rtnl_request *q);

// Gives about `messages` of the waiting messages to take(). 1: there may be more; 0: no more;
// -ENOBUFS: messages were lost.
typedef void (*rtnl_take_fn)(void *arg, const struct nlmsghdr *message);
int rtnl_read(struct rtnl *r, unsigned messages, rtnl_take_fn take, void *arg);
