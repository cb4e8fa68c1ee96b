// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/tunnels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/evpn.h"
#include "control/switch/events.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/port.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/remote.h"
#include "dataplane/vxlan.h"

// The MAC of an underlay without a device: local, and with the address of the VTEP.
#define MAC_WITHOUT_DEVICE UINT64_C(0x020000000000)

struct tunnels {
	struct evpn_vtep vtep[CONFIG_PORTS_MAX];
	unsigned count;
	uint32_t source; // 0: not known
	bool changed;    // since the last publication
};

struct tunnels *tunnels_create(void)
{
	return calloc(1, sizeof(struct tunnels));
}

void tunnels_destroy(struct tunnels *t)
{
	for (unsigned i = 0; t && i < t->count; i++)
		free(t->vtep[i].vni);
	free(t);
}

static struct evpn_vtep *find_vtep(const struct vswitch *sw, uint32_t vtep)
{
	for (unsigned i = 0; i < sw->tunnels->count; i++)
		if (sw->tunnels->vtep[i].address == vtep)
			return &sw->tunnels->vtep[i];
	return NULL;
}

// The ports of a configuration that are no tunnels.
static unsigned other_ports(const struct config *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->port_count; i++)
		n += c->port[i].kind != PORT_TUNNEL;
	return n;
}

// Adds a VTEP without VNIs. NULL: e says why.
static struct evpn_vtep *add_vtep(struct vswitch *sw, uint32_t vtep, struct error *e)
{
	struct tunnels *t = sw->tunnels;
	char text[IPV4_TEXT];

	text_put_ipv4(vtep, text);
	if (t->count + other_ports(sw->config) >= CONFIG_PORTS_MAX) {
		error_set(e, "no port number left for VTEP %s [%d in all]", text, CONFIG_PORTS_MAX);
		return NULL;
	}
	t->vtep[t->count] = (struct evpn_vtep){.address = vtep};
	return &t->vtep[t->count++];
}

static bool same_vnis(const struct evpn_vtep *v, const uint32_t *vnis, unsigned count)
{
	return v->vni_count == count && (!count || !memcmp(v->vni, vnis, count * sizeof *vnis));
}

bool tunnels_put(struct vswitch *sw, uint32_t vtep, const uint32_t *vnis, unsigned count,
		 struct error *e)
{
	struct evpn_vtep *v = find_vtep(sw, vtep);

	if (v && same_vnis(v, vnis, count))
		return true;
	uint32_t *copy = calloc(count + 1, sizeof *copy);
	if (!copy)
		return error_no_memory(e);
	if (!v && !(v = add_vtep(sw, vtep, e))) {
		free(copy);
		return false;
	}
	if (count)
		memcpy(copy, vnis, count * sizeof *copy);
	free(v->vni);
	v->vni = copy;
	v->vni_count = count;
	sw->tunnels->changed = true;
	return true;
}

int tunnels_remove(struct vswitch *sw, uint32_t vtep)
{
	struct tunnels *t = sw->tunnels;
	struct evpn_vtep *v = find_vtep(sw, vtep);

	if (!v)
		return -ENOENT;
	free(v->vni);
	*v = t->vtep[--t->count];
	t->changed = true;
	return 0;
}

int tunnels_resolve(struct vswitch *sw, uint32_t vtep, uint64_t next_hop)
{
	struct evpn_vtep *v = find_vtep(sw, vtep);

	if (!v)
		return -ENOENT;
	sw->tunnels->changed |= v->next_hop != next_hop;
	v->next_hop = next_hop;
	return 0;
}

void tunnels_set_source(struct vswitch *sw, uint32_t source)
{
	sw->tunnels->changed |= sw->tunnels->source != source;
	sw->tunnels->source = source;
}

bool tunnels_changed(const struct vswitch *sw)
{
	return sw->tunnels->changed;
}

void tunnels_note_published(struct vswitch *sw)
{
	sw->tunnels->changed = false;
}

bool tunnels_validate(const struct config *c, struct error *e)
{
	return c->evpn.control == EVPN_NONE || !c->evpn.peer_count ||
	       error_at(e, c->evpn.peer[0].at,
			"evpn has peers, and FRR tells of others (control: none, or no peers)");
}

