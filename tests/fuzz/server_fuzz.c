// SPDX-License-Identifier: BSD-3-Clause
// What a client sends, in pieces, to the control socket or to the HTTP server of a switch for
// replay. Each answer is well-formed, the server closes the connection of a client that has sent
// all, and the switch stays as valid as before.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/api/control.h"
#include "control/common/error.h"
#include "control/server/http.h"
#include "control/server/socket.h"
#include "control/switch/state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/testswitch.h"

enum {
	// bits of the first byte
	BY_HTTP = 1,
	IN_PIECES = 2,
	READS_LATE = 4, // only when nothing more can be sent, so that the server has a backlog
	BREAKS_OFF = 8, // closes the connection while answers are on their way
			// All of these: the input is sent REPEATED times, and captures are offered.
			// That takes milliseconds.
	HEAVY = 0xf0,
	REPEATED = 64,
	RECEIVED_MAX = 1 << 22,
	QUIET_MAX = 2000, // rounds of the loop, with a sleep in each late one
	QUIET_BRIEF = 100,
};

// The client's end of a connection.
struct peer {
	int fd;
	uint8_t mode;
	const char *data;
	size_t size, sent, piece;
	unsigned repeats; // left
	bool all_sent, ended;
	char *received;
	size_t length;
};

static struct control control;
static struct event_base *base;
static struct rpc *rpc;
static char folder[64], path[80];

static void tell(void *unused, const struct event *e)
{
	(void)unused;
	if (rpc)
		rpc_tell(rpc, e);
}

static void clean_up(void)
{
	rpc_close(rpc);
	rmdir(folder);
}

static void start(void)
{
	struct error e;

	signal(SIGPIPE, SIG_IGN); // as in run.c
	base = event_base_new();
	MUST(base && !event_base_priority_init(base, 2));
	testswitch_start(&control, base, tell);
	snprintf(folder, sizeof folder, "/tmp/server_fuzz-%d", (int)getpid());
	snprintf(path, sizeof path, "%s/socket", folder);
	rpc = rpc_claim(path, RPC_NO_GROUP, &e);
	MUST(rpc, "%s", e.text);
	MUST(rpc_open(rpc, base, &control, &e), "%s", e.text);
	atexit(clean_up);
}

// An HTTP server for each input, because it remembers wrong tokens. Its socket is of the family
// AF_UNIX and has no path: with TCP, ports would run out.
static struct http *open_http(struct sockaddr_un *a, socklen_t *size)
{
	struct http_conf c = {.token = "0123456789abcdef"};
	struct http *h;
	struct error e;

	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			    (size_t)snprintf(a->sun_path + 1, 64, "server_fuzz-%d", (int)getpid()));
	memcpy(&c.address, a, *size);
	c.address_len = (int)*size;
	MUST(http_open(&h, base, &c, &control, &e), "%s", e.text);
	return h;
}

static int connected(const struct sockaddr_un *a, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	MUST(fd >= 0 && !connect(fd, (const struct sockaddr *)a, size), "%s", strerror(errno));
	return fd;
}

// Sends the next piece. False: nothing can be sent.
static bool send_piece(struct peer *p)
{
	size_t left = p->size - p->sent, want = left < p->piece ? left : p->piece;
	ssize_t n;

	if (p->all_sent)
		return false;
	if (!left && p->repeats) {
		p->repeats--;
		p->sent = 0;
		return true;
	}
	if (!left) {
		shutdown(p->fd, SHUT_WR);
		return p->all_sent = true;
	}
	n = send(p->fd, p->data + p->sent, want, MSG_NOSIGNAL);
	p->sent += n > 0 ? (size_t)n : 0;
	// The server may close first, after a request that it does not like.
	if (n < 0 && errno != EAGAIN)
		p->all_sent = true;
	return n > 0;
}

static bool receive(struct peer *p)
{
	ssize_t n = recv(p->fd, p->received + p->length, RECEIVED_MAX - p->length, 0);

	p->length += n > 0 ? (size_t)n : 0;
	p->ended |= !n || (n < 0 && errno != EAGAIN) || p->length == RECEIVED_MAX;
	return n > 0;
}

