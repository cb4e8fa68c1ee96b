// SPDX-License-Identifier: BSD-3-Clause

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/diff.h"
#include "tests/unit/config.h"
#include "tests/unit/kit.h"

// A refused text, the position of the error, and a part of its message.
struct refusal {
	const char *text;
	unsigned line, column;
	const char *says;
};

#define MIRROR "ports: [{name: a}, {name: b}]\nmirrors:\n- {name: m, "
#define PORT "ports:\n- {name: a, "

static const struct refusal refusals[] = {
	// not YAML, or YAML of another structure
	{"", 1, 1, "is empty"},
	{"# nothing\n", 1, 1, "is empty"},
	{"ports: [", 2, 1, ""}, // after the end
	{"ports:\n\t- a\n", 2, 1, ""},
	{"ports: []\n---\nports: []\n", 3, 1, "a second document"},
	{"- ports\n", 1, 1, "a list"},
	{"ports", 1, 1, "a value"},
	{"ports: {}\n", 1, 8, "ports is a mapping"},
	{"ports: none\n", 1, 8, "ports is a value"},
	{"ports: [a]\n", 1, 9, "a port is a value"},
	{"ports: []\nswitch: []\n", 2, 9, "switch is a list"},
	{"ports: []\npolicy: 1\n", 2, 9, "policy is a value"},
	{PORT "device: [x]}\n", 2, 21, "device is a list"},
	{PORT "device: \"a\\0b\"}\n", 2, 21, "zero byte"},
	{"ports: []\n? [a]\n: b\n", 2, 3, "a key is a list"},
	// keys
	{"switch: {name: x}\n", 1, 1, "has no ports"},
	{"ports: []\nport: []\n", 2, 1,
	 "unknown key 'port' in the configuration (did you mean 'ports'?)"},
	{"ports: []\nswitch: {nam: x}\n", 2, 10, "did you mean 'name'?"},
	{"ports: []\nswitch: {colour: x}\n", 2, 10,
	 "unknown key 'colour' in switch (name or mac-table-size)"},
	{"ports: []\nports: []\n", 2, 1, "key 'ports' is defined twice"},
	{"ports: []\npolicy: {bpdu: filter, bpdu: forward}\n", 2, 24,
	 "key 'bpdu' is defined twice"},
	{"ports: []\npolicy: {promiscous: accept}\n", 2, 10, "did you mean 'promiscuous'?"},
	{PORT "policy: {mac_limit: 1}}\n", 2, 22, "did you mean 'mac-limit'?"},
	{PORT "mac-limit: 1}\n", 2, 13,
	 "key 'mac-limit' of a port belongs in its policy (policy: { mac-limit: … })"},
	{"ports: []\ndataplane: {mac-limit: 1}\n", 2, 13,
	 "unknown key 'mac-limit' in dataplane (workers, memory"},
	{"ports: []\npolicy: {bpdu: gard}\n", 2, 16,
	 "bpdu cannot be 'gard' (did you mean 'guard'?)"},
	{"ports: []\ndataplane: {hugepages: aut}\n", 2, 24, "did you mean 'auto'?"},
	{"ports: []\nport-groups: [{policy: {}}]\n", 2, 15, "a port group has no name"},
	{"ports: [{device: x}]\n", 1, 9, "a port has no name"},
	{"ports: [{name: a, device: 'tap:u'}]\nevpn: {underlay: {device: 'tap:u'}}\n", 1, 27,
	 "is the underlay"},
	{"ports: [{name: a}]\nstatic-macs: [{mac: 02:00:00:00:00:01, port: a}]\n", 2, 15,
	 "a static MAC has no vlan"},
	// values
	{"ports: []\nswitch: {name: ''}\n", 2, 16, "1 to 63 characters"},
	{"ports: []\nswitch: {mac-table-size: 0}\n", 2, 26, "a number from 1 to 16777216"},
	{"ports: []\nswitch: {mac-table-size: 16777217}\n", 2, 26, "a number from 1 to 16777216"},
	{"ports: []\ndataplane: {workers: 0}\n", 2, 22, "a number from 1 to"},
	{"ports: []\ndataplane: {memory: lots}\n", 2, 21, "memory cannot be 'lots'"},
	{"ports: []\ndataplane: {hugepages: maybe}\n", 2, 24, "auto, on or off"},
	{"ports: []\ndataplane: {busy-poll: maybe}\n", 2, 24, "on or off"},
	{"ports: []\ndataplane: {eal: [[x]]}\n", 2, 19, "eal is a list"},
	{"ports: []\npolicy: {mac-limit: -1}\n", 2, 21, "mac-limit cannot be '-1'"},
	{"ports: []\npolicy: {aging-time: 1000001}\n", 2, 22, "a number from 0 to 1000000"},
	{"ports: []\npolicy:\n  promiscuous: on\n", 3, 16, "reject or accept"},
	{"ports: []\npolicy: {allowed-vlans: 1-4095}\n", 2, 25, "a list of VLANs"},
	{"ports: []\npolicy: {allowed-vlans: [1, x]}\n", 2, 29, "a list of VLANs"},
	{"ports: []\npolicy: {allowed-vlans: [1, [2]]}\n", 2, 29, "allowed-vlans is a list"},
	{"ports: []\npolicy: {allowed-vlans: []}\n", 2, 25, "a list of VLANs"},
	{"ports: []\npolicy: {mac-limit: [1]}\n", 2, 21, "mac-limit is a list"},
	{"ports: []\npolicy: {access-vlan: 0}\n", 2, 23, "a number from 1 to 4094"},
	{"ports: [{name: a b}]\n", 1, 16, "a character that no name has"},
	{"ports: [{name: abcdefghijklmnop}]\n", 1, 16, "1 to 15 characters"},
	{"ports: []\nport-groups: [{name: a/b}]\n", 2, 22, "a character that no name has"},
	{PORT "enabled: perhaps}\n", 2, 22, "on or off"},
	{PORT "uplink: maybe}\n", 2, 21, "on or off"},
	{PORT "mac-address: 1}\n", 2, 26, "not a MAC address"},
	{PORT "mac-address: 01:00:5e:00:00:01}\n", 2, 26, "a group address"},
	{PORT "mac-address: 00:00:00:00:00:00}\n", 2, 26, "not an address that a station can have"},
	{"ports: [{name: a}]\nstatic-macs: [{mac: ff:ff:ff:ff:ff:ff, vlan: 1, port: a}]\n", 2, 21,
	 "the broadcast address"},
	{"ports: [{name: a}]\nstatic-macs: [{mac: 01:80:c2:00:00:0e, vlan: 1, port: a}]\n", 2, 21,
	 "reserved for bridges"},
	{"ports: [{name: a}]\nstatic-macs: [{mac: 01:00:5e:00:00:fb, vlan: 1, port: a}]\n", 2, 21,
	 "that of 224.0.0.251, a group that every port gets"},
	{"ports: [{name: a}]\nbindings: [{mac: 01:00:5e:01:02:03, ip: [10.0.0.1], port: a}]\n", 2,
	 18, "a group address"},
	{"ports: [{name: a}]\nstatic-macs: [{mac: 01:00:5e:01:02:03, vlan: 1, port: a}, "
	 "{mac: 01:00:5e:01:02:03, vlan: 1, port: a}]\n",
	 2, 65, "is defined twice in VLAN 1, on ports 'a' and 'a'"},
	{"ports: [{name: a}]\nstatic-macs: [{mac: 02:00:00:00:00:01, vlan: 4095, port: a}]\n", 2,
	 46, "a number from 1 to 4094"},
	// conflicts
	{"ports: [ { name: a } ]\n"
	 "evpn: { source: 10.9.0.1, control: none, vnis: [ { vlan: 10, vni: 1 } ], peers: [\n"
	 "{ vtep: 10.9.0.2, vnis: [ 1 ], macs: [ { mac: 02:00:00:00:00:01, vlan: 10 } ] },\n"
	 "{ vtep: 10.9.0.3, vnis: [ 1 ], macs: [ { mac: 02:00:00:00:00:01, vlan: 10 } ] } ] }\n",
	 4, 40, "MAC 02:00:00:00:00:01 in VLAN 10 is behind peer 10.9.0.2 already"},
	{"ports:\n- name: a\n- name: b\n- name: a\n", 4, 9, "port 'a' is defined twice"},
	{"ports: []\nport-groups:\n- name: g\n- name: g\n", 4, 3,
	 "port group 'g' is defined twice"},
	{PORT "port-group: g}\n", 2, 25, "'g', which does not exist (add it to port-groups)"},
	{"port-groups: [{name: nested}]\n" PORT "port-group: nestd}\n", 3, 25,
	 "'nestd', which does not exist (did you mean 'nested'?)"},
	{PORT "effective-mac: 02:00:00:00:00:01}\n", 2, 28, "without a mac-address"},
	{"ports:\n- {name: a, mac-address: 02:00:00:00:00:01}\n- {name: b, mac-address: 0200.0000.0001}\n",
	 3, 26, "also assigned to port 'a'"},
	{"ports:\n- {name: a, mac-address: 02:00:00:00:00:01}\n"
	 "- {name: b, mac-address: 02:00:00:00:00:02, effective-mac: 02:00:00:00:00:01}\n",
	 3, 60, "also assigned to port 'a'"},
	{"ports: [{name: a}]\nstatic-macs:\n- {mac: 02:00:00:00:00:01, vlan: 1, port: b}\n", 3, 9,
	 "port 'b', which does not exist"},
	{"ports: [{name: a, policy: {allowed-vlans: 5}}]\nstatic-macs:\n- {mac: 02:00:00:00:00:01, vlan: 1, port: a}\n",
	 3, 9, "but port 'a' is not"},
	{"ports: [{name: a}, {name: b, mac-address: 02:00:00:00:00:01}]\nstatic-macs:\n- {mac: 02:00:00:00:00:01, vlan: 1, port: a}\n",
	 3, 9, "assigned to port 'b'"},
	{"ports: [{name: a}, {name: b}]\nstatic-macs:\n- {mac: 02:00:00:00:00:01, vlan: 1, port: a}\n"
	 "- {mac: 02-00-00-00-00-01, vlan: 1, port: b}\n",
	 4, 9, "defined twice in VLAN 1"},
	{"ports: [{name: a}, {name: b}]\nswitch: {mac-table-size: 8191}\n", 2, 26,
	 "add up to 8192"},
	{"policy: {mac-limit: 16777216}\nports: [{name: a}, {name: b}]\n", 2, 16,
	 "add up to 33554432"},
	{"ports:\n- {name: a, policy: {ingress-rate: 2000, ingress-peak: 1999}}\n", 2, 10,
	 "ingress-peak 1999 is below"},
	{"policy: {egress-rate: 2}\nports:\n- {name: a, policy: {egress-peak: 1}}\n", 3, 10,
	 "egress-peak 1 is below"},
	// mirrors
	{MIRROR "destination: b}\n", 3, 3, "a mirror has no source"},
	{MIRROR "source: [a]}\n", 3, 3, "a mirror has no destination"},
	{MIRROR "source: [], destination: b}\n", 3, 3, "has no source"},
	{MIRROR "source: a, destination: b}\n", 3, 21, "source is a value"},
	{MIRROR "source: [a], destination: b, direction: in}\n", 3, 53, "rx, tx or both"},
	{MIRROR "source: [a], destination: c}\n", 3, 39, "port 'c', which does not exist"},
	{MIRROR "source: [a, c], destination: b}\n", 3, 25, "port 'c', which does not exist"},
	{MIRROR "source: [a, b], destination: b}\n", 3, 25, "the destination of a mirror"},
	{MIRROR "source: [a], destination: b}\n- {name: m, source: [a], destination: b}\n", 4, 3,
	 "mirror 'm' is defined twice"},
};

