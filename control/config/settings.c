// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/common/portsettings.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "dataplane/key.h"

#define SIZE(object, member) sizeof(((object *)NULL)->member)

// A member, and its place in a file.
#define AT(object, member) .at = offsetof(object, member), .size = SIZE(object, member)
#define MARK(object, member) .mark = offsetof(object, member##_at)
#define LIMITS(lowest, highest) .min = (lowest), .max = (highest)

// A list of texts with their places. Member `number` is their number.
#define TEXTS_AT(object, member, number) \
	.at = offsetof(object, member), .size = SIZE(object, member[0]), \
	.max = SIZE(object, member) / SIZE(object, member[0]), .count = offsetof(object, number)

_Static_assert(sizeof(enum hugepages) == 4 && sizeof(enum mirror_direction) == 4 &&
		       sizeof(enum unregistered) == 4 && sizeof(enum querier_mode) == 4 &&
		       sizeof(enum evpn_control) == 4 && sizeof(enum port_kind) == 4,
	       "the type of SETTING_WORD");

static const struct setting switch_settings[] = {
	{"name", SETTING_TEXT, SETTING_WRITTEN, AT(struct config, name)},
	{"mac-table-size", SETTING_NUMBER, 0, AT(struct config, table_size),
	 MARK(struct config, table_size), LIMITS(1, TABLE_SIZE_MAX), .unit = "MACs"},
	{0},
};

static const struct setting dataplane_settings[] = {
	{"workers", SETTING_NUMBER, SETTING_WRITTEN, AT(struct config, dataplane.workers),
	 LIMITS(1, CONFIG_WORKERS_MAX), .unit = "threads", .standard = 1},
	{"memory", SETTING_NUMBER, SETTING_WRITTEN, AT(struct config, dataplane.memory_mib),
	 LIMITS(64, 1 << 20), .unit = "MiB", .standard = 512},
	{"hugepages", SETTING_WORD, SETTING_WRITTEN, AT(struct config, dataplane.hugepages),
	 .words = hugepages_words, .standard = HUGEPAGES_AUTO},
	{"busy-poll", SETTING_SWITCH, 0, AT(struct config, dataplane.busy_poll), .standard = true},
	{"eal", SETTING_TEXTS, 0, TEXTS_AT(struct config, dataplane.eal, dataplane.eal_count),
	 .many = "eal arguments"},
	{0},
};

static const struct setting group_settings[] = {
	{"name", SETTING_NAME, SETTING_REQUIRED, AT(struct config_group, name)},
	{"policy", SETTING_POLICY, 0, AT(struct config_group, policy)},
	{0},
};

#define X(key, kind, member, minimum, maximum, measure, otherwise, value, help) \
	{key, \
	 SETTING_##kind, \
	 0, \
	 AT(struct config_port, member), \
	 MARK(struct config_port, member), \
	 LIMITS(minimum, maximum), \
	 .unit = (measure), \
	 .standard = (otherwise), \
	 .argument = (value)},

const struct setting config_port_settings[] = {
	{"name", SETTING_NAME, SETTING_REQUIRED, AT(struct config_port, name),
	 .mark = offsetof(struct config_port, at)},
	PORT_SETTINGS(X){"enabled", SETTING_SWITCH, 0, AT(struct config_port, enabled),
			 .standard = true},
	{"policy", SETTING_POLICY, 0, AT(struct config_port, policy)},
	{0},
};
#undef X

static const struct setting vlan_settings[] = {
	{"vlan", SETTING_VLAN, SETTING_REQUIRED, AT(struct config_vlan, vid),
	 .mark = offsetof(struct config_vlan, at), LIMITS(1, 4094)},
	{"multicast-snooping", SETTING_SWITCH, 0, AT(struct config_vlan, snooping)},
	{"neighbour-suppression", SETTING_SWITCH, 0, AT(struct config_vlan, finds_neighbours)},
	{"unregistered", SETTING_WORD, 0, AT(struct config_vlan, unregistered),
	 .words = unregistered_words, .standard = UNREGISTERED_FLOOD},
	{"querier", SETTING_WORD, 0, AT(struct config_vlan, querier),
	 MARK(struct config_vlan, querier), .words = querier_words, .standard = QUERIER_OFF},
	{"querier-address", SETTING_TEXT, 0, AT(struct config_vlan, querier_address),
	 MARK(struct config_vlan, querier_address)},
	{0},
};

