// SPDX-License-Identifier: BSD-3-Clause
#include "control/device/open.h"
#include "control/common/portsettings.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <string.h>
#include <unistd.h>

#include "control/common/error.h"
#include "control/common/log.h"
#include "control/common/unixsocket.h"
#include "control/config/config.h"
#include "control/device/claim.h"
#include "control/device/lockable.h"
#include "control/device/netif.h"
#include "control/device/quirks/handles.h"
#include "control/device/quirks/interrupts.h"
#include "control/device/quirks/listener.h"
#include "control/device/quirks/members.h"
#include "control/device/quirks/waiting.h"
#include "control/device/spec.h"
#include "dataplane/interface.h"
#include "dataplane/link.h"
#include "dataplane/netdev.h"
#include "dataplane/port.h"

enum { HINT = 256, SILENT_MAX = 64 };

// Devices that did not answer their driver. They stay open, in a state that only a restart ends.
static struct {
	unsigned count;
	char device[SILENT_MAX][DEVICE_TEXT];
} silent;

// Copies the argument of a device of this kind, up to a comma. False if the device is of another
// kind.
static bool argument_of(const char *device, const char *kind, char out[DEVICE_TEXT])
{
	size_t n = strlen(kind);

	if (strncmp(device, kind, n) || device[n] != ':')
		return false;
	snprintf(out, DEVICE_TEXT, "%.*s", (int)strcspn(device + n + 1, ","), device + n + 1);
	return true;
}

enum device_peer device_peer(const char *device)
{
	char path[DEVICE_TEXT];
	bool connects = (argument_of(device, "virtio_user", path) && strncmp(path, "/dev/", 5)) ||
			(argument_of(device, "memif", path) && strstr(device, ",role=client"));

	if (!connects)
		return PEER_NONE;
	return unixsocket_state(path) == UNIXSOCKET_SERVED ? PEER_PRESENT : PEER_ABSENT;
}

// Copies the name of the driver that a PCI device is bound to, or "" if there is none. False if
// there is no such device.
static bool pci_driver(const char *address, char driver[64])
{
	char path[128], target[256];

	snprintf(path, sizeof path, "/sys/bus/pci/devices/%s", address);
	if (access(path, F_OK))
		return false;
	strcat(path, "/driver");
	ssize_t n = readlink(path, target, sizeof target - 1);
	target[n < 0 ? 0 : n] = 0;
	const char *slash = strrchr(target, '/');
	snprintf(driver, 64, "%.63s", slash ? slash + 1 : target);
	return true;
}

bool device_is_nic(const char *device)
{
	return device_is_pci(device) && strncmp(device, "bond:", 5);
}

// The address of a NIC, with its domain. Without one it is in the first domain.
static void pci_address(const char *device, char address[32])
{
	const char *name = strncmp(device, "pci:", 4) ? device : device + 4;
	int n = (int)strcspn(name, ",");

	snprintf(address, 32, "%s%.*s", n < 12 ? "0000:" : "", n < 12 ? n : 12, name);
}

bool device_nic_exists(const char *device)
{
	char address[32], driver[64];

	pci_address(device, address);
	return pci_driver(address, driver);
}

bool device_interface_is_back(const char *device)
{
	char name[DEVICE_TEXT], address[32], driver[64];

	pci_address(device, address);
	if (device_is_nic(device))
		return pci_driver(address, driver) &&
		       (!strcmp(driver, "vfio-pci") || !strcmp(driver, "uio_pci_generic"));
	return argument_of(device, "af_xdp", name) &&
	       interface_link(if_nametoindex(name)) == LINK_UP;
}

static bool refuse_unlockable(const struct config_port *p, struct error *e)
{
	char address[32], driver[64];
	uint64_t limit;

	if (!device_is_nic(p->device))
		return false;
	pci_address(p->device, address);
	if (!pci_driver(address, driver) || strcmp(driver, "vfio-pci") ||
	    memory_is_lockable(&limit))
		return false;
	error_at(
		e, p->device_at,
		"port '%s': device '%.200s' needs all memory of the switch locked, and this process may lock %" PRIu64
		" KiB (ulimit -l unlimited, or LimitMEMLOCK=infinity in a unit)",
		p->name, p->device, limit / 1024);
	return true;
}