static void every_error_has_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct error e;
		struct config *c = config_parse(r->text, strlen(r->text), &e);
		CHECK(!c, "taken:\n%s", r->text);
		CHECK(e.at.line == r->line && e.at.column == r->column,
		      "%u:%u: %s, not at %u:%u, of\n%s", e.at.line, e.at.column, e.text, r->line,
		      r->column, r->text);
		CHECK(strstr(e.text, r->says) && *e.text && !strchr(e.text, '\n'),
		      "'%s' said of\n%s", e.text, r->text);
	}
}

static uint32_t value(const struct config *c, unsigned port, enum policy_key k)
{
	struct policy p;

	config_port_policy(c, &c->port[port], &p);
	return p.value[k];
}

static void everything_is_read(void **state)
{
	struct config *c = test_config(
		"switch: {name: lab, mac-table-size: 9000}\n"
		"dataplane: {workers: 2, memory: 100, hugepages: no, busy-poll: off, eal: [-v, --single-file-segments]}\n"
		"policy: {mac-limit: 5, promiscuous: accept}\n"
		"port-groups: [{name: g, policy: {mac-limit: 6, bpdu: forward}}, {name: empty}]\n"
		"ports:\n"
		"- name: p1\n"
		"  device: tap:p1\n"
		"  port-group: g\n"
		"  mac-address: 0200.0000.0001\n"
		"  effective-mac: 02-00-00-00-00-02\n"
		"  enabled: false\n"
		"  policy: {mac-limit: 7}\n"
		"- {name: p2, port-group: g, policy: }\n"
		"- {name: p3}\n"
		"static-macs: [{mac: 02:00:00:00:00:99, vlan: 10, port: p2}]\n");

	(void)state;
	assert_string_equal(c->name, "lab");
	assert_int_equal(c->table_size, 9000);
	assert_int_equal(c->dataplane.workers, 2);
	assert_int_equal(c->dataplane.memory_mib, 100);
	assert_int_equal(c->dataplane.hugepages, HUGEPAGES_OFF);
	assert_false(c->dataplane.busy_poll);
	assert_int_equal(c->dataplane.eal_count, 2);
	assert_string_equal(c->dataplane.eal[1], "--single-file-segments");
	assert_string_equal(c->port[0].device, "tap:p1");
	assert_int_equal(c->port[0].mac, UINT64_C(0x020000000001));
	assert_int_equal(config_effective_mac(&c->port[0]), UINT64_C(0x020000000002));
	assert_false(c->port[0].enabled);
	assert_true(c->port[1].enabled);
	assert_int_equal(value(c, 0, PK_MAC_LIMIT), 7);
	assert_int_equal(value(c, 1, PK_MAC_LIMIT), 6);
	assert_int_equal(value(c, 2, PK_MAC_LIMIT), 5);
	assert_int_equal(value(c, 1, PK_BPDU), CHOICE_BPDU_FORWARD);
	assert_int_equal(value(c, 2, PK_BPDU), CHOICE_BPDU_FILTER);
	assert_int_equal(value(c, 0, PK_PROMISCUOUS), CHOICE_ACCEPT);
	assert_int_equal(c->fixed[0].mac, UINT64_C(0x020000000099));
	assert_int_equal(c->fixed[0].vid, 10);
	assert_string_equal(c->fixed[0].port, "p2");
	assert_int_equal(config_table_size(c), 9000);
	config_free(c);
}

