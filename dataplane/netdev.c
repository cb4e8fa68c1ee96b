// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE // recvmmsg()
#include "dataplane/netdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dataplane/frame.h"
#include "dataplane/interface.h"
#include "dataplane/packet.h"
#include "dataplane/pool.h"
#include "dataplane/segment.h"

// Newer than the headers of some releases.
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum {
	ROOM = 2048,              // of a frame, in its first buffer
	REST = SEGMENT_BYTES_MAX, // behind it
	HEADER = sizeof(struct virtio_net_hdr),
	RECEIVE_BUFFER = 16 << 20, // bytes that wait in a packet socket
	VECTORS = 256,             // of the frames of a system call, and more than a frame has
	SPARES = 32,               // blocks of a queue beside those of its slots
};

// The bytes of a frame behind its first buffer. The device has a reference. A segment whose bytes
// stay here has another one, and may outlive the device.
struct block {
	struct rte_mbuf_ext_shared_info info;
	_Alignas(RTE_CACHE_LINE_SIZE) uint8_t bytes[REST];
};

// A frame in the hands of the kernel: its header, its first buffer, and the rest.
struct arrival_slot {
	struct virtio_net_hdr header;
	struct rte_mbuf *m;
	struct block *rest;
	struct iovec vector[3];
	_Alignas(struct cmsghdr) uint8_t notes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
};

struct queue {
	int fd;
	unsigned slots; // 1 for a TAP
	struct arrival_slot *slot;
	struct block *spare[SPARES];
	struct mmsghdr message[NETDEV_BURST];
};

struct netdev {
	enum netdev_kind kind;
	char name[IF_NAMESIZE]; // when it was opened
	unsigned interface;     // its index then
	uint16_t wanted_mtu;    // 0: as it is
	uint16_t mtu;
	struct rte_mempool *pool;
	_Atomic bool undescribed; // workers set, control clears
	uint64_t missed;          // frames, up to the last netdev_missed()
	uint64_t tap_missed;      // what the kernel said then of the TAP
	unsigned queues;
	struct queue queue[NETDEV_QUEUES_MAX];
};

static int bring_up(const char *name)
{
	struct ifreq r;
	int rc = interface_ioctl(name, SIOCGIFFLAGS, &r);

	r.ifr_flags |= IFF_UP;
	return rc ? rc : interface_ioctl(name, SIOCSIFFLAGS, &r);
}

// A queue of a TAP. The kernel may leave checksums and segmentation to us.
static int open_tap(const char *name, bool several)
{
	static const unsigned tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
			      uso = TUN_F_USO4 | TUN_F_USO6;
	struct ifreq r = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
					       (several ? IFF_MULTI_QUEUE : 0))};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), size = HEADER;

	if (fd < 0)
		return -1;
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
	if (ioctl(fd, TUNSETIFF, &r) || ioctl(fd, TUNSETVNETHDRSZ, &size) ||
	    (ioctl(fd, TUNSETOFFLOAD, tso | uso) && ioctl(fd, TUNSETOFFLOAD, tso))) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value);
}

// A packet socket. It hears nothing before it is bound. Several share the flows of the interface.
static int open_socket(unsigned interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htobe16(ETH_P_ALL),
				      .sll_ifindex = (int)interface};
	struct packet_mreq promiscuous = {.mr_ifindex = (int)interface,
					  .mr_type = PACKET_MR_PROMISC};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER); // needs CAP_NET_ADMIN
	set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, RECEIVE_BUFFER);
	if (set_option(fd, SOL_PACKET, PACKET_VNET_HDR, 1) ||
	    set_option(fd, SOL_PACKET, PACKET_AUXDATA, 1) ||
	    set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) ||
	    set_option(fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1) ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof address)) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

// Makes sockets share the flows of their interface.
static int share_flows(const int *fd, unsigned n)
{
	int fanout = (PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_UNIQUEID) << 16;
	socklen_t size = sizeof fanout;

	if (n < 2)
		return 0;
	if (setsockopt(fd[0], SOL_PACKET, PACKET_FANOUT, &fanout, size) ||
	    getsockopt(fd[0], SOL_PACKET, PACKET_FANOUT, &fanout, &size))
		return -1;
	fanout = (fanout & 0xffff) | PACKET_FANOUT_HASH << 16;
	for (unsigned q = 1; q < n; q++)
		if (setsockopt(fd[q], SOL_PACKET, PACKET_FANOUT, &fanout, size))
			return -1;
	return 0;
}

static void close_all(const int *fd, unsigned n)
{
	int error = errno;

	for (unsigned q = 0; q < n; q++)
		close(fd[q]);
	errno = error;
}

