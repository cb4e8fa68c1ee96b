// SPDX-License-Identifier: BSD-3-Clause
// `nestctl capture`: compiles the filter here, so that a slow name lookup delays only this client.
// Writes the stream to a file.
#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/cli/capture.h"

#include "control/cli/capturefile.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/framelines.h"
#include "control/common/complain.h"

enum { SNAPLEN = 262144, MIB = 1 << 20 };

static int connection; // that the signal handler shuts down

static json_t *instructions(const struct bpf_program *p)
{
	json_t *list = json_array();

	for (u_int i = 0; i < p->bf_len; i++) {
		const struct bpf_insn *n = &p->bf_insns[i];
		json_array_append_new(
			list, json_pack("[i,i,i,I]", n->code, n->jt, n->jf, (json_int_t)n->k));
	}
	return list;
}

// Compiles parameter `filter` into parameter `program`.
static bool compile_filter(json_t *params)
{
	const char *filter = json_string_value(json_object_get(params, "filter"));
	pcap_t *ethernet = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	struct bpf_program program;
	bool good = !filter || (ethernet &&
				!pcap_compile(ethernet, &program, filter, 1, PCAP_NETMASK_UNKNOWN));

	if (!good)
		complain("filter '%s': %s", filter,
			 ethernet ? pcap_geterr(ethernet) : "out of memory");
	else if (filter) {
		json_object_set_new(params, "program", instructions(&program));
		pcap_freecode(&program);
	}
	if (ethernet)
		pcap_close(ethernet);
	return good;
}

static uint64_t param_of(const json_t *params, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(params, name));
}

// Reads the parameters about files.
static bool plan_files(const struct session *s, const json_t *params, struct capturefile *f)
{
	const char *path = json_string_value(json_object_get(params, "write"));
	bool to_stdout = path && !strcmp(path, "-"), sized = json_object_get(params, "size");

	*f = (struct capturefile){.path = path ? path : "-",
				  .size = param_of(params, "size") * MIB,
				  .keep = param_of(params, "files"),
				  .fd = -1};
	if (!path && (sized || json_object_get(params, "files")))
		complain("size and files need a file (write FILE)");
	else if (to_stdout && isatty(STDOUT_FILENO))
		complain(
			"a capture cannot be written to a terminal (omit 'write -' to see a line for each frame)");
	else if (to_stdout && s->json)
		complain(
			"with -j, a capture cannot be written to standard output (write FILE, or omit -j)");
	else if (to_stdout && sized)
		complain(
			"with size, a capture cannot be written to standard output (write FILE, or omit size)");
	else if (sized && !f->size)
		complain("size cannot be 0 (at least 1 MiB)");
	else if (json_object_get(params, "files") && (!f->keep || !sized))
		complain("%s", sized ? "files cannot be 0 (at least 1)"
				     : "files needs a size (size MIB files N)");
	else
		return true;
	return false;
}

static void end_capture(int number)
{
	(void)number;
	shutdown(connection, SHUT_WR);
}

// The first signal ends the capture, the second one ends the program.
static void handle_signals(int fd)
{
	struct sigaction a = {.sa_handler = end_capture, .sa_flags = (int)SA_RESETHAND};

	connection = fd;
	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	signal(SIGPIPE, SIG_IGN);
}

// Receives bytes of the stream, returns their number. 0: the stream has ended, or the reader of the
// capture has gone.
static ssize_t receive_stream(const struct session *s, struct capturefile *f, uint8_t *to,
			      size_t room)
{
	struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN}, {.fd = f->fd}};
	ssize_t n;

	do {
		if (poll(fds, sizeof fds / sizeof *fds, -1) > 0 && fds[1].revents)
			f->unread = true;
		if (f->unread)
			return 0;
		n = read(s->fd, to, room);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? n : 0;
}

// Copies the stream into the files.
static bool copy_stream(const struct session *s, struct capturefile *f)
{
	uint8_t *data = malloc(CAPTUREFILE_BLOCK);
	size_t have = 0, taken;
	bool good = data;
	ssize_t n;

	while (good && (n = receive_stream(s, f, data + have, CAPTUREFILE_BLOCK - have)) > 0) {
		have += (size_t)n;
		good = capturefile_take(f, data, have, &taken);
		if (good)
			memmove(data, data + taken, have -= taken);
	}
	if (!data)
		complain("out of memory");
	free(data);
	return good;
}

static void show_summary(const struct session *s, const struct command *c,
			 const struct capturefile *f)
{
	json_t *summary = capturefile_summary(f);

	if (s->json && !f->lines)
		client_show(s, c->view, summary);
	else
		fprintf(stderr, "%llu frame%s captured, %llu lost\n",
			(unsigned long long)f->captured, f->captured == 1 ? "" : "s",
			(unsigned long long)f->lost);
	json_decref(summary);
}

static int capture_into(struct session *s, const struct command *c, struct capturefile *f)
{
	handle_signals(s->fd);
	bool good = capturefile_open(f) && copy_stream(s, f);
	good = capturefile_close(f) && good;
	if (f->unread)
		return EXIT_DONE;
	if (!good)
		return EXIT_REFUSED;
	if (f->open) {
		complain("lost the connection to the switch at %s after %llu frames", s->socket,
			 (unsigned long long)f->captured);
		return EXIT_UNREACHABLE;
	}
	show_summary(s, c, f);
	return EXIT_DONE;
}

int capture_run(struct session *s, const struct command *c, json_t *params)
{
	static const char *const own[] = {"filter", "write", "size", "files"};
	json_t *request = json_copy(params), *result = NULL;
	struct framelines lines = {.json = s->json};
	struct capturefile f;
	int status = EXIT_USAGE;

	if (plan_files(s, params, &f) && compile_filter(request)) {
		for (size_t i = 0; i < sizeof own / sizeof *own; i++)
			json_object_del(request, own[i]);
		if (!json_object_get(params, "write")) {
			f.lines = &lines;
			if (!json_object_get(request, "snaplen"))
				json_object_set_new(request, "snaplen",
						    json_integer(FRAMELINES_SNAPLEN));
		}
		setvbuf(s->in, NULL, _IONBF, 0); // receive_stream() reads what follows the reply
		status = client_ask(s, c, request, &result);
		if (!status)
			status = capture_into(s, c, &f);
	}
	framelines_free(&lines);
	json_decref(result);
	json_decref(request);
	return status;
}