static void vlans_as_a_list(void **state)
{
	struct config *c = test_config(
		"ports: [{name: a, policy: {allowed-vlans: [5, 10-12, '20,21']}}]");
	char *text = malloc(VLANS_TEXT);

	(void)state;
	policy_text(&c->port[0].policy, PK_ALLOWED_VLANS, text);
	assert_string_equal(text, "5,10-12,20-21");
	free(text);
	config_free(c);
}

static void defaults(void **state)
{
	struct config *c = test_config("ports: [{name: a}]");

	(void)state;
	assert_string_equal(c->name, "nestswitch");
	assert_int_equal(c->dataplane.workers, 1);
	assert_int_equal(c->dataplane.memory_mib, 512);
	assert_int_equal(c->dataplane.hugepages, HUGEPAGES_AUTO);
	assert_true(c->dataplane.busy_poll);
	assert_int_equal(config_table_size(c), 65536);
	assert_int_equal(config_effective_mac(&c->port[0]), 0);
	for (int k = 0; k < POLICY_KEYS; k++)
		assert_int_equal(value(c, 0, (enum policy_key)k), policy_rows[k].standard);
	config_free(c);
	c = test_config("ports: [{name: a}, {name: b}]\npolicy: {mac-limit: 50000}\n");
	assert_int_equal(config_table_size(c), 100000);
	config_free(c);
}

