// SPDX-License-Identifier: BSD-3-Clause
#include "control/device/claim.h"

#include <linux/magic.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "control/common/error.h"
#include "control/common/unixsocket.h"
#include "control/config/config.h"
#include "control/device/holder.h"
#include "control/device/netif.h"

bool devargs_value(const char *args, const char *key, char out[DEVICE_TEXT])
{
	size_t n = strlen(key);

	while ((args = strchr(args, ','))) {
		args++;
		if (strncmp(args, key, n) || args[n] != '=')
			continue;
		snprintf(out, DEVICE_TEXT, "%.*s", (int)strcspn(args + n + 1, ","), args + n + 1);
		return true;
	}
	return false;
}

static bool is_driver(const char *args, const char *driver)
{
	return !strncmp(args, driver, strlen(driver));
}

static bool claim_tap(const struct config_port *p, const char *name, struct error *e)
{
	char holder[HOLDER_TEXT];

	return !holder_of_tap(name, holder) ||
	       error_at(e, p->device_at,
			"port '%s': TAP '%s' is in use by %s (choose another name)", p->name, name,
			holder);
}

static bool claim_interface(const struct config_port *p, const char *name, struct error *e)
{
	char holder[HOLDER_TEXT];

	if (!netif_is_ethernet(name))
		return error_at(
			e, p->device_at,
			"port '%s': '%s' is not an Ethernet interface (a veth, a NIC, a TAP)",
			p->name, name);
	return !holder_of_interface(name, holder) ||
	       error_at(e, p->device_at,
			"port '%s': interface '%s' is in use by %s (an interface has one switch)",
			p->name, name, holder);
}

static bool claim_socket(const struct config_port *p, const char *path, struct error *e)
{
	char holder[HOLDER_TEXT] = "another process";

	switch (unixsocket_state(path)) {
	case UNIXSOCKET_SERVED:
		holder_of_socket(path, holder);
		return error_at(e, p->device_at,
				"port '%s': socket %.100s is in use by %s (choose another path)",
				p->name, path, holder);
	case UNIXSOCKET_OTHER_FILE:
		return error_at(e, p->device_at,
				"port '%s': %.100s is not a socket (choose another path)", p->name,
				path);
	case UNIXSOCKET_STALE:
		unixsocket_bury(path);
		break;
	case UNIXSOCKET_FREE:
	case UNIXSOCKET_UNKNOWN: // the driver says why
		break;
	}
	return true;
}

static bool is_capture(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *capture = pcap_open_offline(path, error);

	if (capture)
		pcap_close(capture);
	return capture;
}

// Whether a file is of the kernel: such files are empty to look at, and a write to them is a
// command.
static bool is_of_kernel(const char *path)
{
	static const uint32_t types[] = {PROC_SUPER_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
					 DEBUGFS_MAGIC,    TRACEFS_MAGIC,      SECURITYFS_MAGIC,
					 BPF_FS_MAGIC,     SELINUX_MAGIC,      SMACK_MAGIC};
	struct statfs fs;

	if (statfs(path, &fs))
		return true;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if ((uint32_t)fs.f_type == types[i])
			return true;
	return false;
}

// An output file replaces a capture, and nothing else. A killed switch leaves an empty one.
static bool claim_capture(const struct config_port *p, const char *path, struct error *e)
{
	struct stat file;

	if (stat(path, &file) ||
	    (S_ISREG(file.st_mode) && (file.st_size ? is_capture(path) : !is_of_kernel(path))))
		return true;
	return error_at(e, p->device_at,
			"port '%s': %.100s exists and is not a capture (choose another file)",
			p->name, path);
}

bool device_claim(const struct config_port *p, const char *args, struct error *e)
{
	char value[DEVICE_TEXT];

	if (is_driver(args, "net_tap"))
		return !devargs_value(args, "iface", value) || claim_tap(p, value, e);
	if (is_driver(args, "net_af_packet") || is_driver(args, "net_af_xdp"))
		return !devargs_value(args, "iface", value) || claim_interface(p, value, e);
	if (is_driver(args, "net_vhost"))
		return strstr(args, ",client=1") || !devargs_value(args, "iface", value) ||
		       claim_socket(p, value, e);
	if (is_driver(args, "net_memif"))
		return !strstr(args, ",role=server") || strstr(args, ",role=client") ||
		       !devargs_value(args, "socket", value) || holder_is_own_memif(value) ||
		       claim_socket(p, value, e);
	if (is_driver(args, "net_pcap"))
		return !devargs_value(args, "tx_pcap", value) || claim_capture(p, value, e);
	return true;
}