bool tunnels_derive(const struct vswitch *sw, struct config *c, struct error *e)
{
	const struct tunnels *t = sw->tunnels;

	if (c->evpn.control == EVPN_NONE || (!sw->devices && c->evpn.peer_count))
		return evpn_derive_peers(c, e);
	if (sw->devices && !tunnels_validate(c, e))
		return false;
	c->evpn.found = t->source;
	return evpn_derive(c, t->vtep, t->count, e);
}

void tunnels_set_mac(struct vswitch *sw, struct swconf *conf)
{
	struct vxlan *x = conf->vxlan;

	if (!x)
		return;
	uint64_t mac = sw->devices ? port_mac(&sw->device[x->underlay]) : 0;
	vxlan_set_mac(x, mac ? mac : MAC_WITHOUT_DEVICE | x->source, mac);
	if (mac && x->twin != VXLAN_NOWHERE && port_mac(&sw->device[x->twin]) != mac)
		port_set_mac(&sw->device[x->twin], mac);
}

bool tunnels_is_tunnel(const struct vswitch *sw, unsigned port)
{
	return sw->conf && sw->conf->vxlan && portset_has(sw->conf->vxlan->tunnels, port);
}

uint32_t tunnels_vtep(const struct vswitch *sw, unsigned port)
{
	return tunnels_is_tunnel(sw, port) ? switch_port_config(sw, port)->vtep : 0;
}

int tunnels_port(const struct vswitch *sw, uint32_t vtep)
{
	char name[IPV4_TEXT];

	text_put_ipv4(vtep, name);
	int port = switch_port(sw, name);
	return port >= 0 && tunnels_is_tunnel(sw, (unsigned)port) ? port : -1;
}

int tunnels_of_packet(const struct vswitch *sw, unsigned port, const struct rte_mbuf *m)
{
	const struct vxlan *x = sw->conf->vxlan;
	struct vxlan_outer o;

	// The twin may send UDP to a VTEP, too.
	return x && port == x->underlay && vxlan_read(m, &o) && o.from == x->source &&
			       o.port == x->udp_port
		       ? tunnels_port(sw, o.to)
		       : -1;
}

// The number of entries that a tunnel can have: what the ports have not reserved, less those of the
// other tunnels.
static uint32_t entries_for(const struct vswitch *sw, unsigned port)
{
	uint64_t reserved = config_limits_sum(sw->config);
	unsigned other;

	PORTSET_FOREACH(other, sw->conf->vxlan->tunnels & ~portset_of(port))
		reserved += fdb_count(sw->shared.fdb, other);
	return reserved < sw->table_size ? (uint32_t)(sw->table_size - reserved) : 0;
}

static void report(struct vswitch *sw, enum event_type type, uint64_t key, unsigned port,
		   uint8_t from, enum fdb_type kind)
{
	bool moved = type == EVENT_MAC_MOVED;

	switch_emit(sw, &(struct event){.type = (uint8_t)type,
					.ns = switch_now(sw),
					.key = key,
					.port = (uint8_t)port,
					.from = from,
					.reason = moved ? 0 : (uint8_t)(kind + EVENT_REMOTE)});
}

// Passes on what a placement has changed, behind what workers have told of the MAC before.
static void report_placed(struct vswitch *sw, uint64_t key, unsigned port,
			  const struct fdb_seen_result *r, bool sticky)
{
	if (r->what == FDB_KNOWN && !r->stuck)
		return;
	events_drain(sw);
	if (r->aged)
		report(sw, EVENT_MAC_AGED, key, r->from, 0, FDB_DYNAMIC);
	if (r->what == FDB_HAS_MOVED)
		report(sw, EVENT_MAC_MOVED, key, port, r->from, FDB_DYNAMIC);
	if (r->what != FDB_HAS_MOVED || sticky)
		report(sw, EVENT_MAC_ADDED, key, port, 0, sticky ? FDB_STICKY : FDB_DYNAMIC);
}

int tunnels_place_mac(struct vswitch *sw, uint32_t vtep, uint16_t vid, uint64_t mac, bool sticky)
{
	int port = tunnels_port(sw, vtep);
	struct fdb_seen_result r;
	uint64_t key = key_make(vid, mac);

	if (port < 0)
		return -ENOENT;
	if (!portset_has(sw->conf->vlan[vid].member, (unsigned)port))
		return -ENOTCONN;
	int rc = fdb_place(sw->shared.fdb, key, (unsigned)port, sticky,
			   entries_for(sw, (unsigned)port), switch_tick(sw), switch_now(sw), &r);
	if (!rc)
		report_placed(sw, key, (unsigned)port, &r, sticky);
	return rc;
}