// Valid configurations that look like errors.
static void legal(void **state)
{
	static const char *const texts[] = {
		"ports: []",
		"ports:",
		"ports: []\npolicy:\nport-groups:\nstatic-macs:\n",
		"ports: [{name: a}, {name: b}]\nswitch: {mac-table-size: 8192}\n",
		// one MAC on two ports that share no VLAN
		"ports: [{name: a, mac-address: 02:00:00:00:00:01, policy: {allowed-vlans: 1-9}},"
		"{name: b, mac-address: 02:00:00:00:00:01, policy: {vlan-mode: access, access-vlan: 10}}]",
		"ports: [{name: a}, {name: b}]\nstatic-macs: [{mac: 02:00:00:00:00:01, vlan: 1, port: a}, {mac: 02:00:00:00:00:01, "
		"vlan: 2, port: b}]",
		// static on the port of the assigned MAC
		"ports: [{name: a, mac-address: 02:00:00:00:00:01}]\nstatic-macs: [{mac: 02:00:00:00:00:01, vlan: 1, port: a}]",
		// one group on two ports, and in another VLAN
		"ports: [{name: a}, {name: b}]\nstatic-macs: [{mac: 03:bf:00:00:00:01, vlan: 1, port: b}, {mac: 03:bf:00:00:00:01, "
		"vlan: 1, port: a}, {mac: 03:bf:00:00:00:01, vlan: 2, port: a}]",
		"ports: [{name: a, policy: {mac-limit: 0}}]\nswitch: {mac-table-size: 1}\n",
		"ports: [&p {name: a}]\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		config_free(test_config(texts[i]));
}

// One object more than the maximum of each kind.
static void limits(void **state)
{
	static const struct {
		const char *head, *item, *says;
		unsigned most;
	} cases[] = {
		{"ports:\n", "- {name: p#, policy: {mac-limit: 1}}\n", "more than 64 ports",
		 CONFIG_PORTS_MAX},
		{"ports: []\nport-groups:\n", "- {name: g#}\n", "more than 1024 port groups",
		 CONFIG_GROUPS_MAX},
		{"ports: [{name: a}, {name: b}]\nmirrors:\n",
		 "- {name: m#, source: [a], destination: b}\n", "more than 64 mirrors",
		 CONFIG_MIRRORS_MAX},
		{"ports: []\ndataplane:\n  eal:\n", "  - --x#\n", "more than 32 eal arguments",
		 EAL_ARGS_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (unsigned more = 0; more < 2; more++) {
			char *text = NULL;
			size_t size;
			struct error e;
			FILE *f = open_memstream(&text, &size);
			fputs(cases[i].head, f);
			const char *number = strchr(cases[i].item, '#');
			for (unsigned n = 0; n < cases[i].most + more; n++)
				fprintf(f, "%.*s%u%s", (int)(number - cases[i].item), cases[i].item,
					n, number + 1);
			fclose(f);
			struct config *c = config_parse(text, size, &e);
			CHECK((c != NULL) == !more, "case %zu: %s", i, e.text);
			CHECK(!more || strstr(e.text, cases[i].says), "%s", e.text);
			config_free(c);
			free(text);
		}
}

static void files(void **state)
{
	char path[] = "/tmp/nestswitch-config-XXXXXX";
	struct error e;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "ports: [{name: a}]\n", 19), 19);
	struct config *c = config_read(path, &e);
	assert_non_null(c);
	config_free(c);
	assert_int_equal(ftruncate(fd, CONFIG_FILE_MAX + 1), 0);
	assert_null(config_read(path, &e));
	assert_string_equal(e.text, "cannot read it: File too large");
	close(fd);
	unlink(path);
	assert_null(config_read(path, &e));
	assert_string_equal(e.text, "cannot read it: No such file or directory");
	assert_int_equal(e.at.line, 0);
	assert_null(config_read("/tmp", &e));
}

static void random_macs(struct mac_list *macs, uint64_t *seed)
{
	macs->count = rnd_below(seed, 3) ? rnd_below(seed, 4) : MACS_MAX;
	for (unsigned i = 0; i < macs->count; i++) {
		unsigned bits = 8 + rnd_below(seed, 41);
		macs->range[i].bits = bits;
		macs->range[i].mac = (UINT64_C(0x020000000001) + ((uint64_t)i << 16)) &
				     text_mac_mask(bits);
	}
}

// A random valid value of a key.
static void random_policy(struct policy *p, uint64_t *seed)
{
	memset(p, 0, sizeof *p);
	for (int k = 0; k < POLICY_KEYS; k++) {
		const struct policy_row *r = &policy_rows[k];
		if (rnd_below(seed, 3))
			continue;
		p->set |= UINT64_C(1) << k;
		if (r->type == POLICY_NUMBER)
			p->value[k] = r->min + rnd_below(seed, k == PK_MAC_LIMIT
								       ? 1000
								       : r->max - r->min + 1);
		else if (r->type == POLICY_CHOICE)
			p->value[k] = rnd_below(seed, 2);
		else if (r->type == POLICY_MACS)
			random_macs(&p->macs, seed);
		else
			for (unsigned first = 1 + rnd_below(seed, 4094), vid = first;
			     vid <= 4094 && vid < first + 20; vid += 1 + rnd_below(seed, 3))
				vlanset_add(&p->vlans, vid);
	}
}

// Random text with all characters that are special in YAML.
static void random_text(char *out, size_t size, uint64_t *seed)
{
	static const char *const bits[] = {"a",
					   "b",
					   " ",
					   ":",
					   ": ",
					   " #",
					   "#",
					   "-",
					   "- ",
					   "'",
					   "\"",
					   "\\",
					   "{",
					   "}",
					   "[",
					   "]",
					   ",",
					   "&",
					   "*",
					   "!",
					   "|",
					   ">",
					   "%",
					   "@",
					   "`",
					   "~",
					   "null",
					   "0x1",
					   "\xc3\xa4",
					   "\xe2\x82\xac",
					   "\xf0\x9f\x90\xa7",
					   "\t",
					   "\n",
					   "\x7f",
					   "---",
					   "?",
					   "=",
					   "<<",
					   "on"};
	size_t at = 0;

	do {
		const char *bit = bits[rnd_below(seed, COUNT(bits))];
		if (at + strlen(bit) >= size)
			break;
		strcpy(out + at, bit);
		at += strlen(bit);
	} while (rnd_below(seed, 12));
}

static void random_name(char *out, size_t size, uint64_t *seed, unsigned i)
{
	static const char letters[] = "ABXYZabxyz019_.-";
	size_t at = (size_t)snprintf(out, size, "%u", i);

	while (at + 1 < size && rnd_below(seed, 8))
		out[at++] = letters[rnd_below(seed, sizeof letters - 1)];
	out[at] = 0;
}

static void random_port(struct config *c, unsigned i, uint64_t *seed)
{
	struct config_port *p = config_add_port(c);

	random_name(p->name, sizeof p->name, seed, i);
	if (rnd_below(seed, 2))
		random_text(p->device, sizeof p->device, seed);
	if (c->group_count && rnd_below(seed, 2))
		strcpy(p->group, c->group[rnd_below(seed, c->group_count)].name);
	if (rnd_below(seed, 2))
		p->mac = UINT64_C(0x020000000000) + i;
	if (p->mac && rnd_below(seed, 2))
		p->effective = UINT64_C(0x020000000100) + i;
	if (p->mac && rnd_below(seed, 2))
		random_text(p->qmp, sizeof p->qmp, seed);
	p->enabled = rnd_below(seed, 2);
	p->uplink = rnd_below(seed, 2);
	p->offload = rnd_below(seed, 2);
	random_policy(&p->policy, seed);
}

static void random_static(struct config *c, unsigned i, uint64_t *seed)
{
	const struct config_port *p = &c->port[rnd_below(seed, c->port_count)];
	uint16_t vid = (uint16_t)(1 + rnd_below(seed, 4094));
	struct policy policy;

	config_port_policy(c, p, &policy);
	struct vlanset vlans = config_port_vlans(&policy);
	while (!vlanset_has(&vlans, vid))
		vid = vid % 4094 + 1;
	struct config_static *s = config_add_static(c);
	uint64_t group = rnd_below(seed, 3) ? 0 : UINT64_C(0x010000000000);
	*s = (struct config_static){.mac = (UINT64_C(0x020000000200) | group) + i, .vid = vid};
	strcpy(s->port, p->name);
}

// A random mirror from other ports to the last port.
static void random_mirror(struct config *c, unsigned i, uint64_t *seed)
{
	struct config_mirror *m = config_add_mirror(c);

	random_name(m->name, sizeof m->name, seed, i);
	m->direction = (enum mirror_direction)(1 + rnd_below(seed, 3));
	strcpy(m->destination, c->port[c->port_count - 1].name);
	for (unsigned p = 0; p < c->port_count - 1; p++)
		if (!p || rnd_below(seed, 2))
			strcpy(m->source[m->source_count++], c->port[p].name);
}

static struct config *random_config(uint64_t *seed)
{
	struct config *c = config_new();

	random_text(c->name, sizeof c->name, seed);
	c->table_size = rnd_below(seed, 2) ? 0 : 100000 + rnd_below(seed, 1000000);
	c->dataplane.workers = 1 + rnd_below(seed, CONFIG_WORKERS_MAX);
	c->dataplane.memory_mib = 64 + rnd_below(seed, 10000);
	c->dataplane.hugepages = (enum hugepages)rnd_below(seed, 3);
	c->dataplane.busy_poll = rnd_below(seed, 2);
	c->dataplane.eal_count = rnd_below(seed, 4);
	for (unsigned i = 0; i < c->dataplane.eal_count; i++)
		random_text(c->dataplane.eal[i], EAL_ARG, seed);
	random_policy(&c->policy, seed);
	for (unsigned i = 0, n = rnd_below(seed, 4); i < n; i++) {
		struct config_group *g = config_add_group(c);
		random_name(g->name, sizeof g->name, seed, i);
		random_policy(&g->policy, seed);
	}
	for (unsigned i = 0, n = rnd_below(seed, 12); i < n; i++)
		random_port(c, i, seed);
	for (unsigned i = 0, n = c->port_count ? rnd_below(seed, 10) : 0; i < n; i++)
		random_static(c, i, seed);
	for (unsigned i = 0, n = c->port_count > 1 ? rnd_below(seed, 3) : 0; i < n; i++)
		random_mirror(c, i, seed);
	return c;
}

static void check_same_macs(const struct mac_list *a, const struct mac_list *b)
{
	char x[MACS_TEXT], y[MACS_TEXT];

	text_put_macs(a, x);
	text_put_macs(b, y);
	assert_string_equal(x, y);
}

static void check_same_policy(const struct policy *a, const struct policy *b)
{
	assert_int_equal(a->set, b->set);
	for (int k = 0; k < POLICY_KEYS; k++) {
		bool set = policy_has(a, (enum policy_key)k),
		     vlans = policy_rows[k].type == POLICY_VLANS,
		     macs = policy_rows[k].type == POLICY_MACS;
		CHECK(!set || vlans || macs || a->value[k] == b->value[k], "%s",
		      policy_rows[k].name);
		CHECK(!set || !vlans || !memcmp(&a->vlans, &b->vlans, sizeof a->vlans), "%s",
		      policy_rows[k].name);
		if (set && macs)
			check_same_macs(&a->macs, &b->macs);
	}
}

static void check_same_ports(const struct config *a, const struct config *b)
{
	assert_int_equal(a->port_count, b->port_count);
	for (unsigned i = 0; i < a->port_count; i++) {
		const struct config_port *p = &a->port[i], *q = &b->port[i];
		assert_string_equal(p->name, q->name);
		assert_string_equal(p->device, q->device);
		assert_string_equal(p->group, q->group);
		assert_int_equal(p->mac, q->mac);
		assert_int_equal(p->effective, q->effective);
		assert_string_equal(p->qmp, q->qmp);
		assert_int_equal(p->enabled, q->enabled);
		assert_int_equal(p->uplink, q->uplink);
		assert_int_equal(p->offload, q->offload);
		check_same_policy(&p->policy, &q->policy);
	}
}

static void check_same_mirrors(const struct config *a, const struct config *b)
{
	assert_int_equal(a->mirror_count, b->mirror_count);
	for (unsigned i = 0; i < a->mirror_count; i++) {
		const struct config_mirror *m = &a->mirror[i], *n = &b->mirror[i];
		assert_string_equal(m->name, n->name);
		assert_string_equal(m->destination, n->destination);
		assert_int_equal(m->direction, n->direction);
		assert_int_equal(m->source_count, n->source_count);
		for (unsigned k = 0; k < m->source_count; k++)
			assert_string_equal(m->source[k], n->source[k]);
	}
}

static void check_same(const struct config *a, const struct config *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->table_size, b->table_size);
	assert_int_equal(a->dataplane.workers, b->dataplane.workers);
	assert_int_equal(a->dataplane.memory_mib, b->dataplane.memory_mib);
	assert_int_equal(a->dataplane.hugepages, b->dataplane.hugepages);
	assert_int_equal(a->dataplane.busy_poll, b->dataplane.busy_poll);
	assert_int_equal(a->dataplane.eal_count, b->dataplane.eal_count);
	for (unsigned i = 0; i < a->dataplane.eal_count; i++)
		assert_string_equal(a->dataplane.eal[i], b->dataplane.eal[i]);
	check_same_policy(&a->policy, &b->policy);
	assert_int_equal(a->group_count, b->group_count);
	for (unsigned i = 0; i < a->group_count; i++) {
		assert_string_equal(a->group[i].name, b->group[i].name);
		check_same_policy(&a->group[i].policy, &b->group[i].policy);
	}
	check_same_ports(a, b);
	check_same_mirrors(a, b);
	assert_int_equal(a->fixed_count, b->fixed_count);
	for (unsigned i = 0; i < a->fixed_count; i++) {
		assert_int_equal(a->fixed[i].mac, b->fixed[i].mac);
		assert_int_equal(a->fixed[i].vid, b->fixed[i].vid);
		assert_string_equal(a->fixed[i].port, b->fixed[i].port);
	}
}

