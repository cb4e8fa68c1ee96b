// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

bool text_number(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		unsigned digit = (unsigned)(*text - '0');
		if (v > (max - digit) / 10 || digit > max)
			return false;
		v = v * 10 + digit;
	}
	*value = v;
	return true;
}

// Parses twelve hexadecimal digits with a separator after every `group` of them.
static bool mac_in_groups(const char *text, char separator, unsigned group, uint64_t *mac)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 12; i++) {
		if (i && i % group == 0 && *text++ != separator)
			return false;
		if (!isxdigit((unsigned char)*text))
			return false;
		char digit[2] = {*text++, 0};
		v = v << 4 | strtoul(digit, NULL, 16);
	}
	if (*text)
		return false;
	*mac = v;
	return true;
}

bool text_mac(const char *text, uint64_t *mac)
{
	return mac_in_groups(text, ':', 2, mac) || mac_in_groups(text, '-', 2, mac) ||
	       mac_in_groups(text, '.', 4, mac);
}

void text_put_mac(uint64_t mac, char out[MAC_TEXT])
{
	snprintf(out, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", (unsigned)(mac >> 40 & 0xff),
		 (unsigned)(mac >> 32 & 0xff), (unsigned)(mac >> 24 & 0xff),
		 (unsigned)(mac >> 16 & 0xff), (unsigned)(mac >> 8 & 0xff), (unsigned)(mac & 0xff));
}

bool text_address(const char *text, uint64_t *high, uint64_t *low)
{
	uint8_t b[16] = {[10] = 0xff, [11] = 0xff};
	uint64_t half[2] = {0, 0};

	if (inet_pton(AF_INET, text, b + 12) != 1 && inet_pton(AF_INET6, text, b) != 1)
		return false;
	for (int i = 0; i < 16; i++)
		half[i / 8] = half[i / 8] << 8 | b[i];
	*high = half[0];
	*low = half[1];
	return true;
}

bool text_station4(const char *text, uint32_t *address)
{
	uint64_t high, low;

	if (!text_address(text, &high, &low) || high || low >> 32 != 0xffff)
		return false;
	unsigned first = low >> 24 & 0xff;
	if (!first || first == 127 || first >= 224)
		return false;
	*address = (uint32_t)low;
	return true;
}

void text_put_ipv4(uint32_t address, char out[IPV4_TEXT])
{
	snprintf(out, IPV4_TEXT, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff,
		 address >> 8 & 0xff, address & 0xff);
}

void text_put_address(uint64_t high, uint64_t low, char out[IP_TEXT])
{
	bool ipv4 = !high && low >> 32 == 0xffff;
	uint8_t b[16];

	for (int i = 0; i < 8; i++) {
		b[i] = (uint8_t)(high >> 8 * (7 - i));
		b[8 + i] = (uint8_t)(low >> 8 * (7 - i));
	}
	inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? b + 12 : b, out, IP_TEXT);
}

uint64_t text_prefix_mask(unsigned bits)
{
	return !bits ? 0 : bits >= 64 ? UINT64_MAX : UINT64_MAX << (64 - bits);
}

bool text_prefix(const char *text, uint64_t *high, uint64_t *low, unsigned *bits)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char address[IP_TEXT];
	uint64_t number;

	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = 0;
	if (!text_address(address, high, low))
		return false;
	unsigned size = strchr(address, ':') ? 128 : 32;
	if (!slash)
		number = size;
	else if (!text_number(slash + 1, size, &number))
		return false;
	*bits = 128 - size + (unsigned)number;
	return !(*high & ~text_prefix_mask(*bits)) &&
	       !(*low & ~text_prefix_mask(*bits > 64 ? *bits - 64 : 0));
}

void text_put_prefix(uint64_t high, uint64_t low, unsigned bits, char out[PREFIX_TEXT])
{
	text_put_address(high, low, out);
	if (bits < 128)
		sprintf(out + strlen(out), "/%u", bits - (strchr(out, ':') ? 0 : 96));
}

uint64_t text_mac_mask(unsigned bits)
{
	return ((UINT64_C(1) << bits) - 1) << (48 - bits);
}

