// SPDX-License-Identifier: BSD-3-Clause
// text: parses and formats the values that people write (numbers, MAC addresses, VLAN lists), and
// makes hints for unknown words.
//
// Errors  Parsers return false and leave their result unchanged.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	MAC_TEXT = 18,
	VLANS_TEXT = 20480,
	CONFIG_FILE_MAX = 16 << 20, // a configuration, in a file or in a request
};

// A set of VLANs, one bit to a VID.
struct vlanset {
	uint64_t word[64];
};

static inline bool vlanset_has(const struct vlanset *s, unsigned vid)
{
	return s->word[vid / 64] >> vid % 64 & 1;
}

static inline void vlanset_add(struct vlanset *s, unsigned vid)
{
	s->word[vid / 64] |= UINT64_C(1) << vid % 64;
}

// Parses decimal digits, up to max.
bool text_number(const char *text, uint64_t max, uint64_t *value);

// Parses aa:bb:cc:dd:ee:ff, aa-bb-cc-dd-ee-ff or aabb.ccdd.eeff.
bool text_mac(const char *text, uint64_t *mac);
void text_put_mac(uint64_t mac, char out[MAC_TEXT]);

// Parses an IPv4 or IPv6 address as two halves of a number; an IPv4 address is ::ffff:a.b.c.d.
bool text_address(const char *text, uint64_t *high, uint64_t *low);
enum { IP_TEXT = 46, IPV4_TEXT = 16 };
void text_put_address(uint64_t high, uint64_t low, char out[IP_TEXT]);

// Parses an IPv4 address that a station can have, in the order of the host.
bool text_station4(const char *text, uint32_t *address);
void text_put_ipv4(uint32_t address, char out[IPV4_TEXT]);

// Parses an address, or a prefix such as 10.0.0.0/24 or 2001:db8::/64, whose further bits are 0.
// *bits counts from the first of 128 bits.
bool text_prefix(const char *text, uint64_t *high, uint64_t *low, unsigned *bits);

// Writes a prefix without its bits if it is an address.
enum { PREFIX_TEXT = 52 };
void text_put_prefix(uint64_t high, uint64_t low, unsigned bits, char out[PREFIX_TEXT]);

// The mask of a half of an address that has so many leading ones.
uint64_t text_prefix_mask(unsigned bits);

// A list of MACs and of ranges of MACs, such as 00:00:5e:00:01:00/40,02:00:00:00:00:07.
enum { MACS_MAX = 64, MACS_TEXT = MACS_MAX * (MAC_TEXT + 3) + 1 };

struct mac_list {
	unsigned count;
	struct {
		uint64_t mac; // only its first `bits` bits can be set
		unsigned bits;
	} range[MACS_MAX];
};

// The mask of the first `bits` bits of a MAC.
uint64_t text_mac_mask(unsigned bits);

// Parses such a list of addresses of stations, or "none".
bool text_macs(const char *text, struct mac_list *macs);
void text_put_macs(const struct mac_list *macs, char out[MACS_TEXT]);

// Parses a list of VIDs from 1 to 4094, such as 1,10-20. It must not be empty.
bool text_vlans(const char *text, struct vlanset *vlans);
void text_put_vlans(const struct vlanset *vlans, char out[VLANS_TEXT]);

// Formats milliseconds since 1970 as 2024-02-29T12:00:00.000Z (RFC 3339).
enum { DATE_TEXT = 25 };
void text_put_date(uint64_t unix_ms, char out[DATE_TEXT]);

// Parses on, off and their synonyms.
bool text_switch(const char *text, bool *on);

// Whether a name has 1 to max characters of A-Z a-z 0-9 _ . -
bool text_is_name(const char *text, size_t max);

// Turns text into a name that is also a valid file name. Other characters and a leading dot become
// '_'.
void text_make_name(char *text);

// Makes a message safe for a terminal, a log and JSON: one line of UTF-8 without control
// characters. Everything else becomes '?'.
void text_clean(char *message);

// Whether text_clean() would leave a text as it is.
bool text_is_clean(const char *text);

// Returns the i-th word of a list, NULL after the last.
typedef const char *(*text_word_fn)(void *arg, size_t i);

// The word that is most similar to a misspelt one. NULL: none is similar.
const char *text_nearest(const char *word, text_word_fn next, void *arg);

// The hint for an unknown word: " (did you mean 'x'?)" if a known word is similar. Else
// " (otherwise)" or, if otherwise is NULL, as many of the known words as fit: " (a, b or c)".
enum { TEXT_HINT = 256 };
const char *text_hint(char hint[TEXT_HINT], const char *word, text_word_fn next, void *arg,
		      const char *otherwise);

// The same for words in an array, NULL after the last.
const char *text_hint_of(char hint[TEXT_HINT], const char *word, const char *const *words);

// The number of columns that a UTF-8 text takes on a terminal.
size_t text_columns(const char *text);

// Prints paragraphs, wrapped at 100 columns. An empty line separates paragraphs. Each line is
// indented by `indent` blanks.
void text_wrap(FILE *out, const char *text, int indent);
