// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/policykeys.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const reject_accept[] = {
	[CHOICE_REJECT] = "reject", [CHOICE_ACCEPT] = "accept", NULL};
static const char *const on_off[] = {[CHOICE_ON] = "on", [CHOICE_OFF] = "off", NULL};
static const char *const auto_on_off[] = {[CHOICE_ROUTER_AUTO] = "auto",
					  [CHOICE_ROUTER_ON] = "on",
					  [CHOICE_ROUTER_OFF] = "off",
					  NULL};
static const char *const allow_drop[] = {
	[CHOICE_LIMIT_ALLOW] = "allow", [CHOICE_LIMIT_DROP] = "drop", NULL};
static const char *const trunk_access[] = {
	[CHOICE_TRUNK] = "trunk", [CHOICE_ACCESS] = "access", NULL};
static const char *const bpdu_words[] = {[CHOICE_BPDU_FILTER] = "filter",
					 [CHOICE_BPDU_FORWARD] = "forward",
					 [CHOICE_BPDU_GUARD] = "guard",
					 NULL};
static const char *const violation_words[] = {[CHOICE_RESTRICT] = "restrict",
					      [CHOICE_PROTECT] = "protect",
					      [CHOICE_SHUTDOWN] = "shutdown",
					      NULL};
static const char *const allow_block[] = {[CHOICE_ALLOW] = "allow", [CHOICE_BLOCK] = "block", NULL};
static const char *const learn_words[] = {
	[CHOICE_LEARN_OFF] = "off", [CHOICE_LEARN_DHCP] = "dhcp", NULL};
static const char *const spoof_words[] = {[CHOICE_SPOOF_OFF] = "off",
					  [CHOICE_SPOOF_IP] = "ip",
					  [CHOICE_SPOOF_ARP] = "arp",
					  [CHOICE_SPOOF_STRICT] = "strict",
					  NULL};
static const char *const drop_lldp_forward[] = {[CHOICE_LINK_LOCAL_DROP] = "drop",
						[CHOICE_LINK_LOCAL_LLDP] = "lldp",
						[CHOICE_LINK_LOCAL_FORWARD] = "forward",
						NULL};

#define CHOICE(w, d) .type = POLICY_CHOICE, .words = (w), .standard = (d)
#define NUMBER(lo, hi, d) .type = POLICY_NUMBER, .min = (lo), .max = (hi), .standard = (d)

