// SPDX-License-Identifier: BSD-3-Clause
#define ALLOW_EXPERIMENTAL_API // rte_dev_event_callback_register(), in DPDK 22.11
#include "dataplane/port.h"

#include <errno.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_eth_bond.h>
#include <rte_ether.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/checksum.h"
#include "dataplane/interface.h"
#include "dataplane/link.h"
#include "dataplane/packet.h"
#include "dataplane/pool.h"
#include "dataplane/segment.h"
#include "dataplane/vhost.h"

enum {
	RX_DESCRIPTORS = 1024,
	TX_DESCRIPTORS = 1024,
	WAITING_BURST = 32,
	WAITING_MAX = 65536, // frames
	SLOT_HEAD = 66, // the kernel's header before a frame in a slot of a packet socket's ring
	SLOT = 2048,    // size of such a slot (net_af_packet's framesz)
	SLOT_LONG = POOL_LONG_FRAME,
	APPETITE_MAX = 32, // frames
	POLL_COST = 512,   // frames on a wire or buffers, that a poll should take
};

// Drivers are recognized by name, because DPDK has no flags for their quirks.
static const struct {
	const char *driver;
	unsigned quirks;
} drivers[] = {
	{"net_af_packet", PORT_QUIRK_UNFINISHED},
	{"net_af_xdp", PORT_QUIRK_UNFINISHED | PORT_QUIRK_SLOW_POLL | PORT_QUIRK_SHORT},
	{"net_memif", PORT_QUIRK_DEFERRED | PORT_QUIRK_LEAKS | PORT_QUIRK_SOCKET},
	{"net_tap", PORT_QUIRK_SLOW_POLL | PORT_QUIRK_MOVES},
	{"net_vhost", PORT_QUIRK_GUEST | PORT_QUIRK_SOCKET},
	{"net_virtio_user", PORT_QUIRK_DEFERRED | PORT_QUIRK_SOCKET},
	{"net_vmxnet3", PORT_QUIRK_RESTARTS},
};

static unsigned quirks_of(const char *driver)
{
	for (size_t i = 0; i < RTE_DIM(drivers); i++)
		if (!strcmp(drivers[i].driver, driver))
			return drivers[i].quirks;
	return 0;
}

static _Thread_local struct port_handles *notes; // DPDK's functions pass no argument through

void port_notes_begin(struct port_handles *h)
{
	notes = h;
}

void port_notes_end(void)
{
	notes = NULL;
}

void port_notes_made(struct rte_intr_handle *handle)
{
	if (handle && notes && notes->count < PORT_HANDLES_MAX)
		notes->handle[notes->count++] = handle;
}

void port_notes_freed(struct rte_intr_handle *handle)
{
	for (unsigned i = 0; notes && i < notes->count; i++)
		if (notes->handle[i] == handle)
			notes->handle[i] = notes->handle[--notes->count];
}

static _Atomic bool links_changed;

static bool has_link(uint16_t dev)
{
	struct rte_eth_link link;

	return !rte_eth_link_get_nowait(dev, &link) && link.link_status == RTE_ETH_LINK_UP;
}

// Notes what the guest of a port takes.
static void note_guest(struct port *p)
{
	atomic_store(&p->takes, has_link(p->dev) ? vhost_features(p->dev) : 0);
}

// Runs in a thread of DPDK. A guest that is replaced by another one goes away first.
static int on_link(uint16_t dev, enum rte_eth_event_type type, void *port, void *result)
{
	struct port *p = port;

	(void)dev, (void)type, (void)result;
	if (p->quirks & PORT_QUIRK_GUEST)
		note_guest(p);
	atomic_store(&links_changed, true);
	return 0;
}

bool port_links_changed(void)
{
	return atomic_exchange(&links_changed, false);
}

// Runs in a thread of DPDK.
static void on_removal(const char *device, enum rte_dev_event_type type, void *part)
{
	(void)device;
	if (type != RTE_DEV_EVENT_REMOVE)
		return;
	atomic_store(&((struct port_part *)part)->pulled, true);
	atomic_store(&links_changed, true);
}

static bool is_unplugged(const struct port_part *part)
{
	char path[64];

	if (!part->pci)
		return false;
	snprintf(path, sizeof path, "/sys/bus/pci/devices/%s", rte_dev_name(part->device));
	return access(path, F_OK);
}

