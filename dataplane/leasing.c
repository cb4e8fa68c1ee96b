// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/leasing.h"

#include "dataplane/binding.h"
#include "dataplane/dhcp.h"
#include "dataplane/eventtype.h"
#include "dataplane/key.h"

static struct event event_of(const struct lease *l, enum event_type type, uint64_t ns,
			     uint8_t reason)
{
	return (struct event){.type = (uint8_t)type,
			      .ns = ns,
			      .key = l->key,
			      .port = l->port,
			      .count = l->bits,
			      .reason = reason,
			      .group = {l->ip.high, l->ip.low}};
}

struct event leasing_ended(const struct lease *l, enum lease_end why, uint64_t ns)
{
	return event_of(l, EVENT_BINDING_ENDED, ns, (uint8_t)why);
}

static void tell(const struct leasing *x, const struct lease *l, enum event_type type,
		 uint8_t reason)
{
	struct event e = event_of(l, type, x->ns, reason);

	event_push(x->events, &e);
}

static struct lease_request request_of(const struct leasing *x, const struct dhcp_message *msg)
{
	return (struct lease_request){
		.key = key_make(key_vid(x->key), msg->mac),
		.client = msg->client,
		.ip = msg->count ? msg->lease[0].ip : (struct ip_address){0},
		.transaction = msg->transaction,
		.port = x->port,
		.ipv6 = msg->ipv6,
	};
}

// The leases that end by a message.
struct ending {
	const struct leasing *x;
	const struct dhcp_message *msg; // that names them; NULL: see `request`
	struct lease_request request;   // of the client: its own leases alone, on its port alone
	const struct dhcp_lease *other; // that it has instead; NULL: it has lost the one it named
};

static bool is_same_ip(struct ip_address a, struct ip_address b)
{
	return a.high == b.high && a.low == b.low;
}

static bool is_named(const struct dhcp_message *msg, const struct lease *l)
{
	for (unsigned i = 0; i < msg->count; i++)
		if (is_same_ip(msg->lease[i].ip, l->ip) && msg->lease[i].bits == l->bits)
			return true;
	return false;
}

static bool is_ipv4(struct ip_address ip)
{
	return !ip.high && ip.low >> 32 == 0xffff;
}

static bool ends(void *arg, const struct lease *l)
{
	const struct ending *e = arg;

	if (l->key != e->request.key || l->port != e->request.port)
		return false;
	if (e->msg)
		return is_named(e->msg, l);
	if (!e->other)
		return is_same_ip(l->ip, e->request.ip);
	return is_ipv4(l->ip) && l->client == e->request.client && !is_same_ip(l->ip, e->other->ip);
}

static void tell_end(void *arg, const struct lease *l, enum lease_end why)
{
	const struct ending *e = arg;
	struct event told = leasing_ended(l, why, e->x->ns);

	event_push(e->x->events, &told);
}

static void end_leases(struct ending *e, enum lease_end why)
{
	lease_remove(e->x->leases, ends, tell_end, e, why);
}

// Whether the station of a request is at home where it asked.
static bool is_at_home(const struct leasing *x, const struct lease_request *r)
{
	uint64_t hold_s = atomic_load_explicit(&x->fdb->port[r->port].hold_s, memory_order_relaxed);
	struct fdb_entry e;

	return fdb_lookup(x->fdb, r->key, x->tick, &e) && e.port == r->port &&
	       (!e.claim_ns || x->ns - e.claim_ns >= hold_s * UINT64_C(1000000000));
}

static void grant(const struct leasing *x, const struct lease_request *r,
		  const struct dhcp_lease *granted)
{
	struct lease l = {
		.key = r->key,
		.ip = granted->ip,
		.client = r->client,
		.until = granted->seconds == UINT32_MAX ? LEASE_NEVER
							: lease_until(x->tick, granted->seconds),
		.bits = granted->bits,
		.port = r->port,
	};
	enum lease_grant what = lease_add(x->leases, &l, is_at_home(x, r));

	if (what == LEASE_GRANTED)
		tell(x, &l, EVENT_BINDING_LEARNED, 0);
	if (what == LEASE_TAKEN || what == LEASE_LIMIT)
		tell(x, &l, EVENT_BINDING_REFUSED, (uint8_t)what);
}

static void take_grant(const struct leasing *x, const struct dhcp_message *msg,
		       const struct lease_request *r)
{
	for (unsigned i = 0; i < msg->count; i++) {
		struct dhcp_message gone = {.count = 1, .lease = {msg->lease[i]}};
		struct ending none = {x, &gone, *r, NULL}, former = {x, NULL, *r, &msg->lease[i]};
		if (!msg->lease[i].seconds) {
			end_leases(&none, LEASE_REVOKED);
			continue;
		}
		if (!msg->ipv6)
			end_leases(&former, LEASE_REVOKED);
		grant(x, r, &msg->lease[i]);
	}
}

// An answer must be about the identifier that asked, if both name one.
static bool is_answer_to(const struct dhcp_message *msg, const struct lease_request *r)
{
	return !msg->client || !r->client || msg->client == r->client;
}

static void hear_server(const struct leasing *x, const struct dhcp_message *msg)
{
	struct lease_request wanted = request_of(x, msg), r;

	if (!x->conf->port[x->port].serves_dhcp || !lease_asked(x->leases, &wanted, x->tick, &r) ||
	    r.port == x->port || !is_answer_to(msg, &r))
		return;
	if (msg->kind == DHCP_GRANTS) {
		take_grant(x, msg, &r);
	} else {
		struct ending refused = {x, NULL, r, NULL};
		end_leases(&refused, LEASE_REVOKED);
	}
}

static void hear_client(const struct leasing *x, const struct dhcp_message *msg)
{
	struct lease_request r = request_of(x, msg);
	struct ending left = {x, msg, r, NULL};

	if (!x->conf->port[x->port].learns_leases || r.key != x->key)
		return;
	if (msg->kind == DHCP_ASKS)
		lease_ask(x->leases, &r, x->tick);
	else
		end_leases(&left, LEASE_RELEASED);
}

void leasing_hear(const struct leasing *x, const struct rte_mbuf *m)
{
	struct dhcp_message msg;

	dhcp_read(&msg, m);
	switch (msg.kind) {
	case DHCP_ASKS:
	case DHCP_LEAVES:
		hear_client(x, &msg);
		break;
	case DHCP_GRANTS:
	case DHCP_REFUSES:
		hear_server(x, &msg);
		break;
	case DHCP_OTHER:
		break;
	}
}
