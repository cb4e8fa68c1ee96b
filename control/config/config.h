// SPDX-License-Identifier: BSD-3-Clause
// config: a configuration: switch, groups, ports, policies, static MACs, mirrors, bindings, EVPN.
// It uses no DPDK.
//
// Model     A struct config is a value. It is read from YAML, copied, changed, validated as a
//           whole, then applied or discarded. Therefore a change happens completely or not at all.
// Ownership config_free() frees the results of config_new(), config_copy(), config_read() and
//           config_parse().
// Limits    64 ports, 1,024 groups, 65,536 static MACs, 64 mirrors, 4,096 bindings; files of
//           16 MiB.
// Errors    struct error, with line and column if the cause is in a file.
#pragma once

#include <stdio.h>

#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/common/text.h"

enum {
	CONFIG_PORTS_MAX = 64,
	CONFIG_GROUPS_MAX = 1024,
	CONFIG_STATICS_MAX = 65536,
	CONFIG_MIRRORS_MAX = 64,
	CONFIG_VLANS_MAX = 4094,
	CONFIG_BINDINGS_MAX = 4096,
	BINDING_IPS_MAX = 64, // addresses and prefixes
	CONFIG_WORKERS_MAX = 64,
	PEER_VNIS_MAX = 256,
	PEER_MACS_MAX = 1024,
	VNI_MAX = 16777215,
	VNI_TEXT = 9,
	UNDERLAY_MTU_MIN = 576, // what every host takes (RFC 791)
	PORT_NAME = 16,         // including the terminating zero
	GROUP_NAME = 64,
	SWITCH_NAME = 64,
	DEVICE_TEXT = 1024,
	EAL_ARGS_MAX = 32,
	EAL_ARG = 256,
	QMP_PATH = 108, // as long as the path of a socket can be
	MTU_DEFAULT = 1500,
	TABLE_SIZE_MIN_AUTO = 65536,
	TABLE_SIZE_MAX = 16777216,
};

struct config_group {
	char name[GROUP_NAME];
	struct policy policy;
	struct mark at;
};

// What a port is. The ports of a file lead to stations; the others follow from the section evpn.
enum port_kind { PORT_OF_STATIONS, PORT_TUNNEL, PORT_UNDERLAY, PORT_TWIN, PORT_KINDS };
extern const char *const port_kind_names[PORT_KINDS];

struct config_port {
	char name[PORT_NAME];
	char device[DEVICE_TEXT]; // empty: none
	char group[GROUP_NAME];   // empty: none
	uint64_t mac;             // mac-address; 0: none
	uint64_t effective;       // effective-mac; 0: as mac-address
	char qmp[QMP_PATH];       // empty: none
	// What QEMU says of the guest; no part of the configuration. See switch/guest.h.
	uint64_t guest;       // its MAC; 0: not known, or not valid here
	bool guest_conflicts; // its MAC belongs to another port
	// Of ports that are no part of a file, see config/evpn.h.
	enum port_kind kind;
	uint32_t vtep;     // PORT_TUNNEL: its VTEP
	uint64_t next_hop; // MAC that its frames go to on the underlay; 0: not resolved
	bool enabled;
	uint32_t mtu;    // 0: the device's
	uint32_t queues; // of ingress; 0: one
	bool uplink;     // it leads to other networks
	bool offload;    // it takes and gives large segments, if its device does
	struct policy policy;
	struct mark at, device_at, group_at, mac_at, effective_at, qmp_at, mtu_at, queues_at,
		uplink_at, offload_at;
};

// A group has a row for each of its ports.
struct config_static {
	uint64_t mac;
	uint16_t vid;
	char port[PORT_NAME];
	struct mark at;
};

// What happens to multicast groups that nobody asked for.
enum unregistered { UNREGISTERED_FLOOD, UNREGISTERED_ROUTERS };

// Whether the switch asks for memberships: if it is elected, or in any case.
enum querier_mode { QUERIER_OFF, QUERIER_AUTO, QUERIER_ON };

