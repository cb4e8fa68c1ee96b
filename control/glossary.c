// SPDX-License-Identifier: BSD-3-Clause
#include "glossary.h"

#include "../dataplane/eventtype.h"
#include "events.h"
#include "reasons.h"

static const char *const events[EVENT_TYPES] = {
	[EVENT_MAC_LEARNED] = "a station is new: mac, vlan, port",
	[EVENT_MAC_MOVED] = "a station is behind another port now: mac, vlan, from, to",
	[EVENT_MAC_AGED] = "a station was not heard for `aging-time`, and is forgotten: mac, vlan, port",
	[EVENT_MAC_FLAP] = "a station moved too often and is held where it is: mac, vlan, from, to",
	[EVENT_VIOLATION] = "frames broke a rule: port, reason, mac and vlan of the first one, their count in that second",
	[EVENT_PORT_ERR_DISABLED] = "a violation ended the port: port, reason",
	[EVENT_PORT_RECOVERED] = "an err-disabled port is back: port",
	[EVENT_TABLE_FULL] = "a MAC found no place in the table: port",
	[EVENT_PORT_UP] = "the port has a link: port",
	[EVENT_PORT_DOWN] = "the port has lost its link: port",
	[EVENT_LOST] = "so many events were not told, for they came too fast: count",
	[EVENT_CONFIG_ROLLED_BACK] = "a configuration was not confirmed, the one before came back: number of the one in force",
	[EVENT_CONFIG_ROLLBACK_FAILED] = "the same, but it cannot come back, and is tried again: number of the one in force",
};

static void print(FILE *out, const char *name, const char *meaning)
{
	fprintf(out, "  %-22s  %s\n", name, meaning);
}

void glossary_print_drops(FILE *out)
{
	fputs("Frames received, in the order in which they meet the reasons:\n\n", out);
	for (int i = OUT_FIRST_DROP; i < OUTCOMES; i++)
		print(out, outcome_names[i], reason_rows[i].meaning);
	fputs("\nFrames that could not be delivered, counted on the port they were meant for:\n\n", out);
	for (int i = 0; i < TX_DROPS; i++)
		print(out, tx_drop_names[i], tx_reason_rows[i].meaning);
}

void glossary_print_events(FILE *out)
{
	for (int i = 0; i < EVENT_TYPES; i++)
		print(out, event_type_names[i], events[i]);
}
