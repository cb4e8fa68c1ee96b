// SPDX-License-Identifier: BSD-3-Clause
// vteps: the source address, and the next hops of VTEPs.
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "control/evpn/fabric.h"
#include "control/evpn/fabric_private.h"
#include "control/evpn/host.h"
#include "control/evpn/mirror.h"
#include "control/evpn/nexthop.h"

static enum fabric_vtep_state state_of(const struct mirror_vtep *t, const struct nexthop *h)
{
	static const enum fabric_vtep_state of_hop[] = {
		[NEXTHOP_UP] = FABRIC_VTEP_UP,
		[NEXTHOP_UNRESOLVED] = FABRIC_VTEP_UNRESOLVED,
		[NEXTHOP_NO_ROUTE] = FABRIC_VTEP_NO_ROUTE,
	};

	return t->held ? FABRIC_VTEP_HELD : of_hop[h->state];
}

static void tell(struct fabric *v, const struct own_vtep *o, bool up)
{
	v->host.tell(v->host.arg, up ? HOST_VTEP_UP : HOST_VTEP_DOWN, o->address, 0);
}

static void set_state(struct fabric *v, struct own_vtep *o, enum fabric_vtep_state state)
{
	bool was_up = o->state == FABRIC_VTEP_UP, up = state == FABRIC_VTEP_UP;

	if (o->state == state)
		return;
	o->state = state;
	o->since_ms = fabric_now_ms();
	if (was_up != up)
		tell(v, o, up);
}

static bool is_shared(const struct fabric *v, const struct own_vtep *o)
{
	for (unsigned n = 0; n < MIRROR_VTEPS; n++)
		if (&v->vtep[n] != o && v->vtep[n].address &&
		    v->vtep[n].hop.address == o->hop.address)
			return true;
	return false;
}

static void forget(struct fabric *v, struct own_vtep *o)
{
	if (o->address && o->state == FABRIC_VTEP_UP)
		tell(v, o, false);
	if (o->address && !is_shared(v, o))
		nexthop_forget(&v->talk, &o->hop);
	*o = (struct own_vtep){.state = FABRIC_VTEP_STATES};
}

// Tells the switch the MAC of a next hop, if it does not have it.
static bool resolve(struct fabric *v, struct own_vtep *o, const struct mirror_vtep *t)
{
	uint64_t mac = o->hop.mac;

	o->told &= t->has_port;
	if (!t->has_port || (o->told && o->told_mac == mac))
		return false;
	v->host.resolve(v->host.arg, o->address, mac);
	o->told = true;
	o->told_mac = mac;
	return true;
}

static void look(struct fabric *v, struct own_vtep *o)
{
	nexthop_find(&v->talk, o->address, v->twin_index, &o->hop);
	*o->interface = 0;
	if (o->hop.interface)
		if_indextoname((unsigned)o->hop.interface, o->interface);
}

// Follows one VTEP of the mirror. Returns whether the switch was told of it.
static bool follow(struct fabric *v, unsigned number, bool again)
{
	struct own_vtep *o = &v->vtep[number];
	struct mirror_vtep t;

	mirror_vtep(v->mirror, number, &t);
	if (o->address != t.address)
		forget(v, o);
	if (!t.address)
		return false;
	if (again || !o->address) {
		o->address = t.address;
		look(v, o);
	}
	bool told = resolve(v, o, &t);
	set_state(v, o, state_of(&t, &o->hop));
	return told;
}

static void find_source(struct fabric *v)
{
	v->twin_index = nexthop_interface(v->twin);
	uint32_t source = v->twin_index ? nexthop_source(&v->talk, v->twin_index, v->wanted_source)
					: 0;
	// A twin that went away may come back with its address.
	if (!source || source == v->source)
		return;
	if (v->source)
		vnis_remove_all(v);
	v->source = source;
	v->host.set_source(v->host.arg, source);
	v->host.publish(v->host.arg);
}

void vteps_follow(struct fabric *v)
{
	enum { LOOK_MS = 1000 };
	uint64_t now_ms = fabric_now_ms();
	bool due = now_ms - v->look_ms >= LOOK_MS, told = false;

	if (v->links_changed)
		find_source(v);
	if (v->links_changed || (due && v->source))
		vnis_build(v); // those that could not be made, or were deleted, are due some time
	bool all = v->links_changed || v->routes_changed;
	v->links_changed = v->routes_changed = false;
	v->look_ms = due ? now_ms : v->look_ms;
	for (unsigned n = 0; n < MIRROR_VTEPS; n++)
		told |= follow(v, n, all || (due && v->vtep[n].hop.state != NEXTHOP_UP));
	if (told)
		v->host.publish(v->host.arg);
}
