// SPDX-License-Identifier: BSD-3-Clause
#include "control/device/netif.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dataplane/interface.h"

bool netif_is_ethernet(const char *name)
{
	struct ifreq r;

	return interface_ioctl(name, SIOCGIFHWADDR, &r) || r.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

static int ethtool(const char *name, void *command)
{
	return interface_ioctl(name, SIOCETHTOOL, &(struct ifreq){.ifr_data = command});
}

// The number of attribute `type` in the kernel's answer to RTM_GETLINK, UINT32_MAX if it has none.
static uint32_t link_attribute(const struct nlmsghdr *answer, size_t size, unsigned short type)
{
	if (!NLMSG_OK(answer, size) || answer->nlmsg_type != RTM_NEWLINK)
		return UINT32_MAX;
	size_t left = IFLA_PAYLOAD(answer);
	for (const struct rtattr *a = IFLA_RTA(NLMSG_DATA(answer)); RTA_OK(a, left);
	     a = RTA_NEXT(a, left))
		if (a->rta_type == type && RTA_PAYLOAD(a) >= sizeof(uint32_t))
			return *(const uint32_t *)RTA_DATA(a);
	return UINT32_MAX;
}

uint32_t netif_largest_mtu(const char *name)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
	} request = {
		.head = {.nlmsg_len = sizeof request,
			 .nlmsg_type = RTM_GETLINK,
			 .nlmsg_flags = NLM_F_REQUEST},
		.link = {.ifi_index = (int)if_nametoindex(name)},
	};
	_Alignas(struct nlmsghdr) char answer[16384];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n = fd < 0 || send(fd, &request, sizeof request, 0) < 0
			    ? -1
			    : recv(fd, answer, sizeof answer, 0);

	if (fd >= 0)
		close(fd);
	return n < 0 ? UINT32_MAX : link_attribute((void *)answer, (size_t)n, IFLA_MAX_MTU);
}

static bool is_veth(const char *name)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	return !ethtool(name, &info) && !strcmp(info.driver, "veth");
}

void netif_stop_merging(const char *name)
{
	struct ethtool_value gro = {.cmd = ETHTOOL_SGRO}, flags = {.cmd = ETHTOOL_GFLAGS};

	ethtool(name, &gro); // fails on an interface that cannot merge
	if (ethtool(name, &flags) || !(flags.data & ETH_FLAG_LRO))
		return;
	flags.cmd = ETHTOOL_SFLAGS;
	flags.data &= ~(uint32_t)ETH_FLAG_LRO;
	ethtool(name, &flags);
}

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

// Attaches an XDP program that passes every frame. Returns the descriptor of the attachment, or -1
// with errno.
static int attach_pass(const char *name)
{
	static const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr load = {.prog_type = BPF_PROG_TYPE_XDP,
			       .insns = (uintptr_t)pass,
			       .insn_cnt = sizeof pass / sizeof *pass,
			       .license = (uintptr_t) "BSD",
			       .prog_flags = BPF_F_XDP_HAS_FRAGS}; // else the MTU is limited to a
								   // page
	int program = bpf(BPF_PROG_LOAD, &load);

	if (program < 0)
		return -1;
	union bpf_attr attach = {.link_create = {.prog_fd = (uint32_t)program,
						 .target_ifindex = if_nametoindex(name),
						 .attach_type = BPF_XDP,
						 .flags = XDP_FLAGS_DRV_MODE}};
	int fd = bpf(BPF_LINK_CREATE, &attach), error = errno;
	close(program);
	errno = error;
	return fd;
}

bool netif_guard(const char *name, int *guard)
{
	bool veth = is_veth(name);

	*guard = veth ? attach_pass(name) : -1;
	return !veth || *guard >= 0;
}
