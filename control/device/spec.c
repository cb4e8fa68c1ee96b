// SPDX-License-Identifier: BSD-3-Clause
#include "control/device/spec.h"

#include <net/if.h>
#include <string.h>
#include <sys/un.h>

#include "control/common/error.h"
#include "control/common/text.h"
#include "dataplane/netdev.h"

// A kind of device, and the devargs that it becomes: DRIVER_NAME OPTIONS ARGUMENT, without blanks.
// The name is the unique one of the port's device.
struct kind {
	const char *name;
	const char *driver;   // NULL: the argument alone
	const char *options;  // NULL: the kind has a function of its own
	const char *argument; // describes the argument
	const char *queues;   // vdev argument for the number of queues; NULL: not needed
};

static const struct kind kinds[] = {
	{"tap", "net_tap", ",iface=", "name of the interface to make", NULL},
	{"af_packet", "net_af_packet", ",iface=", "name of an interface", "qpairs"},
	{"af_xdp", "net_af_xdp", ",iface=", "name of an interface", "queue_count"},
	{"vhost", "net_vhost", ",iface=", "path of the socket to serve", "queues"},
	{"vhost-client", "net_vhost",
	 ",client=1,iface=", "path of the socket that the guest's side serves", "queues"},
	{"virtio_user", "net_virtio_user",
	 ",path=", "path of a vhost-user socket, or /dev/vhost-net", "queues"},
	{"memif", "net_memif", ",role=server,socket-abstract=no,socket=", "path of the socket",
	 NULL},
	{"null", "net_null", ",no-rx=1", "nothing", NULL},
	{"pci", NULL, "", "PCI address", NULL},
	{"pcap", NULL, NULL, "captures IN.pcap, or IN.pcap,OUT.pcap", NULL},
	{"bond", NULL, NULL, "MODE,MEMBER,… with mode active-backup, balance-xor or lacp", NULL},
};

// The rings of a packet socket. The driver's default of 512 slots overflows under a single TCP
// transfer, which then loses 6 % of its segments. With qdisc bypass a send never waits for a slot,
// because no more frames are in flight than the interface holds.
static const char slots[] = ",framecnt=4096,qdisc_bypass=1";
static const char long_slots[] = ",framesz=16384,blocksz=16384,framecnt=1024,qdisc_bypass=1";

enum { KINDS = sizeof kinds / sizeof *kinds };

// DPDK's arguments for the modes of bonding. A static link aggregation spreads frames by addresses
// and ports, as ESXi's "route based on IP hash" does.
static const struct bond_mode {
	const char *name, *args;
} bond_modes[] = {
	{"active-backup", "mode=1"},
	{"balance-xor", "mode=2,xmit_policy=l34"},
	{"lacp", "mode=4"},
	{"802.3ad", "mode=4"},
};

static const struct kind *device_kind(const char *device, const char **argument)
{
	for (size_t i = 0; i < KINDS; i++) {
		size_t n = strlen(kinds[i].name);
		if (strncmp(device, kinds[i].name, n) || device[n] != ':')
			continue;
		*argument = device + n + 1;
		return &kinds[i];
	}
	return NULL;
}

// [DOMAIN:]BUS:DEVICE.FUNCTION in hexadecimal digits.
static bool is_pci_address(const char *s)
{
	unsigned domain, bus, dev, fn;
	int end = 0;

	if (sscanf(s, "%4x:%2x:%2x.%1x%n", &domain, &bus, &dev, &fn, &end) == 4 &&
	    (!s[end] || s[end] == ','))
		return true;
	return sscanf(s, "%2x:%2x.%1x%n", &bus, &dev, &fn, &end) == 3 && (!s[end] || s[end] == ',');
}

// The names of DPDK's drivers begin with net_; a few drivers have an older name as well.
static bool is_dpdk(const char *device)
{
	return is_pci_address(device) || !strncmp(device, "net_", 4) ||
	       !strncmp(device, "eth_", 4) || !strncmp(device, "virtio_user", 11);
}

bool device_netdev(const char *device, enum netdev_kind *kind)
{
	const char *argument;
	const struct kind *k = device_kind(device, &argument);

	if (!k || (strcmp(k->name, "tap") && strcmp(k->name, "af_packet")))
		return false;
	*kind = strcmp(k->name, "tap") ? NETDEV_PACKET : NETDEV_TAP;
	return true;
}

bool device_is_raw(const char *device)
{
	const char *argument;

	return !device_kind(device, &argument) && !is_pci_address(device) && is_dpdk(device);
}

bool device_is_pci(const char *device)
{
	if (is_pci_address(device) || !strncmp(device, "pci:", 4))
		return true;
	for (const char *s = device; !strncmp(device, "bond:", 5) && (s = strchr(s, ',')); s++)
		if (device_is_pci(s + 1))
			return true;
	return false;
}

