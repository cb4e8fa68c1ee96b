// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/describe.h"

#include <stdlib.h>
#include <string.h>

#include "control/api/confirm.h"
#include "control/api/control.h"
#include "control/common/json.h"
#include "control/common/policykeys.h"
#include "control/common/reasons.h"
#include "control/common/text.h"
#include "control/common/version.h"
#include "control/config/config.h"
#include "control/config/settings.h"
#include "control/switch/flush.h"
#include "control/switch/guest.h"
#include "control/switch/state.h"
#include "control/switch/tunnels.h"
#include "control/switch/watch.h"
#include "dataplane/audit.h"
#include "dataplane/counters.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/key.h"
#include "dataplane/link.h"
#include "dataplane/port.h"
#include "dataplane/portset.h"
#include "dataplane/violation.h"

static void set_integer(json_t *o, const char *name, uint64_t value)
{
	json_object_set_new(o, name, json_integer((json_int_t)value));
}

static json_t *text_or_null(const char *text)
{
	return *text ? json_string(text) : json_null();
}

static json_t *mac_or_null(uint64_t mac)
{
	char text[MAC_TEXT];

	if (!mac)
		return json_null();
	text_put_mac(mac, text);
	return json_string(text);
}

// Whether frames of a port of this kind can be dropped for a reason. Else the reason is left out.
static bool can_drop(enum port_kind kind, enum outcome reason)
{
	return kind == PORT_UNDERLAY || (reason != OUT_UNKNOWN_VTEP && reason != OUT_UNKNOWN_VNI);
}

static json_t *rx_drops(const struct counters *c, enum port_kind kind)
{
	json_t *o = json_object();

	for (int i = OUT_FIRST_DROP; i < OUTCOMES; i++)
		if (can_drop(kind, (enum outcome)i))
			set_integer(o, outcome_names[i], c->outcome[i]);
	return o;
}

static json_t *rx_would_drop(const struct counters *c)
{
	json_t *o = json_object();

	for (int i = 0; i < VIOLATION_TRIALS; i++)
		set_integer(o, outcome_names[violation_trials[i]],
			    c->would_drop[violation_trials[i]]);
	return o;
}

// limited: the port has a longest frame. Reasons for which a port drops nothing are left out.
static json_t *tx_drops(const struct counters *c, bool limited, enum port_kind kind)
{
	json_t *o = json_object();

	for (int i = 0; i < TX_DROPS; i++) {
		bool can = i == TX_TOO_LONG                            ? limited
			   : i == TX_NO_ROUTE || i == TX_VLAN_FILTERED ? kind == PORT_TUNNEL
								       : true;
		if (can)
			set_integer(o, tx_drop_names[i], c->tx_drop[i]);
	}
	return o;
}

// What the device of a port has lost. It is in no other counter.
static json_t *device_drops(const struct vswitch *sw, unsigned port)
{
	uint64_t lost[PORT_LOSSES];
	json_t *o = json_object();

	switch_losses(sw, port, lost);
	for (int i = 0; i < PORT_LOSSES; i++)
		set_integer(o, port_loss_names[i], lost[i]);
	return o;
}

json_t *describe_port(const struct vswitch *sw, unsigned port)
{
	const struct config_port *p = switch_port_config(sw, port);
	struct counters c;
	json_t *o = json_object();

	switch_counters(sw, port, &c);
	json_object_set_new(o, "name", json_string(p->name));
	if (p->kind != PORT_OF_STATIONS)
		json_object_set_new(o, "kind", json_string(port_kind_names[p->kind]));
	json_object_set_new(o, "state", json_string(port_state_names[switch_port_state(sw, port)]));
	if (sw->port[port].link != LINK_UP)
		json_object_set_new(o, "link", json_string(link_names[sw->port[port].link]));
	if (sw->port[port].link == LINK_FAILED)
		json_object_set_new(o, "problem", json_string(sw->port[port].problem));
	json_object_set_new(o, "device", text_or_null(p->device));
	json_object_set_new(o, "port_group", text_or_null(p->group));
	set_integer(o, "rx_packets", c.rx_packets);
	set_integer(o, "rx_bytes", c.rx_bytes);
	set_integer(o, "rx_forwarded", c.outcome[OUT_FORWARDED]);
	set_integer(o, "rx_flooded", c.outcome[OUT_FLOODED]);
	set_integer(o, "rx_unknown", c.unknown);
	json_object_set_new(o, "rx_drops", rx_drops(&c, p->kind));
	json_object_set_new(o, "rx_would_drop", rx_would_drop(&c));
	set_integer(o, "tx_packets", c.tx_packets);
	set_integer(o, "tx_bytes", c.tx_bytes);
	json_object_set_new(o, "tx_drops", tx_drops(&c, sw->shared.port[port].longest, p->kind));
	if (sw->devices && p->kind != PORT_TUNNEL)
		json_object_set_new(o, "device_drops", device_drops(sw, port));
	set_integer(o, "macs", fdb_count(sw->shared.fdb, port));
	set_integer(o, "not_learned", c.not_learned);
	set_integer(o, "mac_moves", c.mac_moves);
	set_integer(o, "truncated", c.truncated);
	return o;
}

