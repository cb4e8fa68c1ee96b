// SPDX-License-Identifier: BSD-3-Clause
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *const hugepages_words[] = {[HUGEPAGES_AUTO] = "auto", [HUGEPAGES_ON] = "on", [HUGEPAGES_OFF] = "off", NULL};
const char *const mirror_direction_words[] = {[MIRROR_RX] = "rx", [MIRROR_TX] = "tx", [MIRROR_BOTH] = "both", NULL};

bool config_refuse(struct config_error *e, struct mark at, const char *format, ...)
{
	va_list args;

	e->at = at;
	va_start(args, format);
	vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	text_clean(e->text);
	return false;
}

struct config *config_new(void)
{
	struct config *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	strcpy(c->name, "nestswitch");
	c->dataplane.workers = 1;
	c->dataplane.memory_mib = 512;
	c->dataplane.busy_poll = true;
	return c;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	free(c->group);
	free(c->port);
	free(c->fixed);
	free(c->mirror);
	free(c);
}

static void *duplicate(const void *from, size_t count, size_t size)
{
	void *to = calloc(count ? count : 1, size);

	if (to && count)
		memcpy(to, from, count * size);
	return to;
}

struct config *config_copy(const struct config *c)
{
	struct config *copy = malloc(sizeof *copy);

	if (!copy)
		return NULL;
	*copy = *c;
	copy->group = duplicate(c->group, c->group_count, sizeof *c->group);
	copy->port = duplicate(c->port, c->port_count, sizeof *c->port);
	copy->fixed = duplicate(c->fixed, c->fixed_count, sizeof *c->fixed);
	copy->mirror = duplicate(c->mirror, c->mirror_count, sizeof *c->mirror);
	if (copy->group && copy->port && copy->fixed && copy->mirror)
		return copy;
	config_free(copy);
	return NULL;
}

// One more zeroed element at the end of an array.
static void *grow(void **array, unsigned *count, unsigned max, size_t size)
{
	if (*count >= max)
		return NULL;
	char *grown = realloc(*array, (*count + 1) * size);
	if (!grown)
		return NULL;
	*array = grown;
	return memset(grown + (*count)++ * size, 0, size);
}

struct config_group *config_add_group(struct config *c)
{
	return grow((void **)&c->group, &c->group_count, CONFIG_GROUPS_MAX, sizeof *c->group);
}

struct config_port *config_add_port(struct config *c)
{
	return grow((void **)&c->port, &c->port_count, CONFIG_PORTS_MAX, sizeof *c->port);
}

struct config_static *config_add_static(struct config *c)
{
	return grow((void **)&c->fixed, &c->fixed_count, CONFIG_STATICS_MAX, sizeof *c->fixed);
}

struct config_mirror *config_add_mirror(struct config *c)
{
	return grow((void **)&c->mirror, &c->mirror_count, CONFIG_MIRRORS_MAX, sizeof *c->mirror);
}

struct config_group *config_group(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->group_count; i++)
		if (!strcmp(c->group[i].name, name))
			return &c->group[i];
	return NULL;
}

struct config_port *config_port(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->port_count; i++)
		if (!strcmp(c->port[i].name, name))
			return &c->port[i];
	return NULL;
}

static const char *group_name(void *c, size_t i)
{
	return i < ((const struct config *)c)->group_count ? ((const struct config *)c)->group[i].name : NULL;
}

const char *config_group_hint(char hint[TEXT_HINT], const struct config *c, const char *name, const char *otherwise)
{
	return text_hint(hint, name, group_name, (void *)(uintptr_t)c, otherwise);
}

static const char *port_name(void *c, size_t i)
{
	return i < ((const struct config *)c)->port_count ? ((const struct config *)c)->port[i].name : NULL;
}

const char *config_port_hint(char hint[TEXT_HINT], const struct config *c, const char *name, const char *otherwise)
{
	return text_hint(hint, name, port_name, (void *)(uintptr_t)c, otherwise);
}

struct policy_stack config_stack(const struct config *c, const struct config_group *g, const struct config_port *p)
{
	if (p && *p->group)
		g = config_group(c, p->group);
	return (struct policy_stack){{
		[LEVEL_SWITCH] = &c->policy,
		[LEVEL_GROUP] = g ? &g->policy : NULL,
		[LEVEL_PORT] = p ? &p->policy : NULL,
	}};
}

void config_port_policy(const struct config *c, const struct config_port *p, struct policy *result)
{
	struct policy_stack s = config_stack(c, NULL, p);

	policy_resolve(&s, result, NULL);
}

