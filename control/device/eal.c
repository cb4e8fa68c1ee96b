// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/eal.h"

#include <dirent.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/common/error.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/device/open.h"
#include "control/device/quirks/starting.h"
#include "control/device/spec.h"

enum { ARGS_MAX = 128, REPLAY_MEMORY_MIB = 24, CORES_MAP = CPU_SETSIZE * 5 };

// EAL's command line while it is built.
struct args {
	int count;
	char *word[ARGS_MAX + 1];
	char text[ARGS_MAX * EAL_ARG];
	size_t used;
};

static bool started;

static void add_arg(struct args *a, const char *word)
{
	size_t size = strlen(word) + 1;

	if (a->count == ARGS_MAX || a->used + size > sizeof a->text)
		return;
	a->word[a->count++] = memcpy(a->text + a->used, word, size);
	a->used += size;
}

// Lists the cores that this process may use; returns their number.
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

// Places control on the first core and each worker on a core of its own. Workers share cores if
// there are too few.
static void place_apart(char *map, size_t size, const unsigned *core, unsigned n, unsigned workers)
{
	size_t at = 0;

	for (unsigned i = 0; i <= workers && at < size; i++)
		at += (size_t)snprintf(map + at, size - at, "%s%u@%u", i ? "," : "", i,
				       core[i % n]);
}

// Lets all threads run on any core: whoever wakes a worker may need the core that it was on.
static void place_anywhere(char *map, size_t size, const unsigned *core, unsigned n,
			   unsigned workers)
{
	size_t at = (size_t)snprintf(map, size, "(0-%u)@(", workers);

	for (unsigned i = 0; i < n && at < size; i++)
		at += (size_t)snprintf(map + at, size - at, "%s%u", i ? "," : "", core[i]);
	if (at < size)
		snprintf(map + at, size - at, ")");
}

static void add_cores(struct args *a, unsigned workers, bool sleep)
{
	unsigned core[CPU_SETSIZE], n = usable_cores(core);
	char map[CORES_MAP];

	if (!n)
		return;
	(sleep ? place_anywhere : place_apart)(map, sizeof map, core, n, workers);
	add_arg(a, "--lcores");
	add_arg(a, map);
}

static uint64_t read_sysfs_number(const char *path)
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
		kib += size * read_sysfs_number(path);
	}
	if (d)
		closedir(d);
	return kib / 1024;
}

// MiB that the kernel can give without killing somebody. UINT64_MAX: not known.
static uint64_t available_mib(void)
{
	unsigned long long kib, sum = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1 ||
		    sscanf(line, "SwapFree: %llu kB", &kib) == 1)
			sum += kib;
	if (f)
		fclose(f);
	return sum ? sum / 1024 : UINT64_MAX;
}

// Without huge pages, the pool of packet buffers takes its memory at once. DPDK crashes if there is
// no room for it, or the kernel kills somebody.
static bool check_memory(uint32_t want, struct error *e)
{
	uint64_t have = available_mib();

	return want <= have ||
	       error_set(e, "memory needs %u MiB, %llu MiB are free (lower memory in dataplane)",
			 want, (unsigned long long)have);
}

