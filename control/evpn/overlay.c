// SPDX-License-Identifier: BSD-3-Clause
#include "control/evpn/overlay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/common/log.h"
#include "control/config/config.h"
#include "control/config/evpn.h"
#include "control/evpn/fabric.h"
#include "control/evpn/host.h"
#include "control/evpn/mirror.h"
#include "control/switch/switch.h"
#include "control/switch/tunnels.h"
#include "dataplane/binding.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/lease.h"
#include "dataplane/neighbour.h"
#include "dataplane/portconf.h"

enum { RETRY_NS = 1000000000, ADDRESS_BITS = 128 };

struct overlay {
	struct event_base *base;
	struct vswitch *sw;
	struct fabric *fabric;
	uint64_t applied;          // the configuration that was followed
	uint64_t retry_ns;         // when a fabric that could not be made is tried again; 0: never
	struct fabric_settings is; // what the fabric has
	struct fabric_vlan *vlan;  // of `is`
};

// What the fabric calls. The switch collects changes of tunnels, and counts what it refuses.

static bool set_vtep(void *overlay, uint32_t vtep, const uint32_t *vnis, size_t count)
{
	struct vswitch *sw = ((struct overlay *)overlay)->sw;
	struct error e;

	if (!count)
		return tunnels_remove(sw, vtep) != -ENOMEM;
	if (tunnels_put(sw, vtep, vnis, (unsigned)count, &e))
		return true;
	log_write(LOG_WARNING, "%s", e.text);
	return false;
}

static void resolve(void *overlay, uint32_t vtep, uint64_t mac)
{
	tunnels_resolve(((struct overlay *)overlay)->sw, vtep, mac);
}

static void set_source(void *overlay, uint32_t source)
{
	tunnels_set_source(((struct overlay *)overlay)->sw, source);
}

static bool publish(void *overlay)
{
	struct error e;

	if (switch_publish_tunnels(((struct overlay *)overlay)->sw, &e))
		return true;
	log_write(LOG_WARNING, "tunnels: %s", e.text);
	return false;
}

static int place(void *overlay, uint32_t vtep, uint64_t key, bool sticky)
{
	return tunnels_place_mac(((struct overlay *)overlay)->sw, vtep, key_vid(key), key_mac(key),
				 sticky);
}

static void remove_mac(void *overlay, uint32_t vtep, uint64_t key)
{
	tunnels_remove_mac(((struct overlay *)overlay)->sw, vtep, key_vid(key), key_mac(key));
}

static void describe_entry(const struct vswitch *sw, const struct fdb_entry *e,
			   struct host_entry *out)
{
	bool remote = tunnels_is_tunnel(sw, e->port);

	*out = (struct host_entry){.where = remote ? HOST_REMOTE : HOST_LOCAL,
				   .sticky = e->type == FDB_STICKY || e->type == FDB_STATIC,
				   .vtep = remote ? tunnels_vtep(sw, e->port) : 0};
}

static void find(void *overlay, uint64_t key, struct host_entry *out)
{
	struct vswitch *sw = ((struct overlay *)overlay)->sw;
	struct fdb_entry e;

	*out = (struct host_entry){0};
	if (fdb_lookup(sw->shared.fdb, key, switch_tick(sw), &e))
		describe_entry(sw, &e, out);
}

struct walk {
	const struct vswitch *sw;
	host_visit_fn visit;
	void *arg;
};

static bool visit_entry(void *walk, const struct fdb_entry *e)
{
	const struct walk *w = walk;
	struct host_entry entry;

	describe_entry(w->sw, e, &entry);
	w->visit(w->arg, e->key, &entry);
	return false;
}

static void walk(void *overlay, host_visit_fn visit, void *arg)
{
	struct vswitch *sw = ((struct overlay *)overlay)->sw;
	struct walk w = {sw, visit, arg};

	fdb_walk_all(sw->shared.fdb, switch_tick(sw), NULL, visit_entry, &w);
}