// A NIC on vfio-pci is asked for. Others are gone at once.
static bool is_gone(const struct port_part *part)
{
	return part->pci && (atomic_load(&part->pulled) || is_unplugged(part));
}

// Probes a part, unless it exists already, and makes it the port's ethdev.
static int probe_part(struct port *p, const char *devargs)
{
	struct rte_dev_iterator it;
	struct rte_eth_dev_info info;
	struct rte_eth_dev_owner owner;
	uint16_t dev, found = RTE_MAX_ETHPORTS;
	int rc = rte_dev_probe(devargs);

	if (rc)
		return rc;
	RTE_ETH_FOREACH_MATCHING_DEV(dev, devargs, &it)
	{
		found = dev;
		rte_eth_iterator_cleanup(&it);
		break;
	}
	if (found == RTE_MAX_ETHPORTS)
		return -ENODEV;
	rc = rte_eth_dev_owner_get(found, &owner);
	if (!rc && owner.id != RTE_ETH_DEV_NO_OWNER)
		rc = -EBUSY; // another port owns it
	if (!rc)
		rc = rte_eth_dev_info_get(found, &info);
	if (rc)
		return rc;
	p->dev = found;
	struct port_part *part = &p->part[p->parts++];
	*part = (struct port_part){.device = info.device,
				   .pci = !strcmp(rte_bus_name(rte_dev_bus(info.device)), "pci"),
				   .dev = found,
				   .interface = info.if_index,
				   .quirks = quirks_of(info.driver_name)};
	p->quirks |= part->quirks;
	if (part->pci)
		rte_dev_event_callback_register(rte_dev_name(part->device), on_removal, part);
	p->marks = p->quirks & PORT_QUIRK_GUEST;
	p->kernel |= info.if_index != 0;
	return 0;
}

static int setup_queues(struct port *p, struct rte_mempool *pool)
{
	uint16_t rx = RX_DESCRIPTORS, tx = TX_DESCRIPTORS;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->dev, &rx, &tx);

	for (uint16_t q = 0; q < p->rx_queues && !rc; q++) {
		struct rte_mempool *from = (p->quirks & PORT_QUIRK_GUEST)
						   ? p->ration[q] = pool_create_rationed(
							     pool, p->dev * PORT_QUEUES_MAX + q)
						   : pool;
		rc = from ? rte_eth_rx_queue_setup(p->dev, q, rx, SOCKET_ID_ANY, NULL, from)
			  : -ENOMEM;
	}
	port_notes_begin(p->quirks & PORT_QUIRK_LEAKS ? &p->leaked : NULL);
	for (uint16_t q = 0; q < p->tx_queues && !rc; q++)
		rc = rte_eth_tx_queue_setup(p->dev, q, tx, SOCKET_ID_ANY, NULL);
	port_notes_end();
	return rc;
}

// Whether the buffers of a device are too short for an MTU, and cannot be longer.
static bool is_short(const struct port *p, uint16_t mtu)
{
	return p->quirks & PORT_QUIRK_SHORT && mtu > RTE_ETHER_MTU;
}

// The largest MTU that a device says it takes, as DPDK derives it.
static uint32_t part_largest_mtu(const struct port_part *part)
{
	struct rte_eth_dev_info info;
	uint32_t overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

	if (rte_eth_dev_info_get(part->dev, &info))
		return UINT16_MAX;
	if (info.max_mtu == UINT16_MAX && info.max_rx_pktlen > overhead)
		return RTE_MIN(info.max_rx_pktlen - overhead, (uint32_t)UINT16_MAX);
	return info.max_mtu;
}

uint32_t port_largest_mtu(const struct port *p)
{
	uint32_t largest = p->quirks & PORT_QUIRK_SHORT ? RTE_ETHER_MTU : UINT16_MAX;

	for (unsigned i = 0; i < p->parts && !(p->quirks & PORT_QUIRK_UNFINISHED); i++)
		largest = RTE_MIN(largest, part_largest_mtu(&p->part[i]));
	return largest;
}