static const struct setting static_settings[] = {
	{"mac", SETTING_MAC, SETTING_REQUIRED | SETTING_MULTICAST, AT(struct config_static, mac),
	 .mark = offsetof(struct config_static, at)},
	{"vlan", SETTING_VLAN, SETTING_REQUIRED, AT(struct config_static, vid), LIMITS(1, 4094)},
	{"port", SETTING_NAME, SETTING_REQUIRED, AT(struct config_static, port)},
	{0},
};

static const struct setting mirror_settings[] = {
	{"name", SETTING_NAME, SETTING_REQUIRED, AT(struct config_mirror, name)},
	{"source", SETTING_NAMES, SETTING_REQUIRED | SETTING_WRITTEN,
	 TEXTS_AT(struct config_mirror, source, source_count), MARK(struct config_mirror, source),
	 .many = "sources"},
	{"direction", SETTING_WORD, SETTING_WRITTEN, AT(struct config_mirror, direction),
	 .min = MIRROR_RX, .words = mirror_direction_words, .standard = MIRROR_BOTH},
	{"destination", SETTING_NAME, SETTING_REQUIRED, AT(struct config_mirror, destination),
	 MARK(struct config_mirror, destination)},
	{0},
};

static const struct setting binding_settings[] = {
	{"port", SETTING_NAME, SETTING_REQUIRED, AT(struct config_binding, port),
	 .mark = offsetof(struct config_binding, at)},
	{"mac", SETTING_MAC, 0, AT(struct config_binding, mac)},
	{"ip", SETTING_TEXTS, SETTING_REQUIRED | SETTING_WRITTEN,
	 TEXTS_AT(struct config_binding, ip, ip_count), MARK(struct config_binding, ip),
	 .many = "addresses"},
	{"vlan", SETTING_VLAN, 0, AT(struct config_binding, vid), LIMITS(1, 4094)},
	{0},
};

#define ELEMENT(object) .size = sizeof(object), .mark = offsetof(object, at)

static const struct setting_element group_element = {
	"a port group", "group", ELEMENT(struct config_group), .settings = group_settings};
static const struct setting_element port_element = {"a port", "port", ELEMENT(struct config_port),
						    .derived = offsetof(struct config_port, kind),
						    .settings = config_port_settings};
static const struct setting_element vlan_element = {"a VLAN", "vlan", ELEMENT(struct config_vlan),
						    .brief = true, .settings = vlan_settings};
static const struct setting_element static_element = {"a static MAC", "static-mac",
						      ELEMENT(struct config_static), .brief = true,
						      .settings = static_settings};
static const struct setting_element mirror_element = {
	"a mirror", "mirror", ELEMENT(struct config_mirror), .settings = mirror_settings};

static const struct setting_element binding_element = {"a binding", "binding",
						       ELEMENT(struct config_binding),
						       .brief = true, .settings = binding_settings};

#define EVPN(member) AT(struct config, evpn.member)
#define EVPN_NUMBER(key, member, lowest, highest, measure, otherwise) \
	{ \
		key, SETTING_NUMBER, SETTING_STANDARD, EVPN(member), LIMITS(lowest, highest), \
			.unit = (measure), .standard = (otherwise) \
	}

static const struct setting underlay_settings[] = {
	{"device", SETTING_DEVICE, 0, EVPN(device), MARK(struct config, evpn.device)},
	{"twin", SETTING_NAME, 0, EVPN(twin), MARK(struct config, evpn.twin)},
	{"mtu", SETTING_NUMBER, 0, EVPN(mtu), MARK(struct config, evpn.mtu),
	 LIMITS(UNDERLAY_MTU_MIN, MTU_MAX), .unit = "bytes"},
	{"queues", SETTING_NUMBER, 0, EVPN(queues), LIMITS(1, QUEUES_MAX)},
	{0},
};

static const struct setting vni_settings[] = {
	{"vlan", SETTING_VLAN, SETTING_REQUIRED, AT(struct config_vni, vid), LIMITS(1, 4094)},
	{"vni", SETTING_VNI, SETTING_REQUIRED, AT(struct config_vni, vni),
	 MARK(struct config_vni, vni), LIMITS(1, VNI_MAX)},
	{0},
};

static const struct setting remote_settings[] = {
	{"mac", SETTING_MAC, SETTING_REQUIRED, AT(struct config_remote, mac)},
	{"vlan", SETTING_VLAN, SETTING_REQUIRED, AT(struct config_remote, vid), LIMITS(1, 4094)},
	{"sticky", SETTING_SWITCH, 0, AT(struct config_remote, sticky)},
	{0},
};

