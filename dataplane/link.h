// SPDX-License-Identifier: BSD-3-Clause
// link: whether the device of a port has a link, and if not, why.
#pragma once

// clang-format off
#define LINK_LIST(X) \
	X(DOWN, "down")                             /* the driver does not say why */ \
	X(UP, "up") \
	X(NO_CARRIER, "no-carrier")                 /* an interface that is up; its other end is not */ \
	X(SET_DOWN, "set-down")                     /* an interface, by its administrator */ \
	X(SET_DOWN_ELSEWHERE, "set-down-elsewhere") /* a TAP that was moved to another namespace */ \
	X(NO_PEER, "no-peer")                       /* nobody is at the other end of the socket */ \
	X(GONE, "gone")                             /* there is no such interface or NIC */ \
	X(FAILED, "failed")                         /* the NIC is there, but does not open */
// clang-format on

enum link {
#define X(id, name) LINK_##id,
	LINK_LIST(X)
#undef X
		LINKS
};