static void tell(void *overlay, enum host_news what, uint32_t vtep, uint32_t count)
{
	static const enum event_type types[] = {
		[HOST_VTEP_UP] = EVENT_VTEP_UP,
		[HOST_VTEP_DOWN] = EVENT_VTEP_DOWN,
		[HOST_RESYNC] = EVENT_EVPN_RESYNC,
		[HOST_TABLE_FULL] = EVENT_EVPN_TABLE_FULL,
		[HOST_PORT_LIMIT] = EVENT_EVPN_PORT_LIMIT,
		[HOST_NEIGHBOUR_LIMIT] = EVENT_EVPN_NEIGHBOUR_LIMIT,
	};
	static const enum resync_cause causes[] = {
		[HOST_RESYNC_START] = RESYNC_START,
		[HOST_RESYNC_OVERRUN] = RESYNC_OVERRUN,
		[HOST_RESYNC_COMMAND] = RESYNC_COMMAND,
	};
	struct vswitch *sw = ((struct overlay *)overlay)->sw;
	struct event e = {.type = types[what],
			  .ns = switch_now(sw),
			  .count = count,
			  .group = {0, UINT64_C(0xffff) << 32 | vtep}};

	if (what == HOST_RESYNC)
		e.reason = causes[count];
	if (what == HOST_NEIGHBOUR_LIMIT)
		e.port = (uint8_t)count;
	switch_emit(sw, &e);
}

// The one MAC of some owners. 0: they have several, or there is none.
static uint64_t only_key(const struct neighbour_owner *owner, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		if (owner[i].key != owner[0].key)
			return 0;
	return count ? owner[0].key : 0;
}

static uint64_t owner(void *overlay, uint16_t vid, struct ip_address ip, unsigned *port)
{
	struct vswitch *sw = ((struct overlay *)overlay)->sw;
	struct neighbour_sources here = {sw->conf, sw->shared.leases, NULL};
	struct neighbour_owner all[NEIGHBOUR_OWNERS_MAX];
	struct host_entry e;

	if (!(sw->conf->snoop[vid] & SNOOP_FINDS_NEIGHBOURS))
		return 0;
	uint64_t key = only_key(all, neighbour_find(&here, vid, ip, all));
	if (!key)
		return 0;
	find(overlay, key, &e);
	*port = all[0].port;
	return e.where == HOST_LOCAL ? key_mac(key) : 0;
}

struct owners {
	host_owner_fn visit;
	void *arg;
};

static void visit_lease(void *owners, const struct lease *l)
{
	const struct owners *o = owners;

	if (l->bits == ADDRESS_BITS)
		o->visit(o->arg, key_vid(l->key), key_mac(l->key), l->ip);
}

static void walk_owners(void *overlay, host_owner_fn visit, void *arg)
{
	struct vswitch *sw = ((struct overlay *)overlay)->sw;
	struct owners o = {visit, arg};

	for (unsigned i = 0; i < sw->conf->owner_count; i++) {
		const struct owner *w = &sw->conf->owner[i];
		visit(arg, w->vid, w->mac, w->ip);
	}
	lease_walk(sw->shared.leases, visit_lease, &o);
}

static int place_ip(void *overlay, uint16_t vid, struct ip_address ip, uint64_t mac)
{
	return tunnels_place_ip(((struct overlay *)overlay)->sw, vid, ip, mac);
}

// The section of the configuration.

static bool is_wanted(const struct config *c)
{
	return evpn_is_there(c) && c->evpn.control == EVPN_KERNEL;
}

// Reads the settings of a configuration. False: no memory.
static bool read_settings(const struct config *c, struct fabric_settings *s,
			  struct fabric_vlan **vlans)
{
	const struct config_evpn *v = &c->evpn;
	struct fabric_vlan *vlan = calloc(v->vni_count + 1, sizeof *vlan);

	if (!vlan)
		return false;
	for (unsigned i = 0; i < v->vni_count; i++)
		vlan[i] = (struct fabric_vlan){.vid = v->vni[i].vid, .vni = v->vni[i].vni};
	*s = (struct fabric_settings){
		.source = v->source,
		.udp_port = (uint16_t)v->udp_port,
		.hold_ms = v->hold_s * 1000,
		.sync_rate = v->sync_rate,
		.vlan = vlan,
		.count = v->vni_count,
	};
	snprintf(s->twin, sizeof s->twin, "%s", v->twin);
	*vlans = vlan;
	return true;
}

