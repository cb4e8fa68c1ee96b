// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/switch/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "control/common/log.h"
#include "control/config/config.h"
#include "control/switch/state.h"
#include "control/switch/tunnels.h"
#include "dataplane/admit.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/key.h"
#include "dataplane/lease.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"

enum {
	KEEP_VERSION = 2,
	KEEP_TICKS = KEEP_PERIOD_S * 1000 / SWITCH_TICK_MS,
	BOOT_ID = 40,
};

#define KEEP_MAGIC "nestMACs"
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

// The file: this, then `count` entries and `leases` leases. All of it has lengths of 8 bytes, for
// the checksum.
struct header {
	char magic[8];
	uint32_t version, count;
	uint64_t sum;     // of everything with sum 0
	uint64_t boot_ns; // CLOCK_BOOTTIME when it was written
	uint64_t leases;
	char boot[BOOT_ID]; // of the machine
	char port[PORTS_MAX][PORT_NAME];
};

struct kept {
	uint64_t key;
	uint32_t age; // ticks; while it is collected: the tick in which it was seen
	uint8_t port; // in header.port; while it is collected: its number
	uint8_t type;
	uint16_t none;
};

struct kept_lease {
	uint64_t key, high, low, client;
	uint32_t left; // ticks, or LEASE_NEVER
	uint8_t port;  // in header.port
	uint8_t bits;
	uint16_t none;
};

_Static_assert(sizeof(struct header) % 8 == 0 && sizeof(struct kept) == 16 &&
		       sizeof(struct kept_lease) == 40,
	       "checksum");

struct keep {
	char path[PATH_MAX], fresh[PATH_MAX]; // fresh: until it is renamed
	struct header header;
	struct kept *entry;       // [KEEP_MAX]
	struct kept_lease *lease; // [LEASE_MAX]
	const struct vswitch *sw; // whose entries are collected
	uint32_t count, leases;
	uint32_t line;    // the next one to be read
	unsigned ticks;   // since the collection began
	uint64_t applied; // the configuration in which the collection began
	int error;        // of the last file, which is logged once
};

// FNV-1a (Fowler, Noll, Vo), over words of 8 bytes.
static uint64_t add_words(uint64_t sum, const void *data, size_t size)
{
	const char *at = data;
	uint64_t word;

	for (; size; at += sizeof word, size -= sizeof word) {
		memcpy(&word, at, sizeof word);
		sum = (sum ^ word) * UINT64_C(0x100000001b3);
		sum ^= sum >> 32;
	}
	return sum;
}

static uint64_t checksum(const struct keep *k)
{
	const struct header *h = &k->header;
	struct header zero = *h;

	zero.sum = 0;
	uint64_t sum = add_words(UINT64_C(0xcbf29ce484222325), &zero, sizeof zero);
	sum = add_words(sum, k->entry, h->count * sizeof *k->entry);
	return add_words(sum, k->lease, h->leases * sizeof *k->lease);
}

static uint64_t boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void read_boot_id(char id[BOOT_ID])
{
	int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);

	memset(id, 0, BOOT_ID);
	if (fd < 0)
		return;
	if (read(fd, id, BOOT_ID - 1) < 0)
		*id = 0;
	close(fd);
}

struct keep *keep_create(const char *socket)
{
	struct keep *k = calloc(1, sizeof *k);

	if (k) {
		k->entry = calloc(KEEP_MAX, sizeof *k->entry);
		k->lease = calloc(LEASE_MAX, sizeof *k->lease);
	}
	if (!k || !k->entry || !k->lease) {
		keep_destroy(k);
		return NULL;
	}
	snprintf(k->path, sizeof k->path, "%s.macs", socket);
	snprintf(k->fresh, sizeof k->fresh, "%s.macs.new", socket);
	return k;
}

void keep_destroy(struct keep *k)
{
	if (k) {
		free(k->entry);
		free(k->lease);
	}
	free(k);
}

// Why a file is not believed, NULL if it is.
static const char *distrust(int fd, struct stat *st)
{
	if (fstat(fd, st) || !S_ISREG(st->st_mode))
		return "it is not a regular file";
	if (st->st_uid != geteuid() || st->st_mode & 077)
		return "others can write or read it";
	if ((size_t)st->st_size < sizeof(struct header) ||
	    (size_t)st->st_size > sizeof(struct header) + KEEP_MAX * sizeof(struct kept) +
					  LEASE_MAX * sizeof(struct kept_lease))
		return "it has another size";
	return NULL;
}