static bool add_memory(struct args *a, const struct config *c, enum eal_use use, struct error *e)
{
	uint32_t want = use == EAL_REPLAY ? REPLAY_MEMORY_MIB : c->dataplane.memory_mib;
	uint64_t have = free_huge_mib();
	char mib[16];

	if (use != EAL_REPLAY && c->dataplane.hugepages == HUGEPAGES_ON && have < want)
		return error_set(
			e,
			"memory needs %u MiB of huge pages, %llu MiB are free (reserve with: echo %u > /proc/sys/vm/nr_hugepages; "
			"or set hugepages: auto)",
			want, (unsigned long long)have, want / 2);
	bool huge = use != EAL_REPLAY && c->dataplane.hugepages != HUGEPAGES_OFF && have >= want;
	if (use != EAL_REPLAY && !huge && !check_memory(want, e))
		return false;
	add_arg(a, huge ? "--in-memory" : "--no-huge");
	// A virtio_user port shares all memory with its peer, in at most eight files.
	if (huge)
		add_arg(a, "--single-file-segments");
	if (!huge) {
		snprintf(mib, sizeof mib, "%u", want);
		add_arg(a, "-m");
		add_arg(a, mib);
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

	add_arg(a, "nestswitch");
	add_cores(a, use != EAL_REPLAY ? c->dataplane.workers : 0,
		  use == EAL_LIVE && !c->dataplane.busy_poll);
	if (!add_memory(a, c, use, e))
		return false;
	if (use == EAL_REPLAY || !uses_pci(c))
		add_arg(a, "--no-pci");
	// The folder of the telemetry socket. Each process has a socket of its own in it. The
	// folder stays, because another process may be about to use it.
	snprintf(prefix, sizeof prefix, "%s%s", option, use == EAL_LIVE ? c->name : "nestswitch");
	text_make_name(prefix + sizeof option - 1);
	add_arg(a, prefix);
	add_arg(a, "--no-shconf");
	if (use != EAL_LIVE)
		add_arg(a, "--no-telemetry");
	// Our own messages explain better than a driver's why a device fails. EAL's alerts still
	// appear.
	add_arg(a, "--log-level=*:critical");
	for (unsigned i = 0; use != EAL_REPLAY && i < c->dataplane.eal_count; i++)
		add_arg(a, c->dataplane.eal[i]);
	for (; more && *more; more++)
		add_arg(a, *more);
	return true;
}

// net_tap reads a TAP only after the kernel has sent the process a signal for it. Guests would
// therefore interrupt the control thread, and a frame would wait until that thread runs. If no
// real-time signal is free, the driver polls the TAP instead.
static void reserve_tap_signals(void)
{
	for (int n = SIGRTMIN; n <= SIGRTMAX; n++)
		signal(n, SIG_IGN);
}

// Asks for transparent huge pages. There are fewer page faults then.
static int prefer_huge_pages(const struct rte_memseg_list *list, void *unused)
{
	(void)unused;
	madvise(list->base_va, list->len, MADV_HUGEPAGE);
	return 0;
}

// EAL and its drivers keep files in a folder below this one, and say nothing useful without it.
static const char *runtime_folder(void)
{
	const char *folder = getenv("RUNTIME_DIRECTORY");

	if (!folder)
		folder = getenv("XDG_RUNTIME_DIR");
	return folder ? folder : "/tmp";
}

static bool refuse_runtime_folder(const struct config *c, enum eal_use use, struct error *e)
{
	const char *folder = runtime_folder();

	if (use == EAL_REPLAY || !uses_pci(c) || !geteuid() || !access(folder, W_OK | X_OK))
		return false;
	error_set(
		e,
		"drivers of NICs keep files in %s, where user %u may not write (set XDG_RUNTIME_DIR to a folder of that user)",
		folder, geteuid());
	return true;
}

bool eal_start(const struct config *c, enum eal_use use, char *const *more, struct error *e)
{
	static struct args a; // EAL keeps pointers into it

	if (started)
		return true;
	if (refuse_runtime_folder(c, use, e))
		return false;
	if (!build_args(&a, c, use, more, e))
		return false;
	reserve_tap_signals();
	if (use == EAL_REPLAY)
		starting_fast_begin();
	int rc = rte_eal_init(a.count, a.word);
	starting_fast_end();
	if (rc < 0)
		return error_set(e, "DPDK does not start: %s (see its own message above)",
				 rte_strerror(rte_errno));
	started = true;
	if (use == EAL_REPLAY)
		rte_memseg_list_walk(prefer_huge_pages, NULL);
	return true;
}

void eal_stop(void)
{
	if (started && !device_any_is_silent()) // a driver that was interrupted may fail there
		rte_eal_cleanup();
	started = false;
}
