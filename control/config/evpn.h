// SPDX-License-Identifier: BSD-3-Clause
// evpn: the section evpn of a configuration, and the ports that follow from it.
//
// Model   The underlay, its twin in the kernel and each tunnel are ports of the configuration, but
//         no part of a file. They are derived from the section and from a list of VTEPs, and
//         derived anew when either changes. A tunnel is a trunk in the VLANs of its VNIs. It has
//         the policy of the section, and inherits none.
// Errors  struct error.
#pragma once

#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/config/config.h"

#define EVPN_UNDERLAY "underlay" // name of its port

enum { EVPN_HEADERS = 50 }; // that a packet gets: Ethernet, VXLAN, UDP, IPv4

// A VTEP, and the VNIs that it takes floods for.
struct evpn_vtep {
	uint32_t address;
	uint64_t next_hop; // MAC on the underlay; 0: not resolved
	uint32_t *vni;
	unsigned vni_count;
};

// Whether a configuration has the section.
bool evpn_is_there(const struct config *c);

// The address of this VTEP. 0: not known yet.
uint32_t evpn_source(const struct config *c);

// The MTU of the underlay.
uint32_t evpn_mtu(const struct config *c);

// The VNI of a VLAN, and the VLAN of a VNI. 0: there is none.
uint32_t evpn_vni(const struct config *c, uint16_t vid);
uint16_t evpn_vlan(const struct config *c, uint32_t vni);

// Whether a policy key applies to tunnels.
bool evpn_policy_applies(enum policy_key key);

// Checks the section.
bool evpn_validate(const struct config *c, struct error *e);

// Replaces the derived ports of a configuration by those of these VTEPs.
bool evpn_derive(struct config *c, const struct evpn_vtep *all, unsigned count, struct error *e);

// The same with the peers of the section, of which there may be none.
bool evpn_derive_peers(struct config *c, struct error *e);