static const char *read_parts(struct keep *k, int fd, size_t size)
{
	struct header *h = &k->header;
	char boot[BOOT_ID];

	if (read(fd, h, sizeof *h) != sizeof *h)
		return "it cannot be read";
	if (memcmp(h->magic, KEEP_MAGIC, sizeof h->magic) != 0 || h->version != KEEP_VERSION)
		return "it is of another version";
	struct iovec parts[] = {{k->entry, h->count * sizeof *k->entry},
				{k->lease, h->leases * sizeof *k->lease}};
	if (h->count > KEEP_MAX || h->leases > LEASE_MAX ||
	    size - sizeof *h != parts[0].iov_len + parts[1].iov_len ||
	    readv(fd, parts, 2) != (ssize_t)(size - sizeof *h) || h->sum != checksum(k))
		return "it is not whole";
	read_boot_id(boot);
	if (memcmp(boot, h->boot, sizeof boot) != 0 || h->boot_ns > boot_ns())
		return "the machine was started again since";
	return NULL;
}

// Reads the file into header and entries. False: there is none, or it is not believed.
static bool read_file(struct keep *k)
{
	int fd = open(k->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0) {
		if (errno != ENOENT)
			log_write(LOG_WARNING, "%s: what was learned before is not used: %s",
				  k->path, strerror(errno));
		return false;
	}
	const char *why = distrust(fd, &st);
	if (!why)
		why = read_parts(k, fd, (size_t)st.st_size);
	close(fd);
	if (why)
		log_write(LOG_WARNING, "%s: what was learned before is not used: %s", k->path, why);
	return !why;
}

// Whether the configuration lets a port learn an entry.
static bool is_allowed(const struct vswitch *sw, const struct kept *e, unsigned port)
{
	const struct portconf *p = &sw->conf->port[port];
	uint64_t mac = key_mac(e->key);
	uint16_t vid = key_vid(e->key);

	return vid && vid <= VID_MAX && mac && !mac_is_group(mac) &&
	       portset_has(sw->conf->vlan[vid].member, port) &&
	       admit_takes_source(sw->conf, p, &p->rules, mac) &&
	       (e->type == FDB_DYNAMIC || (e->type == FDB_STICKY && p->learner.sticky));
}

// Learns an entry, whose age now is `age` ticks. False: it may not be learned, or has aged out.
static bool restore_entry(struct vswitch *sw, const struct kept *e, unsigned port, uint64_t age)
{
	struct fdb_learner who = sw->conf->port[port].learner;
	uint32_t aging = atomic_load(&sw->shared.fdb->port[port].aging), tick = switch_tick(sw);

	if (!is_allowed(sw, e, port) || (e->type == FDB_DYNAMIC && aging && age > aging))
		return false;
	who.sticky = e->type == FDB_STICKY;
	uint32_t seen = age < tick ? tick - (uint32_t)age : 0;
	return fdb_seen(sw->shared.fdb, e->key, &who, 0, seen, 0).what == FDB_LEARNED;
}

// Whether the configuration lets a port learn a lease, which has not ended.
static bool is_valid_lease(const struct vswitch *sw, const struct kept_lease *l, unsigned port,
			   uint64_t away)
{
	uint64_t mac = key_mac(l->key);
	uint16_t vid = key_vid(l->key);

	return vid && vid <= VID_MAX && mac && !mac_is_group(mac) && l->bits && l->bits <= 128 &&
	       sw->conf->port[port].learns_leases &&
	       portset_has(sw->conf->vlan[vid].member, port) && l->left > away;
}

static void restore_leases(const struct keep *k, struct vswitch *sw, const int port[PORTS_MAX],
			   uint64_t away)
{
	uint32_t tick = switch_tick(sw);

	for (uint32_t i = 0; i < k->header.leases; i++) {
		const struct kept_lease *l = &k->lease[i];
		int number = l->port < PORTS_MAX ? port[l->port] : -1;
		bool forever = l->left == LEASE_NEVER;
		if (number < 0 || !is_valid_lease(sw, l, (unsigned)number, forever ? 0 : away))
			continue;
		struct lease lease = {
			.key = l->key,
			.ip = {l->high, l->low},
			.client = l->client,
			.until = forever ? LEASE_NEVER : tick + l->left - (uint32_t)away,
			.bits = l->bits,
			.port = (uint8_t)number,
		};
		lease_add(sw->shared.leases, &lease, false);
	}
}

uint32_t keep_restore(struct keep *k, struct vswitch *sw)
{
	const struct header *h = &k->header;
	uint32_t learned = 0;
	int port[PORTS_MAX];

	if (!read_file(k))
		return 0;
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		k->header.port[i][PORT_NAME - 1] = 0;
		port[i] = *h->port[i] ? switch_port(sw, h->port[i]) : -1;
	}
	uint64_t away = (boot_ns() - h->boot_ns) / FORWARD_TICK_NS;
	for (uint32_t i = 0; i < h->count; i++) {
		const struct kept *e = &k->entry[i];
		int number = e->port < PORTS_MAX ? port[e->port] : -1;
		learned += number >= 0 && restore_entry(sw, e, (unsigned)number, e->age + away);
	}
	restore_leases(k, sw, port, away);
	log_write(LOG_NOTICE, "%" PRIu32 " of %" PRIu32 " MACs are known from before", learned,
		  h->count);
	return learned;
}

