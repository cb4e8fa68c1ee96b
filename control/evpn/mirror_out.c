// SPDX-License-Identifier: BSD-3-Clause
// mirror_out: from the MAC table of the switch to rows of the kernel.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "control/evpn/host.h"
#include "control/evpn/mirror.h"
#include "control/evpn/mirror_private.h"
#include "control/evpn/rtnl.h"
#include "dataplane/key.h"

enum {
	BATCH_ROWS = 128,
	BATCH_BYTES = BATCH_ROWS * 96,
	IP_SHARE = 4,  // of the rows, one is for an address if there is one to write
	BURST_MS = 20, // what was not written in that time is not caught up with
};

// Rows that are sent at once. The kernel answers only those that it refuses.
struct batch {
	char bytes[BATCH_BYTES];
	size_t length;
	unsigned count;
	uint32_t first; // sequence number
	struct mac *mac[BATCH_ROWS];
};

static void put_mac(struct nlmsghdr *h, uint64_t mac)
{
	uint8_t bytes[6];

	for (int i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(mac >> (40 - 8 * i));
	mnl_attr_put(h, NDA_LLADDR, sizeof bytes, bytes);
}

// A row of a bridge's port. FRR takes rows that are learned "externally", which do not age, and
// sticky ones.
static size_t put_row(char *at, uint32_t sequence, const struct vni *v, uint64_t key, bool sticky,
		      bool gone)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(at);

	h->nlmsg_type = gone ? RTM_DELNEIGH : RTM_NEWNEIGH;
	h->nlmsg_flags = NLM_F_REQUEST | (gone ? 0 : NLM_F_CREATE | NLM_F_REPLACE);
	h->nlmsg_seq = sequence;
	struct ndmsg *n = mnl_nlmsg_put_extra_header(h, sizeof *n);
	n->ndm_family = AF_BRIDGE;
	n->ndm_ifindex = v->tap;
	n->ndm_state = sticky ? NUD_NOARP : NUD_REACHABLE;
	n->ndm_flags = (uint8_t)(NTF_MASTER | (sticky ? NTF_STICKY : NTF_EXT_LEARNED));
	put_mac(h, key_mac(key));
	return h->nlmsg_len;
}

static void append(struct mirror *m, struct batch *b, struct mac *c, const struct vni *v,
		   bool sticky, bool gone)
{
	uint32_t sequence = ++m->writer->sequence;

	if (!b->count)
		b->first = sequence;
	b->mac[b->count++] = c;
	b->length += put_row(b->bytes + b->length, sequence, v, c->key, sticky, gone);
	m->stats.rows_written++;
}

// The kernel refused a row. A row that is gone already is as we want it.
static void take_refusal(struct mirror *m, struct batch *b, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	uint32_t i = h->nlmsg_seq - b->first;

	if (h->nlmsg_type != NLMSG_ERROR || i >= b->count || !e->error || e->error == -ENOENT)
		return;
	m->stats.refused++;
	if (e->msg.nlmsg_type != RTM_NEWNEIGH || !b->mac[i]->local)
		return;
	struct vni *v = mirror_vni_of(m, b->mac[i]->key);
	b->mac[i]->local = false;
	if (v)
		v->macs_local--;
}

struct refusals {
	struct mirror *mirror;
	struct batch *batch;
};

static void on_refusal(void *arg, const struct nlmsghdr *h)
{
	struct refusals *r = arg;

	take_refusal(r->mirror, r->batch, h);
}

static void send_batch(struct mirror *m, struct batch *b)
{
	struct refusals r = {.mirror = m, .batch = b};

	if (!b->count)
		return;
	if (mnl_socket_sendto(m->writer->socket, b->bytes, b->length) < 0)
		m->stats.refused += b->count;
	while (rtnl_read(m->writer, 1, on_refusal, &r) > 0)
		continue;
	b->count = 0;
	b->length = 0;
}

