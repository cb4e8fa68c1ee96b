// SPDX-License-Identifier: BSD-3-Clause
#include "control/evpn/fabric.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/common/log.h"
#include "control/evpn/fabric_private.h"
#include "control/evpn/neighbours.h"
#include "control/evpn/nexthop.h"
#include "control/evpn/row.h"
#include "control/evpn/rtnl.h"
#include "control/evpn/shadow.h"
#include "dataplane/event.h"

enum {
	NEWS_A_ROUND = 4096, // messages, a few ms
	IDLE_MS = 1000,
	STALL_MS = 2000, // a dump that is silent for so long is given up
};

const char *const fabric_vtep_state_names[FABRIC_VTEP_STATES] = {
#define X(id, name) [FABRIC_VTEP_##id] = name,
	FABRIC_VTEP_STATE_LIST(X)
#undef X
};

const char *const fabric_vni_state_names[FABRIC_VNI_STATES] = {
	[FABRIC_VNI_UP] = "up", [FABRIC_VNI_ALONE] = "alone", [FABRIC_VNI_DOWN] = "down"};

uint64_t fabric_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void fabric_arm(struct fabric *v)
{
	if (!v->armed)
		event_active(v->turn, EV_TIMEOUT, 0);
	v->armed = true;
}

// News of the kernel.

static void take_row(struct fabric *v, const struct nlmsghdr *h)
{
	struct neighbours_row neighbour;
	struct mirror_row r;

	if (row_read_neighbour(h, &neighbour))
		neighbours_take(v->neighbours, &neighbour, fabric_now_ms());
	if (!row_read(h, &r))
		return;
	if (r.nexthop && !r.gone)
		r.destination = nexthop_object(&v->talk, r.nexthop);
	if (r.destination != v->source || !r.destination)
		mirror_take(v->mirror, &r, fabric_now_ms());
}

static bool ask_dump(struct fabric *v, uint8_t family)
{
	union rtnl_request q;
	struct ndmsg *n = rtnl_begin(&q, RTM_GETNEIGH, NLM_F_DUMP, sizeof *n);

	n->ndm_family = family;
	int64_t sequence = rtnl_ask(&v->news, &q);
	if (sequence < 0)
		return false;
	v->dump_family = family;
	v->dump_sequence = (uint32_t)sequence;
	v->dump_torn = false;
	v->dump_runs = true;
	v->heard_ms = fabric_now_ms();
	return true;
}

static void end_dump(struct fabric *v, const struct nlmsghdr *h)
{
	v->dump_runs = false;
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_flags & NLM_F_DUMP_INTR || v->dump_torn) {
		v->dump_wanted = true;
		return;
	}
	if (v->dump_family == AF_BRIDGE) {
		mirror_dump_end(v->mirror, fabric_now_ms());
		v->dump_wanted |= !ask_dump(v, AF_UNSPEC);
		return;
	}
	neighbours_dump_end(v->neighbours, fabric_now_ms());
	if (v->resync_reason < 0)
		return;
	v->resyncs++;
	v->host.tell(v->host.arg, HOST_RESYNC, 0, (uint32_t)v->resync_reason);
	v->resync_reason = -1;
}

static void take_news(void *fabric, const struct nlmsghdr *h)
{
	const struct ndmsg *n = mnl_nlmsg_get_payload(h);
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	struct fabric *v = fabric;

	if (v->dump_runs && h->nlmsg_seq == v->dump_sequence && h->nlmsg_flags & NLM_F_DUMP_INTR)
		v->dump_torn = true;
	switch (h->nlmsg_type) {
	case NLMSG_DONE:
	case NLMSG_ERROR:
		if (v->dump_runs && h->nlmsg_seq == v->dump_sequence)
			end_dump(v, h);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		take_row(v, h);
		if (rtnl_has(h, sizeof *n) && n->ndm_family == AF_INET &&
		    n->ndm_ifindex == v->twin_index)
			v->routes_changed = true;
		break;
	case RTM_DELLINK:
		if (rtnl_has(h, sizeof *i) && i->ifi_family != AF_BRIDGE)
			vnis_link_gone(v, i->ifi_index);
		v->links_changed = true;
		break;
	case RTM_NEWLINK:
	case RTM_NEWADDR:
	case RTM_DELADDR:
		v->links_changed = true;
		break;
	default:
		v->routes_changed = true;
	}
}

static void on_read(evutil_socket_t fd, short what, void *fabric)
{
	struct fabric *v = fabric;

	(void)fd, (void)what;
	v->heard_ms = fabric_now_ms();
	if (rtnl_read(&v->news, NEWS_A_ROUND, take_news, v) == -ENOBUFS) {
		mirror_news_lost(v->mirror);
		v->dump_wanted = v->dump_torn = true;
		v->links_changed = true;
		v->resync_reason = HOST_RESYNC_OVERRUN;
	}
	fabric_arm(v);
}

