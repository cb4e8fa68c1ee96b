# SPDX-License-Identifier: BSD-3-Clause
"""A profile for TRex (stateless): two nested hosts, one behind each port, with many inner MACs each.

Tunables: macs (behind each port), size (bytes with FCS, or imix), vlan (0: untagged).
"""

import argparse

from trex_stl_lib.api import STLPktBuilder, STLProfile, STLScVmRaw, STLStream, STLTXCont, STLVmFlowVar, STLVmWrFlowVar
from trex_stl_lib.api import Dot1Q, Ether, IP, UDP

FCS = 4
IMIX = ((64, 7), (576, 4), (1518, 1))  # (size, share)


def station(port):
    return f"02:00:00:{port:02x}:00:00"


def counter(name, macs, offset):
    """The last two bytes of a MAC count up to the number of MACs."""
    return [STLVmFlowVar(name=name, min_value=0, max_value=macs - 1, size=2, op="random"),
            STLVmWrFlowVar(fv_name=name, pkt_offset=offset)]


class NestedHosts:
    """What TRex asks for its streams."""

    def stream(self, port, size, share, macs, vlan):
        frame = Ether(src=station(port), dst=station(1 - port))
        if vlan:
            frame /= Dot1Q(vlan=vlan)
        frame /= IP(src=f"198.18.{port}.1", dst=f"198.18.{1 - port}.1") / UDP(sport=1024, dport=1024)
        frame /= "x" * max(0, size - FCS - len(frame))
        changes = STLScVmRaw(counter("dst", macs, 4) + counter("src", macs, 10))
        return STLStream(packet=STLPktBuilder(pkt=frame, vm=changes), mode=STLTXCont(pps=share))

    def get_streams(self, tunables=(), direction=0, **_):
        parser = argparse.ArgumentParser()
        parser.add_argument("--macs", type=int, default=2000)
        parser.add_argument("--size", default="64")
        parser.add_argument("--vlan", type=int, default=0)
        args = parser.parse_args(tunables)
        sizes = IMIX if args.size == "imix" else ((int(args.size), 1),)
        return [self.stream(direction, size, share, args.macs, args.vlan) for size, share in sizes]


def register():
    return NestedHosts()
