// SPDX-License-Identifier: BSD-3-Clause
#include "control/diagnose/shadow.h"

#include <rte_malloc.h>
#include <stdlib.h>
#include <string.h>

#include "control/switch/leases.h"
#include "control/switch/links.h"
#include "control/switch/mactable.h"
#include "control/switch/snooping.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/lease.h"
#include "dataplane/mdb.h"
#include "dataplane/portset.h"
#include "dataplane/txbatch.h"
#include "dataplane/violation.h"
#include "dataplane/worker.h"

enum { SHADOW_EVENTS = 256 };

// Copies the state of a port's limits. Workers go on counting meanwhile, which does no harm. A lock
// that a worker holds is not copied.
static void copy_runtime(struct port_runtime *to, const struct port_runtime *from)
{
	*to = *from;
	to->ingress.one_user = to->egress.one_user = true;
	to->violations = (struct violations){0}; // the running switch reports earlier ones
}

static bool fill_shadow(struct vswitch *shadow, const struct vswitch *sw, uint32_t keys)
{
	struct worker *w = rte_zmalloc("shadow", sizeof *w, 64);
	struct rte_ring *ring = rte_zmalloc(
		"shadow", (size_t)rte_ring_get_memsize_elem(sizeof(struct event), SHADOW_EVENTS),
		64);

	shadow->worker[0] = w;
	if (!w || !ring ||
	    rte_ring_init(ring, "shadow", SHADOW_EVENTS, RING_F_SP_ENQ | RING_F_SC_DEQ)) {
		rte_free(ring);
		return false;
	}
	atomic_store(&shadow->shared.conf, sw->conf);
	shadow->shared.remotes = sw->shared.remotes; // no frame changes it
	atomic_store(&shadow->shared.up, atomic_load(&sw->shared.up));
	atomic_store(&shadow->shared.err_disabled, atomic_load(&sw->shared.err_disabled));
	for (unsigned port = 0; port < PORTS_MAX; port++) {
		copy_runtime(&shadow->shared.port[port], &sw->shared.port[port]);
		strcpy(shadow->port[port].name, sw->port[port].name);
	}
	forwarder_init(&w->forwarder, &shadow->shared, sw->pool, ring);
	return !fdb_create_like(&shadow->shared.fdb, sw->shared.fdb, 2 * keys) &&
	       !mdb_copy(&shadow->shared.mdb, sw->shared.mdb) &&
	       !lease_copy(&shadow->shared.leases, sw->shared.leases);
}

struct vswitch *shadow_create(const struct vswitch *sw, uint32_t keys)
{
	struct vswitch *shadow = aligned_alloc(_Alignof(struct vswitch), sizeof *shadow);

	if (!shadow)
		return NULL;
	*shadow = (struct vswitch){
		.config = sw->config,
		.conf = sw->conf,
		.ports = sw->ports,
		.pool = sw->pool,
		.workers = 1,
		.replay_ns = switch_now(sw),
	};
	if (fill_shadow(shadow, sw, keys))
		return shadow;
	shadow_destroy(shadow);
	return NULL;
}

void shadow_destroy(struct vswitch *shadow)
{
	if (!shadow)
		return;
	if (shadow->worker[0])
		rte_free(shadow->worker[0]->forwarder.events.ring);
	rte_free(shadow->worker[0]);
	fdb_destroy(shadow->shared.fdb);
	mdb_destroy(shadow->shared.mdb);
	lease_destroy(shadow->shared.leases);
	free(shadow);
}

void shadow_take(struct vswitch *shadow, const struct vswitch *sw, uint64_t key)
{
	if (!fdb_get_anywhere(shadow->shared.fdb, key))
		fdb_copy_key(shadow->shared.fdb, sw->shared.fdb, key);
}

void shadow_advance(struct vswitch *shadow, uint64_t ns)
{
	if (ns > shadow->replay_ns)
		shadow->replay_ns = ns;
	mactable_sweep_all(shadow);
	snooping_sweep(shadow);
	leases_sweep(shadow);
	links_recover(shadow);
	forwarder_set_clock(&shadow->worker[0]->forwarder, shadow->replay_ns);
}
