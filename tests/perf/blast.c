// SPDX-License-Identifier: BSD-3-Clause
// blast: repeatedly sends captures on interfaces at full speed, from one core. It prints as JSON
// the cycles and the number of frames that the other interfaces received.
//
// Model   Packet sockets without a queue. A frame on a veth is sent, bridged and received on the
//         sending core, during the system call or directly after it. So the core's time is the
//         whole cost. Every capture is first sent once, so that bridges learn every source.
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <x86intrin.h>

enum { BURST = 32, SENDERS_MAX = 8 };

// A capture in memory and its interface.
struct sender {
	const char *interface, *counted; // `counted` receives what other senders sent
	int socket;
	unsigned count, at;
	struct mmsghdr *message;
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "blast: %s: %s\n", what, why);
	exit(1);
}

static void *must(void *memory)
{
	if (!memory)
		die("memory", strerror(errno));
	return memory;
}

static void read_capture(struct sender *s, const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	pcap_t *capture = pcap_open_offline(path, error);

	if (!capture)
		die(path, error);
	while (pcap_next_ex(capture, &header, &data) == 1) {
		if (!(s->count & (s->count - 1)))
			s->message = must(
				realloc(s->message, 2 * (s->count + 1) * sizeof *s->message));
		struct iovec *v = must(malloc(sizeof *v + header->caplen));
		*v = (struct iovec){.iov_base = memcpy(v + 1, data, header->caplen),
				    .iov_len = header->caplen};
		s->message[s->count++] = (struct mmsghdr){
			.msg_hdr = {.msg_iov = v, .msg_iovlen = 1}};
	}
	pcap_close(capture);
	if (!s->count)
		die(path, "has no frame");
}

static void open_interface(struct sender *s)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)if_nametoindex(s->interface)};
	const int on = 1;

	// With protocol 0 it receives nothing.
	s->socket = socket(AF_PACKET, SOCK_RAW, 0);
	if (!to.sll_ifindex || s->socket < 0 ||
	    bind(s->socket, (struct sockaddr *)&to, sizeof to) ||
	    setsockopt(s->socket, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on))
		die(s->interface, strerror(errno));
}

// Returns the number of sent frames.
static unsigned send_burst(struct sender *s)
{
	unsigned left = s->count - s->at, n = left < BURST ? left : BURST;
	int sent = sendmmsg(s->socket, &s->message[s->at], n, 0);

	if (sent < 0 && errno != ENOBUFS)
		die(s->interface, strerror(errno));
	if (sent > 0)
		s->at = (s->at + (unsigned)sent) % s->count;
	return sent > 0 ? (unsigned)sent : 0;
}

static uint64_t received(const struct sender *s, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++) {
		char path[128];
		unsigned long long packets;
		snprintf(path, sizeof path, "/sys/class/net/%s/statistics/rx_packets",
			 s[i].counted);
		FILE *f = fopen(path, "r");
		if (!f || fscanf(f, "%llu", &packets) != 1)
			die(path, "cannot be read");
		fclose(f);
		sum += packets;
	}
	return sum;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pin(unsigned core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(0, sizeof set, &set))
		die("core", strerror(errno));
}

static void blast(struct sender *s, unsigned n, double seconds)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned sent = 0; sent < s[i].count;)
			sent += send_burst(&s[i]);
	uint64_t sent = 0, before = received(s, n), start = __rdtsc();
	for (double end = now_s() + seconds; now_s() < end;)
		for (unsigned i = 0; i < n; i++)
			sent += send_burst(&s[i]);
	uint64_t cycles = __rdtsc() - start, through = received(s, n) - before;
	printf("{\"cycles\": %" PRIu64 ", \"sent\": %" PRIu64 ", \"received\": %" PRIu64 "}\n",
	       cycles, sent, through);
}

int main(int argc, char **argv)
{
	static struct sender senders[SENDERS_MAX];
	unsigned n = 0;

	if (argc < 6 || argc % 3 || argc > 3 * (1 + SENDERS_MAX)) {
		fputs("usage: blast CORE SECONDS INTERFACE COUNTED CAPTURE [INTERFACE COUNTED CAPTURE…]\n",
		      stderr);
		return 2;
	}
	for (int i = 3; i < argc; i += 3, n++) {
		senders[n].interface = argv[i];
		senders[n].counted = argv[i + 1];
		read_capture(&senders[n], argv[i + 2]);
		open_interface(&senders[n]);
	}
	pin((unsigned)strtoul(argv[1], NULL, 10));
	blast(senders, n, strtod(argv[2], NULL));
	return 0;
}