bool config_device_is_free(const struct config *c, const struct config_port *p, struct config_error *e)
{
	// Of these each port has its own.
	if (!*p->device || !strcmp(p->device, "null:") || !strncmp(p->device, "pcap:", 5))
		return true;
	for (unsigned i = 0; i < c->port_count; i++)
		if (strcmp(c->port[i].name, p->name) && !strcmp(c->port[i].device, p->device))
			return config_refuse(e, p->device_at, "port '%s': device '%.200s' is that of port '%s' (a device has one port at a time)",
					     p->name, p->device, c->port[i].name);
	return true;
}

bool config_mirror_names(const struct config_mirror *m, const char *port)
{
	for (unsigned i = 0; i < m->source_count; i++)
		if (!strcmp(m->source[i], port))
			return true;
	return !strcmp(m->destination, port);
}

uint64_t config_effective_mac(const struct config_port *p)
{
	return p->effective ? p->effective : p->mac;
}

struct vlanset config_port_vlans(const struct policy *resolved)
{
	struct vlanset access = {{0}};

	if (resolved->value[PK_VLAN_MODE] == MODE_TRUNK)
		return resolved->vlans;
	vlanset_add(&access, resolved->value[PK_ACCESS_VLAN]);
	return access;
}

static uint64_t limits_sum(const struct config *c)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < c->port_count; i++) {
		struct policy p;
		config_port_policy(c, &c->port[i], &p);
		sum += p.value[PK_MAC_LIMIT];
	}
	return sum;
}

uint32_t config_table_size(const struct config *c)
{
	uint64_t sum = limits_sum(c);

	if (c->table_size)
		return c->table_size;
	return sum > TABLE_SIZE_MIN_AUTO ? (uint32_t)sum : TABLE_SIZE_MIN_AUTO;
}

// What validation knows of a port.
struct port_facts {
	const struct config_port *port;
	uint64_t mac;
	struct vlanset vlans;
};

static bool check_groups(const struct config *c, struct config_error *e)
{
	for (unsigned i = 0; i < c->group_count; i++)
		if (config_group(c, c->group[i].name) != &c->group[i])
			return config_refuse(e, c->group[i].at, "port group '%s' is there twice (give each a name of its own)",
					     c->group[i].name);
	return true;
}

static bool check_port(const struct config *c, const struct config_port *p, struct config_error *e)
{
	char hint[TEXT_HINT];

	if (config_port(c, p->name) != p)
		return config_refuse(e, p->at, "port '%s' is there twice (give each a name of its own)", p->name);
	if (*p->group && !config_group(c, p->group))
		return config_refuse(e, p->group_at, "port '%s' is in port group '%s', which does not exist%s", p->name, p->group,
				     config_group_hint(hint, c, p->group, "add it to port-groups"));
	if (p->effective && !p->mac)
		return config_refuse(e, p->effective_at,
				     "port '%s' has an effective-mac without a mac-address (give the assigned MAC too)", p->name);
	return true;
}

static bool intersect(const struct vlanset *a, const struct vlanset *b, unsigned *vid)
{
	for (*vid = 0; *vid < 4096; ++*vid)
		if (vlanset_has(a, *vid) && vlanset_has(b, *vid))
			return true;
	return false;
}

// A MAC assigned to two ports of one VLAN.
static bool check_assigned(const struct port_facts *f, unsigned n, struct config_error *e)
{
	char mac[MAC_TEXT];

	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++) {
			unsigned vid;
			if (!f[i].mac || f[i].mac != f[j].mac || !intersect(&f[i].vlans, &f[j].vlans, &vid))
				continue;
			const struct config_port *p = f[i].port;
			text_put_mac(f[i].mac, mac);
			return config_refuse(e, p->effective ? p->effective_at : p->mac_at,
					     "MAC %s of port '%s' is assigned to port '%s' too, in VLAN %u (a MAC belongs to one port of a VLAN)",
					     mac, p->name, f[j].port->name, vid);
		}
	return true;
}

static bool check_static(const struct config *c, const struct config_static *s, const struct port_facts *f, struct config_error *e)
{
	const struct config_port *own = config_port(c, s->port);
	char mac[MAC_TEXT], hint[TEXT_HINT];

	text_put_mac(s->mac, mac);
	if (!own)
		return config_refuse(e, s->at, "static MAC %s is on port '%s', which does not exist%s", mac, s->port,
				     config_port_hint(hint, c, s->port, "add it to ports"));
	if (!vlanset_has(&f[own - c->port].vlans, s->vid))
		return config_refuse(e, s->at, "static MAC %s is in VLAN %u, which port '%s' is not in (allow the VLAN on the port)",
				     mac, s->vid, s->port);
	for (unsigned i = 0; i < c->port_count; i++)
		if (f[i].port != own && f[i].mac == s->mac && vlanset_has(&f[i].vlans, s->vid))
			return config_refuse(e, s->at,
					     "static MAC %s of port '%s' is assigned to port '%s' in VLAN %u (a MAC belongs to one port of a VLAN)",
					     mac, s->port, f[i].port->name, s->vid);
	return true;
}