json_t *describe_ports(const struct vswitch *sw)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < sw->config->port_count; i++)
		json_array_append_new(
			all,
			describe_port(sw, (unsigned)switch_port(sw, sw->config->port[i].name)));
	return all;
}

// The smallest entries after a key. One pass over the table finds them with a heap whose top is the
// greatest of them. Therefore a page needs memory only for itself, not for the table.
struct page {
	struct fdb_filter filter;
	uint64_t after;
	size_t limit, count;
	bool more;
	struct fdb_entry *heap;
};

static void swap_entries(struct fdb_entry *a, struct fdb_entry *b)
{
	struct fdb_entry t = *a;

	*a = *b;
	*b = t;
}

static void sift_up(struct page *p, size_t i)
{
	for (; i && p->heap[(i - 1) / 2].key < p->heap[i].key; i = (i - 1) / 2)
		swap_entries(&p->heap[(i - 1) / 2], &p->heap[i]);
}

static void sift_down(struct page *p)
{
	for (size_t i = 0, child; (child = 2 * i + 1) < p->count; i = child) {
		if (child + 1 < p->count && p->heap[child + 1].key > p->heap[child].key)
			child++;
		if (p->heap[i].key >= p->heap[child].key)
			break;
		swap_entries(&p->heap[i], &p->heap[child]);
	}
}

static void page_begin(void *arg)
{
	struct page *p = arg;

	p->count = 0;
	p->more = false;
}

static bool page_visit(void *arg, const struct fdb_entry *e)
{
	struct page *p = arg;

	if (e->key <= p->after || e->type == FDB_ASSIGNED || !fdb_filter_takes(&p->filter, e))
		return false;
	if (p->count < p->limit) {
		p->heap[p->count++] = *e;
		sift_up(p, p->count - 1);
		return false;
	}
	p->more = true;
	if (e->key < p->heap[0].key) {
		p->heap[0] = *e;
		sift_down(p);
	}
	return false;
}

static int compare_entries(const void *a, const void *b)
{
	uint64_t x = ((const struct fdb_entry *)a)->key, y = ((const struct fdb_entry *)b)->key;

	return x < y ? -1 : x > y;
}

// The time since an entry was last seen; null if it was not learned.
static json_t *age_json(const struct fdb_entry *e, uint32_t tick)
{
	if (e->type != FDB_DYNAMIC && e->type != FDB_STICKY)
		return json_null();
	return json_integer(tick > e->seen ? (tick - e->seen) / FDB_TICKS_PER_S : 0);
}

const char *describe_entry_type(const struct vswitch *sw, const struct fdb_entry *e)
{
	if (!tunnels_is_tunnel(sw, e->port))
		return fdb_type_names[e->type];
	return e->type == FDB_STICKY ? "remote-sticky" : "remote";
}

static json_t *entry_json(const struct vswitch *sw, const struct fdb_entry *e, uint64_t ns)
{
	char mac[MAC_TEXT];

	text_put_mac(key_mac(e->key), mac);
	json_t *o = json_pack("{s:s, s:o, s:s, s:s, s:o}", "mac", mac, "vlan",
			      key_vid(e->key) ? json_integer(key_vid(e->key)) : json_null(), "port",
			      sw->port[e->port].name, "type", describe_entry_type(sw, e), "age",
			      age_json(e, forward_tick(ns)));
	if (e->held_ns > ns)
		set_integer(o, "held", (e->held_ns - ns + NS_PER_S - 1) / NS_PER_S);
	return o;
}

