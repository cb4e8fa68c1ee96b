// SPDX-License-Identifier: BSD-3-Clause
// shadow: the devices of a VNI in the kernel, through which FRR learns of its MACs and tells of
// others.
//
// Model     A bridge nsb<VNI> with two ports: a VXLAN device nsx<VNI>, where zebra puts the MACs
//           and flood lists of other machines, and a TAP nsl<VNI>, where this switch puts its own.
//           No frame goes through them: nothing is learned or flooded, no port has IPv6, and the
//           bridge has no address. It has rows of neighbours: addresses with their MACs. Bridge and
//           VXLAN device have a mark in their alias. Those that have it are taken over, others are
//           refused. The TAP ends with this process, and the kernel then forgets its MACs:
//           therefore FRR withdraws the MACs of a switch that was killed.
// Threads   The control thread. Making or removing one takes milliseconds.
// Ownership shadow_make() to shadow_remove().
// Errors    struct error. What was made halfway is removed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/common/error.h"
#include "control/evpn/rtnl.h"

// Indexes of interfaces are 0 while there is none.
struct shadow {
	uint32_t vni;
	int bridge, vxlan, tap;
	int fd; // of the TAP
};

// What the VXLAN devices of all shadows have in common.
struct shadow_underlay {
	uint32_t source; // IPv4 address, in host order
	uint16_t udp_port;
};

// Checks that the kernel has VXLAN.
bool shadow_kernel(struct rtnl *r, struct error *e);

// Checks that no devices of others have the names of a VNI's shadow.
bool shadow_is_free(struct rtnl *r, uint32_t vni, struct error *e);

// Makes the devices of a VNI, or takes over those that a former process left.
bool shadow_make(struct shadow *s, struct rtnl *r, uint32_t vni, const struct shadow_underlay *u,
		 struct error *e);

// Removes the devices.
void shadow_remove(struct shadow *s, struct rtnl *r);

// Takes the VXLAN device down and up: zebra forgets the VNI and learns it anew. 0 or -errno.
int shadow_bounce(const struct shadow *s, struct rtnl *r);