// Whether two ports claim a MAC. Where it comes back, it is at home: a restart must not give a
// guest's MAC to a forger that has it at that moment.
static bool is_disputed(const struct keep *k, const struct fdb_entry *e)
{
	uint64_t hold_s = atomic_load(&k->sw->shared.fdb->port[e->port].hold_s);

	return e->claim_ns && switch_now(k->sw) - e->claim_ns < hold_s * 1000000000;
}

static bool collect_entry(void *arg, const struct fdb_entry *e)
{
	struct keep *k = arg;

	if ((e->type == FDB_DYNAMIC || e->type == FDB_STICKY) &&
	    !tunnels_is_tunnel(k->sw, e->port) && k->count < KEEP_MAX && !is_disputed(k, e))
		k->entry[k->count++] = (struct kept){
			.key = e->key, .age = e->seen, .port = e->port, .type = e->type};
	return false;
}

static void collect_lease(void *arg, const struct lease *l)
{
	struct keep *k = arg;
	uint32_t now = switch_tick(k->sw);

	k->lease[k->leases++] = (struct kept_lease){
		.key = l->key,
		.high = l->ip.high,
		.low = l->ip.low,
		.client = l->client,
		.left = l->until == LEASE_NEVER ? LEASE_NEVER
			: l->until > now        ? l->until - now
						: 0,
		.port = l->port,
		.bits = l->bits,
	};
}

// Turns what was collected into the contents of the file.
static void seal(struct keep *k, const struct vswitch *sw)
{
	struct header *h = &k->header;
	uint32_t now = switch_tick(sw);
	unsigned port;

	k->leases = 0;
	lease_walk(sw->shared.leases, collect_lease, k);
	*h = (struct header){.version = KEEP_VERSION,
			     .count = k->count,
			     .leases = k->leases,
			     .boot_ns = boot_ns()};
	memcpy(h->magic, KEEP_MAGIC, sizeof h->magic);
	read_boot_id(h->boot);
	PORTSET_FOREACH(port, sw->ports)
		strcpy(h->port[port], sw->port[port].name);
	for (uint32_t i = 0; i < k->count; i++)
		k->entry[i].age = now > k->entry[i].age ? now - k->entry[i].age : 0;
	h->sum = checksum(k);
}

// Replaces the file. 0 or errno. A crash of the machine ends this boot, therefore nothing is
// synced.
static int write_file(struct keep *k)
{
	struct iovec parts[] = {{&k->header, sizeof k->header},
				{k->entry, k->count * sizeof *k->entry},
				{k->lease, k->leases * sizeof *k->lease}};
	ssize_t size = (ssize_t)(parts[0].iov_len + parts[1].iov_len + parts[2].iov_len);

	unlink(k->fresh); // of a switch that was killed
	int fd = open(k->fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	errno = EIO; // unless a short write has a reason of its own
	int error = writev(fd, parts, 3) == size ? 0 : errno;
	if (close(fd) || (!error && rename(k->fresh, k->path)))
		error = error ? error : errno;
	if (error)
		unlink(k->fresh);
	return error;
}

static void restart(struct keep *k, const struct vswitch *sw)
{
	k->count = k->line = 0;
	k->ticks = 0;
	k->applied = sw->applied;
}

static void finish(struct keep *k, const struct vswitch *sw)
{
	seal(k, sw);
	int error = write_file(k);
	if (error && error != k->error)
		log_write(LOG_WARNING, "%s: what is learned is not kept: %s", k->path,
			  strerror(error));
	k->error = error;
	restart(k, sw);
}

void keep_tick(struct keep *k, struct vswitch *sw)
{
	k->sw = sw;
	if (k->applied != sw->applied) // a number may be another port's now
		restart(k, sw);
	uint32_t end = (uint32_t)((uint64_t)fdb_lines(sw->shared.fdb) * ++k->ticks / KEEP_TICKS);
	fdb_walk(sw->shared.fdb, k->line, end - k->line, switch_tick(sw), collect_entry, k);
	k->line = end;
	if (k->ticks == KEEP_TICKS)
		finish(k, sw);
}

void keep_save(struct keep *k, struct vswitch *sw)
{
	k->count = 0;
	k->sw = sw;
	fdb_walk(sw->shared.fdb, 0, fdb_lines(sw->shared.fdb), switch_tick(sw), collect_entry, k);
	finish(k, sw);
}
