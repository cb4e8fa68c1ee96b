// SPDX-License-Identifier: BSD-3-Clause
// interface: what the kernel knows of an interface in this network namespace.
//
// Errors  0 or -errno.
#pragma once

#include <net/if.h>
#include <stdint.h>

#include "dataplane/link.h"

// Does an ioctl on an interface. *r has its argument and its result.
int interface_ioctl(const char *name, unsigned long what, struct ifreq *r);

// The MTU, or -errno.
int interface_mtu(const char *name);
int interface_set_mtu(const char *name, unsigned mtu);

// The MAC; 0: it is not there, or is no Ethernet.
uint64_t interface_mac(const char *name);
int interface_set_mac(const char *name, uint64_t mac);

// The link of the interface of this index. LINK_GONE if this namespace has no such interface.
enum link interface_link(unsigned index);
