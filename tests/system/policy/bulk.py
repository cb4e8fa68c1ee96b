# SPDX-License-Identifier: BSD-3-Clause
"""bulk: sends many frames through `nestswitch replay`. Pipes carry the captures, which are never stored."""

import fcntl
import json
import os
import struct
import subprocess
import tempfile
from array import array
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

SECOND = 10**9
PIECE = 1 << 20  # bytes made at a time
HEADER = struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1)
EXPERIMENTAL = 0x88b5  # EtherType for local experiments (IEEE 802)
PATIENCE_S = 300
PIPE = 1 << 18


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def frame(source, destination, size, vid=None, fill=b"\0"):
    tag = b"" if vid is None else struct.pack("!HH", 0x8100, vid)
    head = mac(destination) + mac(source) + tag + struct.pack("!H", EXPERIMENTAL)
    return head + fill * (size - len(head))


def record(time, data):
    return struct.pack("<IIII", *divmod(time, SECOND), len(data), len(data)) + data


def set_column(block, offset, stride, numbers, size=4):
    """Writes numbers, `size` bytes each, into every record of a block at once."""
    raw = numbers.tobytes()
    for byte in range(size):
        block[offset + byte::stride] = raw[byte::numbers.itemsize]


def steady(data, gap, start, end):
    """Records that repeat one frame every `gap` ns, from time `start` to before `end`."""
    stride = 16 + len(data)
    while start < end:
        second = start // SECOND
        until = min(end, (second + 1) * SECOND, start + PIECE // stride * gap)
        times = array("I", range(start % SECOND, until - second * SECOND, gap))
        block = bytearray(record(second * SECOND, data) * len(times))
        set_column(block, 4, stride, times)
        yield block
        start += len(times) * gap


def volley(data, count, time):
    """The same frame `count` times with the same time stamp."""
    return [record(time, data) * count]


def pour(descriptor, pieces):
    try:
        with open(descriptor, "wb") as pipe:
            pipe.write(HEADER)
            for piece in pieces:
                pipe.write(piece)
    except BrokenPipeError:
        pass  # replay ended early and prints the reason


class Replay:
    """Runs `nestswitch replay` in a temporary folder."""

    def __init__(self, build):
        self.program = Path(build).resolve() / "nestswitch"
        shm = "/dev/shm"
        self.temporary = tempfile.TemporaryDirectory(prefix="nest-policy-", dir=shm if os.path.isdir(shm) else None)
        self.folder = Path(self.temporary.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def run(self, config, inputs, out=False, until=None):
        """Replays `inputs`, the pieces of a capture by port. Returns the report."""
        path, report = self.folder / "config.yaml", self.folder / "report.json"
        path.write_text(config)
        words = [self.program, "replay", "--config", path, "--report", report]
        words += ["--out", self.folder / "out"] * out + (["--until", str(until)] if until else [])
        with self.pipes(inputs) as pipes:
            words += [word for port, pipe in pipes.items() for word in ("--in", f"{port}=/dev/fd/{pipe}")]
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  pass_fds=pipes.values(), timeout=PATIENCE_S)
        assert done.returncode == 0, f"replay: exit status {done.returncode}: {done.stderr}"
        assert not done.stderr, f"replay says: {done.stderr}"
        return Report(json.loads(report.read_text()))

    @contextmanager
    def pipes(self, inputs):
        """A pipe for each port, and a thread that fills it."""
        ends, threads = {}, []
        for port, pieces in inputs.items():
            ends[port], writer = os.pipe()
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE)
            threads.append(Thread(target=pour, args=(writer, pieces)))
        for thread in threads:
            thread.start()
        try:
            yield ends
        finally:
            for end in ends.values():
                os.close(end)
            for thread in threads:
                thread.join()

    def output(self, port):
        return self.folder / "out" / f"{port}.pcap"


class Report:
    def __init__(self, report):
        self.fdb, self.events = report["fdb"], report["events"]
        self.ports = {port["name"]: port for port in report["ports"]}

    def check_conservation(self):
        for name, port in self.ports.items():
            ended = port["rx_forwarded"] + port["rx_flooded"] + sum(port["rx_drops"].values())
            assert port["rx_packets"] == ended, f"{name}: {port['rx_packets']} frames came, {ended} ended"

    def drops(self, port):
        return {reason: n for reason, n in self.ports[port]["rx_drops"].items() if n}
