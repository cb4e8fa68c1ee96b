// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/querier.h"

#include <stdlib.h>

#include "control/common/text.h"
#include "control/config/config.h"
#include "control/switch/query.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/forward.h"
#include "dataplane/key.h"
#include "dataplane/mdb.h"
#include "dataplane/portset.h"
#include "dataplane/snoop.h"

enum {
	QUERY_S = 125,       // RFC 3376 8.2
	RESPONSE_MS = 10000, // 8.3
	STARTUP_S = 31,      // 8.6: a quarter of the query interval
	STARTUP_QUERIES = 2, // 8.7
	LAST_MEMBER_MS = MDB_LAST_MEMBER_S * 1000 / MDB_LAST_MEMBER_ASKS,
};

// IGMP or MLD in a VLAN.
struct asking {
	uint32_t next;    // the tick of the next general query
	unsigned startup; // further queries that follow after STARTUP_S
	bool begun;       // the first one is due or was sent
	uint64_t sent;
};

struct querier {
	uint32_t due;
	uint16_t vlan[VID_SPACE]; // of the configuration, its number + 1; 0: it has no querier
	struct asking asking[VID_SPACE][SNOOP_FAMILIES];
};

struct querier *querier_create(void)
{
	struct querier *q = calloc(1, sizeof *q);

	if (q)
		q->due = MDB_NEVER;
	return q;
}

void querier_destroy(struct querier *q)
{
	free(q);
}

// Reports that the switch was elected as the querier, or that there is none now (by is NULL).
static void tell_querier(struct vswitch *sw, uint16_t vid, enum snoop_family f,
			 const struct mdb_query *by)
{
	switch_emit(sw,
		    &(struct event){.type = EVENT_QUERIER_CHANGED,
				    .ns = switch_now(sw),
				    .key = key_make(vid, 0),
				    .port = EVENT_PORT_ANY,
				    .from = EVENT_PORT_ANY,
				    .count = by ? by->version : 0,
				    .reason = (uint8_t)f,
				    .group = {by ? by->source.high : 0, by ? by->source.low : 0}});
}

static void resign(struct vswitch *sw, uint16_t vid)
{
	for (int f = 0; f < SNOOP_FAMILIES; f++)
		if (mdb_resign(sw->shared.mdb, vid, (enum snoop_family)f))
			tell_querier(sw, vid, (enum snoop_family)f, NULL);
}

static void begin(struct asking *a, uint32_t tick)
{
	for (int f = 0; f < SNOOP_FAMILIES; f++)
		a[f] = (struct asking){.next = tick, .startup = STARTUP_QUERIES - 1};
}

void querier_configure(struct vswitch *sw)
{
	struct querier *q = sw->querier;
	uint16_t wanted[VID_SPACE] = {0};

	for (unsigned i = 0; i < sw->config->vlan_count; i++)
		if (sw->config->vlan[i].querier != QUERIER_OFF)
			wanted[sw->config->vlan[i].vid] = (uint16_t)(i + 1);
	for (uint16_t vid = 1; vid <= VID_MAX; vid++) {
		if (wanted[vid] && !q->vlan[vid])
			begin(q->asking[vid], switch_tick(sw) + 1);
		if (!wanted[vid] && q->vlan[vid])
			resign(sw, vid);
		q->vlan[vid] = wanted[vid];
	}
	querier_wake(sw);
}

void querier_wake(struct vswitch *sw)
{
	uint32_t tick = switch_tick(sw) + 1;

	if (sw->querier && tick < sw->querier->due)
		sw->querier->due = tick;
}

uint32_t querier_due(const struct vswitch *sw)
{
	return sw->querier ? sw->querier->due : MDB_NEVER;
}

uint64_t querier_sent(const struct vswitch *sw, uint16_t vid, enum snoop_family f)
{
	return sw->querier->vlan[vid] ? sw->querier->asking[vid][f].sent : 0;
}

