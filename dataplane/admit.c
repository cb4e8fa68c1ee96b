// SPDX-License-Identifier: BSD-3-Clause
#include "admit.h"

#define MAC_BRIDGE_GROUP UINT64_C(0x0180c2000000) // spanning tree; :01 to :0f are reserved for other protocols
#define MAC_PVST UINT64_C(0x01000ccccccd)

enum outcome admit_reserved(const struct portconf *p, uint64_t dst)
{
	if (dst == MAC_BRIDGE_GROUP || dst == MAC_PVST)
		return p->bpdu_forward ? ADMITTED : OUT_BPDU;
	if ((dst & ~UINT64_C(0xf)) == MAC_BRIDGE_GROUP)
		return p->link_local_forward ? ADMITTED : OUT_LINK_LOCAL;
	return ADMITTED;
}
