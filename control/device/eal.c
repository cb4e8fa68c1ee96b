// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/eal.h"

#include <dirent.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "control/common/error.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/device/spec.h"

enum { ARGS_MAX = 128, REPLAY_MEMORY_MIB = 64 };

// A command line in the making.
struct args {
	int count;
	char *word[ARGS_MAX + 1];
	char text[ARGS_MAX * EAL_ARG];
	size_t used;
};

static bool started;

static void add(struct args *a, const char *word)
{
	size_t size = strlen(word) + 1;

	if (a->count == ARGS_MAX || a->used + size > sizeof a->text)
		return;
	a->word[a->count++] = memcpy(a->text + a->used, word, size);
	a->used += size;
}

// The cores this process may use; the number of them.
static unsigned usable_cores(unsigned core[CPU_SETSIZE])
{
	cpu_set_t set;
	unsigned n = 0;

	if (sched_getaffinity(0, sizeof set, &set))
		return 0;
	for (unsigned c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET(c, &set))
			core[n++] = c;
	return n;
}

// Control on the first core, each worker on one of its own; where these run out they share.
static void add_cores(struct args *a, unsigned workers)
{
	unsigned core[CPU_SETSIZE], n = usable_cores(core);
	char map[EAL_ARG * 4];
	size_t at = 0;

	if (!n)
		return;
	for (unsigned i = 0; i <= workers; i++)
		at += (size_t)snprintf(map + at, sizeof map - at, "%s%u@%u", i ? "," : "", i,
				       core[i % n]);
	add(a, "--lcores");
	add(a, map);
}

static uint64_t read_number(const char *path)
{
	unsigned long long v = 0;
	FILE *f = fopen(path, "r");

	if (!f)
		return 0;
	if (fscanf(f, "%llu", &v) != 1)
		v = 0;
	fclose(f);
	return v;
}

// MiB in free huge pages of all sizes.
static uint64_t free_huge_mib(void)
{
	static const char dir[] = "/sys/kernel/mm/hugepages";
	DIR *d = opendir(dir);
	struct dirent *entry;
	uint64_t kib = 0;

	while (d && (entry = readdir(d))) {
		unsigned long long size;
		char path[512];
		if (sscanf(entry->d_name, "hugepages-%llukB", &size) != 1)
			continue;
		snprintf(path, sizeof path, "%s/%s/free_hugepages", dir, entry->d_name);
		kib += size * read_number(path);
	}
	if (d)
		closedir(d);
	return kib / 1024;
}

static bool add_memory(struct args *a, const struct config *c, enum eal_use use, struct error *e)
{
	uint32_t want = use == EAL_REPLAY ? REPLAY_MEMORY_MIB : c->dataplane.memory_mib;
	uint64_t have = free_huge_mib();
	char mib[16];

	if (use != EAL_REPLAY && c->dataplane.hugepages == HUGEPAGES_ON && have < want)
		return error_set(
			e,
			"%llu MiB of free huge pages, memory wants %u (reserve with: echo %u > /proc/sys/vm/nr_hugepages; "
			"or set hugepages: auto)",
			(unsigned long long)have, want, want / 2);
	bool huge = use != EAL_REPLAY && c->dataplane.hugepages != HUGEPAGES_OFF && have >= want;
	add(a, huge ? "--in-memory" : "--no-huge");
	if (huge)
		add(a, "--single-file-segments"); // a virtio_user port shows all memory to its
						  // peer, in eight files at most
	if (!huge) {
		snprintf(mib, sizeof mib, "%u", want);
		add(a, "-m");
		add(a, mib);
	}
	return true;
}

static bool uses_pci(const struct config *c)
{
	for (unsigned i = 0; i < c->port_count; i++)
		if (device_is_pci(c->port[i].device))
			return true;
	return false;
}

static bool build_args(struct args *a, const struct config *c, enum eal_use use, char *const *more,
		       struct error *e)
{
	static const char option[] = "--file-prefix=";
	char prefix[sizeof option + SWITCH_NAME];

	add(a, "nestswitch");
	add_cores(a, use != EAL_REPLAY ? c->dataplane.workers : 0);
	if (!add_memory(a, c, use, e))
		return false;
	if (use == EAL_REPLAY || !uses_pci(c))
		add(a, "--no-pci");
	// The folder of the telemetry socket, the only file that is left: DPDK gives each process
	// one of its own there. The folder stays, as the next one may be about to use it.
	snprintf(prefix, sizeof prefix, "%s%s", option, use == EAL_LIVE ? c->name : "nestswitch");
	text_make_name(prefix + sizeof option - 1);
	add(a, prefix);
	add(a, "--no-shconf");
	if (use != EAL_LIVE)
		add(a, "--no-telemetry");
	// What a driver says of a device that fails is said better by ours; EAL's own alerts still
	// come.
	add(a, "--log-level=*:critical");
	for (unsigned i = 0; use != EAL_REPLAY && i < c->dataplane.eal_count; i++)
		add(a, c->dataplane.eal[i]);
	for (; more && *more; more++)
		add(a, *more);
	return true;
}

// net_tap has the kernel signal the process for each frame, and reads a TAP after such a signal
// only: the control thread would be interrupted by guests, and a frame wait until that thread runs.
// With no signal to be had the driver asks the TAP itself.
static void keep_signals_from_taps(void)
{
	for (int n = SIGRTMIN; n <= SIGRTMAX; n++)
		signal(n, SIG_IGN);
}

bool eal_start(const struct config *c, enum eal_use use, char *const *more, struct error *e)
{
	static struct args a; // EAL keeps pointers into it

	if (started)
		return true;
	if (!build_args(&a, c, use, more, e))
		return false;
	keep_signals_from_taps();
	if (rte_eal_init(a.count, a.word) < 0)
		return error_set(e, "DPDK does not start: %s (its own message stands above)",
				 rte_strerror(rte_errno));
	started = true;
	return true;
}

void eal_stop(void)
{
	if (started)
		rte_eal_cleanup();
	started = false;
}