const struct policy_row policy_rows[POLICY_KEYS] = {
	[PK_PROMISCUOUS] =
		{"promiscuous", CHOICE(reject_accept, CHOICE_REJECT),
		 .help = "accept: the port also receives one copy of every admitted frame in its VLANs"},
	[PK_FORGED_TRANSMITS] =
		{"forged-transmits", CHOICE(reject_accept, CHOICE_ACCEPT),
		 .help = "reject: drop frames whose source is neither the port's effective MAC nor in allowed-macs"},
	[PK_ALLOWED_MACS] =
		{"allowed-macs", .type = POLICY_MACS,
		 .help = "further sources for forged-transmits: reject, such as 00:00:5e:00:01:00/40 (VRRP)"},
	[PK_MAC_CHANGES] =
		{"mac-changes", CHOICE(reject_accept, CHOICE_ACCEPT),
		 .help = "reject: deliver nothing while the guest's MAC differs from the assigned one"},
	[PK_MAC_LEARNING] =
		{"mac-learning", CHOICE(on_off, CHOICE_ON),
		 .help = "off: learn no MACs; the port receives only group frames and frames to its effective MAC"},
	[PK_UNICAST_FLOOD] = {"unicast-flood", CHOICE(on_off, CHOICE_ON),
			      .help = "off: do not flood unknown unicast to the port"},
	[PK_BROADCAST_FLOOD] = {"broadcast-flood", CHOICE(on_off, CHOICE_ON),
				.help = "off: do not flood broadcasts to the port"},
	[PK_MULTICAST_FLOOD] = {"multicast-flood", CHOICE(on_off, CHOICE_ON),
				.help = "off: do not flood other group frames to the port"},
	[PK_MULTICAST_ROUTER] =
		{"multicast-router", CHOICE(auto_on_off, CHOICE_ROUTER_AUTO),
		 .help = "on: a multicast router is behind the port, which gets every group; off: believe no router or querier there"},
	[PK_MULTICAST_FAST_LEAVE] =
		{"multicast-fast-leave", CHOICE(on_off, CHOICE_OFF),
		 .help = "on: stop a group as soon as one guest of the port leaves it; for ports with a single guest"},
	[PK_MULTICAST_GROUPS] =
		{"multicast-groups", NUMBER(0, 1024, 256), .unit = "groups",
		 .help = "maximum number of groups that the port may join; beyond it, the port gets every group"},
	[PK_MAC_LIMIT] =
		{"mac-limit", NUMBER(0, 16777216, 4096), .unit = "MACs",
		 .help = "maximum number of MACs learned on the port; the sum over all ports must fit the table"},
	[PK_MAC_LIMIT_POLICY] =
		{"mac-limit-policy", CHOICE(allow_drop, CHOICE_LIMIT_ALLOW),
		 .help = "at the limit, forward a frame from a new MAC without learning it (allow), or drop it"},
	[PK_MAC_STICKY] = {"mac-sticky", CHOICE(on_off, CHOICE_OFF),
			   .help = "on: MACs learned on the port never age out and never move"},
	[PK_MAC_MOVE_LIMIT] =
		{"mac-move-limit", NUMBER(0, 255, 5), .unit = "moves",
		 .help = "number of times that one MAC may move within 10 s; 0: no limit"},
	[PK_MAC_MOVE_HOLD] = {"mac-move-hold", NUMBER(1, 3600, 30), .unit = "s",
			      .help = "how long a MAC stays on its port after it moved too often"},
	[PK_AGING_TIME] = {"aging-time", NUMBER(0, 1000000, 300), .unit = "s",
			   .help = "a MAC ages out after this time without a frame; 0: never"},
	[PK_VIOLATION] =
		{"violation", CHOICE(violation_words, CHOICE_RESTRICT),
		 .help = "drop and report an event (restrict), drop silently (protect), or err-disable the port (shutdown)"},
	[PK_RECOVERY_TIME] =
		{"recovery-time", NUMBER(0, 86400, 0), .unit = "s",
		 .help = "an err-disabled port recovers after this time; 0: only by port enable"},
	[PK_VLAN_MODE] =
		{"vlan-mode", CHOICE(trunk_access, CHOICE_TRUNK),
		 .help = "trunk: tagged frames in the allowed VLANs; access: untagged frames in one VLAN"},
	[PK_ACCESS_VLAN] = {"access-vlan", NUMBER(1, 4094, 1), .help = "VLAN of an access port"},
	[PK_NATIVE_VLAN] = {"native-vlan", NUMBER(0, 4094, 1),
			    .help = "VLAN of untagged frames on a trunk; 0: drop untagged frames"},
	[PK_ALLOWED_VLANS] =
		{"allowed-vlans", .type = POLICY_VLANS,
		 .help = "VLANs of a trunk, such as 1,10-20; include the native VLAN if the trunk carries it"},
	[PK_ISOLATION_GROUP] = {"isolation-group", NUMBER(0, 31, 0),
				.help = "ports with the same nonzero number never exchange frames"},
	[PK_STORM_BROADCAST] = {"storm-broadcast", NUMBER(0, UINT32_MAX, 0), .unit = "frames/s",
				.help = "maximum rate of broadcasts from the port; 0: no limit"},
	[PK_STORM_MULTICAST] = {"storm-multicast", NUMBER(0, UINT32_MAX, 0), .unit = "frames/s",
				.help = "maximum rate of multicasts from the port; 0: no limit"},
	[PK_STORM_UNKNOWN_UNICAST] =
		{"storm-unknown-unicast", NUMBER(0, UINT32_MAX, 0), .unit = "frames/s",
		 .help = "maximum rate of unknown unicast from the port; 0: no limit"},
	[PK_INGRESS_RATE] = {"ingress-rate", NUMBER(0, UINT32_MAX, 0), .unit = "kbit/s",
			     .help = "average rate that the port may receive; 0: no limit"},
	[PK_INGRESS_PEAK] = {"ingress-peak", NUMBER(0, UINT32_MAX, 0), .unit = "kbit/s",
			     .help = "maximum rate during a burst; 0: no limit"},
	[PK_INGRESS_BURST] =
		{"ingress-burst", NUMBER(0, 1048576, 0), .unit = "KiB",
		 .help = "maximum size of a burst; 0: 10 ms at the average rate, at least 16 KiB"},
	[PK_EGRESS_RATE] = {"egress-rate", NUMBER(0, UINT32_MAX, 0), .unit = "kbit/s",
			    .help = "average rate that the port may send; 0: no limit"},
	[PK_EGRESS_PEAK] = {"egress-peak", NUMBER(0, UINT32_MAX, 0), .unit = "kbit/s",
			    .help = "maximum rate during a burst; 0: no limit"},
	[PK_EGRESS_BURST] =
		{"egress-burst", NUMBER(0, 1048576, 0), .unit = "KiB",
		 .help = "maximum size of a burst; 0: 10 ms at the average rate, at least 16 KiB"},
	[PK_BPDU] =
		{"bpdu", CHOICE(bpdu_words, CHOICE_BPDU_FILTER),
		 .help = "drop BPDUs (IEEE and Cisco), forward them, or err-disable the port on the first one (guard)"},
	[PK_LINK_LOCAL] =
		{"link-local", CHOICE(drop_lldp_forward, CHOICE_LINK_LOCAL_DROP),
		 .help = "drop link-local frames (LACP, LLDP, 802.1X, Cisco's CDP …), or forward LLDP, or all but PAUSE"},
	[PK_DHCP_SERVER] =
		{"dhcp-server", CHOICE(allow_block, CHOICE_ALLOW),
		 .help = "block: drop UDP from the port to a DHCP client (68; IPv6: 546, or from 547)"},
	[PK_ROUTER_ADVERT] =
		{"router-advert", CHOICE(allow_block, CHOICE_ALLOW),
		 .help = "block: drop IPv6 router advertisements and redirects from the port"},
	[PK_SPOOF_GUARD] =
		{"spoof-guard", CHOICE(spoof_words, CHOICE_SPOOF_OFF),
		 .help = "drop ARP and neighbour discovery for addresses that are not bound to their source (arp), packets from them too (ip), without any binding all but requests for an address (strict)"},
	[PK_SPOOF_GUARD_LEARN] =
		{"spoof-guard-learn", CHOICE(learn_words, CHOICE_LEARN_OFF),
		 .help = "dhcp: the addresses that DHCP servers on other ports give to stations here are bound to them, as long as the lease lasts"},
	[PK_AUDIT] =
		{"audit", CHOICE(on_off, CHOICE_OFF),
		 .help = "on: forward, count and report what forged-transmits, the guards, mac-limit, ingress-rate and the storm limits would drop"},
};