// Sets the MTU of a device. Drivers that do not support it take frames of any length.
static int device_mtu(struct port *p, uint16_t mtu)
{
	if (p->quirks & PORT_QUIRK_UNFINISHED)
		return 0; // net_af_packet refuses more than 1500
	int rc = rte_eth_dev_set_mtu(p->dev, mtu);

	return rc == -ENOTSUP ? 0 : rc;
}

// Sets the initial MTU. Drivers of kernel interfaces fail on a frame that is longer than the MTU of
// the interface.
static int initial_mtu(struct port *p, uint16_t mtu)
{
	int rc = mtu ? device_mtu(p, mtu) : p->kernel ? rte_eth_dev_get_mtu(p->dev, &mtu) : 0;

	p->longest = mtu ? mtu + RTE_ETHER_HDR_LEN : 0;
	return rc;
}

uint64_t port_mac(const struct port *p)
{
	struct rte_ether_addr a;

	if (p->net)
		return netdev_mac(p->net);
	if (!p->parts || rte_eth_macaddr_get(p->dev, &a))
		return 0;
	uint64_t mac = 0;
	for (unsigned i = 0; i < RTE_ETHER_ADDR_LEN; i++)
		mac = mac << 8 | a.addr_bytes[i];
	return mac;
}

int port_set_mac(struct port *p, uint64_t mac)
{
	return p->net ? netdev_set_mac(p->net, mac) : -ENOTSUP;
}

static bool has_mtu(const struct port *p, uint16_t mtu)
{
	uint16_t now;

	return !rte_eth_dev_get_mtu(p->dev, &now) && now == mtu;
}

int port_set_mtu(struct port *p, uint16_t mtu)
{
	bool limited = mtu || p->kernel;

	if (p->net) {
		int failed = netdev_set_mtu(p->net, mtu);
		p->longest = netdev_mtu(p->net) + RTE_ETHER_HDR_LEN;
		return failed;
	}
	if (is_short(p, mtu))
		return -EINVAL;
	if ((p->quirks & PORT_QUIRK_UNFINISHED) && mtu > RTE_ETHER_MTU && !p->own)
		return -ENOBUFS;
	if (!mtu)
		mtu = RTE_ETHER_MTU;
	if (p->quirks & PORT_QUIRK_RESTARTS)
		return has_mtu(p, mtu) ? 0 : -EBUSY;
	int rc = device_mtu(p, mtu);
	if (!rc)
		p->longest = limited ? mtu + RTE_ETHER_HDR_LEN : 0;
	return rc;
}

// Drops the frames that wait in a packet socket. It receives from every interface until it is
// bound, so that they may belong to other ports.
static void drop_waiting(struct port *p, uint16_t queue)
{
	struct rte_mbuf *frames[WAITING_BURST];
	uint16_t n = WAITING_BURST;

	for (unsigned total = 0; n && total < WAITING_MAX; total += n) {
		n = rte_eth_rx_burst(p->dev, queue, frames, WAITING_BURST);
		rte_pktmbuf_free_bulk(frames, n);
	}
}

// These offloads stop net_vhost from completing checksums itself, which it does without checking
// the length of the packet.
static const uint64_t guest_offloads = RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;

// Configures the queues, with different numbers of egress queues in turn. net_pcap needs one for
// each of its files, of which it has one. net_af_packet needs as many as there are ingress queues.
static int configure_queues(struct port *p, const struct rte_eth_dev_info *info,
			    const struct port_options *o)
{
	struct rte_eth_conf conf = {
		.rxmode.mq_mode = o->rx_queues > 1 && info->flow_type_rss_offloads
					  ? RTE_ETH_MQ_RX_RSS
					  : RTE_ETH_MQ_RX_NONE,
		.rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads &
					       (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP),
		.rxmode.offloads = info->rx_offload_capa &
				   (RTE_ETH_RX_OFFLOAD_SCATTER |
				    ((p->quirks & PORT_QUIRK_GUEST) ? guest_offloads : 0)),
		.txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS,
	};
	uint16_t tries[] = {
		o->workers <= info->max_tx_queues && !p->has_lacp_bond ? (uint16_t)o->workers : 1,
		o->rx_queues, 1};
	int rc = -ERANGE;

	if (o->rx_queues > info->max_rx_queues || (p->has_lacp_bond && o->rx_queues > 1))
		return rc;
	p->rx_queues = o->rx_queues;
	for (size_t i = 0; i < RTE_DIM(tries) && rc; i++) {
		p->tx_queues = tries[i];
		rc = rte_eth_dev_configure(p->dev, p->rx_queues, p->tx_queues, &conf);
	}
	p->shares_tx = o->workers > p->tx_queues;
	return rc;
}

