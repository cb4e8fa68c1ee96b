// SPDX-License-Identifier: BSD-3-Clause
// row: reads a row of the kernel's FDB, or one of its neighbours, from its message.
//
// Model    The kernel is trusted, but no message is believed to be as long as its type asks for.
// Threads  Any.
// Errors   False: the message is no such row.
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>

#include "control/evpn/mirror.h"
#include "control/evpn/neighbours.h"

// False as well: the row has an address of a device itself. r->destination is 0 if the row names a
// next hop object.
bool row_read(const struct nlmsghdr *h, struct mirror_row *r);

// r->mac is 0 if the kernel looks for the neighbour.
bool row_read_neighbour(const struct nlmsghdr *h, struct neighbours_row *r);