// Adds the assigned MACs. Each is valid in all VLANs of its port, and is listed first, as VLAN 0.
static void add_assigned(const struct vswitch *sw, const struct fdb_filter *f, json_t *all)
{
	struct fdb_entry e[CONFIG_PORTS_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < sw->config->port_count; i++) {
		const struct config_port *p = &sw->config->port[i];
		unsigned port = (unsigned)switch_port(sw, p->name);
		struct fdb_filter any_vlan = *f;
		any_vlan.vid = 0;
		e[n] = (struct fdb_entry){.key = config_assigned_mac(sw->config, p),
					  .port = (uint8_t)port,
					  .type = FDB_ASSIGNED};
		bool in_vlan = !f->vid || portset_has(sw->conf->vlan[f->vid].member, port);
		n += e[n].key && in_vlan && fdb_filter_takes(&any_vlan, &e[n]);
	}
	qsort(e, n, sizeof *e, compare_entries);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, entry_json(sw, &e[i], 0));
}

json_t *describe_fdb(const struct vswitch *sw, const struct fdb_filter *f, uint64_t after,
		     size_t limit, bool *more)
{
	struct page p = {.filter = *f,
			 .after = after,
			 .limit = limit,
			 .heap = calloc(limit, sizeof *p.heap)};
	uint64_t ns = switch_now(sw);
	json_t *all = json_array();

	if (!p.heap || !all) {
		free(p.heap);
		json_decref(all);
		return NULL;
	}
	if (!after)
		add_assigned(sw, f, all);
	fdb_walk_all(sw->shared.fdb, forward_tick(ns), page_begin, page_visit, &p);
	qsort(p.heap, p.count, sizeof *p.heap, compare_entries);
	for (size_t i = 0; i < p.count; i++)
		json_array_append_new(all, entry_json(sw, &p.heap[i], ns));
	free(p.heap);
	*more = p.more;
	return all;
}

static json_t *policy_value(const struct policy *p, enum policy_key key)
{
	char text[VLANS_TEXT];

	if (policy_rows[key].type == POLICY_NUMBER)
		return json_integer(p->value[key]);
	policy_text(p, key, text);
	return json_string(text);
}

// The policy values that are set at one level.
static json_t *policy_at_level(const struct policy *p)
{
	json_t *o = json_object();

	for (int k = 0; k < POLICY_KEYS; k++)
		if (policy_has(p, (enum policy_key)k))
			json_object_set_new(o, policy_rows[k].name,
					    policy_value(p, (enum policy_key)k));
	return o;
}

static json_t *setting_json(const struct setting *s, const struct config_port *p)
{
	char text[SETTING_VALUE];

	setting_text(s, p, text);
	if (s->type != SETTING_NUMBER)
		return text_or_null(text);
	if (*text)
		return json_integer(atoll(text));
	return s->standard ? json_integer(s->standard) : json_null();
}

// A member has the name of its key, with '_' instead of '-'.
static void add_setting(json_t *o, const struct setting *s, const struct config_port *p)
{
	char name[SETTING_VALUE];
	size_t i = 0;

	for (; s->name[i]; i++)
		name[i] = s->name[i] == '-' ? '_' : s->name[i];
	name[i] = 0;
	json_object_set_new(o, name, setting_json(s, p));
}

// What QEMU says of a port's guest.
static json_t *guest_json(const struct switch_guest *g)
{
	return g ? json_pack("{s:o, s:b, s:I, s:I}", "mac", mac_or_null(g->mac), "promiscuous",
			     g->promiscuous, "unicast_macs", (json_int_t)g->unicast,
			     "multicast_macs", (json_int_t)g->multicast)
		 : json_null();
}

json_t *describe_mirror(const struct vswitch *sw, const struct config_mirror *m)
{
	unsigned to = (unsigned)switch_port(sw, m->destination);
	json_t *sources = json_array();

	for (unsigned i = 0; i < m->source_count; i++)
		json_array_append_new(sources, json_string(m->source[i]));
	return json_pack("{s:s, s:o, s:s, s:s, s:s}", "name", m->name, "source", sources,
			 "direction", mirror_direction_words[m->direction], "destination",
			 m->destination, "destination_state",
			 port_state_names[switch_port_state(sw, to)]);
}