const char *const policy_level_names[POLICY_LEVELS] = {"default", "switch", "group", "port"};

int policy_find(const char *name)
{
	for (int k = 0; k < POLICY_KEYS; k++)
		if (!strcmp(policy_rows[k].name, name))
			return k;
	return -1;
}

static const char *key_name(void *unused, size_t i)
{
	(void)unused;
	return i < POLICY_KEYS ? policy_rows[i].name : NULL;
}

const char *policy_hint(char hint[TEXT_HINT], const char *name)
{
	return text_hint(hint, name, key_name, NULL, "see nestswitch help policy");
}

void policy_describe_values(enum policy_key key, char *out, size_t size)
{
	const struct policy_row *r = &policy_rows[key];
	size_t at = 0;

	if (r->type == POLICY_VLANS) {
		snprintf(out, size, "a list of VLANs from 1 to 4094 such as 1,10-20");
	} else if (r->type == POLICY_MACS) {
		snprintf(out, size, "none, or a list of up to %d MACs and MAC/BITS", MACS_MAX);
	} else if (r->type == POLICY_NUMBER) {
		snprintf(out, size, "a number from %u to %u%s%s", r->min, r->max,
			 r->unit ? " " : "", r->unit ? r->unit : "");
	} else {
		for (int i = 0; r->words[i] && at < size; i++)
			at += (size_t)snprintf(out + at, size - at, "%s%s", i ? " or " : "",
					       r->words[i]);
	}
}

static void hint_values(enum policy_key key, const char *text, char hint[TEXT_HINT])
{
	char values[TEXT_HINT - 8];

	if (policy_rows[key].type == POLICY_CHOICE) {
		text_hint_of(hint, text, policy_rows[key].words);
		return;
	}
	policy_describe_values(key, values, sizeof values);
	snprintf(hint, TEXT_HINT, " (%s)", values);
}

// The index of a word of a choice, -1 for none. For on and off, their synonyms count too.
static int choice_of(const struct policy_row *r, const char *text)
{
	bool on, either = text_switch(text, &on);

	for (int i = 0; r->words[i]; i++)
		if (!strcasecmp(r->words[i], text) ||
		    (either && !strcmp(r->words[i], on ? "on" : "off")))
			return i;
	return -1;
}

static bool parse_policy_value(struct policy *p, enum policy_key key, const char *text)
{
	const struct policy_row *r = &policy_rows[key];
	uint64_t number;
	int choice;

	switch (r->type) {
	case POLICY_CHOICE:
		choice = choice_of(r, text);
		if (choice < 0)
			return false;
		p->value[key] = (uint32_t)choice;
		return true;
	case POLICY_NUMBER:
		if (!text_number(text, r->max, &number) || number < r->min)
			return false;
		p->value[key] = (uint32_t)number;
		return true;
	case POLICY_VLANS:
		return text_vlans(text, &p->vlans);
	case POLICY_MACS:
		return text_macs(text, &p->macs);
	}
	return false;
}

enum { ITEM = 48 }; // longer ones are wrong anyway

// Finds the item of a list that is wrong by itself. False: there is none.
static bool find_wrong_item(enum policy_key key, const char *text, char item[ITEM])
{
	struct policy alone = {0};

	for (;; text++) {
		size_t len = strcspn(text, ",");
		snprintf(item, ITEM, "%.*s", (int)(len < ITEM ? len : ITEM - 1), text);
		if (!parse_policy_value(&alone, key, item))
			return true;
		text += len;
		if (!*text)
			return false;
	}
}