// Reads the MTU of the interface.
static int read_mtu(struct netdev *d, const char *name)
{
	int mtu = interface_mtu(name);

	if (mtu >= 0)
		d->mtu = (uint16_t)RTE_MIN(mtu, UINT16_MAX);
	return mtu < 0 ? mtu : 0;
}

// Sets up the interface that was opened. 0 or -errno.
static int set_up(struct netdev *d)
{
	d->interface = if_nametoindex(d->name);
	int rc = d->wanted_mtu ? interface_set_mtu(d->name, d->wanted_mtu) : 0;
	if (!rc)
		rc = read_mtu(d, d->name);
	return rc || d->kind != NETDEV_TAP ? rc : bring_up(d->name);
}

// Opens the interface: a descriptor for each queue. A TAP is made.
static int open_interface(struct netdev *d, int fd[NETDEV_QUEUES_MAX])
{
	unsigned opened = 0, interface = if_nametoindex(d->name);
	bool tap = d->kind == NETDEV_TAP;

	if (!interface && !tap)
		return -1;
	for (; opened < d->queues; opened++) {
		fd[opened] = tap ? open_tap(d->name, d->queues > 1) : open_socket(interface);
		if (fd[opened] < 0)
			break;
	}
	int rc = opened == d->queues ? set_up(d) : -errno;
	if (!rc && (tap || !share_flows(fd, opened)))
		return 0;
	errno = rc ? -rc : errno;
	close_all(fd, opened);
	return -1;
}

static void free_block(void *bytes, void *block)
{
	(void)bytes;
	free(block);
}

static struct block *make_block(void)
{
	struct block *b = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof *b);

	if (!b)
		return NULL;
	b->info.free_cb = free_block;
	b->info.fcb_opaque = b;
	rte_mbuf_ext_refcnt_set(&b->info, 1);
	return b;
}

// Gives up the device's reference.
static void leave_block(struct block *b)
{
	if (b && !rte_mbuf_ext_refcnt_update(&b->info, -1))
		free(b);
}

// Prepares the slots of a queue for frames.
static int make_slots(struct queue *q)
{
	for (unsigned i = 0; i < SPARES; i++)
		if (!(q->spare[i] = make_block()))
			return -1;
	q->slot = calloc(q->slots, sizeof *q->slot);
	for (unsigned i = 0; q->slot && i < q->slots; i++) {
		struct arrival_slot *s = &q->slot[i];
		s->rest = make_block();
		if (!s->rest)
			return -1;
		s->vector[0] = (struct iovec){&s->header, HEADER};
		q->message[i].msg_hdr = (struct msghdr){
			.msg_iov = s->vector, .msg_iovlen = 3, .msg_control = s->notes};
	}
	return q->slot ? 0 : -1;
}

static void free_slots(struct queue *q)
{
	for (unsigned i = 0; i < SPARES; i++)
		leave_block(q->spare[i]);
	for (unsigned i = 0; q->slot && i < q->slots; i++) {
		rte_pktmbuf_free(q->slot[i].m);
		leave_block(q->slot[i].rest);
	}
	free(q->slot);
}

struct netdev *netdev_open(const struct netdev_options *o)
{
	struct netdev *d = calloc(1, sizeof *d);
	int fd[NETDEV_QUEUES_MAX];

	if (!d)
		return NULL;
	d->kind = o->kind;
	d->pool = o->pool;
	d->wanted_mtu = o->mtu;
	d->queues = o->queues;
	snprintf(d->name, sizeof d->name, "%s", o->name);
	if (open_interface(d, fd)) {
		int error = errno;
		free(d);
		errno = error;
		return NULL;
	}
	bool made = true;
	for (unsigned q = 0; q < d->queues; q++) {
		d->queue[q].fd = fd[q];
		d->queue[q].slots = o->kind == NETDEV_TAP ? 1 : NETDEV_BURST;
		made = made && !make_slots(&d->queue[q]);
	}
	if (made)
		return d;
	netdev_close(d);
	errno = ENOMEM;
	return NULL;
}

void netdev_close(struct netdev *d)
{
	if (!d)
		return;
	for (struct queue *q = d->queue; q < d->queue + d->queues; q++) {
		close(q->fd);
		free_slots(q);
	}
	free(d);
}

uint64_t netdev_mac(const struct netdev *d)
{
	char name[IF_NAMESIZE];

	return if_indextoname(d->interface, name) ? interface_mac(name) : 0;
}

int netdev_set_mac(const struct netdev *d, uint64_t mac)
{
	char name[IF_NAMESIZE];

	return if_indextoname(d->interface, name) ? interface_set_mac(name, mac) : -ENODEV;
}