struct config_vlan {
	uint16_t vid;
	bool snooping;         // multicast-snooping
	bool finds_neighbours; // neighbour-suppression
	enum unregistered unregistered;
	enum querier_mode querier;
	char querier_address[IP_TEXT]; // querier-address; empty: none
	struct mark at, querier_at, querier_address_at;
};

// Lets a station, or each one behind a port, use IP addresses.
struct config_binding {
	char port[PORT_NAME];
	uint64_t mac; // 0: any
	uint16_t vid; // 0: any
	char ip[BINDING_IPS_MAX][PREFIX_TEXT];
	unsigned ip_count;
	struct mark at, ip_at[BINDING_IPS_MAX];
};

enum mirror_direction { MIRROR_RX = 1, MIRROR_TX = 2, MIRROR_BOTH = 3 };

struct config_mirror {
	char name[GROUP_NAME];
	char source[CONFIG_PORTS_MAX][PORT_NAME];
	unsigned source_count;
	enum mirror_direction direction;
	char destination[PORT_NAME];
	struct mark at, source_at[CONFIG_PORTS_MAX], destination_at;
};

// Who says which VTEPs there are: the kernel, as FRR tells it, or the configuration (peers).
enum evpn_control { EVPN_KERNEL, EVPN_NONE };

// The VNI of a VLAN.
struct config_vni {
	uint16_t vid;
	uint32_t vni;
	struct mark at, vni_at;
};

// A MAC behind a peer.
struct config_remote {
	uint64_t mac;
	uint16_t vid;
	bool sticky; // it does not move away
	struct mark at;
};

// Another VTEP, where the configuration names them.
struct config_peer {
	uint32_t vtep;     // IPv4
	uint64_t next_hop; // MAC on the underlay; 0: not known
	char vni[PEER_VNIS_MAX][VNI_TEXT];
	unsigned vni_count;
	struct config_remote *mac;
	unsigned mac_count;
	struct mark at, vni_at[PEER_VNIS_MAX];
};

// VXLAN and EVPN. See config/evpn.h.
struct config_evpn {
	char device[DEVICE_TEXT]; // of the underlay; empty: none
	char twin[PORT_NAME];     // interface of the kernel that has the underlay's address; empty:
				  // none
	uint32_t mtu;             // of the underlay; 0: MTU_DEFAULT
	uint32_t queues;          // of its ingress; 0: one
	uint32_t source;          // IPv4 of this VTEP; 0: the first one on the twin
	uint32_t found;           // that one, as long as it is known; no part of the configuration
	uint32_t udp_port, ttl, dscp;
	uint32_t hold_s;    // vtep-hold
	uint32_t sync_rate; // rows a second to the kernel
	struct config_vni *vni;
	unsigned vni_count;
	struct policy policy; // of every tunnel
	struct config_peer *peer;
	unsigned peer_count;
	enum evpn_control control;
	struct mark device_at, twin_at, mtu_at, source_at, policy_at, control_at;
};

enum hugepages { HUGEPAGES_AUTO, HUGEPAGES_ON, HUGEPAGES_OFF };
extern const char *const hugepages_words[];
extern const char *const mirror_direction_words[];
extern const char *const unregistered_words[];
extern const char *const querier_words[];
extern const char *const evpn_control_words[];

struct config {
	char name[SWITCH_NAME];
	uint32_t table_size; // learned entries; 0: see config_table_size()
	struct mark table_size_at;
	struct {
		uint32_t workers;
		uint32_t memory_mib;
		enum hugepages hugepages;
		char eal[EAL_ARGS_MAX][EAL_ARG];
		unsigned eal_count;
		bool busy_poll; // workers never sleep
	} dataplane;
	struct policy policy;
	struct config_group *group;
	unsigned group_count;
	struct config_port *port;
	unsigned port_count;
	struct config_vlan *vlan; // only those with settings of their own
	unsigned vlan_count;
	struct config_static *fixed; // static-macs
	unsigned fixed_count;
	struct config_mirror *mirror;
	unsigned mirror_count;
	struct config_binding *binding;
	unsigned binding_count;
	struct config_evpn evpn;
};

