// SPDX-License-Identifier: BSD-3-Clause
// commands: THE table of nestctl's commands. Parsing, usage lines, help, completion and the manual
// are made from it. A new command is a row in commands.c and a method of the switch.
//
// Model   A command is a group, a verb and its arguments. Words of ARG_WORD come first, in their
//         order. Keywords with their values follow in any order. The argument that takes the rest
//         comes last. Each argument becomes a parameter of the method.
// Errors  An error is printed on standard error, with a correction. The result is then NULL.
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "control/common/view.h"

enum argument_form {
	ARG_WORD = 1, // a word without a keyword
	ARG_VALUE,    // its name, then its value
	ARG_SETTING,  // like ARG_VALUE, but a member of parameter `set`
	ARG_FLAG,     // its name alone; the parameter is true
	ARG_LIST,     // all words that follow, as an array
	ARG_PAIRS,    // KEY VALUE …, members of parameter `set`: policy keys and `settings`
	ARG_KEYS,     // KEY …, elements of parameter `keys`: the same keys as ARG_PAIRS
	ARG_COLUMNS,  // COLUMN VALUE …, members of parameter `where`
};

// The kind of a word decides how it is checked and completed.
enum argument_kind {
	KIND_TEXT,
	KIND_CHOICE, // one of `words`
	KIND_NUMBER, // the parameter is a number
	KIND_SECONDS,
	KIND_COLUMN, // a column of the command's view, optionally after a '-'
	KIND_PORT,
	KIND_GROUP,
	KIND_PORT_OR_GROUP,
	KIND_MIRROR,
	KIND_MAC,  // completed from the table, but any MAC is valid
	KIND_VLAN, // completed from the table, but any VLAN is valid
	KIND_FILE, // a file to read: its contents become parameter `text`; -: standard input
	KIND_PATH, // a path, made absolute; - stays -
};

struct argument {
	const char *name; // the parameter, and the keyword of ARG_VALUE and ARG_SETTING; NULL
			  // after the last argument
	enum argument_form form;
	enum argument_kind kind;
	const char *value; // its placeholder in a usage line
	const char *help;
	bool optional;
	bool repeated;                   // ARG_VALUE: takes any number of values, as an array
	bool bare;                       // ARG_VALUE: comes first, and needs no keyword there
	const char *const *words;        // KIND_CHOICE; NULL after the last one
	const struct argument *settings; // ARG_PAIRS, ARG_KEYS: keys that are not policy keys
	const char *unit;                // KIND_NUMBER; NULL: none
};

// How a command runs. line.c has a function for each way.
enum command_way {
	WAY_ASK, // calls the method once and shows the result
	WAY_WATCH,
	WAY_FOLLOW,
	WAY_TRACE,
	WAY_CAPTURE,
};

struct command {
	const char *group, *verb;
	const char *method;
	enum view view;
	const char *help;            // one line
	const struct argument *args; // NULL: none
	const char *more;            // more paragraphs for help and manual; NULL: none
	const char *examples;        // commands, one a line; NULL: none
	enum command_way way;
	enum view one; // the view if parameter `port` is given; VIEW_NONE: `view`
	bool noun;     // the verb is a noun: `show` may follow it
};

// Ends with a row that has no group.
extern const struct command commands[];

// Options of nestctl. They may stand anywhere in a command.
struct command_option {
	const char *name; // NULL after the last one
	int letter;
	const char *value; // the placeholder of its value in help; NULL: it takes no value
	const char *help;
	const char *const *words; // valid values, NULL after the last one; NULL: the value is a
				  // file
};

extern const struct command_option command_options[];

#define COMMAND_SORT "sort" // the next word is a column, and may begin with '-'

enum { ARGUMENT_USAGE = 128, COMMAND_USAGE = 256 };

// Whether an argument is found by its keyword.
static inline bool argument_is_keyword(const struct argument *a)
{
	return a->form == ARG_VALUE || a->form == ARG_SETTING || a->form == ARG_FLAG;
}

// Formats an argument: "port P".
const char *argument_usage(const struct argument *a, char out[ARGUMENT_USAGE]);

// Formats a usage line: "port show [NAME]".
const char *command_usage(const struct command *c, char out[COMMAND_USAGE]);

// Finds the command at the beginning of words. *used: the number of words that name it. Without a
// verb, it is `show`. NULL: there is no such command.
const struct command *command_find(char *const *words, int *used);

// The same, but prints an error if there is no such command.
const struct command *command_wanted(char *const *words, int *used);

// Turns the words after a command into its parameters.
json_t *command_params(const struct command *c, char *const *words);

// Finds an argument by its keyword. NULL: there is none.
const struct argument *command_keyword(const struct command *c, const char *word);

// The argument whose values may stand first without its keyword. NULL: there is none.
const struct argument *command_bare(const struct command *c);

// The i-th column by which a command's table can be sorted and selected, NULL after the last.
const char *command_column(const struct command *c, size_t i);

// Whether words begin with a keyword, or with a column of the command's table and its value.
bool command_begins_pair(const struct command *c, char *const *words);

// The verb in this command's group that is most similar to a word; of a command without verbs, the
// word of its last argument. NULL: none is similar.
const char *command_nearest_verb(const struct command *c, const char *word);

// What the word after those that name a command may have been meant to be, if it is no name. Empty:
// nothing is similar.
void command_meant(const struct command *c, char *const *words, int used, char *out, size_t size);

// Whether a command is the only one of its group, and therefore needs no verb.
bool command_is_alone(const struct command *c);
