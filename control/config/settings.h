// SPDX-License-Identifier: BSD-3-Clause
// settings: THE tables of the keys of a configuration, except policy. Reading, writing, comparing,
// `port set` and `port show` follow these tables. A new key is one row.
//
// Model   A table lists the keys of one object (the configuration, a section, a port …) in the
//         order of a file. A row knows the offset of its member in the object.
// Errors  struct error without a place in a file. The reader of a file adds it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/common/error.h"
#include "control/config/config.h"

// The comment names the type of the member.
enum setting_type {
	SETTING_TEXT,     // char[size]
	SETTING_NAME,     // the same, see text_is_name()
	SETTING_DEVICE,   // a text that names a device
	SETTING_GROUP,    // a name, that of a port group
	SETTING_NUMBER,   // uint32_t, from min to max; 0: not set
	SETTING_VLAN,     // uint16_t
	SETTING_SWITCH,   // bool
	SETTING_WORD,     // an enum, the index in `words`
	SETTING_MAC,      // uint64_t, of a station; 0: not set
	SETTING_IPV4,     // uint32_t, of a station; 0: not set
	SETTING_VNI,      // uint32_t, from min to max; 0: not set
	SETTING_TEXTS,    // char[max][size], with their number at `count`
	SETTING_NAMES,    // the same
	SETTING_POLICY,   // struct policy
	SETTING_SECTION,  // a mapping in the file, with its members in the same object
	SETTING_ELEMENTS, // a pointer to an array of objects, with their number at `count`
};

enum {
	SETTING_REQUIRED = 1,  // a file must have it
	SETTING_WRITTEN = 2,   // is written to files even if it is not set
	SETTING_MULTICAST = 4, // a MAC can be that of a group
	SETTING_STANDARD = 8,  // a number has its standard value unless it is set; it can be 0
};

struct setting {
	const char *name; // NULL after the last row
	enum setting_type type;
	unsigned flags;
	size_t at;    // offset of the member
	size_t mark;  // offset of its place in the file, for lists an array of places; 0: not kept
	size_t count; // offset of an unsigned, see the types
	size_t size;  // of the member, in bytes; in a list, of one text
	uint32_t min, max;
	const char *unit;               // of numbers; NULL: none
	uint32_t standard;              // value if it is not set
	const char *const *words;       // from index `min`, NULL after the last
	const char *many;               // plural, for lists
	const char *argument;           // name of the value in `port set`; NULL: not settable there
	const struct setting *settings; // of a section
	const struct setting_element *element;
};

// The objects of a list.
struct setting_element {
	const char *name;  // "a port"
	const char *label; // "port", which differences print before a name
	size_t size;       // bytes of one
	size_t mark;       // offset of its place in the file
	bool brief;        // written on one line of a file
	size_t derived;    // offset of a word that is not 0 if the object is no part of a file; 0:
			   // none
	const struct setting *settings;
};

// The sections of a configuration. The object is a struct config.
extern const struct setting config_settings[];

// The settings of the section evpn. The object is a struct config.
extern const struct setting config_evpn_settings[];

// The settings of a port. The object is a struct config_port.
extern const struct setting config_port_settings[];

// Finds a setting by its name. NULL: there is none.
const struct setting *setting_find(const struct setting *table, const char *name);

// The i-th name of a table, for text_hint().
const char *setting_name(void *table, size_t i);

// Gives the members of a zeroed object their standard values.
void setting_init(const struct setting *table, void *object);

// Parses a text and sets a single value, or appends to a list of texts. False: e says why and
// nothing has changed.
bool setting_set(const struct setting *s, void *object, const char *text, struct error *e);

// Resets a single value to its standard value.
void setting_unset(const struct setting *s, void *object);

// Whether the value differs from the standard value.
bool setting_is_set(const struct setting *s, const void *object);

// Formats a single value for setting_set(). A text, number or MAC that is not set gives an empty
// text.
enum { SETTING_VALUE = DEVICE_TEXT };
void setting_text(const struct setting *s, const void *object, char out[SETTING_VALUE]);

// A member of an object.
static inline void *setting_member(const struct setting *s, const void *object)
{
	return (char *)(uintptr_t)object + s->at;
}

// The number of elements of a list, and the i-th one.
unsigned setting_count(const struct setting *s, const void *object);
const char *setting_list_text(const struct setting *s, const void *object, unsigned i);
void *setting_element(const struct setting *s, const void *object, unsigned i);

// Whether an element is no part of a file.
bool setting_is_derived(const struct setting *s, const void *element);

// Adds an element with its standard values to an object's list. NULL: no memory, or there are `max`
// of them.
void *setting_add_element(const struct setting *s, void *object);