// The mirrors that copy a port, or send their copies to it.
static json_t *mirrors_of(const struct vswitch *sw, const struct config_port *p)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < sw->config->mirror_count; i++) {
		const struct config_mirror *m = &sw->config->mirror[i];
		if (config_mirror_names(m, p->name))
			json_array_append_new(all, describe_mirror(sw, m));
	}
	return all;
}

// The static MACs of stations, on one port or on any (NULL).
static unsigned count_statics(const struct config *c, const struct config_port *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->fixed_count; i++)
		n += !mac_is_group(c->fixed[i].mac) && (!p || !strcmp(c->fixed[i].port, p->name));
	return n;
}

json_t *describe_port_settings(const struct vswitch *sw, const struct config_port *p)
{
	json_t *o = describe_port(sw, (unsigned)switch_port(sw, p->name));

	for (const struct setting *s = config_port_settings; s->name; s++)
		if (s->argument)
			add_setting(o, s, p);
	// The MAC that the guest has now, which may differ from the configured one.
	json_object_set_new(o, "effective_mac", mac_or_null(config_effective_mac(p)));
	json_object_set_new(o, "guest", guest_json(guest_get(sw, p)));
	set_integer(o, "static_macs", count_statics(sw->config, p));
	json_object_set_new(o, "mirrors", mirrors_of(sw, p));
	json_object_set_new(o, "policy", policy_at_level(&p->policy));
	return o;
}

static int compare_audits(const void *a, const void *b)
{
	const struct audit_entry *x = a, *y = b;

	return x->frames != y->frames ? (x->frames > y->frames ? -1 : 1)
	       : x->key != y->key     ? (x->key < y->key ? -1 : 1)
				      : x->reason - y->reason;
}

void describe_audit(const struct vswitch *sw, unsigned port, json_t *all)
{
	struct audit_entry e[AUDIT_MACS];
	unsigned n = audit_read((struct audit *)(uintptr_t)&sw->shared.port[port].audit, e);
	char mac[MAC_TEXT];

	qsort(e, n, sizeof *e, compare_audits);
	for (unsigned i = 0; i < n; i++) {
		text_put_mac(key_mac(e[i].key), mac);
		json_array_append_new(
			all,
			json_pack("{s:s, s:s, s:s, s:i, s:I, s:I}", "port", sw->port[port].name,
				  "reason", outcome_names[e[i].reason], "mac", mac, "vlan",
				  (int)key_vid(e[i].key), "frames", (json_int_t)e[i].frames, "age",
				  (json_int_t)((switch_now(sw) - e[i].ns) / NS_PER_S)));
	}
}

json_t *describe_group(const struct config_group *g)
{
	return json_pack("{s:s, s:o}", "name", g->name, "policy", policy_at_level(&g->policy));
}

static json_t *key_json(const struct policy *resolved, const enum policy_level *from,
			enum policy_key key)
{
	return json_pack("{s:o, s:s}", "value", policy_value(resolved, key), "from",
			 policy_level_names[from[key]]);
}

json_t *describe_policy(const struct config *c, const struct config_group *g,
			const struct config_port *p)
{
	struct policy_stack s = config_stack(c, g, p);
	enum policy_level from[POLICY_KEYS];
	struct policy resolved;
	json_t *o = json_object();

	policy_resolve(&s, &resolved, from);
	for (int k = 0; k < POLICY_KEYS; k++)
		json_object_set_new(o, policy_rows[k].name,
				    key_json(&resolved, from, (enum policy_key)k));
	return o;
}

json_t *describe_key(const struct config *c, const struct config_port *p, enum policy_key key)
{
	struct policy_stack s = config_stack(c, NULL, p);
	enum policy_level from[POLICY_KEYS];
	struct policy resolved;

	policy_resolve(&s, &resolved, from);
	return key_json(&resolved, from, key);
}

// The ports that a worker polls. A port with several queues is listed as NAME/QUEUE.
static json_t *polled_ports(const struct vswitch *sw, unsigned w)
{
	json_t *ports = json_array();
	unsigned port;

	for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
		PORTSET_FOREACH(port, atomic_load(&sw->worker[w]->polled[q]))
			json_array_append_new(
				ports, sw->device[port].rx_queues > 1
					       ? json_sprintf("%s/%u", sw->port[port].name, q)
					       : json_string(sw->port[port].name));
	return ports;
}