// Parses MAC or MAC/BITS, with blanks around it, and appends it to a list.
static bool append_mac_range(const char *text, size_t len, struct mac_list *macs)
{
	char word[MAC_TEXT + 3];
	uint64_t mac, bits = 48;

	for (; len && *text == ' '; len--)
		text++;
	while (len && text[len - 1] == ' ')
		len--;
	if (macs->count == MACS_MAX || len >= sizeof word)
		return false;
	snprintf(word, sizeof word, "%.*s", (int)len, text);
	char *slash = strchr(word, '/');
	if (slash) {
		*slash++ = 0;
		if (!text_number(slash, 48, &bits) || !bits)
			return false;
	}
	if (!text_mac(word, &mac) || mac >> 40 & 1 || (!mac && bits == 48))
		return false;
	macs->range[macs->count].mac = mac & text_mac_mask((unsigned)bits);
	macs->range[macs->count++].bits = (unsigned)bits;
	return true;
}

bool text_macs(const char *text, struct mac_list *macs)
{
	struct mac_list list = {.count = 0};
	bool none = !strcasecmp(text, "none");

	for (; !none; text++) {
		size_t len = strcspn(text, ",");
		if (!append_mac_range(text, len, &list))
			return false;
		text += len;
		if (!*text)
			break;
	}
	*macs = list;
	return true;
}

void text_put_macs(const struct mac_list *macs, char out[MACS_TEXT])
{
	size_t at = 0;

	snprintf(out, MACS_TEXT, "none");
	for (unsigned i = 0; i < macs->count; i++) {
		char mac[MAC_TEXT];
		text_put_mac(macs->range[i].mac, mac);
		at += (size_t)snprintf(out + at, MACS_TEXT - at, "%s%s", i ? "," : "", mac);
		if (macs->range[i].bits < 48)
			at += (size_t)snprintf(out + at, MACS_TEXT - at, "/%u",
					       macs->range[i].bits);
	}
}

enum { VID_FIRST = 1, VID_LAST = 4094 };

// Parses a VID at *text, and moves *text behind it.
static bool read_vid(const char **text, unsigned *vid)
{
	unsigned v = 0, digits = 0;

	for (; isdigit((unsigned char)**text) && digits < 5; digits++)
		v = v * 10 + (unsigned)(*(*text)++ - '0');
	*vid = v;
	return digits && v >= VID_FIRST && v <= VID_LAST;
}

bool text_vlans(const char *text, struct vlanset *vlans)
{
	struct vlanset set = {{0}};

	for (;; text++) {
		unsigned first, last;
		while (*text == ' ')
			text++;
		if (!read_vid(&text, &first))
			return false;
		last = first;
		if (*text == '-' && (text++, !read_vid(&text, &last) || last < first))
			return false;
		for (unsigned vid = first; vid <= last; vid++)
			vlanset_add(&set, vid);
		while (*text == ' ')
			text++;
		if (*text != ',')
			break;
	}
	if (*text)
		return false;
	*vlans = set;
	return true;
}

void text_put_vlans(const struct vlanset *vlans, char out[VLANS_TEXT])
{
	size_t at = 0;

	out[0] = 0;
	for (unsigned first = VID_FIRST; first <= VID_LAST; first++) {
		unsigned last = first;
		if (!vlanset_has(vlans, first))
			continue;
		while (last < VID_LAST && vlanset_has(vlans, last + 1))
			last++;
		at += (size_t)snprintf(out + at, VLANS_TEXT - at, "%s%u", at ? "," : "", first);
		if (last > first)
			at += (size_t)snprintf(out + at, VLANS_TEXT - at, "-%u", last);
		first = last;
	}
}

void text_put_date(uint64_t unix_ms, char out[DATE_TEXT])
{
	time_t s = (time_t)(unix_ms / 1000);
	struct tm tm;
	char text[DATE_TEXT];

	strftime(text, sizeof text, "%FT%T", gmtime_r(&s, &tm));
	snprintf(out, DATE_TEXT, "%.19s.%03uZ", text, (unsigned)(unix_ms % 1000));
}

bool text_switch(const char *text, bool *on)
{
	static const char *const words[] = {"off", "on", "false", "true", "no", "yes"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(text, words[i])) {
			*on = i % 2;
			return true;
		}
	return false;
}

static const char name_letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

bool text_is_name(const char *text, size_t max)
{
	size_t len = strlen(text);

	return len >= 1 && len <= max && strspn(text, name_letters) == len;
}

