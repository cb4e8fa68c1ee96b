// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/common/complain.h"
#include "control/pcap/record.h"
#include "control/pcap/writer.h"
#include "dataplane/frame.h"
#include "dataplane/portset.h"

enum { PATH_SIZE = 4096, FRAME_MAX = READER_RECORD_MAX + FRAME_TAG };

struct outputs {
	const char *dir;
	const struct vswitch *sw;
	struct writer *writer[PORTS_MAX];
	uint8_t flat[FRAME_MAX];
};

portset outputs_ports(const struct vswitch *sw)
{
	portset tunnels = sw->conf->vxlan ? sw->conf->vxlan->tunnels : 0;

	return sw->ports & ~tunnels;
}

static bool open_writers(struct outputs *o)
{
	char path[PATH_SIZE], error[CAPTURE_ERROR];
	unsigned port;

	if (mkdir(o->dir, 0777) && errno != EEXIST)
		return complain("%s: %s", o->dir, strerror(errno));
	PORTSET_FOREACH(port, outputs_ports(o->sw)) {
		snprintf(path, sizeof path, "%s/%s.pcap", o->dir, o->sw->port[port].name);
		o->writer[port] = writer_open(path, error);
		if (!o->writer[port])
			return complain("%s", error);
	}
	return true;
}

struct outputs *outputs_open(const char *dir, const struct vswitch *sw)
{
	struct outputs *o = calloc(1, sizeof *o);

	if (!o) {
		complain("out of memory");
		return NULL;
	}
	o->dir = dir;
	o->sw = sw;
	if (open_writers(o))
		return o;
	outputs_close(o);
	return NULL;
}

void outputs_write(struct outputs *o, unsigned port, uint64_t ns, const struct rte_mbuf *m)
{
	uint32_t len = rte_pktmbuf_pkt_len(m);

	writer_put(o->writer[port], ns, rte_pktmbuf_read(m, 0, len, o->flat), len);
}

bool outputs_close(struct outputs *o)
{
	bool good = true;

	for (unsigned p = 0; o && p < PORTS_MAX; p++)
		if (o->writer[p] && !writer_close(o->writer[p]))
			good = complain("%s/%s.pcap: %s (the file lacks frames)", o->dir,
					o->sw->port[p].name, strerror(errno));
	free(o);
	return good;
}