static char *written(const struct config *c, size_t *size)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, size);

	assert_int_equal(config_write(c, f), 0);
	fclose(f);
	return text;
}

// A written and read configuration is equal to the original. So are copies.
static void written_and_read_again(void **state)
{
	uint64_t seed = 11;
	unsigned good = 0;

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct config *c = random_config(&seed), *copy = config_copy(c);
		struct error e;
		size_t size;
		check_same(c, copy);
		char *text = written(copy, &size);
		struct config *again = config_parse(text, size, &e);
		if (config_validate(c, &e)) {
			CHECK(again, "%u:%u: %s, of\n%s", e.at.line, e.at.column, e.text, text);
			check_same(c, again);
			good++;
		} else {
			assert_null(again);
		}
		free(text);
		config_free(c);
		config_free(copy);
		config_free(again);
	}
	assert_in_range(good, 400, 500);
	config_free(NULL);
}

static void note_warning(void *arg, const struct error *w)
{
	char *all = arg;

	assert_true(w->at.line);
	strcat(strcat(all, w->text), "\n");
}

// Valid but suspicious settings give one warning each. Other settings give none.
static void warnings(void **state)
{
	static const struct {
		const char *policy, *says;
	} cases[] = {
		{"", NULL},
		{"forged-transmits: reject", "every frame it sends is dropped"},
		{"mac-changes: reject", "no MAC to change"},
		{"allowed-macs: 00:00:5e:00:01:00/40", "forged-transmits: reject limits nothing"},
		{"allowed-macs: none", NULL},
		{"mac-learning: off", "no unicast frame reaches it"},
		{"native-vlan: 20, allowed-vlans: 1-10",
		 "native-vlan 20 is not among allowed-vlans"},
		{"native-vlan: 0, allowed-vlans: 1-10", NULL},
		{"access-vlan: 10",
		 "access-vlan of the port has no effect here (it needs vlan-mode: access)"},
		{"access-vlan: 10, vlan-mode: access", NULL},
		{"native-vlan: 20, vlan-mode: access", "native-vlan of the port has no effect"},
		{"allowed-vlans: 1-10, vlan-mode: access",
		 "allowed-vlans of the port has no effect here (it needs vlan-mode: trunk)"},
		{"mac-limit: 0, mac-limit-policy: drop", "only fixed MACs may send"},
		{"mac-limit: 0", NULL},
		{"recovery-time: 5", "nothing err-disables it"},
		{"recovery-time: 5, bpdu: guard", NULL},
		{"recovery-time: 5, violation: shutdown", NULL},
		{"ingress-peak: 5", "ingress-peak without ingress-rate"},
		{"egress-burst: 5", "egress-burst without egress-rate"},
		{"egress-rate: 8, egress-burst: 1", "longer frames never pass"},
		{"egress-rate: 8, egress-burst: 16, egress-peak: 9", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256], said[2048] = "";
		snprintf(text, sizeof text, "ports:\n- {name: a, policy: {%s}}\n", cases[i].policy);
		struct config *c = test_config(text);
		config_warnings(c, note_warning, said);
		CHECK(cases[i].says ? strstr(said, cases[i].says) != NULL : !*said, "%s: '%s'",
		      cases[i].policy, said);
		char *end = strchr(said, '\n');
		CHECK(!end || !end[1], "%s: %s", cases[i].policy, said);
		config_free(c);
	}
}