static int start_port(struct port *p, const struct port_options *o, struct port_error *e)
{
	struct rte_eth_dev_info info;
	int rc = 0;

	e->step = "configure";
	p->has_lacp_bond = p->parts > 1 && rte_eth_bond_mode_get(p->dev) == BONDING_MODE_8023AD;
	// The first time, a bond adds its members. It then offers what they offer.
	for (unsigned i = 0; i < (p->parts > 1 ? 2 : 1) && !rc; i++) {
		rc = rte_eth_dev_info_get(p->dev, &info);
		if (!rc)
			rc = configure_queues(p, &info, o);
	}
	if (rc)
		return rc;
	e->step = "set the MTU of";
	if (is_short(p, o->mtu))
		return -EINVAL;
	e->step = "set up the queues of";
	if ((p->quirks & PORT_QUIRK_UNFINISHED) && o->mtu > RTE_ETHER_MTU) {
		p->own = pool_create_long(p->dev);
		if (!p->own)
			return -ENOMEM;
	}
	rc = setup_queues(p, p->own ? p->own : o->pool);
	if (rc)
		return rc;
	e->step = "set the MTU of";
	rc = initial_mtu(p, o->mtu);
	if (rc)
		return rc;
	e->step = "start";
	rc = rte_eth_dev_callback_register(p->dev, RTE_ETH_EVENT_INTR_LSC, on_link, p);
	if (!rc)
		rc = rte_eth_dev_start(p->dev);
	if (rc)
		return rc;
	for (uint16_t q = 0; q < p->rx_queues && (p->quirks & PORT_QUIRK_UNFINISHED); q++)
		drop_waiting(p, q);
	rte_eth_promiscuous_enable(p->dev); // fails on devices that cannot filter
	return 0;
}

// Claims the devices of a port, so that no other port gets them.
static int claim_devices(struct port *p)
{
	struct rte_eth_dev_owner owner = {.name = "port"};
	int rc = rte_eth_dev_owner_new(&owner.id);

	for (unsigned i = 0; i < p->parts && !rc; i++)
		rc = rte_eth_dev_owner_set(p->part[i].dev, &owner);
	return rc;
}

static void init(struct port *p)
{
	memset(p, 0, sizeof *p);
	rte_spinlock_init(&p->tx_lock);
	for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
		p->appetite[q] = APPETITE_MAX;
}

int port_open(struct port *p, const char *const *parts, const struct port_options *o,
	      struct port_error *e)
{
	int rc = 0;

	init(p);
	e->step = "find or create";
	for (; *parts && !rc; parts++)
		rc = probe_part(p, *parts);
	if (!rc)
		rc = start_port(p, o, e);
	if (!rc)
		rc = claim_devices(p); // not earlier, because a bond finds no members with an owner
	return rc;
}

int port_open_net(struct port *p, enum netdev_kind kind, const char *interface,
		  const struct port_options *o, struct port_error *e)
{
	struct netdev_options options = {.kind = kind,
					 .name = interface,
					 .mtu = o->mtu,
					 .queues = o->rx_queues,
					 .pool = o->pool};

	init(p);
	e->step = kind == NETDEV_TAP ? "create" : "open";
	p->net = netdev_open(&options);
	if (!p->net)
		return -errno;
	p->rx_queues = o->rx_queues;
	p->tx_queues = o->rx_queues;
	p->marks = true;
	p->takes = SEGMENT_ANY;
	p->kernel = true;
	p->quirks = PORT_QUIRK_SLOW_POLL;
	p->longest = netdev_mtu(p->net) + RTE_ETHER_HDR_LEN;
	return 0;
}

// It is refused while the callback runs.
static void forget_removal(struct port_part *part)
{
	while (part->pci && rte_dev_event_callback_unregister(rte_dev_name(part->device),
							      on_removal, part) == -EAGAIN)
		rte_pause();
}

static void remove_part(struct port_part *part)
{
	forget_removal(part);
	rte_dev_remove(part->device);
}