static const struct setting_element remote_element = {"a MAC of a peer", "mac",
						      ELEMENT(struct config_remote), .brief = true,
						      .settings = remote_settings};

static const struct setting peer_settings[] = {
	{"vtep", SETTING_IPV4, SETTING_REQUIRED, AT(struct config_peer, vtep)},
	{"next-hop", SETTING_MAC, 0, AT(struct config_peer, next_hop)},
	{"vnis", SETTING_TEXTS, SETTING_WRITTEN, TEXTS_AT(struct config_peer, vni, vni_count),
	 MARK(struct config_peer, vni), .many = "VNIs of a peer"},
	{"macs", SETTING_ELEMENTS, 0, AT(struct config_peer, mac),
	 .count = offsetof(struct config_peer, mac_count), .max = PEER_MACS_MAX,
	 .many = "MACs of a peer", .element = &remote_element},
	{0},
};

static const struct setting_element vni_element = {"a VNI", "vni", ELEMENT(struct config_vni),
						   .brief = true, .settings = vni_settings};
static const struct setting_element peer_element = {"a peer", "peer", ELEMENT(struct config_peer),
						    .settings = peer_settings};

const struct setting config_evpn_settings[] = {
	{"underlay", SETTING_SECTION, .settings = underlay_settings},
	{"source", SETTING_IPV4, 0, EVPN(source), MARK(struct config, evpn.source)},
	EVPN_NUMBER("udp-port", udp_port, 1, UINT16_MAX, NULL, 4789),
	EVPN_NUMBER("ttl", ttl, 1, UINT8_MAX, NULL, 64),
	EVPN_NUMBER("dscp", dscp, 0, 63, NULL, 0),
	EVPN_NUMBER("vtep-hold", hold_s, 0, 300, "s", 5),
	EVPN_NUMBER("sync-rate", sync_rate, 1, 1000000, "rows/s", 10000),
	{"vnis", SETTING_ELEMENTS, 0, EVPN(vni), .count = offsetof(struct config, evpn.vni_count),
	 .max = CONFIG_VLANS_MAX, .many = "VNIs", .element = &vni_element},
	{"policy", SETTING_POLICY, 0, EVPN(policy), MARK(struct config, evpn.policy)},
	{"peers", SETTING_ELEMENTS, 0, EVPN(peer),
	 .count = offsetof(struct config, evpn.peer_count), .max = CONFIG_PORTS_MAX,
	 .many = "peers", .element = &peer_element},
	{"control", SETTING_WORD, 0, EVPN(control), MARK(struct config, evpn.control),
	 .words = evpn_control_words, .standard = EVPN_KERNEL},
	{0},
};