// A VLAN key that the mode in force ignores, whatever the levels of the key and of the mode.
static void ignored_vlan_keys(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"policy: {access-vlan: 5}\nports: [{name: a}]\n",
		 "warning: port 'a': access-vlan of the switch has no effect here (it needs vlan-mode: access)\n"},
		{"policy: {vlan-mode: access, access-vlan: 5}\nports: [{name: a}]\n", ""},
		{"policy: {access-vlan: 5}\nports: [{name: a, policy: {vlan-mode: access}}]\n", ""},
		{"port-groups: [{name: g, policy: {allowed-vlans: 7}}]\n"
		 "ports: [{name: a, port-group: g, policy: {vlan-mode: access}}, {name: b, port-group: g, "
		 "policy: {native-vlan: 7}}]\n",
		 "warning: port 'a': allowed-vlans of the group has no effect here (it needs vlan-mode: trunk)\n"},
		{"port-groups: [{name: g, policy: {access-vlan: 7}}]\nports: [{name: a}]\n", ""},
		{"policy: {access-vlan: 5}\nports: [{name: a, policy: {vlan-mode: access}}, {name: m}]\n"
		 "mirrors: [{name: s, source: [a], destination: m}]\n",
		 ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char said[2048] = "";
		struct config *c = test_config(cases[i].text);
		config_warnings(c, note_warning, said);
		assert_string_equal(said, cases[i].says);
		config_free(c);
	}
}