static int by_key(const void *a, const void *b)
{
	const struct config_static *x = *(struct config_static *const *)a, *y = *(struct config_static *const *)b;

	if (x->vid != y->vid)
		return x->vid < y->vid ? -1 : 1;
	if (x->mac != y->mac)
		return x->mac < y->mac ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool check_static_twice(const struct config *c, struct config_error *e)
{
	const struct config_static **sorted = calloc(c->fixed_count + 1, sizeof *sorted);
	char mac[MAC_TEXT];
	bool good = true;

	if (!sorted)
		return config_refuse(e, (struct mark){0}, "out of memory");
	for (unsigned i = 0; i < c->fixed_count; i++)
		sorted[i] = &c->fixed[i];
	qsort(sorted, c->fixed_count, sizeof *sorted, by_key);
	for (unsigned i = 1; i < c->fixed_count && good; i++) {
		if (sorted[i]->vid != sorted[i - 1]->vid || sorted[i]->mac != sorted[i - 1]->mac)
			continue;
		text_put_mac(sorted[i]->mac, mac);
		good = config_refuse(e, sorted[i]->at, "static MAC %s is there twice in VLAN %u, on ports '%s' and '%s' (keep one)", mac,
				     sorted[i]->vid, sorted[i - 1]->port, sorted[i]->port);
	}
	free(sorted);
	return good;
}

static bool check_macs(const struct config *c, struct config_error *e)
{
	struct port_facts *f = calloc(c->port_count + 1, sizeof *f);
	bool good;

	if (!f)
		return config_refuse(e, (struct mark){0}, "out of memory");
	for (unsigned i = 0; i < c->port_count; i++) {
		struct policy p;
		config_port_policy(c, &c->port[i], &p);
		f[i] = (struct port_facts){&c->port[i], config_effective_mac(&c->port[i]), config_port_vlans(&p)};
	}
	good = check_assigned(f, c->port_count, e);
	for (unsigned i = 0; i < c->fixed_count && good; i++)
		good = check_static(c, &c->fixed[i], f, e);
	free(f);
	return good && check_static_twice(c, e);
}

static bool check_limits(const struct config *c, struct config_error *e)
{
	uint64_t sum = limits_sum(c), size = c->table_size ? c->table_size : TABLE_SIZE_MAX;
	struct mark at = c->table_size ? c->table_size_at : c->port_count ? c->port[0].at : (struct mark){0};

	return sum <= size || config_refuse(e, at,
					    "the ports' mac-limits add up to %llu, more than the %llu entries of the table "
					    "(lower mac-limit or raise mac-table-size)",
					    (unsigned long long)sum, (unsigned long long)size);
}

// That a peak is no less than its average.
static bool check_peak(const struct config_port *port, const struct policy *p, enum policy_key rate, enum policy_key peak,
		       struct config_error *e)
{
	return !p->value[peak] || p->value[peak] >= p->value[rate] ||
	       config_refuse(e, port->at, "port '%s': %s %u is below %s %u (a peak is at least the average)", port->name,
			     policy_rows[peak].name, p->value[peak], policy_rows[rate].name, p->value[rate]);
}

static bool check_rates(const struct config *c, struct config_error *e)
{
	for (unsigned i = 0; i < c->port_count; i++) {
		struct policy p;
		config_port_policy(c, &c->port[i], &p);
		if (!check_peak(&c->port[i], &p, PK_INGRESS_RATE, PK_INGRESS_PEAK, e) ||
		    !check_peak(&c->port[i], &p, PK_EGRESS_RATE, PK_EGRESS_PEAK, e))
			return false;
	}
	return true;
}

static bool is_destination(const struct config *c, const char *port)
{
	for (unsigned i = 0; i < c->mirror_count; i++)
		if (!strcmp(c->mirror[i].destination, port))
			return true;
	return false;
}

static bool check_mirror(const struct config *c, const struct config_mirror *m, struct config_error *e)
{
	char hint[TEXT_HINT];

	for (const struct config_mirror *other = c->mirror; other < m; other++)
		if (!strcmp(other->name, m->name))
			return config_refuse(e, m->at, "mirror '%s' is there twice (give each a name of its own)", m->name);
	if (!config_port(c, m->destination))
		return config_refuse(e, m->destination_at, "mirror '%s' goes to port '%s', which does not exist%s", m->name,
				     m->destination, config_port_hint(hint, c, m->destination, "add it to ports"));
	if (!m->source_count)
		return config_refuse(e, m->at, "mirror '%s' has no source (name at least one port)", m->name);
	for (unsigned i = 0; i < m->source_count; i++) {
		if (!config_port(c, m->source[i]))
			return config_refuse(e, m->source_at[i], "mirror '%s' copies port '%s', which does not exist%s", m->name,
					     m->source[i], config_port_hint(hint, c, m->source[i], "add it to ports"));
		if (is_destination(c, m->source[i]))
			return config_refuse(e, m->source_at[i],
					     "mirror '%s' copies port '%s', the destination of a mirror (copy a port that forwards)",
					     m->name, m->source[i]);
	}
	return true;
}

bool config_validate(const struct config *c, struct config_error *e)
{
	if (!check_groups(c, e))
		return false;
	for (unsigned i = 0; i < c->port_count; i++)
		if (!check_port(c, &c->port[i], e))
			return false;
	for (unsigned i = 0; i < c->mirror_count; i++)
		if (!check_mirror(c, &c->mirror[i], e))
			return false;
	return check_macs(c, e) && check_limits(c, e) && check_rates(c, e);
}

// A port whose warnings are looked for.
struct doubtful {
	const struct config *c;
	const struct config_port *port;
	struct policy policy;
	config_warn_fn warn;
	void *arg;
};

static void doubt(const struct doubtful *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void doubt(const struct doubtful *d, const char *format, ...)
{
	struct config_error e = {.at = d->port->at};
	int n = snprintf(e.text, sizeof e.text, "warning: port '%s': ", d->port->name);
	va_list args;

	va_start(args, format);
	vsnprintf(e.text + n, sizeof e.text - (size_t)n, format, args);
	va_end(args);
	d->warn(d->arg, &e);
}

static void doubt_rate(const struct doubtful *d, enum policy_key rate, enum policy_key peak, enum policy_key burst)
{
	const uint32_t *v = d->policy.value;

	if (!v[rate] && (v[peak] || v[burst]))
		doubt(d, "%s without %s limits nothing", policy_rows[v[peak] ? peak : burst].name, policy_rows[rate].name);
	if (v[rate] && v[burst] == 1)
		doubt(d, "%s of 1 KiB: longer frames never pass", policy_rows[burst].name);
}

static void doubt_port(const struct doubtful *d)
{
	const uint32_t *v = d->policy.value;
	bool trunk = v[PK_VLAN_MODE] == MODE_TRUNK, has_mac = config_effective_mac(d->port);

	if (v[PK_FORGED_TRANSMITS] == REJECT && !has_mac)
		doubt(d, "forged-transmits: reject without a mac-address: every frame it sends is dropped");
	if (v[PK_MAC_CHANGES] == REJECT && !has_mac)
		doubt(d, "mac-changes: reject without a mac-address: there is no MAC to change");
	if (v[PK_MAC_LEARNING] == OFF && !has_mac)
		doubt(d, "mac-learning: off without a mac-address: no unicast frame reaches it");
	if (trunk && v[PK_NATIVE_VLAN] && !vlanset_has(&d->policy.vlans, v[PK_NATIVE_VLAN]))
		doubt(d, "native-vlan %u is not among allowed-vlans: untagged frames are dropped", v[PK_NATIVE_VLAN]);
	if (v[PK_MAC_LIMIT_POLICY] == LIMIT_DROP && !v[PK_MAC_LIMIT])
		doubt(d, "mac-limit 0 with mac-limit-policy: drop: only fixed MACs may send");
	if (v[PK_RECOVERY_TIME] && v[PK_VIOLATION] != SHUTDOWN && v[PK_BPDU] != BPDU_GUARD)
		doubt(d, "recovery-time, but nothing err-disables it (violation: shutdown, bpdu: guard)");
	doubt_rate(d, PK_INGRESS_RATE, PK_INGRESS_PEAK, PK_INGRESS_BURST);
	doubt_rate(d, PK_EGRESS_RATE, PK_EGRESS_PEAK, PK_EGRESS_BURST);
	if (is_destination(d->c, d->port->name) && d->port->policy.set)
		doubt(d, "its policy is without effect: it is the destination of a mirror");
}

void config_warnings(const struct config *c, config_warn_fn warn, void *arg)
{
	for (unsigned i = 0; i < c->port_count; i++) {
		struct doubtful d = {.c = c, .port = &c->port[i], .warn = warn, .arg = arg};
		config_port_policy(c, d.port, &d.policy);
		doubt_port(&d);
	}
}