uint16_t netdev_mtu(const struct netdev *d)
{
	return d->mtu;
}

bool netdev_undescribed(struct netdev *d, char name[IF_NAMESIZE])
{
	return atomic_exchange(&d->undescribed, false) && if_indextoname(d->interface, name);
}

// What the kernel has dropped on its way to the reader of a TAP. For another TAP of its name it
// counts anew.
static uint64_t read_tap_missed(struct netdev *d)
{
	char path[64], name[IF_NAMESIZE];
	unsigned long long now = 0, before = d->tap_missed;

	if (!if_indextoname(d->interface, name))
		return 0;
	snprintf(path, sizeof path, "/sys/class/net/%s/statistics/tx_dropped", name);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &now) != 1)
		now = before;
	fclose(f);
	d->tap_missed = now;
	return now < before ? now : now - before;
}

// What a packet socket had no room for since the last call.
static uint64_t read_socket_missed(int fd)
{
	struct tpacket_stats s = {0};
	socklen_t size = sizeof s;

	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &s, &size) ? 0 : s.tp_drops;
}

uint64_t netdev_missed(struct netdev *d)
{
	if (d->kind == NETDEV_TAP)
		d->missed += read_tap_missed(d);
	for (unsigned q = 0; q < d->queues && d->kind == NETDEV_PACKET; q++)
		d->missed += read_socket_missed(d->queue[q].fd);
	return d->missed;
}

int netdev_set_mtu(struct netdev *d, uint16_t mtu)
{
	char name[IF_NAMESIZE];

	if (!if_indextoname(d->interface, name))
		return -ENODEV;
	int rc = interface_set_mtu(name, mtu ? mtu : ETH_DATA_LEN);
	if (rc)
		return rc;
	d->wanted_mtu = mtu;
	return read_mtu(d, name);
}

// The link of a TAP, in whatever namespace. Its descriptor takes frames while it is up. (TUNGETIFF
// would tell, too, but waits for the kernel's lock of all interfaces: for seconds, while another
// namespace ends.)
static enum link tap_link(const struct netdev *d)
{
	struct pollfd tap = {.fd = d->queue[0].fd, .events = POLLOUT};
	enum link here = interface_link(d->interface);

	if (poll(&tap, 1, 0) < 0 || tap.revents & POLLERR)
		return LINK_GONE;
	if (here != LINK_GONE)
		return here;
	return tap.revents & POLLOUT ? LINK_UP : LINK_SET_DOWN_ELSEWHERE;
}

// The link of the interface of a packet socket. The kernel unbinds the socket if it leaves.
static enum link packet_link(const struct netdev *d)
{
	struct sockaddr_ll address;
	socklen_t size = sizeof address;

	if (getsockname(d->queue[0].fd, (struct sockaddr *)&address, &size) ||
	    address.sll_ifindex != (int)d->interface)
		return LINK_GONE;
	return interface_link(d->interface);
}

// Opens an interface again that went away. The new descriptors take the place of the old ones,
// which workers use meanwhile.
static void open_again(struct netdev *d)
{
	int fd[NETDEV_QUEUES_MAX];

	if (open_interface(d, fd))
		return;
	for (unsigned q = 0; q < d->queues; q++)
		dup3(fd[q], d->queue[q].fd, O_CLOEXEC);
	close_all(fd, d->queues);
}

enum link netdev_link(struct netdev *d)
{
	enum link link = d->kind == NETDEV_TAP ? tap_link(d) : packet_link(d);
	char name[IF_NAMESIZE];

	if (link == LINK_GONE)
		open_again(d);
	else if (!d->wanted_mtu && if_indextoname(d->interface, name))
		read_mtu(d, name);
	return link;
}

// Gives a slot a buffer, unless it has one. False if the pool is empty.
static bool refill(struct netdev *d, struct arrival_slot *s)
{
	if (s->m)
		return true;
	s->m = rte_pktmbuf_alloc(d->pool);
	if (!s->m)
		return false;
	s->vector[1] = (struct iovec){rte_pktmbuf_mtod(s->m, void *), ROOM};
	s->vector[2] = (struct iovec){s->rest->bytes, REST};
	return true;
}