static void begin_dump(struct fabric *v)
{
	if (!ask_dump(v, AF_BRIDGE))
		return; // tried again with the next turn
	v->dump_wanted = false;
	mirror_dump_begin(v->mirror);
	neighbours_dump_begin(v->neighbours);
}

// Opens a socket that hears the groups and takes dumps.
static int open_news(struct rtnl *news, int bytes)
{
	static const int groups[] = {RTNLGRP_NEIGH, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
				     RTNLGRP_IPV4_ROUTE};
	int error = rtnl_open(news, bytes);

	for (unsigned i = 0; !error && i < sizeof groups / sizeof *groups; i++)
		if ((error = rtnl_join(news, groups[i])))
			rtnl_close(news);
	return error;
}

static struct event *read_event(struct fabric *v, const struct rtnl *news)
{
	struct event *read = event_new(v->base, rtnl_fd(news), EV_READ | EV_PERSIST, on_read, v);

	if (read && event_priority_set(read, 0) + event_add(read, NULL) == 0)
		return read;
	if (read)
		event_free(read);
	return NULL;
}

// Gives up a dump that does not go on: the kernel continues one only when a message is read, and an
// overrun can take the last message away. It would answer another request with EBUSY, therefore
// that goes to another socket. Without one, it is tried again with the next turn.
static void replace_news(struct fabric *v)
{
	struct rtnl news;

	if (open_news(&news, v->news_bytes))
		return;
	struct event *read = read_event(v, &news);
	if (!read) {
		rtnl_close(&news);
		return;
	}
	event_free(v->read);
	rtnl_close(&v->news);
	v->news = news;
	v->read = read;
	v->dump_runs = false;
	mirror_news_lost(v->mirror);
	v->dump_wanted = v->links_changed = true;
	v->resync_reason = HOST_RESYNC_OVERRUN;
}

static void arm_later(struct fabric *v, uint32_t wait_ms)
{
	struct timeval t = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};

	event_add(v->turn, &t);
}

static void on_turn(evutil_socket_t fd, short what, void *fabric)
{
	struct fabric *v = fabric;
	uint32_t wait, also;

	(void)fd, (void)what;
	v->armed = false;
	if (v->dump_runs && fabric_now_ms() - v->heard_ms >= STALL_MS)
		replace_news(v);
	if (v->dump_wanted && !v->dump_runs)
		begin_dump(v);
	wait = mirror_turn(v->mirror, fabric_now_ms());
	also = neighbours_turn(v->neighbours, fabric_now_ms());
	wait = also < wait ? also : wait;
	vteps_follow(v);
	// Events of the switch may have armed it already: a time would take that back.
	if (!v->armed)
		arm_later(v, wait < IDLE_MS ? wait : IDLE_MS);
}

static void on_build(evutil_socket_t fd, short what, void *fabric)
{
	(void)fd, (void)what;
	vnis_build(fabric);
	fabric_arm(fabric);
}

// Beginning and end.

static bool open_sockets(struct fabric *v, const struct fabric_settings *s, struct error *e)
{
	int error = rtnl_open(&v->talk, 0);

	v->news_bytes = s->news_bytes ? s->news_bytes : FABRIC_NEWS_BYTES;
	if (!error)
		error = rtnl_open(&v->writer, 0);
	if (!error)
		error = open_news(&v->news, v->news_bytes);
	if (error == -EPERM)
		return error_set(
			e, "evpn: no right to change interfaces (CAP_NET_ADMIN, or control: none)");
	return !error || error_set(e, "evpn: netlink: %s", strerror(-error));
}

static bool create_events(struct fabric *v, struct error *e)
{
	v->read = read_event(v, &v->news);
	v->turn = evtimer_new(v->base, on_turn, v);
	v->build = evtimer_new(v->base, on_build, v);
	if (!v->read || !v->turn || !v->build)
		return error_no_memory(e);
	event_priority_set(v->turn, 0);
	event_priority_set(v->build, 0);
	return true;
}

static bool check_devices(struct fabric *v, const struct fabric_settings *s, struct error *e)
{
	for (size_t i = 0; i < s->count; i++)
		if (!shadow_is_free(&v->talk, s->vlan[i].vni, e))
			return false;
	return shadow_kernel(&v->talk, e);
}