void text_make_name(char *text)
{
	for (char *c = text; *c; c++)
		if (!strchr(name_letters, *c) || (c == text && *c == '.'))
			*c = '_';
}

// Length of the UTF-8 sequence at s, 0 if it is invalid (RFC 3629). Overlong forms and surrogates
// are invalid.
static size_t utf8_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80                   ? 1
		   : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
		   : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
		   : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
						 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	bool bad = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		   (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f);
	return bad ? 0 : n;
}

// Whether the UTF-8 sequence of this length at s is a control character: U+0000 to U+001F and
// U+007F to U+009F.
static bool is_control(const unsigned char *s, size_t n)
{
	return *s < ' ' || *s == 0x7f || (n == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

void text_clean(char *message)
{
	for (unsigned char *s = (unsigned char *)message; *s;) {
		size_t n = utf8_length(s);
		if (!n)
			*s = '?';
		else if (is_control(s, n))
			memset(s, '?', n);
		s += n ? n : 1;
	}
}

bool text_is_clean(const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s;) {
		size_t n = utf8_length(s);
		if (!n || is_control(s, n))
			return false;
		s += n;
	}
	return true;
}

enum { NEAR_WORD = 40 };

// The Levenshtein distance of two words.
static size_t distance(const char *a, const char *b)
{
	size_t row[NEAR_WORD + 1], la = strlen(a), lb = strlen(b);

	if (la > NEAR_WORD || lb > NEAR_WORD)
		return NEAR_WORD;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			row[j] = change < step ? change : step;
		}
	}
	return row[lb];
}

const char *text_nearest(const char *word, text_word_fn next, void *arg)
{
	const char *best = NULL, *w;
	size_t least = strlen(word) / 3 + 1;

	for (size_t i = 0; (w = next(arg, i)); i++) {
		size_t d = distance(word, w);
		if (d < least + !best) {
			least = d;
			best = w;
		}
	}
	return best;
}

static const char *word_at(void *words, size_t i)
{
	return ((const char *const *)words)[i];
}

// "a, b or c"; "a, b …" if that would be longer than max.
static void join_words(char *out, size_t max, text_word_fn next, void *arg)
{
	size_t at = 0;
	const char *w;

	for (size_t i = 0; (w = next(arg, i)); i++) {
		const char *between = !i ? "" : next(arg, i + 1) ? ", " : " or ";
		if (at + strlen(between) + strlen(w) >= max) {
			snprintf(out + at, sizeof " …", " …");
			return;
		}
		at += (size_t)sprintf(out + at, "%s%s", between, w);
	}
}

const char *text_hint(char hint[TEXT_HINT], const char *word, text_word_fn next, void *arg,
		      const char *otherwise)
{
	const char *near = text_nearest(word, next, arg);
	char list[TEXT_HINT - 8] = "";

	*hint = 0;
	if (!near && !otherwise)
		join_words(list, sizeof list - sizeof " …", next, arg);
	if (near)
		snprintf(hint, TEXT_HINT, " (did you mean '%s'?)", near);
	else if (otherwise || *list)
		snprintf(hint, TEXT_HINT, " (%s)", otherwise ? otherwise : list);
	return hint;
}

const char *text_hint_of(char hint[TEXT_HINT], const char *word, const char *const *words)
{
	return text_hint(hint, word, word_at, (void *)(uintptr_t)words, NULL);
}

size_t text_columns(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

enum { WRAP_COLUMNS = 100 };

// The number of bytes, up to a blank or the end of the line, that fit into these columns.
static size_t line_length(const char *text, size_t columns)
{
	size_t fits = 0;

	for (size_t at = 0, n = 0; n <= columns; n += (text[at++] & 0xc0) != 0x80) {
		if (!text[at] || text[at] == '\n')
			return at;
		if (text[at] == ' ')
			fits = at;
	}
	return fits ? fits : strcspn(text, " \n");
}

void text_wrap(FILE *out, const char *text, int indent)
{
	while (*text) {
		size_t n = line_length(text, WRAP_COLUMNS - (size_t)indent);
		fprintf(out, "%*s%.*s\n", n ? indent : 0, "", (int)n, text);
		text += n + (text[n] != 0);
	}
}
