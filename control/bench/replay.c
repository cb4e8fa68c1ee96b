// SPDX-License-Identifier: BSD-3-Clause
// The replay mode: runs `nestswitch replay` as a process of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control/bench/bench.h"
#include "control/bench/load.h"
#include "control/common/complain.h"
#include "control/common/error.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "control/pcap/captures.h"
#include "control/pcap/record.h"
#include "control/pcap/writer.h"
#include "dataplane/portset.h"

enum { FILES = 4, GAP_NS = 1000, WORDS = 8 + 2 * CAPTURES_MAX };

// A folder for a configuration, two captures and the output of replay.
enum { FOLDER = 1024 };

struct folder {
	char path[FOLDER], config[FOLDER + 32], capture[2][FOLDER + 32], output[FOLDER + 32];
};

static const char *const port_names[] = {"p0", "p1"};

static bool write_config(const struct bench *b, const struct folder *f)
{
	struct config *c = bench_config(2, b->o.macs.item[0] / 2 + 1);
	FILE *file = c ? fopen(f->config, "w") : NULL;
	int rc = file ? config_write(c, file) : -errno;

	if (file && fclose(file) && !rc)
		rc = -errno;
	config_free(c);
	return !rc || complain("%s: %s", f->config, strerror(-rc));
}

// Known unicast between two ports, a frame every microsecond, from each port in turn.
static bool write_capture(const struct bench *b, const struct folder *f, unsigned port)
{
	uint32_t macs = (b->o.macs.item[0] + 1) / 2;
	struct recipe r = {.port = port,
			   .to = portset_of(!port),
			   .macs = macs,
			   .to_macs = macs,
			   .size = b->o.size.item[0]};
	struct writer *out = NULL;
	struct stream s = {0};
	char error[CAPTURE_ERROR];
	const uint8_t *data;
	uint32_t len;
	bool good = stream_make(&s, &r);

	if (good && !(out = writer_open(f->capture[port], error)))
		good = complain("%s", error);
	for (uint64_t i = port; good && i < b->o.frames; i += 2) {
		data = stream_next(&s, &len);
		writer_put(out, i * GAP_NS, data, len);
	}
	if (out && !writer_close(out))
		good = complain("%s: cannot write the whole file", f->capture[port]);
	stream_clear(&s);
	return good;
}

static bool make_input(const struct bench *b, struct folder *f)
{
	const char *tmp = getenv("TMPDIR");

	tmp = tmp && *tmp ? tmp : "/tmp";
	if (snprintf(f->path, sizeof f->path, "%s/nestswitch-XXXXXX", tmp) >= FOLDER)
		return complain("TMPDIR is too long");
	if (!mkdtemp(f->path))
		return complain("%s: %s", f->path, strerror(errno));
	snprintf(f->config, sizeof f->config, "%s/bench.yaml", f->path);
	snprintf(f->output, sizeof f->output, "%s/output", f->path);
	for (unsigned i = 0; i < 2; i++)
		snprintf(f->capture[i], sizeof f->capture[i], "%s/%s.pcap", f->path, port_names[i]);
	if (!b->o.config && !write_config(b, f))
		return false;
	return b->o.in_count || (write_capture(b, f, 0) && write_capture(b, f, 1));
}

// What a process took.
struct taken {
	double seconds, cpu_s, rss_mib;
};

static double seconds_of(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

// Runs a process with standard output to a file.
static bool time_child(char *const *words, const char *output, struct taken *t)
{
	posix_spawn_file_actions_t files;
	struct timespec before, after;
	struct rusage used;
	int status = 0;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output,
					 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	clock_gettime(CLOCK_MONOTONIC, &before);
	int rc = posix_spawn(&pid, "/proc/self/exe", &files, NULL, words, environ);
	posix_spawn_file_actions_destroy(&files);
	if (rc)
		return complain("/proc/self/exe: %s", strerror(rc));
	while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR)
		;
	clock_gettime(CLOCK_MONOTONIC, &after);
	t->seconds = (double)(after.tv_sec - before.tv_sec) +
		     (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	t->cpu_s = seconds_of(&used.ru_utime) + seconds_of(&used.ru_stime);
	t->rss_mib = (double)used.ru_maxrss / 1024;
	return !status || complain("nestswitch replay failed (see its error above)");
}

// Reads the number of replayed frames from the output.
static uint64_t read_frame_count(const char *path)
{
	unsigned long long n = 0;
	FILE *f = fopen(path, "r");

	if (f && fscanf(f, "%llu frames", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

static bool measure_replay(struct bench *b, struct folder *f)
{
	const char *words[WORDS] = {"nestswitch", "replay", "--config",
				    b->o.config ? b->o.config : f->config};
	double seconds[BENCH_REPEATS], rate[BENCH_REPEATS], cpu_rate[BENCH_REPEATS],
		rss[BENCH_REPEATS];
	struct taken t;
	char own[2][FOLDER + 64];
	unsigned n = 4;

	for (unsigned i = 0; i < 2; i++)
		snprintf(own[i], sizeof own[i], "%s=%s", port_names[i], f->capture[i]);
	for (unsigned i = 0; i < (b->o.in_count ? b->o.in_count : 2); i++) {
		words[n++] = "--in";
		words[n++] = b->o.in_count ? b->o.in[i] : own[i];
	}
	// The first run puts the files into the page cache.
	if (!time_child((char *const *)words, f->output, &t))
		return false;
	uint64_t frames = read_frame_count(f->output);
	for (unsigned r = 0; r < b->o.repeats; r++) {
		if (!time_child((char *const *)words, f->output, &t))
			return false;
		seconds[r] = t.seconds;
		rate[r] = (double)frames / t.seconds;
		cpu_rate[r] = (double)frames / t.cpu_s;
		rss[r] = t.rss_mib;
		bench_progress(b);
	}
	bench_add(b, json_pack("{s:I, s:o, s:o, s:o, s:o}", "frames", (json_int_t)frames, "seconds",
			       bench_measured(seconds, b->o.repeats), "rate",
			       bench_measured(rate, b->o.repeats), "cpu_rate",
			       bench_measured(cpu_rate, b->o.repeats), "rss_mib",
			       bench_measured(rss, b->o.repeats)));
	return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

bool bench_replay(struct bench *b)
{
	struct error e;

	if (b->o.config && !b->o.in_count) {
		b->failure = EXIT_USAGE;
		return complain("--config needs --in PORT=PCAP for the ports of %s", b->o.config);
	}
	struct config *c = config_new(); // only for DPDK's clock
	struct folder f = {0};
	bool good = c && (eal_start(c, EAL_REPLAY, NULL, &e) || complain("%s", e.text));

	config_free(c);
	good = good && make_input(b, &f) && measure_replay(b, &f);
	if (*f.path && nftw(f.path, remove_one, FILES, FTW_DEPTH | FTW_PHYS))
		complain("warning: cannot remove %s: %s", f.path, strerror(errno));
	return good;
}