// FNV-1a (Fowler, Noll, Vo).
static uint64_t add_text(uint64_t sum, const char *text)
{
	for (; *text; text++)
		sum = (sum ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return sum;
}

// A locally administered MAC.
static uint64_t make_mac(const char *name, const struct config_vlan *v)
{
	uint64_t sum = add_text(add_text(UINT64_C(0xcbf29ce484222325), name), v->querier_address);

	return UINT64_C(0x020000000000) | ((sum ^ sum >> 40) & UINT64_C(0xffffffffff));
}

// The link-local address of a MAC (RFC 4291 2.5.6).
static struct snoop_address link_local(uint64_t mac)
{
	uint64_t top = (mac >> 24) ^ 0x020000;

	return (struct snoop_address){UINT64_C(0xfe80) << 48,
				      top << 40 | UINT64_C(0xfffe) << 24 | (mac & 0xffffff)};
}

static struct snoop_address source_of(const struct config_vlan *v, enum snoop_family f,
				      uint64_t mac)
{
	struct snoop_address a = snoop_ipv4(0);

	if (f == SNOOP_IPV6)
		return link_local(mac);
	if (*v->querier_address)
		text_address(v->querier_address, &a.high, &a.low);
	return a;
}

// Completes a query with what is the same for all of a VLAN.
static struct query make_query(const struct vswitch *sw, const struct config_vlan *v,
			       enum snoop_family f)
{
	uint64_t mac = make_mac(sw->config->name, v);

	return (struct query){.family = f,
			      .mac = mac,
			      .source = source_of(v, f, mac),
			      .response_ms = RESPONSE_MS,
			      .interval_s = QUERY_S};
}

static bool send_query(struct vswitch *sw, uint16_t vid, const struct query *q, portset to)
{
	struct own_frame own = {.m = query_frame(sw->pool, q), .to = to, .vid = vid};

	if (!own.m || !sw->send_own || !sw->send_own(sw->own_arg, &own)) {
		rte_pktmbuf_free(own.m);
		return false;
	}
	sw->querier->asking[vid][q->family].sent++;
	return true;
}

// A general query as the database hears it.
static struct mdb_query own_query(const struct query *q, uint16_t vid, portset to)
{
	return (struct mdb_query){
		.source = q->source,
		.family = q->family,
		.vid = vid,
		.port = MDB_SELF,
		.version = q->family == SNOOP_IPV4 ? 3 : 2,
		.response_ms = RESPONSE_MS,
		.reached = to,
	};
}

// Sends a general query to ports of a VLAN. The database hears it like that of another querier.
static bool send_general(struct vswitch *sw, const struct config_vlan *v, enum snoop_family f,
			 portset to)
{
	struct query query = make_query(sw, v, f);
	struct mdb_query heard = own_query(&query, v->vid, to);

	if (!send_query(sw, v->vid, &query, to))
		return false;
	if (mdb_hear_query(sw->shared.mdb, &heard, switch_tick(sw)))
		tell_querier(sw, v->vid, f, &heard);
	return true;
}

// The ports of a VLAN that a query reaches.
static portset reached_ports(const struct vswitch *sw, uint16_t vid)
{
	return sw->conf->vlan[vid].member & atomic_load(&sw->shared.up) &
	       ~atomic_load(&sw->shared.err_disabled) & ~sw->conf->blocked;
}

// Asks ports that no query has reached yet.
static bool ask_new_ports(struct vswitch *sw, const struct config_vlan *v, enum snoop_family f)
{
	const struct mdb_vlan *m = mdb_vlan(sw->shared.mdb, v->vid);
	portset fresh = reached_ports(sw, v->vid) &
			~(mdb_load(&m->closed[f]) | mdb_load(&m->asked[f]));

	return !fresh || send_general(sw, v, f, fresh);
}

// Whether the switch leaves the questions to another querier, which its own would not win against.
static bool yields(const struct vswitch *sw, const struct config_vlan *v, enum snoop_family f,
		   const struct mdb_querier *by)
{
	struct query query = make_query(sw, v, f);
	struct mdb_query own = own_query(&query, v->vid, 0);

	return v->querier == QUERIER_AUTO && by->until && by->port != MDB_SELF &&
	       !mdb_wins(&own, by);
}

// Does what is due for a protocol in a VLAN. Returns the next tick in which something is.
static uint32_t take_turn(struct vswitch *sw, const struct config_vlan *v, enum snoop_family f,
			  uint32_t tick)
{
	struct asking *a = &sw->querier->asking[v->vid][f];
	struct mdb_querier by = mdb_get_querier(sw->shared.mdb, v->vid, f);

	if (yields(sw, v, f, &by))
		return MDB_NEVER;
	if (a->begun && !by.until) // the other one has gone
		a->next = tick;
	a->begun |= tick >= a->next;
	if (tick < a->next)
		return ask_new_ports(sw, v, f) ? a->next : tick + 1;
	if (!send_general(sw, v, f, reached_ports(sw, v->vid)))
		return tick + 1;
	a->next = tick + (a->startup ? STARTUP_S : QUERY_S) * MDB_TICKS_PER_S;
	a->startup -= a->startup > 0;
	return a->next;
}

void querier_turn(struct vswitch *sw, uint32_t tick)
{
	struct querier *q = sw->querier;
	uint32_t due = MDB_NEVER;

	for (unsigned vid = 1; q && vid <= VID_MAX; vid++) {
		if (!q->vlan[vid])
			continue;
		const struct config_vlan *v = &sw->config->vlan[q->vlan[vid] - 1];
		for (int f = 0; f < SNOOP_FAMILIES; f++)
			due = RTE_MIN(due, take_turn(sw, v, (enum snoop_family)f, tick));
	}
	if (q)
		q->due = due;
}

void querier_ask(struct vswitch *sw, const struct mdb_membership *who)
{
	uint16_t vlan = sw->querier ? sw->querier->vlan[who->vid] : 0;

	if (!vlan)
		return;
	struct query q = make_query(sw, &sw->config->vlan[vlan - 1], snoop_family(who->group));
	q.group = who->group;
	q.response_ms = LAST_MEMBER_MS;
	send_query(sw, who->vid, &q, portset_of(who->port));
}
