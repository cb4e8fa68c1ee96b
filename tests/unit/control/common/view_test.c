// SPDX-License-Identifier: BSD-3-Clause

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/common/view.h"
#include "tests/unit/kit.h"

static void check(enum view view, const char *json, const char *wanted)
{
	json_t *result = json_loads(json, JSON_DECODE_ANY, NULL);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(result);
	view_print(f, view, result, false);
	fclose(f);
	assert_string_equal(text, wanted);
	free(text);
	json_decref(result);
}

static void tables(void **state)
{
	(void)state;
	check(VIEW_FDB,
	      "[{\"mac\": \"02:00:00:00:00:01\", \"vlan\": null, \"port\": \"esx1\", \"type\": \"assigned\", \"age\": null},"
	      "{\"mac\": \"02:00:00:00:00:02\", \"vlan\": 4094, \"port\": \"a\", \"type\": \"dynamic\", \"age\": 123, \"held\": 30}]",
	      "VLAN  MAC                PORT  TYPE      AGE  HELD\n"
	      " all  02:00:00:00:00:01  esx1  assigned    -     -\n"
	      "4094  02:00:00:00:00:02  a     dynamic   123    30\n");
	check(VIEW_FDB, "[]", "VLAN  MAC  PORT  TYPE  AGE  HELD\n");
}

static void counters(void **state)
{
	(void)state;
	check(VIEW_COUNTERS,
	      "[{\"name\": \"p\", \"state\": \"up\", \"rx_packets\": 10, \"rx_forwarded\": 1, \"rx_flooded\": 2,"
	      "\"rx_drops\": {\"malformed\": 3, \"bpdu\": 0, \"mac_limit\": 4}, \"tx_packets\": 5, \"macs\": 6,"
	      "\"tx_drops\": {\"mac_changed\": 0}, \"device_drops\": {\"rx_missed\": 8, \"tx_errors\": 0}}]",
	      "PORT  STATE  RX  FORWARDED  FLOODED  DROPPED  TX  MACS  DROPPED AS               NOT SENT AS  LOST BY DEVICE\n"
	      "p     up     10          1        2        7   5     6  malformed=3 mac_limit=4  -            rx_missed=8\n");
}

static void policies(void **state)
{
	(void)state;
	check(VIEW_POLICY,
	      "{\"mac-limit\": {\"value\": 0, \"from\": \"port\"}, \"bpdu\": {\"value\": \"filter\", \"from\": \"default\"}}",
	      "KEY        VALUE   FROM\n"
	      "mac-limit  0       port\n"
	      "bpdu       filter  default\n");
	check(VIEW_GROUPS,
	      "[{\"name\": \"g\", \"policy\": {\"mac-limit\": 0, \"bpdu\": \"forward\"}}, {\"name\": \"h\", \"policy\": {}}]",
	      "GROUP  POLICY\n"
	      "g      mac-limit=0 bpdu=forward\n"
	      "h      -\n");
}

// Rates have three digits. Colours do not count for the width.
static void rates(void **state)
{
	static const char row[] =
		"[{\"name\": \"p\", \"state\": \"err-disabled\", \"rx_pps\": 1234567.0, \"rx_bps\": 0.0, \"tx_pps\": 0.5, \"tx_bps\": 999.6,"
		"\"drops_pps\": 12.0, \"macs\": 6, \"rx_drops_pps\": {\"bpdu\": 0.0, \"mac_limit\": 12345.0}, \"tx_drops_pps\": {}}]";
	json_t *rows = json_loads(row, 0, NULL);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	check(VIEW_RATES, row,
	      "PORT  STATE         RX FRAMES/S  RX BIT/S  TX FRAMES/S  TX BIT/S  DROPS/S  MACS  DROPPED AS       NOT SENT AS\n"
	      "p     err-disabled        1.23M         0         0.50     1.00k       12     6  mac_limit=12.3k  -\n");
	view_print(f, VIEW_RATES, rows, true);
	fclose(f);
	assert_non_null(strstr(text, "p     \033[31merr-disabled\033[0m        1.23M"));
	assert_non_null(strstr(text, "    \033[31m12\033[0m     6"));
	free(text);
	json_decref(rows);
}

// Counted drop reasons appear as sentences.
static void one_port(void **state)
{
	(void)state;
	check(VIEW_PORT,
	      "[{\"name\": \"p\", \"state\": \"up\", \"rx_packets\": 10, \"rx_bytes\": 600, \"rx_forwarded\": 1, \"rx_flooded\": 2,"
	      "\"rx_unknown\": 1, \"rx_drops\": {\"malformed\": 0, \"forged_transmit\": 7}, \"tx_packets\": 5, \"tx_bytes\": 300, \"macs\": 6,"
	      "\"mac_moves\": 1, \"not_learned\": 2, \"tx_drops\": {\"queue_full\": 3}}]",
	      "port      p, up\n"
	      "received  10 frames, 600 bytes: 1 forwarded, 2 flooded (1 to unknown MACs), 7 dropped\n"
	      "sent      5 frames, 300 bytes; 3 could not be sent\n"
	      "MACs      6 learned, 1 moves, 2 frames from MACs that were not learned\n"
	      "\n"
	      "DROPPED AS       FRAMES  MEANING AND ADVICE\n"
	      "forged_transmit       7  The source MAC is spoofed: it is neither the port's own MAC nor in allowed-macs. Guests"
	      " inside a nested host need 'accept', because they send from other MACs.\n"
	      "                         Set forged-transmits accept. For known MACs such as VRRP's, set allowed-macs instead;"
	      " for a single station, effective-mac.\n"
	      "\n"
	      "NOT SENT AS  FRAMES  MEANING AND ADVICE\n"
	      "queue_full        3  The device's send queue is full, because the guest or peer reads too slowly or not at all.\n"
	      "                     Check the guest or peer. Limit the senders with ingress-rate.\n");
}

static void the_rest(void **state)
{
	(void)state;
	check(VIEW_NONE, "{}", "");
	check(VIEW_TEXT, "\"a: %s\\nb\\n\"", "a: %s\nb\n");
	check(VIEW_FLUSHED, "{\"count\": 17}", "17 entries flushed\n");
	check(VIEW_FLUSHED, "{\"count\": 1}", "1 entry flushed\n");
	check(VIEW_EVENTS, "{\"events\": []}", "no events\n");
}

// Cells beyond the maximum length are cut.
static void long_cells(void **state)
{
	json_t *policy = json_object(), *rows;
	char *text = NULL, key[16];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof key, "key-%d", i);
		json_object_set_new(policy, key, json_integer(i));
	}
	rows = json_pack("[{s:s, s:o}]", "name", "g", "policy", policy);
	view_print(f, VIEW_GROUPS, rows, false);
	fclose(f);
	assert_non_null(strstr(text, "key-0=0 key-1=1 "));
	free(text);
	json_decref(rows);
}

RUN_TESTS(TEST(tables), TEST(counters), TEST(policies), TEST(rates), TEST(one_port), TEST(the_rest),
	  TEST(long_cells))