// An uplink that a frame of its own ports would shut down.
static void uplinks_that_shut_down(void **state)
{
	static const char says[] =
		"warning: port 'up': violation: shutdown on an uplink: a frame of port 'a', whose MAC is fixed, shuts it down if it comes back (violation: restrict)\n";
	static const struct {
		const char *uplink, *others, *says;
	} cases[] = {
		{"uplink: on, policy: {violation: shutdown}",
		 "{name: a, mac-address: '02:00:00:00:00:0a'}", says},
		{"uplink: on, policy: {violation: shutdown}",
		 "{name: a}]\nstatic-macs: [{mac: '02:00:00:00:00:0a', vlan: 1, port: a}", says},
		{"uplink: on, policy: {violation: shutdown}", "{name: a}", ""},
		{"uplink: on, policy: {violation: restrict}",
		 "{name: a, mac-address: '02:00:00:00:00:0a'}", ""},
		{"policy: {violation: shutdown}", "{name: a, mac-address: '02:00:00:00:00:0a'}",
		 ""},
		{"uplink: on, policy: {violation: shutdown, vlan-mode: access, access-vlan: 7}",
		 "{name: a, mac-address: '02:00:00:00:00:0a', policy: {vlan-mode: access, access-vlan: 8}}",
		 ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512], said[2048] = "";
		snprintf(text, sizeof text, "ports: [{name: up, %s}, %s]\n", cases[i].uplink,
			 cases[i].others);
		struct config *c = test_config(text);
		config_warnings(c, note_warning, said);
		assert_string_equal(said, cases[i].says);
		config_free(c);
	}
}

// Packets that do not fit in a tunnel, and VNIs that never come up.
static void warnings_of_evpn(void **state)
{
	static const struct {
		const char *port, *evpn, *says;
	} cases[] = {
		{"mtu: 1500, policy: {vlan-mode: access, access-vlan: 10}",
		 "underlay: {device: 'null:', twin: t}",
		 "warning: port 'a': mtu 1500: larger packets than 1450 do not fit in a tunnel (evpn.underlay.mtu: 1550)\n"},
		{"mtu: 1550", "underlay: {device: 'null:', twin: t, mtu: 1599}",
		 "warning: port 'a': mtu 1550: larger packets than 1549 do not fit in a tunnel (evpn.underlay.mtu: 1600)\n"},
		{"mtu: 1550", "underlay: {device: 'null:', twin: t, mtu: 1600}", ""},
		{"mtu: 1450", "underlay: {device: 'null:', twin: t}", ""},
		{"mtu: 1450, device: 'null:'", "underlay: {device: 'null:', twin: t}", ""},
		{"mtu: 1500, policy: {vlan-mode: access, access-vlan: 11}",
		 "underlay: {device: 'null:', twin: t}", ""},
		{"mtu: 1450", "underlay: {device: 'null:'}",
		 "warning: evpn: control: kernel without a twin: no VNI comes up (underlay.twin)\n"},
		{"mtu: 1450", "underlay: {device: 'null:'}, source: 10.9.0.1, control: none", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512], said[2048] = "";
		snprintf(text, sizeof text,
			 "ports: [{name: a, %s}]\nevpn: {vnis: [{vlan: 10, vni: 500}], %s}\n",
			 cases[i].port, cases[i].evpn);
		struct config *c = test_config(text);
		config_warnings(c, note_warning, said);
		assert_string_equal(said, cases[i].says);
		config_free(c);
	}
}

static void a_full_disk_is_an_error(void **state)
{
	struct config *c = test_config("ports: [{name: a}]");
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_true(config_write(c, full) < 0);
	fclose(full);
	config_free(c);
}