struct fabric *fabric_create(struct event_base *base, const struct fabric_host *host,
			     const struct fabric_settings *s, struct error *e)
{
	struct fabric *v = calloc(1, sizeof *v);

	if (!v) {
		error_no_memory(e);
		return NULL;
	}
	v->base = base;
	v->host = *host;
	for (unsigned n = 0; n < MIRROR_VTEPS; n++)
		v->vtep[n].state = FABRIC_VTEP_STATES;
	v->resync_reason = HOST_RESYNC_START;
	v->mirror = mirror_create(host, &v->writer);
	if (v->mirror)
		v->neighbours = neighbours_create(host, &v->writer, v->mirror);
	if (!v->neighbours)
		error_no_memory(e);
	if (!v->neighbours || !open_sockets(v, s, e) || !check_devices(v, s, e) ||
	    !create_events(v, e)) {
		fabric_destroy(v);
		return NULL;
	}
	fabric_configure(v, s);
	return v;
}

void fabric_destroy(struct fabric *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->vnis; i++)
		shadow_remove(&v->vni[i].shadow, &v->talk);
	struct event *events[] = {v->read, v->turn, v->build};
	for (unsigned i = 0; i < 3; i++)
		if (events[i])
			event_free(events[i]);
	neighbours_destroy(v->neighbours);
	mirror_destroy(v->mirror);
	rtnl_close(&v->news);
	rtnl_close(&v->writer);
	rtnl_close(&v->talk);
	free(v->vni);
	free(v);
}

void fabric_configure(struct fabric *v, const struct fabric_settings *s)
{
	if (v->vnis && (v->udp_port != s->udp_port || v->wanted_source != s->source ||
			strcmp(v->twin, s->twin) != 0))
		vnis_remove_all(v);
	if (v->wanted_source != s->source || strcmp(v->twin, s->twin) != 0)
		v->source = 0;
	v->udp_port = s->udp_port;
	v->wanted_source = s->source;
	snprintf(v->twin, sizeof v->twin, "%s", s->twin);
	mirror_configure(v->mirror, s->sync_rate, s->hold_ms);
	if (!vnis_configure(v, s))
		log_write(LOG_ERR, "evpn: out of memory: not all VNIs are there");
	v->links_changed = v->dump_wanted = true;
	fabric_arm(v);
}

void fabric_touch(struct fabric *v, uint64_t key)
{
	mirror_touch(v->mirror, key);
	neighbours_touch(v->neighbours, key);
	fabric_arm(v);
}

void fabric_compare(struct fabric *v)
{
	mirror_compare(v->mirror);
	neighbours_compare(v->neighbours, true);
	fabric_arm(v);
}

void fabric_compare_owners(struct fabric *v, bool all)
{
	neighbours_compare(v->neighbours, all);
	fabric_arm(v);
}

void fabric_resync(struct fabric *v, bool hard)
{
	if (hard) {
		neighbours_drop_external(v->neighbours);
		vnis_bounce_all(v);
	}
	v->dump_wanted = v->links_changed = true;
	v->resync_reason = HOST_RESYNC_COMMAND;
	fabric_arm(v);
}

// For others to see.

void fabric_status(const struct fabric *v, struct fabric_status *s)
{
	s->source = v->source;
	s->resyncs = v->resyncs;
	mirror_stats(v->mirror, &s->sync);
	neighbours_stats(v->neighbours, fabric_now_ms(), &s->neighbours);
}

void fabric_walk_neighbours(const struct fabric *v, neighbours_visit_fn visit, void *arg)
{
	neighbours_walk(v->neighbours, visit, arg);
}

size_t fabric_vni_count(const struct fabric *v)
{
	return mirror_vni_count(v->mirror);
}

static const struct own_vni *find_own(const struct fabric *v, uint16_t vid)
{
	for (size_t i = 0; i < v->vnis; i++)
		if (v->vni[i].vid == vid)
			return &v->vni[i];
	return NULL;
}

void fabric_vni(const struct fabric *v, size_t i, struct fabric_vni *out)
{
	*out = (struct fabric_vni){.reason = ""};
	mirror_vni(v->mirror, i, &out->mirror);
	const struct own_vni *o = find_own(v, out->mirror.vid);
	out->state = !o || !o->made      ? FABRIC_VNI_DOWN
		     : out->mirror.vteps ? FABRIC_VNI_UP
					 : FABRIC_VNI_ALONE;
	if (o && !o->made)
		out->reason = o->reason;
}

bool fabric_vtep(const struct fabric *v, unsigned number, struct fabric_vtep *out)
{
	const struct own_vtep *o = &v->vtep[number];

	if (!o->address)
		return false;
	mirror_vtep(v->mirror, number, &out->mirror);
	out->state = o->state;
	out->next_hop = o->hop.address;
	out->next_hop_mac = o->hop.mac;
	out->interface = o->interface;
	out->since = (double)(fabric_now_ms() - o->since_ms) / 1000;
	return out->mirror.address == o->address;
}
