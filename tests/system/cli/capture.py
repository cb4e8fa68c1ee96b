# SPDX-License-Identifier: BSD-3-Clause
"""capture: tests `nestctl capture` on a live switch that receives captures. tshark and read() read the results."""

import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import tap
from bench import Client, PATIENCE_S, UNREACHABLE, frame, pcap
from programs import REFUSED, USAGE

SECTION, INTERFACE, STATISTICS, PACKET = 0x0a0d0d0a, 1, 5, 6
INBOUND, OUTBOUND = 1, 2
ONE, TWO, FORGED, CHANGED = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:f0", "02:00:00:00:00:c2"
AT_ONCE = 8
# More frames than the rings of a capture and the buffer of its reader can hold.
LOAD_PORTS, LOAD_FRAMES, LOAD_SIZE = 10, 1500, 3000

CONFIG = f"""
switch: {{ name: tapped }}
dataplane: {{ memory: 128, hugepages: off, busy-poll: off }}
policy: {{ mac-limit: 64 }}
ports:
  - {{ name: trunk, device: 'pcap:,trunk.pcap' }}
  - {{ name: access, device: 'pcap:,access.pcap', policy: {{ vlan-mode: access, access-vlan: 10 }} }}
  - {{ name: changed, device: 'null:', mac-address: '{TWO}', effective-mac: '{CHANGED}', policy: {{ mac-changes: reject }} }}
  - {{ name: slow, device: 'null:', policy: {{ egress-rate: 8, egress-burst: 1 }} }}
"""


def tagged(vid, data):
    return data[:12] + struct.pack("!HH", 0x8100, vid) + data[12:]


# Port `in`, whose own MAC is ONE, receives these frames.
TRAFFIC = [frame(ONE, size=60 + number) for number in range(40)]
TRAFFIC += [tagged(10, frame(ONE, size=100 + number)) for number in range(30)]
TRAFFIC += [frame(FORGED, TWO)] * 7 + [frame(ONE, "01:80:c2:00:00:0e")] * 5 + [frame("01:00:00:00:00:01", TWO)] * 3
TRAFFIC += [frame(ONE, ONE)] * 2 + [tagged(20, frame(ONE, TWO))] * 4 + [b"\x02" * 13]
NEW_PORT = f"in device pcap:in.pcap mac-address {ONE} forged-transmits reject allowed-vlans 1,10"


@dataclass
class Packet:
    interface: int
    ns: int
    data: bytes
    length: int
    direction: int
    comment: str


@dataclass
class Stream:
    """The content of a pcapng file, limited to the parts of the format that nestswitch uses."""
    names: list = field(default_factory=list)
    packets: list = field(default_factory=list)
    totals: list = field(default_factory=list)  # (interface, frames, lost frames)

    def of(self, name):
        return [packet for packet in self.packets if self.names[packet.interface] == name]

    def lost(self):
        return sum(lost for _, _, lost in self.totals)


def options(data):
    found = {}
    while data:
        code, length = struct.unpack_from("=HH", data)
        if not code:
            break
        found[code] = data[4:4 + length]
        data = data[4 + (length + 3 & ~3):]
    return found


def read(path):
    stream, data, at = Stream(), path.read_bytes(), 0
    while at < len(data):
        kind, length = struct.unpack_from("=II", data, at)
        assert length % 4 == 0 and struct.unpack_from("=I", data, at + length - 4)[0] == length, f"{path}: corrupt block at {at}"
        read_block(stream, kind, data[at + 8:at + length - 4])
        at += length
    return stream


def read_block(stream, kind, body):
    if kind == INTERFACE:
        stream.names.append(options(body[8:])[2].decode())
    elif kind == PACKET:
        interface, high, low, captured, length = struct.unpack_from("=5I", body)
        more = options(body[20 + (captured + 3 & ~3):])
        stream.packets.append(Packet(interface, high << 32 | low, body[20:20 + captured], length,
                                     struct.unpack("=I", more[2])[0], more.get(1, b"").decode()))
    elif kind == STATISTICS:
        more = options(body[12:])
        stream.totals.append((struct.unpack_from("=I", body)[0], *(struct.unpack("=Q", more[code])[0] for code in (4, 5))))
    else:
        tap.equal((kind, len(stream.names)), (SECTION, 0), "type of a block")


