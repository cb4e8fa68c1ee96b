// SPDX-License-Identifier: BSD-3-Clause
// vnis: which VNIs there are, and their shadows.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/common/error.h"
#include "control/common/log.h"
#include "control/evpn/fabric.h"
#include "control/evpn/fabric_private.h"
#include "control/evpn/mirror.h"
#include "control/evpn/neighbours.h"
#include "control/evpn/nexthop.h"
#include "control/evpn/shadow.h"

enum { RETRY_MS = 5000, REMAKE_MS = 500 };

static struct shadow_underlay underlay(const struct fabric *v)
{
	return (struct shadow_underlay){.source = v->source, .udp_port = v->udp_port};
}

static void remove_shadow(struct fabric *v, struct own_vni *o)
{
	shadow_remove(&o->shadow, &v->talk);
	o->made = false;
	mirror_set_vni(v->mirror, o->vid, o->vni, 0, 0);
	neighbours_set_vni(v->neighbours, o->vid, 0);
}

static bool is_wanted(const struct fabric_settings *s, const struct own_vni *o)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->vlan[i].vid == o->vid && s->vlan[i].vni == o->vni)
			return true;
	return false;
}

static bool has_vni(const struct fabric *v, const struct fabric_vlan *w)
{
	for (size_t i = 0; i < v->vnis; i++)
		if (v->vni[i].vid == w->vid)
			return true;
	return false;
}

static void remove_unwanted(struct fabric *v, const struct fabric_settings *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->vnis; i++) {
		struct own_vni *o = &v->vni[i];
		if (is_wanted(s, o)) {
			v->vni[kept++] = *o;
			continue;
		}
		shadow_remove(&o->shadow, &v->talk);
		mirror_del_vni(v->mirror, o->vid, fabric_now_ms());
		neighbours_del_vni(v->neighbours, o->vid);
	}
	v->vnis = kept;
}

static bool add_vni(struct fabric *v, const struct fabric_vlan *w)
{
	struct own_vni *more = realloc(v->vni, (v->vnis + 1) * sizeof *more);

	if (!more)
		return false;
	v->vni = more;
	more[v->vnis] = (struct own_vni){
		.vid = w->vid, .vni = w->vni, .shadow = {.vni = w->vni, .fd = -1}};
	v->vnis++;
	return mirror_set_vni(v->mirror, w->vid, w->vni, 0, 0) &&
	       neighbours_set_vni(v->neighbours, w->vid, 0);
}

bool vnis_configure(struct fabric *v, const struct fabric_settings *s)
{
	bool good = true;

	remove_unwanted(v, s);
	for (size_t i = 0; i < s->count; i++)
		if (!has_vni(v, &s->vlan[i]))
			good &= add_vni(v, &s->vlan[i]);
	mirror_compare(v->mirror);
	return good;
}

// Says why a VNI has no shadow; logs it when it changes.
static void note_reason(struct own_vni *o, const char *reason)
{
	if (strcmp(o->reason, reason) != 0 && *reason)
		log_write(LOG_WARNING, "VNI %u is down: %s", o->vni, reason);
	snprintf(o->reason, sizeof o->reason, "%.*s", FABRIC_REASON - 1, reason);
}

static void note_missing_source(struct fabric *v, struct own_vni *o)
{
	char reason[FABRIC_REASON], have[INET_ADDRSTRLEN], want[INET_ADDRSTRLEN];
	struct in_addr w = {htonl(v->wanted_source)}, h = {0};

	inet_ntop(AF_INET, &w, want, sizeof want);
	h.s_addr = htonl(nexthop_source(&v->talk, v->twin_index, 0));
	inet_ntop(AF_INET, &h, have, sizeof have);
	if (!v->twin_index)
		snprintf(reason, sizeof reason, "there is no interface %s", v->twin);
	else if (v->wanted_source && h.s_addr)
		snprintf(reason, sizeof reason, "evpn.source %s: not on %s [%s]", want, v->twin,
			 have);
	else
		snprintf(reason, sizeof reason, "%s has no IPv4 address", v->twin);
	note_reason(o, reason);
}

static void make(struct fabric *v, struct own_vni *o)
{
	struct shadow_underlay u = underlay(v);
	struct error e;

	if (!shadow_make(&o->shadow, &v->talk, o->vni, &u, &e)) {
		note_reason(o, e.text);
		o->retry_ms = fabric_now_ms() + RETRY_MS;
		return;
	}
	if (*o->reason)
		log_write(LOG_NOTICE, "VNI %u is up", o->vni);
	*o->reason = 0;
	o->made = true;
	mirror_set_vni(v->mirror, o->vid, o->vni, o->shadow.vxlan, o->shadow.tap);
	neighbours_set_vni(v->neighbours, o->vid, o->shadow.bridge);
	v->dump_wanted = true;
}

static struct own_vni *next_missing(struct fabric *v, uint64_t now_ms)
{
	for (size_t i = 0; i < v->vnis; i++)
		if (!v->vni[i].made && v->vni[i].retry_ms <= now_ms)
			return &v->vni[i];
	return NULL;
}

void vnis_build(struct fabric *v)
{
	struct own_vni *o = next_missing(v, fabric_now_ms());

	if (!v->source) {
		for (size_t i = 0; i < v->vnis; i++)
			if (!v->vni[i].made)
				note_missing_source(v, &v->vni[i]);
		return;
	}
	if (!o)
		return;
	make(v, o);
	event_active(v->build, EV_TIMEOUT, 0);
}

void vnis_link_gone(struct fabric *v, int index)
{
	for (size_t i = 0; i < v->vnis; i++) {
		struct own_vni *o = &v->vni[i];
		if (!o->made || (index != o->shadow.bridge && index != o->shadow.vxlan &&
				 index != o->shadow.tap))
			continue;
		note_reason(o, "its devices were deleted");
		o->shadow.bridge = index == o->shadow.bridge ? 0 : o->shadow.bridge;
		o->shadow.vxlan = index == o->shadow.vxlan ? 0 : o->shadow.vxlan;
		remove_shadow(v, o);
		o->retry_ms = fabric_now_ms() + REMAKE_MS;
		v->dump_wanted = true;
	}
}

void vnis_remove_all(struct fabric *v)
{
	for (size_t i = 0; i < v->vnis; i++)
		if (v->vni[i].made)
			remove_shadow(v, &v->vni[i]);
	v->dump_wanted = true;
}

void vnis_bounce_all(struct fabric *v)
{
	for (size_t i = 0; i < v->vnis; i++)
		if (v->vni[i].made)
			shadow_bounce(&v->vni[i].shadow, &v->talk);
}