void port_abandon(struct port *p)
{
	for (unsigned i = 0; i < p->parts; i++)
		forget_removal(&p->part[i]);
	if (p->parts)
		rte_eth_dev_callback_unregister(p->dev, RTE_ETH_EVENT_INTR_LSC, on_link, p);
	*p = (struct port){.net = NULL};
}

void port_close(struct port *p)
{
	netdev_close(p->net);
	p->net = NULL;
	while (p->guards)
		close(p->guard[--p->guards]);
	if (!p->parts)
		return;
	rte_eth_dev_stop(p->dev);
	rte_eth_dev_callback_unregister(p->dev, RTE_ETH_EVENT_INTR_LSC, on_link, p);
	port_notes_begin(&p->leaked);
	rte_eth_dev_close(p->dev);
	port_notes_end();
	while (p->parts)
		remove_part(&p->part[--p->parts]);
	for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
		rte_mempool_free(p->ration[q]);
	pool_free_long(p->own);
}

static enum link part_link(const struct port_part *part)
{
	// Drivers of kernel interfaces are no help. net_af_packet reports no link at all, net_tap
	// none for a TAP that was moved to another network namespace, such as that of a nested
	// host.
	enum link link = interface_link(part->interface);

	if (is_gone(part))
		return LINK_GONE;
	if (part->interface)
		return link == LINK_GONE && part->quirks & PORT_QUIRK_MOVES ? LINK_UP : link;
	if (has_link(part->dev))
		return LINK_UP;
	return part->quirks & PORT_QUIRK_SOCKET ? LINK_NO_PEER : LINK_DOWN;
}

const char *const port_loss_names[PORT_LOSSES] = {
#define X(id, name) [PORT_LOSS_##id] = (name),
	PORT_LOSS_LIST(X)
#undef X
};

// Drivers of other devices than NICs count as errors of sending what they hand back.
static bool add_losses(const struct port_part *part, uint64_t lost[PORT_LOSSES])
{
	struct rte_eth_stats s;

	if (is_gone(part) || rte_eth_stats_get(part->dev, &s))
		return false;
	lost[PORT_LOSS_RX_MISSED] += s.imissed;
	lost[PORT_LOSS_RX_ERRORS] += s.ierrors;
	lost[PORT_LOSS_RX_NO_BUFFER] += s.rx_nombuf;
	lost[PORT_LOSS_TX_ERRORS] += part->pci ? s.oerrors : 0;
	return true;
}

void port_read_losses(struct port *p)
{
	unsigned members = p->parts > 1 ? p->parts - 1 : p->parts; // a bond adds up its members
	uint64_t lost[PORT_LOSSES] = {0};

	if (p->net)
		lost[PORT_LOSS_RX_MISSED] = netdev_missed(p->net);
	for (unsigned i = 0; i < members; i++)
		if (!add_losses(&p->part[i], lost))
			return;
	memcpy(p->lost, lost, sizeof lost);
}

bool port_is_unplugged(const struct port *p)
{
	for (unsigned i = 0; i < p->parts; i++)
		if (is_unplugged(&p->part[i]))
			return true;
	return false;
}

enum link port_link(struct port *p)
{
	unsigned members = p->parts ? p->parts - 1 : 0;

	if (!port_is_open(p))
		return LINK_NO_PEER;
	if (p->net) {
		enum link link = netdev_link(p->net);
		p->longest = netdev_mtu(p->net) + RTE_ETHER_HDR_LEN;
		return link;
	}
	if (p->quirks & PORT_QUIRK_GUEST)
		note_guest(p); // it may have come before the device was started
	enum link active = part_link(&p->part[p->active]);
	for (unsigned i = 0; i < members && active != LINK_UP; i++) {
		if (part_link(&p->part[i]) != LINK_UP)
			continue;
		p->active = i;
		rte_eth_bond_primary_set(p->dev, p->part[i].dev);
		return LINK_UP;
	}
	return active;
}