static bool missing_argument(const struct config_port *p, const struct kind *k, struct error *e)
{
	return error_at(e, p->device_at,
			"port '%s': device '%.100s' has no argument (%s:, followed by %s)", p->name,
			p->device, k->name, k->argument);
}

// pcap:IN[,OUT] plays the capture IN once and writes sent frames to OUT. One of them may be empty.
static void pcap_args(const char *name, const char *argument, char out[DEVICE_ARGS])
{
	const char *comma = strchr(argument, ',');
	int in = comma ? (int)(comma - argument) : (int)strlen(argument);

	int n = snprintf(out, DEVICE_ARGS, "net_pcap_%s", name);
	if (in)
		n += snprintf(out + n, (size_t)(DEVICE_ARGS - n), ",rx_pcap=%.*s", in, argument);
	if (comma && comma[1])
		snprintf(out + n, (size_t)(DEVICE_ARGS - n), ",tx_pcap=%s", comma + 1);
}

// Whether the argument is the name of an interface.
static bool check_interface(const struct config_port *p, const struct kind *k, const char *name,
			    struct error *e)
{
	if (strlen(name) < IF_NAMESIZE && !strpbrk(name, ",/:% \t") && strcmp(name, ".") &&
	    strcmp(name, ".."))
		return true;
	return error_at(
		e, p->device_at,
		"port '%s': '%.100s' cannot be the name of an interface (%s:, followed by at most %d "
		"characters without blanks and , / : %%)",
		p->name, name, k->name, IF_NAMESIZE - 1);
}

static bool takes_interface(const struct kind *k)
{
	return !strcmp(k->name, "tap") || !strcmp(k->name, "af_packet");
}

static bool takes_socket(const struct kind *k)
{
	return !strncmp(k->name, "vhost", 5) || !strcmp(k->name, "memif");
}

// Whether the argument is short enough for the path of a socket.
static bool check_socket(const struct config_port *p, const struct kind *k, const char *path,
			 struct error *e)
{
	size_t len = strcspn(path, ","), most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	return len <= most ||
	       error_at(
		       e, p->device_at,
		       "port '%s': the path of a socket has %zu characters (%s:, followed by at most "
		       "%zu characters)",
		       p->name, len, k->name, most);
}

// Writes the devargs of a kind that is a single device.
static bool kind_args(const struct config_port *p, const char *name, const struct kind *k,
		      const char *argument, char out[DEVICE_ARGS], struct error *e)
{
	bool wants = strcmp(k->name, "null") != 0;

	if (wants && !argument[strspn(argument, ",")])
		return missing_argument(p, k, e);
	if (takes_interface(k) && !check_interface(p, k, argument, e))
		return false;
	if (!k->driver && k->options && !is_pci_address(argument))
		return error_at(e, p->device_at,
				"port '%s': '%.100s' is no PCI address (such as pci:0000:03:00.0)",
				p->name, argument);
	if (takes_socket(k) && !check_socket(p, k, argument, e))
		return false;
	if (!wants && *argument)
		return error_at(e, p->device_at,
				"port '%s': device '%.100s' has an argument (%s: takes none)",
				p->name, p->device, k->name);
	if (!strcmp(k->name, "virtio_user") && strstr(argument, ",server=1"))
		return error_at(
			e, p->device_at,
			"port '%s': virtio_user cannot serve its socket, because DPDK would block the switch until a peer "
			"connects (use vhost:PATH to serve one)",
			p->name);
	if (!k->options) {
		pcap_args(name, argument, out);
		return true;
	}
	int n = k->driver ? snprintf(out, DEVICE_ARGS, "%s_%s%s%s", k->driver, name, k->options,
				     argument)
			  : snprintf(out, DEVICE_ARGS, "%s", argument);
	if (!strcmp(k->name, "af_packet"))
		n += snprintf(out + n, (size_t)(DEVICE_ARGS - n), "%s",
			      p->mtu > MTU_DEFAULT ? long_slots : slots);
	if (k->driver && !strcmp(k->driver, "net_vhost") && p->offload)
		n += snprintf(out + n, (size_t)(DEVICE_ARGS - n), ",tso=1");
	if (p->queues > 1 && k->queues)
		snprintf(out + n, (size_t)(DEVICE_ARGS - n), ",%s=%u", k->queues, p->queues);
	return true;
}

static const char *kind_name(void *unused, size_t i)
{
	(void)unused;
	return i < KINDS ? kinds[i].name : NULL;
}

static bool unknown_kind(const struct config_port *p, struct error *e)
{
	char kind[32], hint[TEXT_HINT];

	snprintf(kind, sizeof kind, "%.*s", (int)strcspn(p->device, ":"), p->device);
	for (size_t i = 0; i < KINDS; i++)
		if (!strcmp(kind, kinds[i].name))
			return error_at(e, p->device_at,
					"port '%s': device '%s' has no ':' (%s:, followed by %s)",
					p->name, kind, kind, kinds[i].argument);
	return error_at(
		e, p->device_at,
		"port '%s': device '%.100s' is no known kind, no DPDK vdev and no PCI address%s",
		p->name, p->device, text_hint(hint, kind, kind_name, NULL, NULL));
}

