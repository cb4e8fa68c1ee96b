// SPDX-License-Identifier: BSD-3-Clause
// tunnels: the other VTEPs of the network as ports of the switch, and the MACs behind them.
//
// Model     A tunnel is a port whose name is the address of its VTEP. It is a trunk in the VLANs of
//           the VNIs that its VTEP takes floods for. It has no device: its frames leave by the
//           underlay. Changes of tunnels are collected. switch_publish_tunnels() (switch.h) puts
//           them in force, all or none, with the cost of a changed configuration; therefore collect
//           several. MACs are placed and removed one by one, at once, in tunnels that are
//           published. With `control: none` the tunnels are the peers of the configuration, and
//           collected tunnels are not used.
// Entries   A remote MAC is an entry of its tunnel's port, dynamic or sticky, that does not age. A
//           frame of a local station moves a dynamic one. A frame from a tunnel never learns or
//           moves. MACs of a VLAN that a tunnel leaves, and of a tunnel that is removed, go with
//           it.
// Events    A placed MAC is reported as mac-added, or as mac-moved where a local one gave way; a
//           removed one as mac-removed. MACs of peers that find no room are reported as
//           evpn-table-full, but not those of the first configuration: events begin later.
// Threads   The control thread.
// Addresses IPv4, in the order of the host: 10.9.0.2 is 0x0a090002.
// Limits    64 ports in all. Remote MACs share the entries of the table that no port has reserved.
// Errors    struct error, or -errno.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/state.h"
#include "dataplane/binding.h"
#include "dataplane/portconf.h"

// Collects: there is a tunnel to this VTEP, which takes floods for these VNIs and no others. VNIs
// that are not those of VLANs here are kept, and used when they are. A new tunnel has no next hop.
// False: no port number or no memory is left; nothing has changed.
bool tunnels_put(struct vswitch *sw, uint32_t vtep, const uint32_t *vnis, unsigned count,
		 struct error *e);

// Collects: there is no tunnel to this VTEP. -ENOENT: there was none.
int tunnels_remove(struct vswitch *sw, uint32_t vtep);

// Collects: frames to this VTEP go to this MAC on the underlay. 0: it is not resolved, and they are
// dropped as no_route. -ENOENT: no such tunnel.
int tunnels_resolve(struct vswitch *sw, uint32_t vtep, uint64_t next_hop);

// Collects: the address of this VTEP, where the configuration has no evpn.source. 0: none yet.
// Without one, nothing is received from tunnels and nothing is sent to them.
void tunnels_set_source(struct vswitch *sw, uint32_t source);

// Places a MAC behind a tunnel, or moves it there; sticky: it does not move away. Placing it again
// changes nothing, except whether it is sticky.
// -ENOENT  no such tunnel is published
// -ENOTCONN its VTEP does not take floods for the VNI of this VLAN
// -EEXIST  the MAC is static, assigned or sticky on another port, which it stays on
// -EBUSY   the MAC moved too often, and is held on another port
// -ENOSPC  no entry is left for remote MACs
int tunnels_place_mac(struct vswitch *sw, uint32_t vtep, uint16_t vid, uint64_t mac, bool sticky);

// Removes a MAC that is behind this tunnel. -ENOENT: it is not, or no longer.
int tunnels_remove_mac(struct vswitch *sw, uint32_t vtep, uint16_t vid, uint64_t mac);

// An address of a VLAN belongs to a MAC at another machine, 0: to none any longer. Requests for it
// go there alone while the MAC is behind a tunnel. -ENOSPC: there are REMOTE_MAX.
int tunnels_place_ip(struct vswitch *sw, uint16_t vid, struct ip_address ip, uint64_t mac);

// Whether a port is a tunnel.
bool tunnels_is_tunnel(const struct vswitch *sw, unsigned port);

// The number of the port of a published tunnel. -1: there is none.
int tunnels_port(const struct vswitch *sw, uint32_t vtep);

// The VTEP of a tunnel. 0: the port is none.
uint32_t tunnels_vtep(const struct vswitch *sw, unsigned port);

// The tunnel that a packet on its way to the underlay is in. -1: it is in none.
int tunnels_of_packet(const struct vswitch *sw, unsigned port, const struct rte_mbuf *m);

// The rest is for the folder.

struct tunnels *tunnels_create(void);
void tunnels_destroy(struct tunnels *t);

// Whether something was collected since the last call of tunnels_note_published().
bool tunnels_changed(const struct vswitch *sw);
void tunnels_note_published(struct vswitch *sw);

// Whether a live switch can take a configuration: peers need `control: none`.
bool tunnels_validate(const struct config *c, struct error *e);

// Gives a configuration that is to be applied its ports of VTEPs.
bool tunnels_derive(const struct vswitch *sw, struct config *c, struct error *e);

// Completes a compiled configuration when the devices are open. The twin gets the MAC of the
// underlay.
void tunnels_set_mac(struct vswitch *sw, struct swconf *conf);

// Places the MACs of a peer again whose tunnel was err-disabled. Those that are elsewhere by now
// stay there. FRR's are placed by the fabric.
void tunnels_restore_peer(struct vswitch *sw, unsigned port);

// Places and removes the MACs of peers in which the configuration differs from the former one,
// which is NULL at first.
void tunnels_update_peers(struct vswitch *sw, const struct config *former);
