// SPDX-License-Identifier: BSD-3-Clause
// table: compares the MAC table of the switch with DPDK's rte_hash on the same keys: cost of
// lookups and new entries, memory, and load at the first refusal.
//
// Model   Keys are (VLAN, MAC) as 64-bit numbers. Several workers can share both tables, because
//         lookups take no lock. Our lookups are those of forwarding: they prefetch the cache lines
//         of a burst, then find each entry and check its age. rte_hash uses CRC and frees by RCU.
// Errors  The program ends if a table refuses or loses a key that it should hold.
#include <getopt.h>
#include <inttypes.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/common/complain.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"

enum { BURST = 32, REPEATS = 5, LOOKUPS = 4000000, TICK = 1, KEYS_MAX = 1 << 23 };

// The costs of one table with this number of keys.
struct result {
	const char *table;
	uint32_t keys;
	double lookup[REPEATS], insertion[REPEATS]; // cycles, in ascending order
	double bytes;                               // per entry
	uint32_t made_for, takes;
	double load; // share of used slots at that point
};

// The operations of a table. Numbers of keys are whole bursts, except for add.
struct candidate {
	const char *name;
	bool (*create)(uint32_t entries);
	uint32_t (*add)(const uint64_t *keys, uint32_t n);  // returns the number of added keys
	uint32_t (*find)(const uint64_t *keys, uint32_t n); // returns the number of found keys
	void (*clear)(void);
	uint32_t (*slots)(uint32_t entries);
	uint64_t (*memory)(void); // bytes in use
	void (*destroy)(void);
};

static struct fdb *fdb;

static bool fdb_is_made(uint32_t entries)
{
	return !fdb_create(&fdb, entries, 0, rte_rdtsc());
}

static uint32_t fdb_add(const uint64_t *keys, uint32_t n)
{
	static const struct fdb_learner who = {.learns = true, .limit = UINT32_MAX};
	uint32_t i = 0;

	while (i < n && fdb_seen(fdb, keys[i], &who, 0, TICK, 0).what == FDB_LEARNED)
		i++;
	return i;
}

static uint32_t fdb_find_all(const uint64_t *keys, uint32_t n)
{
	const struct fdb_now now = fdb_now(fdb, TICK);
	const struct fdb_map map = fdb->map;
	const struct fdb_slot *own[BURST];
	uint32_t found = 0;

	for (uint32_t at = 0; at < n; at += BURST) {
		for (unsigned i = 0; i < BURST; i++) {
			own[i] = fdb_first_slot(&map, keys[at + i]);
			rte_prefetch0(own[i]);
		}
		for (unsigned i = 0; i < BURST; i++)
			found += fdb_find(fdb, own[i], keys[at + i], &now) != 0;
	}
	return found;
}

static void no_event(void *arg, uint64_t key, unsigned port)
{
	(void)arg, (void)key, (void)port;
}

static void fdb_clear(void)
{
	fdb_flush_port(fdb, 0);
	fdb_sweep(fdb, 0, fdb_lines(fdb), TICK, no_event, NULL);
}

static uint32_t fdb_slots(uint32_t entries)
{
	(void)entries;
	return fdb_lines(fdb) * FDB_WAYS;
}