// A member is a device without a comma in it, or the name of a kernel interface.
static bool member_args(const struct config_port *p, const char *bond, unsigned i,
			const char *member, char out[DEVICE_ARGS], struct error *e)
{
	char name[PORT_NAME + 8], device[DEVICE_TEXT + 16];
	const char *argument;

	if (is_pci_address(member)) {
		snprintf(out, DEVICE_ARGS, "%s", member);
		return true;
	}
	snprintf(name, sizeof name, "%.15s_%u", bond, i);
	snprintf(device, sizeof device, "%s%s", strchr(member, ':') ? "" : "af_packet:", member);
	const struct kind *k = device_kind(device, &argument);
	// A bond has no vhost members. It does not tell net_vhost that the switch completes
	// checksums, so that net_vhost would complete them itself and trust the guest's headers.
	if (!k || !strcmp(k->name, "bond") || !strncmp(k->name, "vhost", 5))
		return error_at(
			e, p->device_at,
			"port '%s': '%.100s' is no member of a bond (an interface, a device such as tap:x, "
			"a PCI address)",
			p->name, member);
	return kind_args(p, name, k, argument, out, e);
}

static const struct bond_mode *bond_mode(const char *name)
{
	for (size_t i = 0; i < sizeof bond_modes / sizeof *bond_modes; i++)
		if (!strcmp(name, bond_modes[i].name))
			return &bond_modes[i];
	return NULL;
}

// Whether a member of a bond stands in the list of its members more than once.
static bool is_named_before(const char *argument, const char *member)
{
	unsigned times = 0;
	size_t len;

	for (const char *at = argument; *at; at += len + (at[len] != 0)) {
		len = strcspn(at, ",");
		times += len == strlen(member) && !strncmp(at, member, len);
	}
	return times > 1;
}

// Writes the devargs of the members, then those of the bond, which names its members.
static bool bond_parts(const struct config_port *p, const char *name, const char *argument,
		       struct device_parts *out, struct error *e)
{
	char text[DEVICE_TEXT], *rest = text, *member;

	snprintf(text, sizeof text, "%s", argument);
	const char *word = strsep(&rest, ",");
	const struct bond_mode *mode = bond_mode(word);
	if (!mode)
		return error_at(
			e, p->device_at,
			"port '%s': the mode of a bond cannot be '%.40s' (active-backup, balance-xor or lacp)",
			p->name, word);
	char bond[DEVICE_ARGS];
	int n = snprintf(bond, sizeof bond, "net_bonding_%s,%s", name, mode->args);
	for (out->count = 0; (member = strsep(&rest, ",")); out->count++) {
		char *args = out->args[out->count];
		if (out->count == PORT_PARTS_MAX - 1)
			return error_at(e, p->device_at, "port '%s': a bond has at most %d members",
					p->name, PORT_PARTS_MAX - 1);
		if (!member_args(p, name, out->count, member, args, e))
			return false;
		if (is_named_before(argument, member))
			return error_at(
				e, p->device_at,
				"port '%s': '%.100s' is twice in the bond (name each member once)",
				p->name, member);
		n += snprintf(bond + n, sizeof bond - (size_t)n, "," DEVICE_MEMBER "=%.*s",
			      (int)strcspn(args, ","), args);
	}
	if (!out->count)
		return error_at(e, p->device_at,
				"port '%s': device '%.100s' has no members (bond:%s,eth1,eth2)",
				p->name, p->device, word);
	strcpy(out->args[out->count++], bond);
	return true;
}

bool device_parts(const struct config_port *p, const char *name, struct device_parts *out,
		  struct error *e)
{
	const char *argument;
	const struct kind *k = device_kind(p->device, &argument);

	if (!*p->device)
		return error_at(e, p->at, "port '%s' has no device (such as device: tap:%s)",
				p->name, p->name);
	if (!text_is_clean(p->device))
		return error_at(
			e, p->device_at,
			"port '%s': device '%.100s' has a control character (give printable ones)",
			p->name, p->device);
	if (k && !strcmp(k->name, "bond"))
		return bond_parts(p, name, argument, out, e);
	out->count = 1;
	if (k)
		return kind_args(p, name, k, argument, out->args[0], e);
	if (!is_dpdk(p->device))
		return unknown_kind(p, e);
	strcpy(out->args[0], p->device);
	return true;
}

bool device_check(const struct config_port *p, struct error *e)
{
	struct device_parts parts;

	return device_parts(p, p->name, &parts, e);
}

bool device_check_all(const struct config *c, bool optional, struct error *e)
{
	for (unsigned i = 0; i < c->port_count; i++) {
		const struct config_port *p = &c->port[i];
		if (p->kind == PORT_TUNNEL || (optional && !*p->device))
			continue;
		if (!device_check(p, e) || !config_device_is_free(c, p, e))
			return false;
	}
	return true;
}