int tunnels_remove_mac(struct vswitch *sw, uint32_t vtep, uint16_t vid, uint64_t mac)
{
	int port = tunnels_port(sw, vtep);
	uint64_t key = key_make(vid, mac);
	struct fdb_entry e;

	if (port < 0 || !fdb_lookup(sw->shared.fdb, key, switch_tick(sw), &e) ||
	    fdb_remove(sw->shared.fdb, key, (unsigned)port))
		return -ENOENT;
	events_drain(sw);
	report(sw, EVENT_MAC_REMOVED, key, (unsigned)port, 0, (enum fdb_type)e.type);
	return 0;
}

int tunnels_place_ip(struct vswitch *sw, uint16_t vid, struct ip_address ip, uint64_t mac)
{
	if (mac)
		return remote_put(sw->shared.remotes, key_make(vid, mac), ip);
	remote_del(sw->shared.remotes, vid, ip);
	return 0;
}

// The MAC of a peer in a configuration that equals m. NULL: there is none.
static const struct config_remote *find_remote(const struct config *c, uint32_t vtep,
					       const struct config_remote *m)
{
	for (unsigned i = 0; c && i < c->evpn.peer_count; i++) {
		const struct config_peer *p = &c->evpn.peer[i];
		for (unsigned k = 0; p->vtep == vtep && k < p->mac_count; k++)
			if (p->mac[k].mac == m->mac && p->mac[k].vid == m->vid)
				return &p->mac[k];
	}
	return NULL;
}

// Removes the MACs of the peers of one configuration that another one does not have.
static void remove_remotes(struct vswitch *sw, const struct config *of, const struct config *other)
{
	for (unsigned i = 0; of && i < of->evpn.peer_count; i++) {
		const struct config_peer *p = &of->evpn.peer[i];
		for (unsigned k = 0; k < p->mac_count; k++)
			if (!find_remote(other, p->vtep, &p->mac[k]))
				tunnels_remove_mac(sw, p->vtep, p->mac[k].vid, p->mac[k].mac);
	}
}

static bool is_known(const struct vswitch *sw, const struct config_remote *m)
{
	struct fdb_entry e;

	return fdb_lookup(sw->shared.fdb, key_make(m->vid, m->mac), switch_tick(sw), &e);
}

// Whether a MAC of a peer is to be placed: the former configuration does not have it. To restore
// it: it is not in the table.
static bool is_to_place(const struct vswitch *sw, const struct config *former, bool restore,
			const struct config_peer *p, const struct config_remote *m)
{
	const struct config_remote *was = find_remote(former, p->vtep, m);

	return restore ? !is_known(sw, m) : !was || was->sticky != m->sticky;
}

// Places the MACs of a peer, and reports for how many of them there is no room.
static void place_remotes(struct vswitch *sw, const struct config *former, bool restore,
			  const struct config_peer *p)
{
	struct event full = {.type = EVENT_EVPN_TABLE_FULL,
			     .ns = switch_now(sw),
			     .group = {0, UINT64_C(0xffff) << 32 | p->vtep}};

	for (unsigned k = 0; k < p->mac_count; k++) {
		const struct config_remote *m = &p->mac[k];
		if (is_to_place(sw, former, restore, p, m))
			full.count += tunnels_place_mac(sw, p->vtep, m->vid, m->mac, m->sticky) ==
				      -ENOSPC;
	}
	if (full.count)
		switch_emit(sw, &full);
}

void tunnels_restore_peer(struct vswitch *sw, unsigned port)
{
	const struct config_evpn *v = &sw->config->evpn;

	for (unsigned i = 0; i < v->peer_count; i++)
		if (v->peer[i].vtep == tunnels_vtep(sw, port))
			place_remotes(sw, NULL, true, &v->peer[i]);
}

void tunnels_update_peers(struct vswitch *sw, const struct config *former)
{
	const struct config *c = sw->config;

	remove_remotes(sw, former, c);
	for (unsigned i = 0; i < c->evpn.peer_count; i++)
		place_remotes(sw, former, false, &c->evpn.peer[i]);
}