def read_pcap(path):
    """The frames of a classic capture in either byte order."""
    data, at, frames = path.read_bytes(), 24, []
    order = "<" if data[0] in (0xd4, 0x4d) else ">"
    while at < len(data):
        length = struct.unpack_from(order + "I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def tshark(path):
    """(interface, direction, length, time, comment) of each frame, as tshark prints them."""
    if not shutil.which("tshark"):
        raise tap.Skip("tshark is not installed")
    fields = ("frame.interface_name", "frame.packet_flags_direction", "frame.len", "frame.time_epoch", "frame.comment")
    done = subprocess.run(["tshark", "-r", path, "-Tfields", *(word for name in fields for word in ("-e", name))],
                          capture_output=True, text=True, timeout=PATIENCE_S)
    tap.equal(done.returncode, 0, f"exit status of tshark ({done.stderr})")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return [(name, int(direction, 16), int(length), float(at), comment) for name, direction, length, at, comment in lines]


class Lab:
    """A switch, captures that run on it, and ports that receive frames from a capture."""

    def __init__(self, bench, path):
        self.bench, self.path = bench, path

    def nestctl(self, *words):
        done = self.bench.run("nestctl", "-s", self.path, *words)
        assert not done.returncode, f"{words}: exit status {done.returncode}: {done.stderr}"
        return done.stdout

    def stats(self):
        return {port["name"]: port for port in json.loads(self.nestctl("-j", "stats"))}

    def start(self, words, file=None, **options):
        """Starts a capture and waits until it copies frames: it has written its interfaces by then."""
        if file:
            (self.bench.folder / file).unlink(missing_ok=True)
        process = subprocess.Popen([self.bench.build / "nestctl", "-s", self.path, *words.split(),
                                    *(["write", file] if file else [])],
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.bench.folder, text=True,
                                   **{"stdout": subprocess.PIPE} | options)
        self.bench.running.append(process)
        if file:
            wait_for(lambda: self.has_begun(file), f"{words} writes no file")
        return process

    def has_begun(self, file):
        path = self.bench.folder / file
        return path.exists() and path.stat().st_size

    def finish(self, process):
        """Interrupts a capture. Returns (captured, lost)."""
        process.send_signal(signal.SIGINT)
        return self.summary(process)

    def summary(self, process):
        _, said = process.communicate(timeout=PATIENCE_S)
        tap.equal(process.returncode, 0, f"exit status of nestctl ({said})")
        found = re.fullmatch(r"(\d+) frames captured, (\d+) lost\n", said)
        assert found, f"summary: {said}"
        return int(found[1]), int(found[2])

    def play(self, words, count):
        """Adds a port and waits until its device has delivered this many frames."""
        self.nestctl("port", "add", *words.split())
        name = words.split()[0]
        wait_for(lambda: self.stats()[name]["rx_packets"] == count, f"port {name} does not receive {count} frames")

    def read(self, file):
        return read(self.bench.folder / file)


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def lab(bench, config=CONFIG):
    for old in bench.folder.glob("*.pcapng*"):
        old.unlink()
    with bench.switch(config, "tapped") as path:
        yield Lab(bench, path)


def endless(bench):
    """The device of a port that receives at full speed."""
    bench.file("endless.pcap", pcap([frame(f"02:00:00:00:01:{n:02x}", f"02:00:00:00:01:{(n + 1) % 64:02x}", 60 + n) for n in range(64)]))
    return CONFIG + "  - { name: fast, device: 'net_pcap_f,rx_pcap=endless.pcap,infinite_rx=1' }\n"


def three_at_once(bench):
    """received, sent and dropped frames are complete, with port and reason"""
    bench.file("in.pcap", pcap(TRAFFIC))
    with lab(bench) as live:
        before = time.time()
        running = {direction: live.start(f"capture direction {direction}", f"{direction}.pcapng") for direction in ("rx", "tx", "drop")}
        live.play(NEW_PORT, len(TRAFFIC))
        counts = {direction: live.finish(process) for direction, process in running.items()}
        stats, after = live.stats(), time.time()
    check_traffic(bench, live, counts, stats)
    check_times(live, before, after)


def check_traffic(bench, live, counts, stats):
    received, sent, dropped = (live.read(f"{direction}.pcapng") for direction in ("rx", "tx", "drop"))
    for direction, stream in (("rx", received), ("tx", sent), ("drop", dropped)):
        tap.equal(counts[direction], (len(stream.packets), 0), f"summary of {direction}")
        tap.equal(sorted(stream.names), ["access", "changed", "in", "slow", "trunk"], "interfaces")
        tap.equal(sum(total for _, total, _ in stream.totals), len(stream.packets), "frames in the statistics")
    tap.equal([packet.data for packet in received.packets], TRAFFIC, "frames received")
    for port in ("trunk", "access"):
        out = read_pcap(bench.folder / f"{port}.pcap")
        assert len(out) >= 30, f"{port}: {len(out)} frames"
        tap.equal([packet.data for packet in sent.of(port)], out, f"frames sent to {port}")
    for port, counters in stats.items():
        wanted = {f"dropped: {reason}": n for reason, n in counters["rx_drops"].items() if n}
        wanted |= {f"not delivered: {reason}": n for reason, n in counters["tx_drops"].items() if n}
        comments = [packet.comment for packet in dropped.of(port)]
        tap.equal({comment: comments.count(comment) for comment in comments}, wanted, f"drops of {port}")
    tap.equal(len({packet.comment for packet in dropped.packets}), 8, "number of reasons")


def check_times(live, before, after):
    """tshark must read the same, with times between `before` and `after`."""
    for direction, wanted in (("rx", {INBOUND}), ("tx", {OUTBOUND}), ("drop", {INBOUND, OUTBOUND})):
        stream = live.read(f"{direction}.pcapng")
        shown = tshark(live.bench.folder / f"{direction}.pcapng")
        tap.equal([(name, way, length, comment) for name, way, length, _, comment in shown],
                  [(stream.names[packet.interface], packet.direction, packet.length, packet.comment) for packet in stream.packets],
                  f"{direction}, read by tshark,")
        tap.equal({way for _, way, _, _, _ in shown}, wanted, "directions")
        assert all(before - 0.1 < at < after + 0.1 for _, _, _, at, _ in shown), f"{direction}: times are outside of the test"


def choices(bench):
    """ports, filter, number of frames and their length can be selected"""
    with lab(bench, endless(bench)) as live:
        for words, count, proper in (
                ("capture port fast direction rx count 5", 5, lambda p: p.direction == INBOUND),
                ("capture port fast port trunk count 7", 7, lambda p: True),
                ("capture count 9 snaplen 20", 9, lambda p: len(p.data) == 20 and p.length >= 60),
                ("capture direction drop count 3", 3, lambda p: p.comment.startswith("dropped: same_port")),
                ("capture count 30 filter len>100", 30, lambda p: p.length > 100),
                ("capture count 4 filter ether[11]=7&&!arp", 4, lambda p: p.data[11] == 7)):
            tap.equal(live.summary(live.start(words, "choice.pcapng")), (count, 0), words)
            packets = live.read("choice.pcapng").packets
            tap.equal(len(packets), count, f"{words}: frames")
            assert all(map(proper, packets)), f"{words}: {packets}"
        for words in ("capture port trunk direction rx", "capture filter arp", "capture port trunk direction drop"):
            process = live.start(words, "none.pcapng")
            time.sleep(0.1)
            tap.equal(live.finish(process), (0, 0), words)
        done = live.nestctl("-j", "capture", "count", "6", "write", "json.pcapng")
        tap.equal(json.loads(done), {"captured": 6, "lost": 0, "files": [str(bench.folder / "json.pcapng")]}, "JSON")


def rotation(bench):
    """with rotation each file is complete, and no frame is lost or duplicated"""
    count = 15000
    bench.file("numbered.pcap", pcap([frame(ONE, size=300) + struct.pack("!I", number) for number in range(count)]))
    with lab(bench) as live:
        running = [live.start("capture direction rx size 1 write all.pcapng"),
                   live.start("capture direction rx size 1 files 2 write kept.pcapng")]
        wait_for(lambda: live.has_begun("all.pcapng.0") and live.has_begun("kept.pcapng.0"), "no file was created")
        live.play("in device pcap:numbered.pcap", count)
        tap.equal([live.finish(process) for process in running], [(count, 0)] * 2, "frames captured and lost")
    for name, all_of_them in (("all", True), ("kept", False)):
        paths = sorted(bench.folder.glob(f"{name}.pcapng.*"), key=lambda path: int(path.suffix[1:]))
        first = 0 if all_of_them else 3
        tap.equal([path.name for path in paths], [f"{name}.pcapng.{n}" for n in range(first, 5)], "files")
        parts = [read(path) for path in paths]
        numbers = [struct.unpack("!I", packet.data[-4:])[0] for part in parts for packet in part.of("in")]
        tap.equal(numbers, list(range(count - len(numbers), count)), "numbers of the frames")
        assert all(part.names for part in parts) and (len(numbers) == count) == all_of_them
        assert all(900000 < path.stat().st_size <= 1 << 20 for path in paths[:-1]), [path.stat().st_size for path in paths]
    tshark(paths[-1])


def slow_reader(bench):
    """a slow reader does not stop forwarding, and every lost frame is counted"""
    bench.file("load.pcap", pcap([frame(ONE, size=LOAD_SIZE)] * LOAD_FRAMES))
    with lab(bench) as live:
        process = live.start("capture direction rx", "slow.pcapng")
        process.send_signal(signal.SIGSTOP)
        for number in range(LOAD_PORTS):
            live.play(f"p{number} device pcap:load.pcap", LOAD_FRAMES)
        process.send_signal(signal.SIGCONT)
        captured, lost = live.finish(process)
        assert lost > 0, f"{captured} frames were captured and none lost: the reader was not slow"
        tap.equal(captured + lost, LOAD_PORTS * LOAD_FRAMES, "frames captured and lost")
    stream = live.read("slow.pcapng")
    tap.equal((len(stream.packets), stream.lost()), (captured, lost), "frames in the file, and lost frames in its statistics")
    for interface, total, missing in stream.totals:
        wanted = LOAD_FRAMES if stream.names[interface].startswith("p") else 0
        tap.equal((total, len([p for p in stream.packets if p.interface == interface])), (wanted, wanted - missing), "frames of a port")


def full_load(bench):
    """at full load every frame is captured or counted as lost"""
    with lab(bench, endless(bench)) as live:
        process = live.start("capture direction rx port fast", "full.pcapng")
        first = live.stats()["fast"]["rx_packets"]
        time.sleep(0.3)
        last = live.stats()["fast"]["rx_packets"]
        captured, lost = live.finish(process)
        assert captured + lost > last - first > 0, f"{captured} captured and {lost} lost of {last - first} received"
        assert live.stats()["fast"]["rx_packets"] > last, "the port has stopped receiving"


def ports_change(bench):
    """a capture follows ports by name, not by number, when ports come and go"""
    for name in "xyz":
        bench.file(f"{name}.pcap", pcap([frame(f"02:00:00:00:00:{ord(name):02x}")] * 50))
    with lab(bench) as live:
        everything = live.start("capture direction rx", "all.pcapng")
        live.play("x device pcap:x.pcap", 50)
        named = live.start("capture port x", "named.pcapng")
        for name in "yz":
            live.nestctl("port", "del", "x" if name == "y" else "y")
            live.play(f"{name} device pcap:{name}.pcap", 50)
        live.play("x device pcap:y.pcap", 50)
        live.nestctl("port", "set", "x", "device", "pcap:z.pcap")
        wait_for(lambda: live.stats()["x"]["rx_packets"] == 50, "the new device delivers no frames")
        tap.equal(live.finish(everything), (250, 0), "frames of all ports")
        live.nestctl("port", "del", "x")  # the stream of the other capture is complete before it is told to end
        tap.equal(live.finish(named), (100, 0), "frames of each port x")
    stream = live.read("all.pcapng")
    tap.equal([(stream.names[i], {p.data[11] for p in stream.packets if p.interface == i}) for i in range(4, len(stream.names))],
              [("x", {ord("x")}), ("y", {ord("y")}), ("z", {ord("z")}), ("x", {ord("y")}), ("x", {ord("z")})], "frames by interface")
    tap.equal(len(stream.totals), len(stream.names), "number of statistics")
    stream = live.read("named.pcapng")
    tap.equal(stream.names, ["x", "x", "x"], "interfaces of the capture of port x")
    tap.equal([packet.data[11] for packet in stream.packets], [ord("y")] * 50 + [ord("z")] * 50, "sources of its frames")


def readers_leave(bench):
    """the reader of a pipe ends: no message, no error"""
    with lab(bench, endless(bench)) as live:
        for words in ("capture", "capture filter arp"):
            process = live.start(f"{words} write -")
            os.read(process.stdout.fileno(), 50)
            process.stdout.close()
            tap.equal((process.wait(PATIENCE_S), process.stderr.read()), (0, ""), f"{words}: exit status and standard error")
        with open("/dev/full", "wb") as full:
            process = live.start("capture write -", stdout=full)
            tap.equal((process.wait(PATIENCE_S), process.stderr.read()),
                      (REFUSED, "nestctl: standard output: No space left on device\n"), "exit status and standard error")


def switch_leaves(bench):
    """the switch ends: an error, and a readable file"""
    with lab(bench, endless(bench)) as live:
        process = live.start("capture snaplen 100", "cut.pcapng")
        wait_for(lambda: (bench.folder / "cut.pcapng").stat().st_size > 1 << 20, "the file does not grow")
    _, said = process.communicate(timeout=PATIENCE_S)
    tap.equal(process.returncode, UNREACHABLE, "exit status")
    assert re.fullmatch(r"nestctl: lost the connection to the switch at \S+ after \d+ frames\n", said), f"standard error: {said}"
    assert live.read("cut.pcapng").packets, "the file has no frame"


# (words, exit status, pattern of the one line on standard error)
REFUSALS = (
    ("capture write", USAGE, "'write' needs a value"),
    ("capture port nosuch write x.pcapng", REFUSED, "there is no port 'nosuch'"),
    ("capture direction up write x.pcapng", USAGE, "rx, tx, both or drop"),
    ("capture direction dropp write x.pcapng", USAGE, "did you mean 'drop'"),
    ("capture filter tcp||(udp write x.pcapng", USAGE, r"filter 'tcp\|\|\(udp': .*syntax error"),
    ("capture filter ip6&&protochain&&6 write x.pcapng", USAGE, "filter"),
    ("capture count 0 write x.pcapng", USAGE, "count .*1 to"),
    ("capture snaplen 0 write x.pcapng", USAGE, "snaplen .*1 to 262144"),
    ("capture size 0 write x.pcapng", USAGE, "size .*1 MiB"),
    ("capture files 2 write x.pcapng", USAGE, "size MIB files N"),
    ("capture size 1 files 0 write x.pcapng", USAGE, "at least 1"),
    ("capture size 1 write -", USAGE, "standard output"),
    ("-j capture write -", USAGE, "-j"),
    ("capture write nosuch/x.pcapng", REFUSED, "nosuch/x.pcapng: No such file"),
    ("capture write /dev/full", REFUSED, "/dev/full: No space left"),
)

# Requests that nestctl never sends: (parameters, error code)
REQUESTS = (
    ({"port": "a"}, -32602), ({"port": ["trunk"] * 65}, -32602), ({"port": [5]}, -32000), ({"direction": 7}, -32001),
    ({"count": -1}, -32001), ({"count": "5x"}, -32001), ({"snaplen": 1 << 20}, -32001), ({"program": 5}, -32001),
    ({"program": []}, -32001), ({"program": [[6, 0, 0]]}, -32001), ({"program": [[6, 0, 0, -1]]}, -32001),
    ({"program": [["a", 0, 0, 0]]}, -32001), ({"program": [[6, 300, 0, 0]]}, -32001), ({"program": [[0, 0, 0, 0]]}, -32001),
    ({"program": [[5, 0, 0, 7], [6, 0, 0, 0]]}, -32001), ({"program": [[5, 0, 0, 0xffffffff], [6, 0, 0, 0]]}, -32001),
    ({"program": [[6, 0, 0, 1]] * 4097}, -32001),
)


def refusals(bench):
    """wrong words and parameters are refused"""
    with lab(bench) as live:
        for words, status, text in REFUSALS:
            bench.fails(status, text, "nestctl", "-s", live.path, *(word.replace("&&", " ") for word in words.split()))
        assert not list(bench.folder.glob("x.pcapng*")), "a file was created"
        process, terminal = on_a_terminal(live)
        tap.equal((process, "cannot be written to a terminal" in terminal), (USAGE, True), f"exit status ({terminal})")
        client = Client(live.path)
        for params, code in REQUESTS:
            answer = client.call("capture", params)
            assert answer.get("error", {}).get("code") == code and answer["error"]["message"], f"{params}: {answer}"
        client.close()


def on_a_terminal(live):
    ours, theirs = pty.openpty()
    done = subprocess.run([live.bench.build / "nestctl", "-s", live.path, "capture", "write", "-"], stdin=subprocess.DEVNULL,
                          stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S)
    os.close(ours)
    os.close(theirs)
    return done.returncode, done.stderr


def many(bench):
    """the number of captures is limited, and an ended capture makes room"""
    with lab(bench, endless(bench)) as live:
        clients = [Client(live.path) for _ in range(AT_ONCE + 1)]
        for client in clients[:AT_ONCE]:
            tap.equal(client.call("capture", {"snaplen": 64})["result"], {}, "result")
        answer = clients[AT_ONCE].call("capture", {})
        assert f"{AT_ONCE} captures" in answer["error"]["message"], answer
        for client in clients[:AT_ONCE]:
            client.close()
        wait_for(lambda: "result" in clients[AT_ONCE].call("capture", {"count": 1}), "a new capture is refused after all others ended")
        clients[AT_ONCE].close()
        tap.equal(live.nestctl("capture", "count", "1", "write", "after.pcapng"), "", "standard output")


def tests(bench):
    for test in (three_at_once, choices, rotation, slow_reader, full_load, ports_change, readers_leave, switch_leaves, refusals, many):
        yield f"nestctl capture: {test.__doc__}", lambda test=test: test(bench)