static void pci_hint(const char *device, char out[HINT])
{
	char address[32], driver[64];

	pci_address(device, address);
	if (!pci_driver(address, driver))
		snprintf(out, HINT, " (there is no PCI device %s)", address);
	else if (!strcmp(driver, "vfio-pci"))
		snprintf(
			out, HINT,
			" (it is bound to vfio-pci: may this process open its group in /dev/vfio? nestswitch-prepare --bind lets group nestswitch do so; without interrupt remapping: modprobe vfio_iommu_type1 allow_unsafe_interrupts=1)");
	else if (!strcmp(driver, "uio_pci_generic") && !rte_eal_has_hugepages())
		snprintf(
			out, HINT,
			" (it is bound to uio_pci_generic, which needs huge pages: nestswitch-prepare --hugepages 1024)");
	else if (!strcmp(driver, "uio_pci_generic"))
		snprintf(
			out, HINT,
			" (it is bound to uio_pci_generic, which needs root: CAP_SYS_ADMIN and CAP_SYS_RAWIO)");
	else
		snprintf(out, HINT,
			 " (it is bound to %s; hand it over: nestswitch-prepare --bind %s)",
			 *driver ? driver : "no driver", address);
}

// Writes a likely cause for a device that does not open, or "".
static void device_hint(const char *device, char out[HINT])
{
	static const struct {
		const char *kind, *text;
	} hints[] = {
		{"tap", " (needs root and /dev/net/tun; is the name taken?)"},
		{"af_packet", " (needs root; is the interface there, and up?)"},
		{"af_xdp", " (needs root, a kernel with XDP sockets, and an interface that is up)"},
		{"vhost", " (does the folder exist? does another process serve this socket?)"},
		{"vhost-client", " (does the folder exist?)"},
		{"virtio_user",
		 " (is it a vhost-user socket? for /dev/vhost-net: is the module vhost_net loaded?)"},
		{"memif",
		 " (does the folder exist? does another process serve this socket? to connect to it: role=client)"},
	};
	char argument[DEVICE_TEXT];

	*out = 0;
	if (device_is_nic(device))
		pci_hint(device, out);
	for (size_t i = 0; i < sizeof hints / sizeof *hints && !*out; i++)
		if (argument_of(device, hints[i].kind, argument))
			snprintf(out, HINT, "%s", hints[i].text);
}

// Copies the name of the interface of an AF_PACKET or AF_XDP socket. False if the part is another
// device.
static bool packet_interface(const char *args, char name[IF_NAMESIZE])
{
	bool packet = !strncmp(args, "net_af_packet", 13) || !strncmp(args, "net_af_xdp", 10);
	char value[DEVICE_TEXT];

	if (!packet || !devargs_value(args, "iface", value))
		return false;
	snprintf(name, IF_NAMESIZE, "%.*s", IF_NAMESIZE - 1, value);
	return true;
}

// Guards an interface. False, with errno, if it is a veth and cannot be guarded.
static bool guard_interface(struct port *port, const char *name)
{
	int guard;

	if (!netif_guard(name, &guard))
		return false;
	if (guard >= 0)
		port->guard[port->guards++] = guard;
	return true;
}

void device_check_segments(struct port *port, const struct config_port *p)
{
	char name[IF_NAMESIZE];

	if (!port->net || !netdev_undescribed(port->net, name) ||
	    port->checked == if_nametoindex(name))
		return;
	port->checked = if_nametoindex(name);
	while (port->guards) // the guard of a former interface
		close(port->guard[--port->guards]);
	if (guard_interface(port, name) && port->guards)
		log_write(
			LOG_NOTICE,
			"port '%s': this kernel drops large segments of UDP or SCTP at %s; the other end of %s cuts segments from now on",
			p->name, name, name);
	else
		log_write(
			LOG_WARNING,
			"port '%s': this kernel drops large segments of UDP or SCTP at %s "
			"(run at the sender: ethtool -K IFACE tx-udp-segmentation off tx-sctp-segmentation off)",
			p->name, name);
}