// The table is mapped memory, so the resident size counts.
static uint64_t resident(void)
{
	unsigned long long all, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%llu %llu", &all, &pages) != 2)
		rte_exit(EXIT_FAILURE, "table: /proc/self/statm cannot be read\n");
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void fdb_is_gone(void)
{
	fdb_destroy(fdb);
	fdb = NULL;
}

static struct rte_hash *hash;
static struct rte_rcu_qsbr *qsbr;

static bool hash_is_made(uint32_t entries)
{
	struct rte_hash_parameters parameters = {
		.name = "peer",
		.entries = RTE_MAX(entries, 8u), // at least one bucket
		.key_len = sizeof(uint64_t),
		.hash_func = rte_hash_crc,
		.socket_id = SOCKET_ID_ANY,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF |
			      RTE_HASH_EXTRA_FLAGS_MULTI_WRITER_ADD,
	};
	struct rte_hash_rcu_config rcu = {.mode = RTE_HASH_QSBR_MODE_DQ};

	qsbr = rte_zmalloc("qsbr", rte_rcu_qsbr_get_memsize(1), RTE_CACHE_LINE_SIZE);
	hash = rte_hash_create(&parameters);
	rcu.v = qsbr;
	return qsbr && hash && !rte_rcu_qsbr_init(qsbr, 1) && !rte_hash_rcu_qsbr_add(hash, &rcu);
}

static uint32_t hash_add(const uint64_t *keys, uint32_t n)
{
	uint32_t i = 0;

	while (i < n &&
	       !rte_hash_add_key_data(hash, &keys[i],
				      (void *)(uintptr_t)fdb_value(TICK, 1, 0, FDB_DYNAMIC)))
		i++;
	return i;
}

static uint32_t hash_find(const uint64_t *keys, uint32_t n)
{
	const void *burst[BURST];
	void *value[BURST];
	uint64_t hits;
	uint32_t found = 0;

	for (uint32_t at = 0; at < n; at += BURST) {
		for (unsigned i = 0; i < BURST; i++)
			burst[i] = &keys[at + i];
		found += (uint32_t)rte_hash_lookup_bulk_data(hash, burst, BURST, &hits, value);
	}
	return found;
}

static void hash_clear(void)
{
	rte_hash_reset(hash);
}

static uint32_t hash_slots(uint32_t entries)
{
	return rte_align32pow2(RTE_MAX(entries, 8u));
}

// rte_hash is on DPDK's heap.
static uint64_t heap(void)
{
	struct rte_malloc_socket_stats stats;
	uint64_t bytes = 0;

	for (unsigned i = 0; i < rte_socket_count(); i++)
		if (!rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &stats))
			bytes += stats.heap_allocsz_bytes;
	return bytes;
}

static void hash_is_gone(void)
{
	rte_hash_free(hash);
	rte_free(qsbr);
}

static const struct candidate candidates[] = {
	{"nestswitch", fdb_is_made, fdb_add, fdb_find_all, fdb_clear, fdb_slots, resident,
	 fdb_is_gone},
	{"rte_hash", hash_is_made, hash_add, hash_find, hash_clear, hash_slots, heap, hash_is_gone},
};

static uint32_t random_below(uint32_t n)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 32) * n >> 32);
}

static uint64_t *room_for(uint32_t keys)
{
	uint64_t *k = malloc(keys * sizeof *k);

	if (!k)
		rte_exit(EXIT_FAILURE, "table: no memory for %" PRIu32 " keys\n", keys);
	return k;
}

// Keys that look random: multiples of the golden ratio. They are so evenly spread that no two agree
// in 40 bits.
static uint64_t *some_keys(uint32_t n)
{
	uint64_t *keys = room_for(n);

	for (uint32_t i = 0; i < n; i++)
		keys[i] = key_make(1, UINT64_C(0x020000000000) |
					      ((i + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 24));
	return keys;
}

// `count` keys for lookups, at least n: all keys in a random order, then repeated.
static uint64_t *in_random_order(const uint64_t *keys, uint32_t n, uint32_t count)
{
	uint64_t *order = room_for(count);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t j = random_below(i + 1);
		order[i] = order[j];
		order[j] = keys[i];
	}
	for (uint32_t i = n; i < count; i++)
		order[i] = order[i - n];
	return order;
}

static void create(const struct candidate *c, uint32_t entries)
{
	if (!c->create(entries))
		rte_exit(EXIT_FAILURE, "table: %s: no memory for %" PRIu32 " entries\n", c->name,
			 entries);
}