// Makes the block of a slot a part of a frame, and gives the slot a spare one. The first free one
// was used last, and is in the cache. NULL if there is no free block or no buffer.
static struct rte_mbuf *lend_block(struct netdev *d, struct queue *q, struct arrival_slot *s,
				   uint32_t len)
{
	struct block *b = s->rest;
	unsigned i = 0;

	while (i < SPARES && rte_mbuf_ext_refcnt_read(&q->spare[i]->info) != 1)
		i++;
	struct rte_mbuf *m = i < SPARES ? rte_pktmbuf_alloc(d->pool) : NULL;
	if (!m)
		return NULL;
	rte_mbuf_ext_refcnt_update(&b->info, 1);
	rte_pktmbuf_attach_extbuf(m, b->bytes, RTE_BAD_IOVA, (uint16_t)len, &b->info);
	rte_pktmbuf_append(m, (uint16_t)len);
	s->rest = q->spare[i];
	q->spare[i] = b;
	return m;
}

// Puts back the tag that the kernel has taken off, with its TPID.
static bool put_tag_back(struct rte_mbuf *m, struct msghdr *message)
{
	struct tpacket_auxdata notes;
	struct cmsghdr *c = CMSG_FIRSTHDR(message);

	if (!c || c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
		return true;
	memcpy(&notes, CMSG_DATA(c), sizeof notes);
	if (!(notes.tp_status & TP_STATUS_VLAN_VALID))
		return true;
	uint16_t tpid = notes.tp_status & TP_STATUS_VLAN_TPID_VALID ? notes.tp_vlan_tpid
								    : TPID_8021Q;
	if (rte_pktmbuf_data_len(m) < FRAME_HEADER || !frame_push_tag(m, notes.tp_vlan_tci))
		return false;
	tpid = rte_cpu_to_be_16(tpid);
	memcpy(rte_pktmbuf_mtod_offset(m, void *, FRAME_ADDRESSES), &tpid, sizeof tpid);
	return true;
}

// The bytes of a frame behind its first buffer. Those of a segment are not copied. It leaves in
// pieces, or through a device that copies it; any other frame may be read by a NIC, which cannot
// read our blocks.
static struct rte_mbuf *take_rest(struct netdev *d, struct queue *q, struct arrival_slot *s,
				  uint32_t len)
{
	bool lends = s->header.gso_type && len <= UINT16_MAX; // what the length of a buffer can be
	struct rte_mbuf *lent = lends ? lend_block(d, q, s, len) : NULL;

	return lent ? lent : pool_frame(d->pool, s->rest->bytes, len);
}

// A frame whose header lies is emptied, and therefore dropped as malformed. NULL if no buffer is
// left.
static struct rte_mbuf *finish_frame(struct netdev *d, const struct arrival_slot *s,
				     struct rte_mbuf *m, struct msghdr *message)
{
	if (!segment_mark(m, &s->header) || (message && !put_tag_back(m, message)))
		packet_empty(m);
	if (segment_is(m) || m->nb_segs == 1 || RTE_MBUF_DIRECT(m->next))
		return m;
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, d->pool, 0, UINT32_MAX);
	rte_pktmbuf_free(m);
	return copy;
}

// Takes the frame of a slot, of `got` bytes with its header. NULL if no buffer is left.
static struct rte_mbuf *take_frame(struct netdev *d, struct queue *q, struct arrival_slot *s,
				   uint32_t got, struct msghdr *message)
{
	struct rte_mbuf *m = s->m;
	uint32_t len = got - HEADER, first = RTE_MIN(len, (uint32_t)ROOM);

	s->m = NULL;
	rte_pktmbuf_append(m, (uint16_t)first);
	if (len > first) {
		struct rte_mbuf *rest = take_rest(d, q, s, len - first);
		if (!rest || rte_pktmbuf_chain(m, rest)) {
			rte_pktmbuf_free(rest);
			rte_pktmbuf_free(m);
			return NULL;
		}
	}
	return finish_frame(d, s, m, message);
}

static uint16_t receive_tap(struct netdev *d, struct queue *q, struct rte_mbuf **frames, uint16_t n)
{
	struct arrival_slot *s = q->slot;
	uint16_t got = 0, most = RTE_MIN(n, NETDEV_BURST);

	while (got < most && refill(d, s)) {
		ssize_t size = readv(q->fd, s->vector, 3);
		if (size < (ssize_t)HEADER)
			break;
		struct rte_mbuf *m = take_frame(d, q, s, (uint32_t)size, NULL);
		if (m)
			frames[got++] = m;
	}
	return got;
}

// Counts a segment that the kernel cannot describe, and therefore has dropped. An empty frame takes
// its place.
static struct rte_mbuf *take_undescribed(struct netdev *d, struct arrival_slot *s)
{
	struct rte_mbuf *m = s->m;

	s->m = NULL;
	atomic_store(&d->undescribed, true);
	return m;
}