// An empty configuration with the defaults, and a copy of one. NULL: no memory.
struct config *config_new(void);
struct config *config_copy(const struct config *c);
void config_free(struct config *c);

// Reads and validates a file. NULL: e says why.
struct config *config_read(const char *path, struct error *e);

// Reads and validates a text. NULL: e says why.
struct config *config_parse(const char *text, size_t len, struct error *e);

// Writes YAML that config_read() reads as the same configuration. 0 or -errno.
int config_write(const struct config *c, FILE *out);

// The same as a text, which the caller frees. Two configurations are equal if their texts are
// equal. NULL: no memory.
char *config_text(const struct config *c);

// Whether a text has comments, which a configuration does not keep. Also true if the text cannot be
// read.
bool config_has_comments(const char *text, size_t len);

// Reads a whole file. Adds a terminating zero. The caller frees the result. NULL: errno says why.
char *config_load(const char *path, size_t *len);

// Checks rules that concern more than one setting. False: e says why.
bool config_validate(const struct config *c, struct error *e);

// Calls warn() for each setting that is valid but probably a mistake, with its place in the file.
typedef void (*config_warn_fn)(void *arg, const struct error *warning);
void config_warnings(const struct config *c, config_warn_fn warn, void *arg);

// Adds an element with the defaults and without a name. NULL: no memory or at the limit.
struct config_group *config_add_group(struct config *c);
struct config_port *config_add_port(struct config *c);
struct config_static *config_add_static(struct config *c);
struct config_mirror *config_add_mirror(struct config *c);
struct config_binding *config_add_binding(struct config *c);
struct config_vlan *config_add_vlan(struct config *c);

// Find an element by its name. NULL: there is none.
struct config_group *config_group(const struct config *c, const char *name);
struct config_port *config_port(const struct config *c, const char *name);

// The settings of a VLAN. NULL: it has none of its own.
struct config_vlan *config_vlan(const struct config *c, uint16_t vid);

// The hint for a group or port that does not exist, see text_hint().
const char *config_group_hint(char hint[TEXT_HINT], const struct config *c, const char *name,
			      const char *otherwise);
const char *config_port_hint(char hint[TEXT_HINT], const struct config *c, const char *name,
			     const char *otherwise);

// The policy levels of a port, of a group (p NULL) or of the switch (both NULL).
struct policy_stack config_stack(const struct config *c, const struct config_group *g,
				 const struct config_port *p);

// The policy in force on a port.
void config_port_policy(const struct config *c, const struct config_port *p, struct policy *result);

// Whether several ports may have this device.
bool config_device_repeats(const char *device);

// Whether no other port of c uses the device of p. p may belong to another configuration.
bool config_device_is_free(const struct config *c, const struct config_port *p, struct error *e);

// Whether a port is a source or the destination of a mirror.
bool config_mirror_names(const struct config_mirror *m, const char *port);

// Whether a port is the destination of a mirror.
bool config_is_mirror_destination(const struct config *c, const char *port);

// The MAC address that the guest of a port has: what QEMU says, else effective-mac, else
// mac-address. 0: none is configured.
uint64_t config_effective_mac(const struct config_port *p);

// The MAC that the table has as assigned to a port, 0 if none. A MAC that the guest itself has
// chosen is learned like any other: as an assigned one it would take the MAC of another port's
// guest for ever. Only a port that does not learn, and accepts changes, is reached there in no
// other way.
uint64_t config_assigned_mac(const struct config *c, const struct config_port *p);

// The VLANs of a port with this policy.
struct vlanset config_port_vlans(const struct policy *resolved);

// The sum of the ports' mac-limits. Tunnels have none.
uint64_t config_limits_sum(const struct config *c);

// The number of learned entries that the table holds: mac-table-size, or the sum of the ports'
// limits, at least TABLE_SIZE_MIN_AUTO.
uint32_t config_table_size(const struct config *c);
