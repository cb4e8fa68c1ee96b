// SPDX-License-Identifier: BSD-3-Clause
#include "port.h"

#include <errno.h>
#include <net/if.h>
#include <rte_dev.h>
#include <rte_ether.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RX_DESCRIPTORS = 1024, TX_DESCRIPTORS = 1024 };

// The ethdev that devargs name: probed now, or there already.
static int probe(struct port *p, const char *devargs)
{
	struct rte_dev_iterator it;
	struct rte_eth_dev_info info;
	uint16_t dev, found = RTE_MAX_ETHPORTS;
	int rc = rte_dev_probe(devargs);

	if (rc)
		return rc;
	RTE_ETH_FOREACH_MATCHING_DEV(dev, devargs, &it) {
		found = dev;
		rte_eth_iterator_cleanup(&it);
		break;
	}
	if (found == RTE_MAX_ETHPORTS)
		return -ENODEV;
	rc = rte_eth_dev_info_get(found, &info);
	if (rc)
		return rc;
	p->dev = found;
	p->device = info.device;
	// The kernel takes a frame's tag off before a packet socket sees it; the driver notes it beside the frame.
	p->restores_tags = !strcmp(info.driver_name, "net_af_packet");
	p->interface = info.if_index;
	return 0;
}

static int setup_queues(struct port *p, struct rte_mempool *pool)
{
	uint16_t rx = RX_DESCRIPTORS, tx = TX_DESCRIPTORS;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->dev, &rx, &tx);

	if (!rc)
		rc = rte_eth_rx_queue_setup(p->dev, 0, rx, SOCKET_ID_ANY, NULL, pool);
	for (uint16_t q = 0; q < p->tx_queues && !rc; q++)
		rc = rte_eth_tx_queue_setup(p->dev, q, tx, SOCKET_ID_ANY, NULL);
	return rc;
}

static int start(struct port *p, unsigned workers, struct rte_mempool *pool, struct port_error *e)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	int rc = rte_eth_dev_info_get(p->dev, &info);

	e->step = "configure";
	if (rc)
		return rc;
	p->tx_queues = workers <= info.max_tx_queues ? (uint16_t)workers : 1;
	conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	rc = rte_eth_dev_configure(p->dev, 1, p->tx_queues, &conf);
	// A device that wants as many egress queues as it has files (net_pcap) takes one.
	if (rc && p->tx_queues > 1) {
		p->tx_queues = 1;
		rc = rte_eth_dev_configure(p->dev, 1, 1, &conf);
	}
	if (rc)
		return rc;
	p->shares_tx = workers > p->tx_queues;
	e->step = "set up the queues of";
	rc = setup_queues(p, pool);
	if (rc)
		return rc;
	e->step = "start";
	rc = rte_eth_dev_start(p->dev);
	if (rc)
		return rc;
	rte_eth_promiscuous_enable(p->dev); // devices that cannot filter refuse it
	return 0;
}

int port_open(struct port *p, const char *devargs, unsigned workers, struct rte_mempool *pool, struct port_error *e)
{
	memset(p, 0, sizeof *p);
	rte_spinlock_init(&p->tx_lock);
	e->step = "find or create";
	int rc = probe(p, devargs);

	if (rc)
		return rc;
	rc = start(p, workers, pool, e);
	if (rc)
		port_close(p);
	return rc;
}

void port_close(struct port *p)
{
	if (!p->device)
		return;
	rte_eth_dev_stop(p->dev);
	rte_eth_dev_close(p->dev);
	rte_dev_remove(p->device);
	p->device = NULL;
}

// Link of a kernel's interface, whose drivers here either do not look (net_af_packet) or take one that was given to
// another network namespace, as a TAP is to a nested host, for gone. Such a one cannot be asked; it works on.
static bool interface_link(unsigned interface)
{
	struct ifreq r = {0};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	bool asked = fd >= 0 && if_indextoname(interface, r.ifr_name) && !ioctl(fd, SIOCGIFFLAGS, &r);
	if (fd >= 0)
		close(fd);
	return !asked || (r.ifr_flags & IFF_UP && r.ifr_flags & IFF_RUNNING);
}

bool port_link(const struct port *p)
{
	struct rte_eth_link link;

	if (p->interface)
		return interface_link(p->interface);
	return !rte_eth_link_get_nowait(p->dev, &link) && link.link_status == RTE_ETH_LINK_UP;
}

static void restore_tags(struct rte_mbuf **frames, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (frames[i]->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
			rte_vlan_insert(&frames[i]);
}

uint16_t port_rx(struct port *p, struct rte_mbuf **frames, uint16_t n)
{
	n = rte_eth_rx_burst(p->dev, 0, frames, n);
	if (p->restores_tags)
		restore_tags(frames, n);
	return n;
}

uint16_t port_tx(struct port *p, unsigned worker, struct rte_mbuf **frames, uint16_t n)
{
	if (!p->shares_tx)
		return rte_eth_tx_burst(p->dev, (uint16_t)worker, frames, n);
	rte_spinlock_lock(&p->tx_lock);
	n = rte_eth_tx_burst(p->dev, 0, frames, n);
	rte_spinlock_unlock(&p->tx_lock);
	return n;
}
