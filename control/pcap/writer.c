// SPDX-License-Identifier: BSD-3-Clause
#include "control/pcap/writer.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "control/pcap/record.h"

enum { BUFFER = 256 * 1024 };

struct writer {
	pcap_t *dead;
	pcap_dumper_t *dump;
	char buffer[BUFFER]; // glibc has no large buffers of its own
};

struct writer *writer_open(const char *path, char error[CAPTURE_ERROR])
{
	struct writer *w = malloc(sizeof *w);

	if (w)
		w->dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, READER_RECORD_MAX,
							       PCAP_TSTAMP_PRECISION_NANO);
	if (!w || !w->dead) {
		free(w);
		snprintf(error, CAPTURE_ERROR, "%s: out of memory", path);
		return NULL;
	}
	w->dump = NULL;
	FILE *file = fopen(path, "wb");
	if (file) {
		setvbuf(file, w->buffer, _IOFBF, BUFFER);  // system calls take most of the time
		__fsetlocking(file, FSETLOCKING_BYCALLER); // one thread writes
		w->dump = pcap_dump_fopen(w->dead, file);
	}
	if (w->dump)
		return w;
	snprintf(error, CAPTURE_ERROR, "%s: %s", path,
		 file ? pcap_geterr(w->dead) : strerror(errno));
	if (file)
		fclose(file);
	pcap_close(w->dead);
	free(w);
	return NULL;
}

void writer_put(struct writer *w, uint64_t ns, const uint8_t *data, uint32_t len)
{
	struct pcap_pkthdr h = {
		.ts = {.tv_sec = (time_t)(ns / 1000000000),
		       .tv_usec = (suseconds_t)(ns % 1000000000)},
		.caplen = len < READER_RECORD_MAX ? len : READER_RECORD_MAX,
		.len = len,
	};

	pcap_dump((u_char *)w->dump, &h, data);
}

bool writer_close(struct writer *w)
{
	bool good = !pcap_dump_flush(w->dump) && !ferror(pcap_dump_file(w->dump));

	pcap_dump_close(w->dump);
	pcap_close(w->dead);
	free(w);
	return good;
}