static void comments(void **state)
{
	static const struct {
		const char *text;
		bool has;
	} cases[] = {
		{"", false},
		{"ports: []\n", false},
		{"# ports\n", true},
		{"#", true},
		{"ports: [] # none\n", true},
		{"ports: []\n# none", true},
		{"ports:\n  # none\n  []\n", true},
		{"ports:\n- name: a\n  # its device\n  device: x\n", true},
		{"ports: [ {name: a}, # one\n {name: b} ]\n", true},
		{"%YAML 1.1 # version\n---\nports: []\n", true},
		{"ports: []\n... # over\n", true},
		// a # in a value is no comment
		{"switch: {name: a#b}\n", false},
		{"switch: {name: 'a # b'}\n", false},
		{"switch: {name: \"a # b\"}\n", false},
		{"switch: {name: \"a\n  # b\"}\n", false},
		{"? a#b\n: c\n", false},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80: 'a # b'\n", false},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80: b # c\n", true},
		{"\xef\xbb\xbfname: 'a # b'\n", false},
		{"\xef\xbb\xbf# a\nname: b\n", true},
		{"name: a\r\nother: 'b # c'\r\n", false},
		{"name: a\r\nother: b # c\r\n", true},
		// text blocks: a comment in the first line only
		{"name: |\n  # a\n  b\n", false},
		{"name: |2- # a\n  b\n", true},
		{"name: > # a\n  b\n", true},
		{"name: >\n  # a\nother: b\n", false},
		{"name: |\n  a\n# b\nother: c\n", true},
		// undecidable
		{"name: 'a", true},
		{"\xff\xfe"
		 "a\0",
		 true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(config_has_comments(cases[i].text, strlen(cases[i].text)) == cases[i].has,
		      "%zu: %s", i, cases[i].text);
}

// Every difference as a line "object key: running -> file".
static char *differences(const char *running, const char *file)
{
	struct config *a = test_config(running), *b = test_config(file);
	json_t *rows = configdiff(a, b), *row;
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	json_array_foreach(rows, i, row) {
		const char *was = json_string_value(json_object_get(row, "running")),
			   *is = json_string_value(json_object_get(row, "file"));
		fprintf(out, "%s %s: %s -> %s\n", json_string_value(json_object_get(row, "object")),
			json_string_value(json_object_get(row, "key")), was ? was : "-",
			is ? is : "-");
	}
	fclose(out);
	json_decref(rows);
	config_free(a);
	config_free(b);
	return text;
}

static void differences_between(void **state)
{
	static const char before[] =
		"switch: {name: lab}\n"
		"dataplane: {workers: 2, memory: 256, hugepages: on, busy-poll: off, eal: [-a, -b]}\n"
		"policy: {mac-limit: 64, bpdu: guard}\n"
		"port-groups: [{name: g, policy: {mac-limit: 1, aging-time: 3}}, {name: gone}, {name: same}]\n"
		"ports:\n- {name: a, device: x, port-group: g, enabled: off}\n- {name: gone, mac-address: 02:00:00:00:00:01}\n"
		"- {name: same}\n"
		"static-macs: [{mac: 02:00:00:00:00:09, vlan: 5, port: a}, {mac: 02:00:00:00:00:08, vlan: 5, port: a}]\n"
		"mirrors: [{name: m, source: [a], destination: same}, {name: gone, source: [a], destination: same}]\n";
	static const char after[] =
		"mirrors:\n- {name: new, source: [a], direction: tx, destination: new}\n"
		"- {name: m, source: [a, same], direction: rx, destination: new}\n"
		"static-macs: [{mac: 02:00:00:00:00:07, vlan: 5, port: a}, {mac: 02:00:00:00:00:08, vlan: 5, port: same}]\n"
		"ports:\n- {name: new, device: z}\n- {name: same}\n"
		"- {name: a, device: y, mac-address: 02:00:00:00:00:01, effective-mac: 02:00:00:00:00:02, mtu: 1400, uplink: on, "
		"policy: {allowed-vlans: '1,5'}}\n"
		"port-groups: [{name: same}, {name: g, policy: {mac-limit: 2}}, {name: new, policy: {mac-limit: 3}}]\n"
		"policy: {aging-time: 9, mac-limit: 64}\n"
		"dataplane: {workers: 1, eal: [-c]}\n"
		"switch: {name: other, mac-table-size: 9000}\n";
	static const char wanted[] = "switch name: lab -> other\n"
				     "switch mac-table-size: - -> 9000\n"
				     "dataplane workers: 2 -> 1\n"
				     "dataplane memory: 256 -> 512\n"
				     "dataplane hugepages: on -> auto\n"
				     "dataplane busy-poll: off -> -\n"
				     "dataplane eal: [-a, -b] -> [-c]\n"
				     "policy bpdu: guard -> -\n"
				     "policy aging-time: - -> 9\n"
				     "group g mac-limit: 1 -> 2\n"
				     "group g aging-time: 3 -> -\n"
				     "group gone name: gone -> -\n"
				     "group new name: - -> new\n"
				     "group new mac-limit: - -> 3\n"
				     "port a device: x -> y\n"
				     "port a port-group: g -> -\n"
				     "port a enabled: off -> -\n"
				     "port a mac-address: - -> 02:00:00:00:00:01\n"
				     "port a effective-mac: - -> 02:00:00:00:00:02\n"
				     "port a mtu: - -> 1400\n"
				     "port a uplink: - -> on\n"
				     "port a allowed-vlans: - -> 1,5\n"
				     "port gone name: gone -> -\n"
				     "port gone mac-address: 02:00:00:00:00:01 -> -\n"
				     "port new name: - -> new\n"
				     "port new device: - -> z\n"
				     "static-mac 02:00:00:00:00:09 vlan 5 port: a -> -\n"
				     "static-mac 02:00:00:00:00:08 vlan 5 port: a -> same\n"
				     "static-mac 02:00:00:00:00:07 vlan 5 port: - -> a\n"
				     "mirror m source: [a] -> [a, same]\n"
				     "mirror m direction: both -> rx\n"
				     "mirror m destination: same -> new\n"
				     "mirror gone name: gone -> -\n"
				     "mirror gone source: [a] -> -\n"
				     "mirror gone direction: both -> -\n"
				     "mirror gone destination: same -> -\n"
				     "mirror new name: - -> new\n"
				     "mirror new source: - -> [a]\n"
				     "mirror new direction: - -> tx\n"
				     "mirror new destination: - -> new\n";

	(void)state;
	char *text = differences(before, after);
	assert_string_equal(text, wanted);
	free(text);
	text = differences(after, after);
	assert_string_equal(text, "");
	free(text);
	text = differences("ports: []\n", "ports: [{name: a}]\npolicy: {mac-limit: 1}\n");
	assert_string_equal(text, "policy mac-limit: - -> 1\nport a name: - -> a\n");
	free(text);
}

RUN_TESTS(TEST(every_error_has_its_place), TEST(everything_is_read), TEST(vlans_as_a_list),
	  TEST(defaults), TEST(legal), TEST(limits), TEST(files), TEST(written_and_read_again),
	  TEST(warnings), TEST(ignored_vlan_keys), TEST(uplinks_that_shut_down),
	  TEST(warnings_of_evpn), TEST(a_full_disk_is_an_error), TEST(comments),
	  TEST(differences_between))