// Prepares the interface of a packet socket: sets its MTU and stops it from receiving merged
// frames. 0 or -errno.
static int prepare_interface(struct port *port, const struct config_port *p, const char *args,
			     struct port_error *step)
{
	char name[IF_NAMESIZE];

	if (!packet_interface(args, name))
		return 0;
	// An AF_XDP socket attaches an XDP program of its own.
	if (strncmp(args, "net_af_xdp", 10) && !guard_interface(port, name))
		log_write(
			LOG_WARNING,
			"port '%s': cannot stop the other end of %s from offloading segmentation and checksums: %s "
			"(run there: ethtool -K IFACE tx off tso off gso off)",
			p->name, name, strerror(errno));
	netif_stop_merging(name);
	step->step = "set the MTU of";
	return p->mtu ? interface_set_mtu(name, p->mtu) : 0;
}

// The largest MTU that a device takes, and the interfaces behind it.
static uint32_t largest_mtu(const struct port *port, const struct device_parts *parts)
{
	uint32_t largest = port_largest_mtu(port);
	char name[IF_NAMESIZE];

	for (unsigned i = 0; i < parts->count; i++)
		if (packet_interface(parts->args[i], name))
			largest = RTE_MIN(largest, netif_largest_mtu(name));
	return largest;
}

// Names the device's own maximum where an MTU exceeds it. False if it does not.
static bool is_mtu_error(const struct config_port *p, int rc, uint32_t largest, struct error *e)
{
	if (rc != -EINVAL || p->mtu <= largest)
		return false;
	error_at(
		e, p->mtu_at,
		"port '%s': mtu cannot be %u (device '%.200s' takes at most %u; af_packet on a veth takes %d)",
		p->name, p->mtu, p->device, largest, MTU_MAX);
	return true;
}

static bool device_error(const struct config_port *p, const char *step, int rc, struct error *e)
{
	char text[HINT];

	if (rc == -EBUSY && device_is_nic(p->device))
		snprintf(
			text, HINT,
			" (another port has it, or it was pulled or did not answer: then restart the switch)");
	else
		device_hint(p->device, text);
	return error_at(e, p->device_at, "port '%s': cannot %s device '%.200s'%s%s%s", p->name,
			step, p->device, rc == -1 ? "" : ": ", rc == -1 ? "" : rte_strerror(-rc),
			text); // drivers that give no reason return -1
}

bool device_set_mtu(struct port *port, const struct config_port *p, struct error *e)
{
	struct device_parts parts;
	char name[IF_NAMESIZE];

	if (!device_parts(p, p->name, &parts, e))
		return false;
	int rc = port_set_mtu(port, (uint16_t)p->mtu);
	for (unsigned i = 0; i < parts.count && !rc && !port->net; i++)
		if (packet_interface(parts.args[i], name))
			rc = interface_set_mtu(name, p->mtu ? p->mtu : MTU_DEFAULT);
	// A TAP that was moved to another namespace returns -ENODEV.
	if (rc == -ENOBUFS || rc == -EBUSY || rc == -ENODEV)
		return error_at(
			e, p->at,
			"port '%s': device '%.200s' must be reopened for mtu %u (remove the port, then add it again)",
			p->name, p->device, p->mtu);
	if (is_mtu_error(p, rc, largest_mtu(port, &parts), e))
		return false;
	return !rc || device_error(p, "set the MTU of", rc, e);
}

// Opens the one device of `parts`, or all of them.
static int open_parts(struct port *port, const struct config_port *p,
		      const struct device_parts *parts, const struct port_options *options,
		      struct port_error *step)
{
	const char *list[PORT_PARTS_MAX + 1] = {NULL};
	char interface[DEVICE_TEXT];
	enum netdev_kind kind;