// Whether an item is the MAC of a group, or a range of such.
static bool is_group_item(const char *item)
{
	char mac[MAC_TEXT];
	uint64_t value;

	snprintf(mac, sizeof mac, "%.*s", (int)strcspn(item, "/"), item);
	return text_mac(mac, &value) && value >> 40 & 1;
}

// Says which item of a list is wrong, and why.
static void explain_list(enum policy_key key, const char *text, char error[POLICY_ERROR])
{
	const char *name = policy_rows[key].name;
	const char *verb = strchr(text, ',') ? "have" : "be";
	char item[ITEM], values[TEXT_HINT];

	hint_values(key, text, values);
	if (!find_wrong_item(key, text, item))
		snprintf(error, POLICY_ERROR, "%s is too long, or mixes none with MACs%s", name,
			 values);
	else if (policy_rows[key].type == POLICY_MACS && is_group_item(item))
		snprintf(error, POLICY_ERROR,
			 "%s cannot %s '%s', a group address (give addresses of stations)", name,
			 verb, item);
	else
		snprintf(error, POLICY_ERROR, "%s cannot %s '%.40s'%s", name, verb, item, values);
}

static void explain_value(enum policy_key key, const char *text, char error[POLICY_ERROR])
{
	char hint[TEXT_HINT];

	hint_values(key, text, hint);
	snprintf(error, POLICY_ERROR, "%s cannot be '%.40s'%s", policy_rows[key].name, text, hint);
}

bool policy_set(struct policy *p, enum policy_key key, const char *text, char error[POLICY_ERROR])
{
	if (parse_policy_value(p, key, text)) {
		p->set |= UINT64_C(1) << key;
		return true;
	}
	if (policy_is_list(key))
		explain_list(key, text, error);
	else
		explain_value(key, text, error);
	return false;
}

void policy_unset(struct policy *p, enum policy_key key)
{
	p->set &= ~(UINT64_C(1) << key);
}

void policy_text(const struct policy *p, enum policy_key key, char out[POLICY_TEXT])
{
	const struct policy_row *r = &policy_rows[key];

	if (r->type == POLICY_VLANS)
		text_put_vlans(&p->vlans, out);
	else if (r->type == POLICY_MACS)
		text_put_macs(&p->macs, out);
	else if (r->type == POLICY_NUMBER)
		snprintf(out, POLICY_TEXT, "%u", p->value[key]);
	else
		snprintf(out, POLICY_TEXT, "%s", r->words[p->value[key]]);
}

// VIDs 1 to 4094.
static const struct vlanset all_vlans = {
	{[0] = ~UINT64_C(1), [1 ... 62] = ~UINT64_C(0), [63] = ~UINT64_C(0) >> 1}};

static void set_defaults(struct policy *p)
{
	p->set = (UINT64_C(1) << POLICY_KEYS) - 1;
	for (int k = 0; k < POLICY_KEYS; k++)
		p->value[k] = policy_rows[k].standard;
	p->vlans = all_vlans;
	p->macs.count = 0;
}

static void copy_value(struct policy *to, const struct policy *from, enum policy_key key)
{
	to->value[key] = from->value[key];
	if (policy_rows[key].type == POLICY_VLANS)
		to->vlans = from->vlans;
	if (policy_rows[key].type == POLICY_MACS)
		to->macs = from->macs;
}

void policy_resolve(const struct policy_stack *s, struct policy *result,
		    enum policy_level from[POLICY_KEYS])
{
	set_defaults(result);
	if (from)
		memset(from, 0, POLICY_KEYS * sizeof *from);
	for (int l = LEVEL_SWITCH; l < POLICY_LEVELS; l++)
		for (int k = 0; s->level[l] && k < POLICY_KEYS; k++) {
			if (!policy_has(s->level[l], (enum policy_key)k))
				continue;
			copy_value(result, s->level[l], (enum policy_key)k);
			if (from)
				from[k] = (enum policy_level)l;
		}
}

void policy_describe(enum policy_key key, char *out, size_t size)
{
	char values[POLICY_ERROR], standard[POLICY_TEXT];
	struct policy p;

	set_defaults(&p);
	policy_text(&p, key, standard);
	policy_describe_values(key, values, sizeof values);
	snprintf(out, size, "%s (default %s)", values, standard);
}

void policy_print_keys(FILE *out)
{
	char values[POLICY_ERROR];

	for (int k = 0; k < POLICY_KEYS; k++) {
		policy_describe((enum policy_key)k, values, sizeof values);
		fprintf(out, "%s: %s\n    %s\n", policy_rows[k].name, values, policy_rows[k].help);
	}
}