static json_t *policy_words(const struct policy_row *r)
{
	json_t *words = json_array();

	for (int i = 0; r->words[i]; i++)
		json_array_append_new(words, json_string(r->words[i]));
	return words;
}

static json_t *describe_policy_key(const struct policy_row *r)
{
	json_t *o = json_pack("{s:s, s:s, s:s?}", "key", r->name, "help", r->help, "unit", r->unit);

	if (r->type == POLICY_CHOICE)
		json_object_set_new(o, "values", policy_words(r));
	if (r->type == POLICY_NUMBER) {
		set_integer(o, "min", r->min);
		set_integer(o, "max", r->max);
	}
	return o;
}

json_t *describe_policy_keys(void)
{
	json_t *all = json_array();

	for (int k = 0; k < POLICY_KEYS; k++)
		json_array_append_new(all, describe_policy_key(&policy_rows[k]));
	return all;
}

static json_t *describe_reason(const char *name, const struct reason_row *r)
{
	json_t *keys = json_array();

	for (unsigned i = 0; i < r->key_count; i++)
		json_array_append_new(keys, json_string(policy_rows[r->key[i]].name));
	return json_pack("{s:s, s:s, s:o, s:s}", "reason", name, "meaning", r->meaning, "keys",
			 keys, "advice", r->advice);
}

json_t *describe_reasons(void)
{
	json_t *rx = json_array(), *tx = json_array();

	for (int i = OUT_FIRST_DROP; i < OUTCOMES; i++)
		json_array_append_new(rx, describe_reason(outcome_names[i], &reason_rows[i]));
	for (int i = 0; i < TX_DROPS; i++)
		json_array_append_new(tx, describe_reason(tx_drop_names[i], &tx_reason_rows[i]));
	return json_pack("{s:o, s:o}", "rx", rx, "tx", tx);
}

static const char *worker_state(const struct vswitch *sw, unsigned w)
{
	return sw->watch[w].stuck ? "stuck" : watch_is_starved(sw, w) ? "starved" : "turning";
}

static json_t *describe_worker(const struct vswitch *sw, unsigned w)
{
	uint64_t busy = atomic_load(&sw->worker[w]->busy_cycles),
		 all = atomic_load(&sw->worker[w]->cycles);

	return json_pack("{s:i, s:i, s:s, s:I, s:f, s:I, s:I, s:o}", "id", (int)w, "lcore",
			 (int)sw->worker[w]->lcore, "state", worker_state(sw, w),
			 "seconds_since_round", (json_int_t)watch_idle_s(sw, w), "load",
			 json_thousandths(sw->load[w].share), "busy_cycles", (json_int_t)busy,
			 "cycles", (json_int_t)all, "ports", polled_ports(sw, w));
}

json_t *describe_status(const struct control *k)
{
	const struct vswitch *sw = k->sw;
	json_t *workers = json_array();
	uint64_t learned = 0;
	unsigned assigned = 0;

	for (unsigned w = 0; w < sw->workers; w++)
		json_array_append_new(workers, describe_worker(sw, w));
	for (unsigned i = 0; i < PORTS_MAX; i++)
		learned += fdb_count(sw->shared.fdb, i);
	for (unsigned i = 0; i < sw->config->port_count; i++)
		assigned += config_assigned_mac(sw->config, &sw->config->port[i]) != 0;
	return json_pack("{s:s, s:s, s:f, s:o, s:{s:I, s:i, s:i, s:I, s:I}, s:{s:I, s:I}, s:o}",
			 "name", sw->config->name, "version", NESTSWITCH_VERSION, "uptime",
			 json_thousandths((double)switch_now(sw) / 1e9), "workers", workers, "fdb",
			 "learned", (json_int_t)learned, "assigned", (int)assigned, "static",
			 (int)count_statics(sw->config, NULL), "fixed", (json_int_t)sw->fixed_count,
			 "size", (json_int_t)sw->table_size, "buffers", "used",
			 (json_int_t)rte_mempool_in_use_count(sw->pool), "size",
			 (json_int_t)sw->pool->size, "confirm", confirm_describe(k->confirm));
}
