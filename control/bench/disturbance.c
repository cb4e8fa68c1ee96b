// SPDX-License-Identifier: BSD-3-Clause
#include "control/bench/disturbance.h"

#include <dirent.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

// The time that a thread has waited for a core, 0 if the kernel does not tell.
static double thread_waited_s(const char *thread)
{
	unsigned long long ran, waited = 0;
	char path[320];

	snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", thread);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%llu %llu", &ran, &waited) != 2)
		waited = 0;
	fclose(f);
	return (double)waited / 1e9;
}

static double all_waited_s(void)
{
	DIR *threads = opendir("/proc/self/task");
	struct dirent *thread;
	double sum = 0;

	while (threads && (thread = readdir(threads)))
		if (*thread->d_name != '.')
			sum += thread_waited_s(thread->d_name);
	if (threads)
		closedir(threads);
	return sum;
}

static double stolen_s(void)
{
	unsigned long long steal = 0;
	FILE *f = fopen("/proc/stat", "r");

	if (!f)
		return 0;
	if (fscanf(f, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
		steal = 0;
	fclose(f);
	return (double)steal / (double)sysconf(_SC_CLK_TCK) / (double)sysconf(_SC_NPROCESSORS_ONLN);
}

void disturbance_begin(struct disturbance *d)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	*d = (struct disturbance){all_waited_s(), stolen_s(),
				  (double)now.tv_sec + (double)now.tv_nsec / 1e9};
}

double disturbance_share(const struct disturbance *d)
{
	struct disturbance now;

	disturbance_begin(&now);
	return (now.waited_s - d->waited_s + now.stolen_s - d->stolen_s) / (now.now_s - d->now_s);
}
