// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/interface.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAC_BYTES = 6, INTERFACE_ETHERNET = 1 /* ARPHRD_ETHER */ };

int interface_ioctl(const char *name, unsigned long what, struct ifreq *r)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(r->ifr_name, sizeof r->ifr_name, "%s", name);
	int rc = fd < 0 || ioctl(fd, what, r) ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

int interface_mtu(const char *name)
{
	struct ifreq r;
	int rc = interface_ioctl(name, SIOCGIFMTU, &r);

	return rc ? rc : r.ifr_mtu;
}

int interface_set_mtu(const char *name, unsigned mtu)
{
	return interface_ioctl(name, SIOCSIFMTU, &(struct ifreq){.ifr_mtu = (int)mtu});
}

uint64_t interface_mac(const char *name)
{
	struct ifreq r;
	uint64_t mac = 0;

	if (interface_ioctl(name, SIOCGIFHWADDR, &r) ||
	    r.ifr_hwaddr.sa_family != INTERFACE_ETHERNET)
		return 0;
	for (unsigned i = 0; i < MAC_BYTES; i++)
		mac = mac << 8 | (uint8_t)r.ifr_hwaddr.sa_data[i];
	return mac;
}

int interface_set_mac(const char *name, uint64_t mac)
{
	struct ifreq r = {.ifr_hwaddr.sa_family = INTERFACE_ETHERNET};

	for (unsigned i = 0; i < MAC_BYTES; i++)
		r.ifr_hwaddr.sa_data[i] = (char)(mac >> 8 * (MAC_BYTES - 1 - i));
	return interface_ioctl(name, SIOCSIFHWADDR, &r);
}

enum link interface_link(unsigned index)
{
	char name[IF_NAMESIZE];
	struct ifreq r;

	if (!if_indextoname(index, name) || interface_ioctl(name, SIOCGIFFLAGS, &r))
		return LINK_GONE;
	if (!(r.ifr_flags & IFF_UP))
		return LINK_SET_DOWN;
	return r.ifr_flags & IFF_RUNNING ? LINK_UP : LINK_NO_CARRIER;
}