// Sends and receives until the server closes.
static void talk(struct peer *p)
{
	for (unsigned quiet = 0; !p->ended; quiet++) {
		bool sends = send_piece(p);
		event_base_loop(base, EVLOOP_NONBLOCK);
		bool late = p->mode & READS_LATE && sends;
		if (p->mode & BREAKS_OFF && p->all_sent)
			return;
		if (sends | (!late && receive(p)))
			quiet = 0;
		if (quiet > QUIET_BRIEF)
			usleep(1000); // a capture ends with the next tick of its timer
		MUST(quiet < QUIET_MAX, "the server does not close the connection");
	}
}

// One reply or notification.
static void check_reply(const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *version = json_string_value(json_object_get(o, "jsonrpc"));
	bool event = json_object_get(o, "method");

	MUST(version && !strcmp(version, "2.0"), "%.*s", (int)len, line);
	if (!event)
		MUST(!json_object_get(o, "result") != !json_object_get(o, "error") &&
			     json_object_get(o, "id"),
		     "%.*s", (int)len, line);
	json_decref(o);
}

// Complete lines up to a capture, whose stream begins with a section header block.
static void check_lines(const struct peer *p)
{
	const char *at = p->received, *end = at + p->length, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		if (*at == '\n' && end - at > 3 && (uint8_t)at[1] == 0x0d)
			return;
		check_reply(at, (size_t)(newline - at));
		at = newline + 1;
	}
	MUST(at == end || p->length == RECEIVED_MAX, "'%s' is no line", at);
}

// The first answer: a status, headers, and a body of the length that they say unless the request
// was HEAD.
static void check_answer(const struct peer *p)
{
	const char *body = strstr(p->received, "\r\n\r\n"), *length, *type;
	size_t left, want;

	if (!p->length)
		return;
	MUST(!strncmp(p->received, "HTTP/1.", 7) && body, "%s", p->received);
	length = strcasestr(p->received, "\r\nContent-Length: ");
	type = strcasestr(p->received, "\r\nContent-Type: application/json\r\n");
	body += 4;
	left = p->length - (size_t)(body - p->received);
	if (!length || length > body)
		return;
	want = strtoul(length + 18, NULL, 10);
	if (left >= want && want && type && type < body && *body == '{' &&
	    (left == want || !strncmp(body + want, "HTTP/", 5))) {
		json_t *o = json_loadb(body, want, JSON_REJECT_DUPLICATES, NULL);
		MUST(o, "%s", p->received);
		json_decref(o);
	}
}

static struct peer peer_of(uint8_t mode, uint8_t piece, const uint8_t *data, size_t size)
{
	static char received[RECEIVED_MAX + 1];

	return (struct peer){
		.mode = mode,
		.data = (const char *)data,
		.size = size,
		.piece = mode & IN_PIECES ? 1 + (size_t)piece : size + 1,
		.repeats = (mode & HEAVY) == HEAVY && !(mode & IN_PIECES) ? REPEATED - 1 : 0,
		.received = received,
	};
}

static void talk_lines(struct peer *p)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	strcpy(a.sun_path, path);
	p->fd = connected(&a, sizeof a);
	talk(p);
	close(p->fd);
	p->received[p->length] = 0;
	if (!(p->mode & BREAKS_OFF))
		check_lines(p);
}

static void talk_http(struct peer *p)
{
	struct sockaddr_un a;
	socklen_t size;
	struct http *h = open_http(&a, &size);

	p->fd = connected(&a, size);
	talk(p);
	close(p->fd);
	http_close(h);
	p->received[p->length] = 0;
	if (!(p->mode & BREAKS_OFF))
		check_answer(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!control.sw)
		start();
	if (size < 2)
		return 0;
	testswitch_offer(&control, (*data & HEAVY) == HEAVY);
	testswitch_reset(&control);
	struct peer p = peer_of(data[0], data[1], data + 2, size - 2);
	if (p.mode & BY_HTTP)
		talk_http(&p);
	else
		talk_lines(&p);
	// The server notices that the client has gone.
	for (int i = 0; i < 3; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	testswitch_check(&control);
	return 0;
}