static uint16_t receive_packets(struct netdev *d, struct queue *q, struct rte_mbuf **frames,
				uint16_t n)
{
	unsigned room = 0, max = RTE_MIN((unsigned)n, q->slots);
	uint16_t got = 0;

	while (room < max && refill(d, &q->slot[room]))
		q->message[room++].msg_hdr.msg_controllen = sizeof q->slot->notes;
	int count = room ? recvmmsg(q->fd, q->message, room, MSG_DONTWAIT, NULL) : 0;
	if (count < 0 && errno == EINVAL) {
		frames[got++] = take_undescribed(d, q->slot);
		return got;
	}
	for (int i = 0; i < count; i++) {
		if (q->message[i].msg_len < HEADER)
			continue;
		struct rte_mbuf *m = take_frame(d, q, &q->slot[i], q->message[i].msg_len,
						&q->message[i].msg_hdr);
		if (m)
			frames[got++] = m;
	}
	return got;
}

int netdev_fd(const struct netdev *d, unsigned queue)
{
	return d->queue[queue].fd;
}

uint16_t netdev_rx(struct netdev *d, unsigned queue, struct rte_mbuf **frames, uint16_t n)
{
	struct queue *q = &d->queue[queue];

	return d->kind == NETDEV_TAP ? receive_tap(d, q, frames, n)
				     : receive_packets(d, q, frames, n);
}

// The frames of one call to the kernel.
struct departure {
	struct virtio_net_hdr header[NETDEV_BURST];
	struct mmsghdr message[NETDEV_BURST];
	struct iovec vector[VECTORS];
	unsigned vectors, count;
};

// Adds a frame to a departure. False if there is no room for it.
static bool add_frame(struct departure *t, const struct rte_mbuf *m)
{
	if (t->count == NETDEV_BURST || t->vectors + m->nb_segs + 1 > VECTORS)
		return false;
	struct iovec *first = &t->vector[t->vectors];
	struct virtio_net_hdr *h = &t->header[t->count];
	t->vector[t->vectors++] = (struct iovec){h, HEADER};
	t->message[t->count++].msg_hdr = (struct msghdr){.msg_iov = first,
							 .msg_iovlen = m->nb_segs + 1u};
	segment_describe(m, h);
	for (; m; m = m->next)
		t->vector[t->vectors++] = (struct iovec){rte_pktmbuf_mtod(m, void *),
							 rte_pktmbuf_data_len(m)};
	return true;
}

// Gives the first of these frames to the kernel. Returns their number; 0 or -1 with errno if it
// refuses the first one.
static int give_to_kernel(const struct netdev *d, int fd, struct mmsghdr *messages, unsigned n)
{
	if (d->kind == NETDEV_PACKET)
		return sendmmsg(fd, messages, n, MSG_DONTWAIT);
	return writev(fd, messages->msg_hdr.msg_iov, (int)messages->msg_hdr.msg_iovlen) < 0 ? -1
											    : 1;
}

// Whether a failure concerns the frame, and not the device.
static bool refuses_frame(int error)
{
	return error != EAGAIN && error != ENOBUFS && error != ENETDOWN && error != EIO;
}

// Sends the frames of a departure and frees those that were sent. Moves the others to left[*kept].
// False if the device takes no more.
static bool depart(const struct netdev *d, int fd, struct departure *t, struct rte_mbuf **frames,
		   struct rte_mbuf **left, uint16_t *kept)
{
	unsigned i = 0;

	while (i < t->count) {
		int n = give_to_kernel(d, fd, t->message + i, t->count - i);
		if (n > 0) {
			rte_pktmbuf_free_bulk(frames + i, (unsigned)n);
			i += (unsigned)n;
		} else if (n < 0 && refuses_frame(errno)) {
			left[(*kept)++] = frames[i++];
		} else {
			break;
		}
	}
	bool going = i == t->count;
	while (i < t->count)
		left[(*kept)++] = frames[i++];
	return going;
}

uint16_t netdev_tx(struct netdev *d, unsigned worker, struct rte_mbuf **frames, uint16_t n)
{
	int fd = d->queue[worker % d->queues].fd;
	uint16_t done = 0, kept = 0;

	for (bool going = true; done < n && going;) {
		struct departure t;
		t.vectors = t.count = 0;
		while (done + t.count < n && add_frame(&t, frames[done + t.count]))
			;
		if (t.count)
			going = depart(d, fd, &t, frames + done, frames, &kept);
		else
			frames[kept++] = frames[done]; // too many pieces
		done += (uint16_t)RTE_MAX(t.count, 1u);
	}
	uint16_t sent = done - kept;
	memmove(frames + sent, frames, kept * sizeof *frames);
	return sent;
}