static void expect(const struct candidate *c, const char *what, uint32_t got, uint32_t wanted)
{
	if (got != wanted)
		rte_exit(EXIT_FAILURE, "table: %s: %" PRIu32 " of %" PRIu32 " keys %s\n", c->name,
			 got, wanted, what);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

// Cycles of a new entry, in memory that was touched before.
static double time_insertion(const struct candidate *c, const uint64_t *keys, uint32_t n)
{
	uint32_t rounds = n < BURST * BURST ? BURST * BURST / n : 1;
	uint64_t spent = 0;

	for (uint32_t i = 0; i < rounds; i++) {
		c->clear();
		uint64_t start = rte_rdtsc();
		uint32_t taken = c->add(keys, n);
		spent += rte_rdtsc() - start;
		expect(c, "taken", taken, n);
	}
	return (double)spent / rounds / n;
}

static double time_lookup(const struct candidate *c, const uint64_t *keys, uint32_t n)
{
	uint64_t start = rte_rdtsc();
	uint32_t found = c->find(keys, n);
	uint64_t spent = rte_rdtsc() - start;

	expect(c, "found", found, n);
	return (double)spent / n;
}

static void measure(const struct candidate *c, struct result *r)
{
	uint32_t n = r->keys;
	uint32_t lookups = RTE_ALIGN_CEIL(RTE_MAX((uint32_t)LOOKUPS, n), (uint32_t)BURST);
	uint64_t *keys = some_keys(n), *order = in_random_order(keys, n, lookups);
	uint64_t before = c->memory();

	create(c, n);
	expect(c, "taken", c->add(keys, n), n);
	r->bytes = (double)(c->memory() - before) / n;
	for (int i = 0; i < REPEATS; i++) {
		r->insertion[i] = time_insertion(c, keys, n);
		r->lookup[i] = time_lookup(c, order, lookups);
	}
	qsort(r->insertion, REPEATS, sizeof *r->insertion, compare);
	qsort(r->lookup, REPEATS, sizeof *r->lookup, compare);
	c->destroy();
	free(order);
	free(keys);
}

// How many entries a table for a power of two of entries takes. Such a table has no spare slots.
static void fill(const struct candidate *c, struct result *r)
{
	r->made_for = rte_align32pow2(r->keys);
	uint32_t most = 4 * r->made_for;
	uint64_t *keys = some_keys(most);

	create(c, r->made_for);
	r->takes = c->add(keys, most);
	r->load = (double)r->takes / c->slots(r->made_for);
	c->destroy();
	free(keys);
}

static void print_text(const struct result *r, bool first)
{
	if (first)
		puts("TABLE           KEYS  CYCLES/LOOKUP  CYCLES/NEW ENTRY  BYTES/ENTRY   MADE FOR      TAKES   LOAD");
	printf("%-10s %9" PRIu32 "  ", r->table, r->keys);
	printf("%13.1f  %16.1f  ", r->lookup[REPEATS / 2], r->insertion[REPEATS / 2]);
	printf("%11.1f  %9" PRIu32 "  %9" PRIu32 "  %4.1f%%\n", r->bytes, r->made_for, r->takes,
	       100 * r->load);
}

static void print_values(const char *name, const double value[REPEATS])
{
	printf("\"%s\": [", name);
	for (int i = 0; i < REPEATS; i++)
		printf("%s%.2f", i ? ", " : "", value[i]);
	printf("], ");
}

static void print_json(const struct result *r, bool first)
{
	printf("%s\n{\"table\": \"%s\", \"keys\": %" PRIu32 ", ", first ? "[" : ",", r->table,
	       r->keys);
	print_values("lookup", r->lookup);
	print_values("insertion", r->insertion);
	printf("\"bytes\": %.2f, \"load\": %.4f, ", r->bytes, r->load);
	printf("\"made_for\": %" PRIu32 ", \"takes\": %" PRIu32 "}", r->made_for, r->takes);
}

static void measure_all(char *const *numbers, bool json)
{
	for (char *const *number = numbers; *number; number++) {
		struct result r = {.keys = (uint32_t)strtoul(*number, NULL, 10)};
		if (!r.keys || r.keys > KEYS_MAX)
			rte_exit(EXIT_USAGE, "table: '%s' is not a number of keys (1 to %d)\n",
				 *number, KEYS_MAX);
		for (unsigned i = 0; i < RTE_DIM(candidates); i++) {
			r.table = candidates[i].name;
			measure(&candidates[i], &r);
			fill(&candidates[i], &r);
			(json ? print_json : print_text)(&r, number == numbers && !i);
		}
	}
	if (json)
		puts("\n]");
}

int main(int argc, char **argv)
{
	static char *usual[] = {"2", "2000", "20000", "200000", "1000000", NULL};
	static const struct option longs[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	bool json = false;
	int option, used = rte_eal_init(argc, argv);

	if (used < 0)
		rte_exit(EXIT_FAILURE, "table: DPDK does not start\n");
	argc -= used;
	argv += used;
	optind = 1;
	while ((option = getopt_long(argc, argv, "jh", longs, NULL)) != -1) {
		if (option != 'j') {
			fputs("usage: table [EAL…] -- [--json] [KEYS…]\n",
			      option == 'h' ? stdout : stderr);
			return option == 'h' ? EXIT_SUCCESS : EXIT_USAGE;
		}
		json = true;
	}
	measure_all(argv[optind] ? argv + optind : usual, json);
	return rte_eal_cleanup() ? EXIT_FAILURE : EXIT_SUCCESS;
}