static void set_local(struct vni *v, struct mac *c, bool local, bool sticky)
{
	v->macs_local += (uint32_t)local - (uint32_t)c->local;
	c->local = local;
	c->local_sticky = sticky;
}

// A guest here has used a MAC that was remote.
static void note_local_move(struct mirror *m, struct mac *c, uint64_t now_ms)
{
	c->left = c->at;
	c->until_ms = now_ms + MIRROR_LOCAL_MS;
	mirror_leave(m, c);
	mirror_queue_moving(m, c, now_ms);
}

// Brings the row of one MAC up to what the switch has. Returns the number of rows written.
static unsigned write_mac(struct mirror *m, struct batch *b, struct mac *c, uint64_t now_ms)
{
	struct vni *v = mirror_vni_of(m, c->key);
	struct host_entry e = {0};
	unsigned before = b->count;

	if (!v || !v->tap)
		return 0;
	m->host.find(m->host.arg, c->key, &e);
	if (c->at && (e.where != HOST_REMOTE || e.vtep != c->at)) {
		if (e.where == HOST_LOCAL)
			note_local_move(m, c, now_ms);
		else
			mirror_leave(m, c);
		mirror_queue_news(m, c);
	}
	bool wanted = e.where == HOST_LOCAL;
	// The kernel does not take stickiness from a row that exists.
	if (c->local && (!wanted || c->local_sticky != e.sticky))
		append(m, b, c, v, c->local_sticky, true);
	if (wanted && (!c->local || c->local_sticky != e.sticky))
		append(m, b, c, v, e.sticky, false);
	set_local(v, c, wanted, e.sticky);
	return b->count - before;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static void earn_credit(struct mirror *m, uint64_t now_ms)
{
	double earned = (double)m->rate * (double)(now_ms - m->credit_ms) / 1000,
	       most = (double)m->rate * BURST_MS / 1000, before = m->ip_credit;

	if (most < 2)
		most = 2;
	m->credit_ms = now_ms;
	m->ip_credit = least(before + earned / IP_SHARE, most < IP_SHARE ? 1 : most / IP_SHARE);
	m->credit = least(m->credit + earned - (m->ip_credit - before), most);
}

bool mirror_may_write(struct mirror *m)
{
	double *credit = m->ip_credit >= 1 ? &m->ip_credit : &m->credit;

	if (*credit < 1)
		return false;
	--*credit;
	m->stats.rows_written++;
	return true;
}

void mirror_write(struct mirror *m, uint64_t now_ms)
{
	static struct batch b;
	struct mac *c;

	earn_credit(m, now_ms);
	while (m->credit >= 1 && (c = TAILQ_FIRST(&m->dirty))) {
		TAILQ_REMOVE(&m->dirty, c, dirty);
		c->in_dirty = false;
		m->dirty_count--;
		m->credit -= write_mac(m, &b, c, now_ms);
		if (b.count > BATCH_ROWS - 2)
			send_batch(m, &b);
		mirror_queue_news(m, c); // which forgets it, if it says nothing
	}
	send_batch(m, &b);
}

void mirror_write_own(struct mirror *m, struct mac *c, uint32_t destination, bool gone)
{
	const struct vni *v = mirror_vni_of(m, c->key);
	uint16_t flags = gone ? 0 : NLM_F_CREATE | NLM_F_REPLACE;
	union rtnl_request q;

	if (!v || !v->vxlan)
		return;
	struct ndmsg *n = rtnl_begin(&q, gone ? RTM_DELNEIGH : RTM_NEWNEIGH, flags, sizeof *n);
	n->ndm_family = AF_BRIDGE;
	n->ndm_ifindex = v->vxlan;
	n->ndm_state = NUD_NOARP;
	n->ndm_flags = NTF_SELF | NTF_EXT_LEARNED;
	put_mac(&q.header, key_mac(c->key));
	mnl_attr_put_u32(&q.header, NDA_DST, htonl(destination));
	if (!rtnl_talk(m->writer, &q, NULL, NULL))
		m->stats.leftovers++;
}