// Completes frames from a packet socket. The kernel removes a frame's tag and the driver notes it
// beside the frame. A virtual interface leaves checksums to a NIC that does not exist. A frame that
// fills its slot may be truncated; it is emptied, and therefore dropped as malformed.
static void finish_frames(struct rte_mbuf **frames, uint16_t n, uint32_t slot)
{
	for (uint16_t i = 0; i < n; i++) {
		if (frames[i]->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
			rte_vlan_insert(&frames[i]);
		if (rte_pktmbuf_pkt_len(frames[i]) >= slot - SLOT_HEAD)
			packet_empty(frames[i]);
		checksum_finish(frames[i]);
	}
}

// Marks the frames of a guest. Empties those that lie. Whether one of them is longer than any
// frame.
static bool mark_frames(struct rte_mbuf **frames, uint16_t n)
{
	bool endless = false;

	for (uint16_t i = 0; i < n; i++) {
		endless |= rte_pktmbuf_pkt_len(frames[i]) > SEGMENT_BYTES_MAX;
		if (!vhost_mark(frames[i]))
			packet_empty(frames[i]);
	}
	return endless;
}

// How many frames and segments the next poll takes. A guest can send segments of a thousand frames
// each, and frames of 64 KiB. It shall not have more of the worker's time for that than a guest
// that sends frames.
static uint16_t next_appetite(uint16_t appetite, struct rte_mbuf **frames, uint16_t n)
{
	uint32_t cost = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint32_t buffers = rte_pktmbuf_pkt_len(frames[i]) / RTE_MBUF_DEFAULT_DATAROOM;
		cost += RTE_MAX(segment_frames(frames[i]),
				RTE_MAX(buffers, (uint32_t)frames[i]->nb_segs));
	}
	if (cost > POLL_COST)
		return (uint16_t)RTE_MAX(n * POLL_COST / cost, 1u);
	return (uint16_t)RTE_MIN(appetite * 2, APPETITE_MAX);
}

// Receives from a guest. *greedy: it has sent more than its ration, as no honest guest does.
static uint16_t receive_guest(struct port *p, uint16_t queue, struct rte_mbuf **frames, uint16_t n,
			      bool *greedy)
{
	pool_ration(p->ration[queue], n * POOL_FRAME_BUFFERS);
	n = rte_eth_rx_burst(p->dev, queue, frames, n);
	*greedy = mark_frames(frames, n);
	*greedy |= pool_ration(p->ration[queue], 0);
	return n;
}

// Receives frames that may have marks. From a greedy guest, the next poll takes a single frame.
static uint16_t receive_marked(struct port *p, uint16_t queue, struct rte_mbuf **frames, uint16_t n)
{
	uint16_t *appetite = &p->appetite[queue];
	bool greedy = false;

	n = RTE_MIN(n, *appetite);
	n = p->net ? netdev_rx(p->net, queue, frames, n)
		   : receive_guest(p, queue, frames, n, &greedy);
	*appetite = greedy ? 1 : next_appetite(*appetite, frames, n);
	return n;
}

uint16_t port_rx(struct port *p, uint16_t queue, struct rte_mbuf **frames, uint16_t n)
{
	if (p->marks)
		return receive_marked(p, queue, frames, n);
	n = rte_eth_rx_burst(p->dev, queue, frames, n);
	if (p->has_lacp_bond)
		port_tx(p, 0, NULL, 0);
	if (p->quirks & PORT_QUIRK_UNFINISHED)
		finish_frames(frames, n, p->own ? SLOT_LONG : SLOT);
	return n;
}

// Describes the frames that a guest is to get. Returns the number of those for which there were
// buffers.
static uint16_t describe_frames(struct rte_mbuf **frames, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = frames[i]->ol_flags & SEGMENT_MARKS ? vhost_describe(frames[i])
									 : frames[i];
		if (!m)
			return i;
		frames[i] = m;
	}
	return n;
}

uint16_t port_tx(struct port *p, unsigned worker, struct rte_mbuf **frames, uint16_t n)
{
	if (p->net)
		return netdev_tx(p->net, worker, frames, n);
	if (p->quirks & PORT_QUIRK_GUEST)
		n = describe_frames(frames, n);
	if (!p->shares_tx)
		return rte_eth_tx_burst(p->dev, (uint16_t)worker, frames, n);
	rte_spinlock_lock(&p->tx_lock);
	n = rte_eth_tx_burst(p->dev, 0, frames, n);
	rte_spinlock_unlock(&p->tx_lock);
	return n;
}
