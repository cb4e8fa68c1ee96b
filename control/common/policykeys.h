// SPDX-License-Identifier: BSD-3-Clause
// policykeys: THE table of policy keys. Configuration, nestctl, JSON, help and the manual are made
// from it. A new key is a row here and its use in compile.c and dataplane/.
//
// Model   A policy holds a value for each key that is set at one level (switch, group, port). The
//         value in force is resolved for each key: the port's value, else its group's, else the
//         switch's, else the default.
// Errors  An invalid value is refused with an error that lists the valid ones.
#pragma once

#include "control/common/text.h"

enum policy_key {
	PK_PROMISCUOUS,
	PK_FORGED_TRANSMITS,
	PK_ALLOWED_MACS,
	PK_MAC_CHANGES,
	PK_MAC_LEARNING,
	PK_UNICAST_FLOOD,
	PK_BROADCAST_FLOOD,
	PK_MULTICAST_FLOOD,
	PK_MULTICAST_ROUTER,
	PK_MULTICAST_FAST_LEAVE,
	PK_MULTICAST_GROUPS,
	PK_MAC_LIMIT,
	PK_MAC_LIMIT_POLICY,
	PK_MAC_STICKY,
	PK_MAC_MOVE_LIMIT,
	PK_MAC_MOVE_HOLD,
	PK_AGING_TIME,
	PK_VIOLATION,
	PK_RECOVERY_TIME,
	PK_VLAN_MODE,
	PK_ACCESS_VLAN,
	PK_NATIVE_VLAN,
	PK_ALLOWED_VLANS,
	PK_ISOLATION_GROUP,
	PK_STORM_BROADCAST,
	PK_STORM_MULTICAST,
	PK_STORM_UNKNOWN_UNICAST,
	PK_INGRESS_RATE,
	PK_INGRESS_PEAK,
	PK_INGRESS_BURST,
	PK_EGRESS_RATE,
	PK_EGRESS_PEAK,
	PK_EGRESS_BURST,
	PK_BPDU,
	PK_LINK_LOCAL,
	PK_DHCP_SERVER,
	PK_ROUTER_ADVERT,
	PK_SPOOF_GUARD,
	PK_SPOOF_GUARD_LEARN,
	PK_AUDIT,
	POLICY_KEYS,
};

enum policy_type {
	POLICY_CHOICE, // one of `words`; the value is its index
	POLICY_NUMBER, // min to max
	POLICY_VLANS,  // a list of VLANs
	POLICY_MACS,   // a list of MACs and ranges of MACs
};

// The value of a choice is the index of its word, so that a first word, such as CHOICE_ON, is 0.
// Compare a value with these names; it is no boolean.
enum { CHOICE_REJECT, CHOICE_ACCEPT };
enum { CHOICE_ON, CHOICE_OFF };
enum { CHOICE_ROUTER_AUTO, CHOICE_ROUTER_ON, CHOICE_ROUTER_OFF };
enum { CHOICE_LIMIT_ALLOW, CHOICE_LIMIT_DROP };
enum { CHOICE_TRUNK, CHOICE_ACCESS };
enum { CHOICE_RESTRICT, CHOICE_PROTECT, CHOICE_SHUTDOWN };
enum { CHOICE_BPDU_FILTER, CHOICE_BPDU_FORWARD, CHOICE_BPDU_GUARD };
enum { CHOICE_SPOOF_OFF, CHOICE_SPOOF_IP, CHOICE_SPOOF_ARP, CHOICE_SPOOF_STRICT };
enum { CHOICE_LEARN_OFF, CHOICE_LEARN_DHCP };
enum { CHOICE_ALLOW, CHOICE_BLOCK };
enum { CHOICE_LINK_LOCAL_DROP, CHOICE_LINK_LOCAL_LLDP, CHOICE_LINK_LOCAL_FORWARD };

struct policy_row {
	const char *name;
	enum policy_type type;
	const char *const *words;
	uint32_t min, max;
	uint32_t standard; // the default
	const char *unit;
	const char *help;
};

extern const struct policy_row policy_rows[POLICY_KEYS];

struct policy {
	uint64_t set; // bit of each key that has a value here
	uint32_t value[POLICY_KEYS];
	struct vlanset vlans; // of PK_ALLOWED_VLANS
	struct mac_list macs; // of PK_ALLOWED_MACS
};

enum policy_level { LEVEL_DEFAULT, LEVEL_SWITCH, LEVEL_GROUP, LEVEL_PORT, POLICY_LEVELS };
extern const char *const policy_level_names[POLICY_LEVELS];

// The levels that a port, a group or the switch inherits from. NULL: the level does not exist.
struct policy_stack {
	const struct policy *level[POLICY_LEVELS];
};

enum { POLICY_ERROR = 384, POLICY_TEXT = VLANS_TEXT };

static inline bool policy_has(const struct policy *p, enum policy_key key)
{
	return p->set >> key & 1;
}

// Whether the value of a key is a list, whose text has commas: 1,10-20.
static inline bool policy_is_list(enum policy_key key)
{
	return policy_rows[key].type == POLICY_VLANS || policy_rows[key].type == POLICY_MACS;
}

// Finds a key by its name. -1: there is none.
int policy_find(const char *name);

// The hint for an unknown key, see text_hint().
const char *policy_hint(char hint[TEXT_HINT], const char *name);

// Describes the valid values of a key: "accept or reject", "a number from 1 to 3600 s".
void policy_describe_values(enum policy_key key, char *out, size_t size);

// The same with the default: "a number from 1 to 3600 s (default 30)".
void policy_describe(enum policy_key key, char *out, size_t size);

// Prints every key with its values and its meaning.
void policy_print_keys(FILE *out);

// Sets a key from text. On error the policy is unchanged, and error has the reason.
bool policy_set(struct policy *p, enum policy_key key, const char *text, char error[POLICY_ERROR]);
void policy_unset(struct policy *p, enum policy_key key);

// The value of a key in p, as text.
void policy_text(const struct policy *p, enum policy_key key, char out[POLICY_TEXT]);

// Resolves the policy in force: every key gets a value. from[key], unless NULL, gets the level that
// the value comes from.
void policy_resolve(const struct policy_stack *s, struct policy *result,
		    enum policy_level from[POLICY_KEYS]);