static bool same_settings(const struct fabric_settings *a, const struct fabric_settings *b)
{
	if (a->source != b->source || a->udp_port != b->udp_port || a->hold_ms != b->hold_ms ||
	    a->sync_rate != b->sync_rate || strcmp(a->twin, b->twin) != 0 || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->vlan[i].vid != b->vlan[i].vid || a->vlan[i].vni != b->vlan[i].vni)
			return false;
	return true;
}

static void keep_settings(struct overlay *o, const struct fabric_settings *s,
			  struct fabric_vlan *vlans)
{
	free(o->vlan);
	o->vlan = vlans;
	o->is = *s;
}

static bool begin_fabric(struct overlay *o, const struct fabric_settings *s, struct error *e)
{
	struct fabric_host host = {o,     set_vtep,    resolve, set_source, publish,
				   place, remove_mac,  find,    walk,       tell,
				   owner, walk_owners, place_ip};

	o->fabric = fabric_create(o->base, &host, s, e);
	return o->fabric;
}

static void end_fabric(struct overlay *o)
{
	struct fabric_vtep t;

	for (unsigned n = 0; n < MIRROR_VTEPS; n++)
		if (fabric_vtep(o->fabric, n, &t))
			tunnels_remove(o->sw, t.mirror.address);
	fabric_destroy(o->fabric);
	o->fabric = NULL;
	keep_settings(o, &(struct fabric_settings){0}, NULL);
	publish(o);
}

// Makes the fabric as the configuration has it.
static bool follow(struct overlay *o, struct error *e)
{
	struct fabric_settings s;
	struct fabric_vlan *vlans;

	o->applied = o->sw->applied;
	if (!is_wanted(o->sw->config)) {
		if (o->fabric)
			end_fabric(o);
		return true;
	}
	if (!read_settings(o->sw->config, &s, &vlans))
		return error_no_memory(e);
	if (o->fabric)
		fabric_compare_owners(o->fabric, true);
	if (o->fabric && same_settings(&s, &o->is)) {
		free(vlans);
		return true;
	}
	keep_settings(o, &s, vlans);
	if (!o->fabric)
		return begin_fabric(o, &s, e);
	fabric_configure(o->fabric, &s);
	return true;
}

struct overlay *overlay_create(struct event_base *base, struct vswitch *sw, struct error *e)
{
	struct overlay *o = calloc(1, sizeof *o);

	if (!o) {
		error_no_memory(e);
		return NULL;
	}
	o->base = base;
	o->sw = sw;
	if (!follow(o, e)) {
		overlay_destroy(o);
		return NULL;
	}
	return o;
}

void overlay_destroy(struct overlay *o)
{
	if (!o)
		return;
	fabric_destroy(o->fabric);
	free(o->vlan);
	free(o);
}

void overlay_tick(struct overlay *o)
{
	uint64_t now = switch_now(o->sw);
	struct error e;

	if (o->applied == o->sw->applied && !(o->retry_ns && o->retry_ns <= now))
		return;
	o->retry_ns = 0;
	if (follow(o, &e))
		return;
	log_write(LOG_ERR, "%s", e.text);
	o->retry_ns = now + RETRY_NS;
}

void overlay_note(struct overlay *o, const struct event *e)
{
	if (!o || !o->fabric)
		return;
	switch ((enum event_type)e->type) {
	case EVENT_MAC_LEARNED:
	case EVENT_MAC_MOVED:
	case EVENT_MAC_AGED:
	case EVENT_MAC_FLAP:
	case EVENT_MAC_ADDED:
	case EVENT_MAC_REMOVED:
		fabric_touch(o->fabric, e->key);
		break;
	case EVENT_MAC_FLUSHED:
		if (key_vid(e->key) && key_mac(e->key))
			fabric_touch(o->fabric, e->key);
		else
			fabric_compare(o->fabric);
		break;
	case EVENT_BINDING_LEARNED:
	case EVENT_BINDING_ENDED:
		fabric_compare_owners(o->fabric, false);
		break;
	case EVENT_LOST:
		fabric_compare(o->fabric);
		break;
	default:
		break;
	}
}

struct fabric *overlay_fabric(const struct overlay *o)
{
	return o ? o->fabric : NULL;
}