	if (device_netdev(p->device, &kind) && devargs_value(parts->args[0], "iface", interface))
		return port_open_net(port, kind, interface, options, step);
	for (unsigned i = 0; i < parts->count; i++)
		list[i] = parts->args[i];
	int rc = port_open(port, list, options, step);
	for (unsigned i = 0; i < parts->count && !rc; i++)
		rc = prepare_interface(port, p, parts->args[i], step);
	return rc;
}

struct opening {
	struct port *port;
	const struct config_port *p;
	const struct device_parts *parts;
	const struct port_options *options;
	struct port_error step;
	int rc;
};

static void open_now(void *arg)
{
	struct opening *o = arg;

	o->rc = open_parts(o->port, o->p, o->parts, o->options, &o->step);
}

bool device_any_is_silent(void)
{
	return silent.count;
}

bool device_is_silent(const char *device)
{
	for (unsigned i = 0; i < silent.count; i++)
		if (!strcmp(silent.device[i], device))
			return true;
	return false;
}

static bool refuse_again(const struct config_port *p, struct error *e)
{
	return error_at(
		e, p->device_at,
		"port '%s': device '%.200s' did not answer its driver, and stays unusable until the switch restarts",
		p->name, p->device);
}

// The driver of a device that has not answered may hold a lock.
static bool refuse_silent(struct port *port, const struct config_port *p, struct error *e)
{
	port_abandon(port);
	if (silent.count < SILENT_MAX)
		strcpy(silent.device[silent.count++], p->device);
	return error_at(
		e, p->device_at,
		"port '%s': device '%.200s' does not answer its driver within %d s, and stays unusable until the switch restarts%s",
		p->name, p->device, WAITING_MAX_S,
		device_is_nic(p->device)
			? " (a virtio NIC of QEMU on vfio-pci needs iommu_platform=on)"
			: "");
}

bool device_open(struct port *port, const struct config_port *p, unsigned number, unsigned workers,
		 struct rte_mempool *pool, struct error *e)
{
	struct device_parts parts;
	char name[PORT_NAME];

	snprintf(name, sizeof name, "%u", number);
	if (refuse_unlockable(p, e) || !device_parts(p, name, &parts, e))
		return false;
	for (unsigned i = 0; i < parts.count; i++)
		if (!device_claim(p, parts.args[i], e))
			return false;
	if (device_peer(p->device) == PEER_ABSENT)
		return true;
	if (device_is_silent(p->device))
		return refuse_again(p, e);
	struct port_options options = {(uint16_t)p->mtu, (uint16_t)(p->queues ? p->queues : 1),
				       workers, pool};
	struct opening o = {port, p, &parts, &options, .rc = 0};
	if (!waiting_call(open_now, &o))
		return refuse_silent(port, p, e);
	int rc = o.rc;
	if (!rc)
		return true;
	uint32_t largest = largest_mtu(port, &parts);
	device_close(port);
	if (is_mtu_error(p, rc, largest, e))
		return false;
	if (rc == -ERANGE)
		return error_at(e, p->device_at,
				"port '%s': device '%.200s' does not have %u queues (queues: 1)",
				p->name, p->device, p->queues);
	return device_error(p, o.step.step, rc, e);
}

static void close_now(void *arg)
{
	struct port *port = arg;

	members_spare(true);
	port_close(port);
	members_spare(false);
}

// Closes a NIC that is not there any more, without waiting for its answers.
static void close_unplugged(struct port *port)
{
	if (waiting_skip(close_now, port))
		return;
	members_spare(false);
	port_notes_end();
	port_abandon(port);
}

void device_close(struct port *port)
{
	bool deferred = port->quirks & PORT_QUIRK_DEFERRED;

	if (deferred && !interrupts_hold()) {
		log_write(
			LOG_ERR,
			"a device stays open, because DPDK's interrupt thread hangs and may use it (restart the switch)");
		port_abandon(port);
		return;
	}
	if (port_is_unplugged(port))
		close_unplugged(port);
	else
		close_now(port);
	handles_free(port);
	if (!deferred)
		return;
	listener_close_orphans();
	interrupts_release();
}
