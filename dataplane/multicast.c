// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/multicast.h"

#include "dataplane/eventtype.h"
#include "dataplane/frame.h"
#include "dataplane/key.h"
#include "dataplane/snoop.h"

const char *const multicast_rule_names[MULTICAST_RULES] = {
#define X(id, name) [MULTICAST_##id] = (name),
	MULTICAST_RULE_LIST(X)
#undef X
};

static void tell(const struct multicast *x, enum event_type type, struct snoop_address group,
		 uint8_t version)
{
	struct event e = {.type = (uint8_t)type,
			  .ns = x->ns,
			  .key = key_make(x->vid, 0),
			  .port = x->port,
			  .count = version,
			  .reason = (uint8_t)snoop_family(group),
			  .group = {group.high, group.low}};

	event_push(x->events, &e);
}

struct event multicast_ended(const struct mdb_membership *who, enum mdb_news what, uint64_t ns)
{
	bool querier = what == MDB_QUERIER_GONE;

	return (struct event){
		.type = querier ? EVENT_QUERIER_CHANGED : EVENT_GROUP_LEFT,
		.ns = ns,
		.key = key_make(who->vid, 0),
		.port = querier ? EVENT_PORT_ANY : who->port,
		.from = EVENT_PORT_ANY,
		.count = who->version,
		.group = {querier ? 0 : who->group.high, querier ? 0 : who->group.low},
		.reason = (uint8_t)snoop_family(who->group),
	};
}

// Ports that get every group, because a router is there or because they asked for too many.
static portset takers_of_all(const struct multicast *x, const struct mdb_vlan *v)
{
	return (mdb_load(&v->routers) & ~x->conf->routers_never) | x->conf->routers_always |
	       mdb_load(&v->over);
}

static portset promiscuous(const struct multicast *x)
{
	return x->conf->vlan[x->vid].promisc;
}

// Ports that take a group as long as nothing is pruned.
static portset open_ports(const struct multicast *x, portset closed)
{
	return ~closed & ~x->conf->no_multicast;
}

static enum outcome flood(const struct multicast *x, portset *to)
{
	*to = x->may & (open_ports(x, 0) | promiscuous(x));
	return *to ? OUT_FLOODED : OUT_NO_DESTINATION;
}

static void hear_router(const struct multicast *x)
{
	if (!portset_has(x->conf->routers_never, x->port))
		mdb_hear_router(x->mdb, x->vid, x->port, x->tick);
}

// A query goes to every port: one that it does not reach cannot answer.
static enum outcome take_query(const struct multicast *x, const struct snoop_message *msg,
			       portset *to)
{
	struct mdb_query q = {
		.source = msg->source,
		.family = msg->family,
		.vid = x->vid,
		.port = x->port,
		.version = msg->version,
		.response_ms = msg->response_ms,
		.reached = (x->may | portset_of(x->port)) & ~x->conf->blocked,
	};

	*to = x->may;
	// Source 0.0.0.0 is that of a switch, not of a querier (RFC 4541 2.1.1).
	if (msg->general && !snoop_is_none(msg->source) &&
	    !portset_has(x->conf->routers_never, x->port)) {
		hear_router(x);
		if (mdb_hear_query(x->mdb, &q, x->tick))
			tell(x, EVENT_QUERIER_CHANGED, q.source, q.version);
	}
	return *to ? OUT_FLOODED : OUT_NO_DESTINATION;
}

static void take_record(const struct multicast *x, const struct snoop_record *r, uint8_t version)
{
	struct mdb_membership who = {
		.group = r->group, .vid = x->vid, .port = x->port, .version = version};
	bool fast = portset_has(x->conf->fast_leave, x->port);

	if (r->leaves) {
		if (mdb_leave(x->mdb, &who, fast, x->tick))
			tell(x, EVENT_GROUP_LEFT, r->group, version);
		return;
	}
	switch (mdb_join(x->mdb, &who, x->conf->port[x->port].groups_max, x->tick)) {
	case MDB_JOINED:
		tell(x, EVENT_GROUP_JOINED, r->group, version);
		break;
	case MDB_OVER:
		tell(x, EVENT_GROUP_LIMIT, r->group, version);
		break;
	case MDB_KNOWN:
	case MDB_STILL_OVER:
		break;
	}
}

// A report goes to routers alone: hosts that hear one of another host may keep theirs to
// themselves (RFC 4541 2.1.1). While nobody asks, it goes everywhere, as without snooping.
static enum outcome take_report(const struct multicast *x, struct snoop_message *msg, portset *to)
{
	const struct mdb_vlan *v = mdb_vlan(x->mdb, x->vid);
	portset quiet = mdb_load(&v->closed[msg->family]) | mdb_load(&v->asked[msg->family]);
	portset routers = (mdb_load(&v->routers) & ~x->conf->routers_never) |
			  x->conf->routers_always;
	struct snoop_record r;

	while (snoop_next(msg, &r))
		take_record(x, &r, msg->version);
	*to = x->may & (routers | open_ports(x, quiet) | promiscuous(x));
	return OUT_FORWARDED; // to the switch, if to nobody else
}