#define ELEMENTS(member, highest) \
	AT(struct config, member), .count = offsetof(struct config, member##_count), \
				   .max = (highest)

const struct setting config_settings[] = {
	{"switch", SETTING_SECTION, .settings = switch_settings},
	{"dataplane", SETTING_SECTION, .settings = dataplane_settings},
	{"policy", SETTING_POLICY, 0, AT(struct config, policy)},
	{"port-groups", SETTING_ELEMENTS, 0, ELEMENTS(group, CONFIG_GROUPS_MAX),
	 .many = "port groups", .element = &group_element},
	{"ports", SETTING_ELEMENTS, SETTING_REQUIRED | SETTING_WRITTEN,
	 ELEMENTS(port, CONFIG_PORTS_MAX), .many = "ports", .element = &port_element},
	{"vlans", SETTING_ELEMENTS, 0, ELEMENTS(vlan, CONFIG_VLANS_MAX), .many = "VLANs",
	 .element = &vlan_element},
	{"static-macs", SETTING_ELEMENTS, 0, ELEMENTS(fixed, CONFIG_STATICS_MAX),
	 .many = "static MACs", .element = &static_element},
	{"mirrors", SETTING_ELEMENTS, 0, ELEMENTS(mirror, CONFIG_MIRRORS_MAX), .many = "mirrors",
	 .element = &mirror_element},
	{"bindings", SETTING_ELEMENTS, 0, ELEMENTS(binding, CONFIG_BINDINGS_MAX),
	 .many = "bindings", .element = &binding_element},
	{"evpn", SETTING_SECTION, .settings = config_evpn_settings},
	{0},
};

const struct setting *setting_find(const struct setting *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

const char *setting_name(void *table, size_t i)
{
	return ((const struct setting *)table)[i].name;
}

void setting_init(const struct setting *table, void *object)
{
	for (const struct setting *s = table; s->name; s++) {
		void *member = setting_member(s, object);
		if (s->type == SETTING_SWITCH)
			*(bool *)member = s->standard;
		else if (s->type == SETTING_WORD ||
			 (s->type == SETTING_NUMBER &&
			  s->flags & (SETTING_WRITTEN | SETTING_STANDARD)))
			*(uint32_t *)member = s->standard;
		else if (s->type == SETTING_SECTION)
			setting_init(s->settings, object);
	}
}

static bool set_text(const struct setting *s, char *member, const char *text, struct error *e)
{
	bool any = s->type == SETTING_TEXT || s->type == SETTING_TEXTS || s->type == SETTING_DEVICE;

	if (!*text || strlen(text) >= s->size)
		return error_set(e, "%s '%.40s' is %s (1 to %zu characters)", s->name, text,
				 *text ? "too long" : "empty", s->size - 1);
	if (!any && !text_is_name(text, s->size - 1))
		return error_set(e,
				 "%s '%.64s' has a character that no name has (A-Z a-z 0-9 _ . -)",
				 s->name, text);
	strcpy(member, text);
	return true;
}

static bool parse_number(const struct setting *s, const char *text, uint64_t *number,
			 struct error *e)
{
	return (text_number(text, s->max, number) && *number >= s->min) ||
	       error_set(e, "%s cannot be '%.40s' (a number from %u to %u%s%s)", s->name, text,
			 s->min, s->max, s->unit ? " " : "", s->unit ? s->unit : "");
}

static bool set_number(const struct setting *s, void *member, const char *text, struct error *e)
{
	uint64_t number = 0;

	if (!parse_number(s, text, &number, e))
		return false;
	if (s->type == SETTING_VLAN)
		*(uint16_t *)member = (uint16_t)number;
	else
		*(uint32_t *)member = (uint32_t)number;
	return true;
}

static bool set_switch(const struct setting *s, bool *member, const char *text, struct error *e)
{
	return text_switch(text, member) ||
	       error_set(e, "%s cannot be '%.40s' (on or off)", s->name, text);
}

// If the words include on or off, their synonyms are accepted too.
static bool set_word(const struct setting *s, uint32_t *member, const char *text, struct error *e)
{
	bool on, either = text_switch(text, &on);
	char hint[TEXT_HINT];

	for (uint32_t i = s->min; s->words[i]; i++)
		if (!strcmp(s->words[i], text) ||
		    (either && !strcmp(s->words[i], on ? "on" : "off"))) {
			*member = i;
			return true;
		}
	return error_set(e, "%s cannot be '%.40s'%s", s->name, text,
			 text_hint_of(hint, text, s->words + s->min));
}

static bool set_mac(const struct setting *s, uint64_t *member, const char *text, struct error *e)
{
	uint64_t mac;

	if (!text_mac(text, &mac))
		return error_set(e, "%s '%.40s' is not a MAC address (such as 02:00:00:00:00:01)",
				 s->name, text);
	if (!mac || (mac_is_group(mac) && !(s->flags & SETTING_MULTICAST)))
		return error_set(
			e, "%s '%s' is %s (give the address of one station)", s->name, text,
			mac ? "a group address" : "not an address that a station can have");
	*member = mac;
	return true;
}

static bool set_ipv4(const struct setting *s, uint32_t *member, const char *text, struct error *e)
{
	if (!text_station4(text, member))
		return error_set(
			e, "%s '%.40s' is not the IPv4 address of a station (such as 10.0.0.1)",
			s->name, text);
	return true;
}

static bool set_vni(const struct setting *s, uint32_t *member, const char *text, struct error *e)
{
	uint64_t number;

	if (!text_number(text, s->max, &number) || number < s->min)
		return error_set(e, "%s %.40s: out of range [%u to %u]", s->name, text, s->min,
				 s->max);
	*member = (uint32_t)number;
	return true;
}

static bool add_text(const struct setting *s, void *object, const char *text, struct error *e)
{
	unsigned *count = (unsigned *)((char *)object + s->count);

	if (*count == s->max)
		return error_set(e, "more than %u %s (the most there can be)", s->max, s->many);
	if (!set_text(s, (char *)setting_member(s, object) + *count * s->size, text, e))
		return false;
	++*count;
	return true;
}

bool setting_set(const struct setting *s, void *object, const char *text, struct error *e)
{
	void *member = setting_member(s, object);

	switch (s->type) {
	case SETTING_TEXT:
	case SETTING_NAME:
	case SETTING_DEVICE:
	case SETTING_GROUP:
		return set_text(s, member, text, e);
	case SETTING_NUMBER:
	case SETTING_VLAN:
		return set_number(s, member, text, e);
	case SETTING_SWITCH:
		return set_switch(s, member, text, e);
	case SETTING_WORD:
		return set_word(s, member, text, e);
	case SETTING_MAC:
		return set_mac(s, member, text, e);
	case SETTING_IPV4:
		return set_ipv4(s, member, text, e);
	case SETTING_VNI:
		return set_vni(s, member, text, e);
	case SETTING_TEXTS:
	case SETTING_NAMES:
		return add_text(s, object, text, e);
	case SETTING_POLICY:
	case SETTING_SECTION:
	case SETTING_ELEMENTS:
		break;
	}
	return error_set(e, "%s is not a single value", s->name);
}

void setting_unset(const struct setting *s, void *object)
{
	struct setting one[2] = {*s};

	memset(setting_member(s, object), 0, s->size);
	setting_init(one, object);
}

static uint64_t setting_value(const struct setting *s, const void *object)
{
	const void *member = setting_member(s, object);

	switch (s->type) {
	case SETTING_MAC:
		return *(const uint64_t *)member;
	case SETTING_VLAN:
		return *(const uint16_t *)member;
	case SETTING_SWITCH:
		return *(const bool *)member;
	case SETTING_NUMBER:
	case SETTING_WORD:
	case SETTING_IPV4:
	case SETTING_VNI:
		return *(const uint32_t *)member;
	default:
		return *(const char *)member;
	}
}

unsigned setting_count(const struct setting *s, const void *object)
{
	return *(const unsigned *)((const char *)object + s->count);
}

// Whether anything of a section is to be written.
static bool section_is_set(const struct setting *s, const void *object)
{
	for (const struct setting *in = s->settings; in->name; in++)
		if (in->flags & SETTING_WRITTEN || setting_is_set(in, object))
			return true;
	return false;
}

bool setting_is_set(const struct setting *s, const void *object)
{
	switch (s->type) {
	case SETTING_SWITCH:
	case SETTING_WORD:
		return setting_value(s, object) != s->standard;
	case SETTING_TEXTS:
	case SETTING_NAMES:
	case SETTING_ELEMENTS:
		return setting_count(s, object);
	case SETTING_POLICY:
		return ((const struct policy *)setting_member(s, object))->set;
	case SETTING_SECTION:
		return section_is_set(s, object);
	default:
		return setting_value(s, object) != (s->flags & SETTING_STANDARD ? s->standard : 0);
	}
}

void setting_text(const struct setting *s, const void *object, char out[SETTING_VALUE])
{
	uint64_t value = setting_value(s, object);

	*out = 0;
	switch (s->type) {
	case SETTING_SWITCH:
		strcpy(out, value ? "on" : "off");
		break;
	case SETTING_WORD:
		strcpy(out, s->words[value]);
		break;
	case SETTING_MAC:
		if (value)
			text_put_mac(value, out);
		break;
	case SETTING_IPV4:
		if (value)
			text_put_ipv4((uint32_t)value, out);
		break;
	case SETTING_NUMBER:
	case SETTING_VLAN:
	case SETTING_VNI:
		if (value || s->flags & SETTING_STANDARD)
			snprintf(out, SETTING_VALUE, "%u", (unsigned)value);
		break;
	default:
		strcpy(out, setting_member(s, object));
	}
}

const char *setting_list_text(const struct setting *s, const void *object, unsigned i)
{
	return (const char *)setting_member(s, object) + i * s->size;
}

// The array of a list of objects of any type.
static char *array_of(const struct setting *s, const void *object)
{
	char *array;

	memcpy(&array, setting_member(s, object), sizeof array);
	return array;
}

void *setting_element(const struct setting *s, const void *object, unsigned i)
{
	return array_of(s, object) + i * s->element->size;
}

bool setting_is_derived(const struct setting *s, const void *element)
{
	uint32_t derived = 0;

	if (s->element->derived)
		memcpy(&derived, (const char *)element + s->element->derived, sizeof derived);
	return derived;
}

void *setting_add_element(const struct setting *s, void *object)
{
	unsigned *count = (unsigned *)((char *)object + s->count);
	size_t size = s->element->size;

	if (*count >= s->max)
		return NULL;
	char *array = realloc(array_of(s, object), (*count + 1) * size);
	if (!array)
		return NULL;
	memcpy(setting_member(s, object), &array, sizeof array);
	void *added = memset(array + (*count)++ * size, 0, size);
	setting_init(s->element->settings, added);
	return added;
}
