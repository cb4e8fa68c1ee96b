// SPDX-License-Identifier: BSD-3-Clause
#include "device.h"

#include <ctype.h>
#include <string.h>

// A kind and the vdev that does it: %1$s is the port's name, %2$s the argument.
struct kind {
	const char *name;
	const char *format;
	const char *argument; // what is wanted behind the colon
	const char *hint;
};

static const struct kind kinds[] = {
	{"tap", "net_tap_%1$s,iface=%2$s", "name of the interface to make", " (needs root and /dev/net/tun; is the name taken?)"},
	// A ring of the driver's standard 512 frames overruns under one TCP transfer: 6 % of its segments were lost.
	{"af_packet", "net_af_packet_%1$s,iface=%2$s,framecnt=4096", "name of an interface", " (needs root; is the interface there and up?)"},
	{"null", "net_null_%1$s,no-rx=1%2$s", "nothing", ""},
	{"pci", "%2$s", "PCI address", " (is it bound to vfio-pci? see dpdk-devbind.py --status)"},
};

static const struct kind *kind_of(const char *device, const char **argument)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
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

	if (sscanf(s, "%4x:%2x:%2x.%1x%n", &domain, &bus, &dev, &fn, &end) == 4 && (!s[end] || s[end] == ','))
		return true;
	return sscanf(s, "%2x:%2x.%1x%n", &bus, &dev, &fn, &end) == 3 && (!s[end] || s[end] == ',');
}

bool device_is_pci(const char *device)
{
	return is_pci_address(device) || !strncmp(device, "pci:", 4);
}

// pcap:IN[,OUT]: plays the capture IN once and writes what is sent to OUT; either may be empty, not both.
static bool pcap_args(const struct config_port *p, const char *argument, char *out, struct config_error *e)
{
	const char *comma = strchr(argument, ',');
	int in = comma ? (int)(comma - argument) : (int)strlen(argument);
	const char *written = comma ? comma + 1 : "";

	if (!in && !*written)
		return config_refuse(e, p->device_at, "port '%s': device 'pcap:' names no capture (pcap:IN.pcap, pcap:IN.pcap,OUT.pcap)",
				     p->name);
	int n = snprintf(out, DEVICE_ARGS, "net_pcap_%s", p->name);
	if (in)
		n += snprintf(out + n, (size_t)(DEVICE_ARGS - n), ",rx_pcap=%.*s", in, argument);
	if (*written)
		snprintf(out + n, (size_t)(DEVICE_ARGS - n), ",tx_pcap=%s", written);
	return true;
}

static bool known_args(const struct config_port *p, const struct kind *k, const char *argument, char *out, struct config_error *e)
{
	bool wants = strcmp(k->name, "null") != 0;

	if (wants != (*argument != 0))
		return config_refuse(e, p->device_at, "port '%s': device '%s' has %s argument (%s:, followed by %s)", p->name, p->device,
				     wants ? "no" : "an", k->name, k->argument);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(out, DEVICE_ARGS, k->format, p->name, argument);
#pragma GCC diagnostic pop
	return true;
}

static const char *kind_name(void *unused, size_t i)
{
	(void)unused;
	return i < sizeof kinds / sizeof *kinds ? kinds[i].name : NULL;
}

bool device_args(const struct config_port *p, char out[DEVICE_ARGS], struct config_error *e)
{
	const char *argument;
	const struct kind *k = kind_of(p->device, &argument);

	if (!*p->device)
		return config_refuse(e, p->at, "port '%s' has no device (such as device: tap:%s)", p->name, p->name);
	if (k)
		return known_args(p, k, argument, out, e);
	if (!strncmp(p->device, "pcap:", 5))
		return pcap_args(p, p->device + 5, out, e);
	// DPDK's own drivers are called net_SOMETHING, a few also by an older name.
	if (is_pci_address(p->device) || !strncmp(p->device, "net_", 4) || !strncmp(p->device, "eth_", 4) ||
	    !strncmp(p->device, "virtio_user", 11)) {
		strcpy(out, p->device);
		return true;
	}
	char kind[32];
	snprintf(kind, sizeof kind, "%.*s", (int)strcspn(p->device, ":"), p->device);
	const char *near = text_nearest(kind, kind_name, NULL);
	return config_refuse(e, p->device_at,
			     "port '%s': device '%.100s' is of no known kind (%s%s%stap, af_packet, pcap, null, pci, a DPDK vdev such as "
			     "net_pcap0,… or a PCI address)",
			     p->name, p->device, near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
}

const char *device_hint(const char *device)
{
	const char *argument;
	const struct kind *k = kind_of(device, &argument);

	return k ? k->hint : "";
}