static bool snoops(const struct multicast *x)
{
	return x->conf->snoop[x->vid] & SNOOP_ON;
}

static enum outcome find_static(const struct multicast *x, const struct snoop_message *msg,
				portset fixed, portset *to)
{
	if (msg->kind == SNOOP_DATA && snoops(x))
		fixed |= mdb_members(x->mdb, x->vid, msg->group) |
			 takers_of_all(x, mdb_vlan(x->mdb, x->vid));
	*to = x->may & (fixed | promiscuous(x));
	return *to ? OUT_FORWARDED : OUT_UNREGISTERED;
}

static enum outcome find_members(const struct multicast *x, const struct snoop_message *msg,
				 portset *to)
{
	const struct mdb_vlan *v = mdb_vlan(x->mdb, x->vid);
	portset members = mdb_members(x->mdb, x->vid, msg->group),
		closed = mdb_load(&v->closed[msg->family]);
	bool prunes = members || x->conf->snoop[x->vid] & SNOOP_PRUNES_UNREGISTERED;

	*to = x->may &
	      (members | takers_of_all(x, v) | promiscuous(x) | open_ports(x, prunes ? closed : 0));
	if (!*to)
		return prunes ? OUT_UNREGISTERED : OUT_NO_DESTINATION;
	return members && closed ? OUT_FORWARDED : OUT_FLOODED;
}

portset multicast_static(const struct swconf *conf, uint64_t key)
{
	unsigned low = 0, high = conf->group_count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (conf->group[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < conf->group_count && conf->group[low].key == key ? conf->group[low].ports : 0;
}

// The ports of the static group that a frame is to. None: there is none.
static portset static_ports(const struct multicast *x)
{
	bool may_be = x->conf->snoop[x->vid] & SNOOP_HAS_STATIC;

	return may_be ? multicast_static(x->conf, key_make(x->vid, x->mac)) : 0;
}

// Whether a frame is of the kinds that a group's ports are chosen for.
static bool is_data(const struct snoop_message *msg)
{
	return msg->kind == SNOOP_DATA || msg->kind == SNOOP_OTHER;
}

enum multicast_rule multicast_rule(const struct multicast *x, const struct snoop_message *msg)
{
	static const enum multicast_rule of_kind[] = {
		[SNOOP_OTHER] = MULTICAST_NO_IP,   [SNOOP_TO_ALL] = MULTICAST_LINK,
		[SNOOP_REPORT] = MULTICAST_REPORT, [SNOOP_QUERY] = MULTICAST_QUERY,
		[SNOOP_ROUTER] = MULTICAST_ROUTER, [SNOOP_BAD] = MULTICAST_INVALID};

	if (is_data(msg) && static_ports(x))
		return MULTICAST_STATIC;
	if (!snoops(x))
		return MULTICAST_PLAIN;
	if (msg->kind != SNOOP_DATA)
		return of_kind[msg->kind];
	if (!mdb_load(&mdb_vlan(x->mdb, x->vid)->closed[msg->family]))
		return MULTICAST_NO_QUERIER;
	return mdb_members(x->mdb, x->vid, msg->group) ? MULTICAST_MEMBERS : MULTICAST_UNREGISTERED;
}

static enum outcome snoop(const struct multicast *x, const struct rte_mbuf *m, portset *to)
{
	uint32_t type_at = FRAME_ADDRESSES + (x->tagged ? FRAME_TAG : 0);
	portset fixed = static_ports(x);
	struct snoop_message msg;

	if (!fixed && !snoops(x))
		return flood(x, to);
	snoop_read(&msg, m, type_at, x->mac);
	if (fixed && is_data(&msg))
		return find_static(x, &msg, fixed, to);
	if (!snoops(x))
		return flood(x, to);
	if (__builtin_expect(msg.kind == SNOOP_DATA, 1))
		return find_members(x, &msg, to);
	switch (msg.kind) {
	case SNOOP_REPORT:
		return take_report(x, &msg, to);
	case SNOOP_QUERY:
		return take_query(x, &msg, to);
	case SNOOP_ROUTER:
		hear_router(x);
		break;
	case SNOOP_BAD:
		atomic_fetch_add_explicit(&mdb_vlan(x->mdb, x->vid)->invalid, 1,
					  memory_order_relaxed);
		break;
	case SNOOP_DATA:
	case SNOOP_OTHER:
	case SNOOP_TO_ALL:
		break;
	}
	return flood(x, to);
}

enum outcome multicast_ports(const struct multicast *x, const struct rte_mbuf *m, portset *to)
{
	return x->conf->snoop[x->vid] ? snoop(x, m, to) : flood(x, to);
}

struct forgetting {
	struct event_ring *events;
	uint64_t ns;
};

static void report_forgotten(void *arg, const struct mdb_membership *who, enum mdb_news what)
{
	const struct forgetting *f = arg;
	struct event e = multicast_ended(who, what, f->ns);

	event_push(f->events, &e);
}

void multicast_forget(struct mdb *mdb, unsigned port, struct event_ring *events, uint64_t ns)
{
	struct forgetting f = {events, ns};
	portset gone = portset_of(port);

	mdb_forget(mdb, mdb_in_each_vlan, &gone, report_forgotten, &f);
}
