// SPDX-License-Identifier: BSD-3-Clause
// reader: reads the Ethernet frames of a capture, pcap or pcapng.
//
// Model     libpcap hides interfaces, directions and comments of pcapng, and refuses files whose
//           interfaces differ. It also cuts stamps at 2038, and records at the file's snap length.
//           Therefore this is code of our own (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).
//           Both byte orders are read, and sections of pcapng in either. Frames of interfaces that
//           are no Ethernet are skipped and counted. An FCS is cut off where the file says that
//           there is one.
// Ownership reader_open() to reader_close(). The data of records are valid until the next call.
// Time      Nanoseconds since 1970, at most CAPTURE_NS_MAX.
// Limits    READER_RECORD_MAX bytes of a frame, READER_INTERFACES_MAX interfaces. A capture that
//           exceeds them is read up to there.
// Errors    A text for the user, which begins with the path.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/pcap/record.h"

struct reader;

// NULL: see error.
struct reader *reader_open(const char *path, char error[CAPTURE_ERROR]);
void reader_close(struct reader *r);

// Reads at least one record, and further ones as long as they are in memory, at most max.
// *n: how many, 0 if the result is not READER_RECORD.
enum reader_status reader_read(struct reader *r, struct capture_record *out, unsigned max,
			       unsigned *n, char text[CAPTURE_ERROR]);

// Reads one record.
enum reader_status reader_next(struct reader *r, struct capture_record *out,
			       char text[CAPTURE_ERROR]);

// The interfaces that were met so far. pcap has one without a name. One of pcapng that has no name
// is called by its number in the file, as Wireshark counts: from 0.
uint32_t reader_interfaces(const struct reader *r);
const char *reader_interface_name(const struct reader *r, uint32_t interface);
bool reader_interface_is_ethernet(const struct reader *r, uint32_t interface);
bool reader_interface_has_frames(const struct reader *r, uint32_t interface); // so far
bool reader_names_interfaces(const struct reader *r);                         // false: pcap

// The name of its link type. It is valid until the next call for any file.
const char *reader_link_name(const struct reader *r, uint32_t interface);

// Frames that were skipped so far because their interface is no Ethernet.
uint64_t reader_skipped(const struct reader *r);

// The bytes of the FCS that were cut off frames, 0: none.
unsigned reader_fcs(const struct reader *r);

// Bytes of the file, 0 if that is not known, and how many of them were read.
uint64_t reader_size(const struct reader *r);
uint64_t reader_done(const struct reader *r);

// How to record better than with this link type, for the end of a message. It may be empty.
const char *capture_link_advice(const char *link);
