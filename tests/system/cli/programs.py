# SPDX-License-Identifier: BSD-3-Clause
"""programs: tests usage and exit statuses of both programs, bad captures, starting and stopping."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import processes
import tap
from bench import RAW_IP, UNREACHABLE, frame, pcap
from configs import HEAD

A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
DONE, REFUSED, USAGE = 0, 1, 2

# (words, pattern of standard output), all with exit status 0
SAID = (
    (("nestswitch", "--help"), r"usage: nestswitch[\s\S]*run[\s\S]*replay"),
    (("nestswitch", "--version"), r"^nestswitch \d+\.\d+"),
    (("nestswitch", "replay", "--help"), r"usage: nestswitch replay"),
    (("nestswitch", "run", "--help"), r"usage: nestswitch run"),
    (("nestswitch", "check", "--help"), r"usage: nestswitch check"),
    (("nestswitch", "help", "policy"), r"^promiscuous: reject or accept \(default reject\)\n    \w"),
    (("nestswitch", "help", "drops"), r"^(?![\s\S]*null)[\s\S]*\n  malformed  +\w[\s\S]*\n  too_long  +\w"),
    (("nestswitch", "help", "events"), r"^(?![\s\S]*\(null\))  mac-learned  +\w[\s\S]*\n  events-lost  +\w"),
    (("nestctl", "--help"), r"usage: nestctl[\s\S]*port[\s\S]*fdb"),
    (("nestctl", "--version"), r"^nestctl \d+\.\d+"),
)

# (words, exit status, pattern of the one line on standard error)
REFUSALS = (
    (("nestswitch", "fly"), USAGE, "fly"),
    (("nestswitch", "--fly"), USAGE, "fly"),
    (("nestswitch", "help", "fly"), USAGE, "fly.*help policy"),
    (("nestswitch", "check"), USAGE, ""),
    (("nestswitch", "check", "none.yaml"), USAGE, "^none.yaml: .*No such file"),
    (("nestswitch", "check", "."), USAGE, r"directory"),
    (("nestswitch", "run"), USAGE, "--config"),
    (("nestswitch", "run", "--config"), USAGE, "config"),
    (("nestswitch", "run", "--config", "none.yaml"), USAGE, "^none.yaml: .*No such file"),
    (("nestswitch", "replay"), USAGE, "--config"),
    (("nestswitch", "replay", "--config", "none.yaml"), USAGE, "none.yaml|--in"),
    (("nestswitch", "replay", "--config", "good.yaml", "--in", "z=x.pcap"), USAGE, "'z'"),
    (("nestswitch", "replay", "--config", "good.yaml", "--in", "a"), USAGE, "PORT=CAPTURE"),
    (("nestswitch", "replay", "--config", "good.yaml", "--in", "a=x.pcap", "--burst", "0"), USAGE, "burst"),
    (("nestswitch", "replay", "--config", "good.yaml", "--in", "a=x.pcap", "--until", "soon"), USAGE, "until"),
    (("nestswitch", "replay", "--config", "good.yaml", "--in", "a=x.pcap", "--fly"), USAGE, "fly"),
    (("nestctl", "fly"), USAGE, "fly"),
    (("nestctl", "--fly"), USAGE, "fly"),
    (("nestctl", "-s"), USAGE, ""),
    (("nestctl", "-s", "none.sock", "status"), UNREACHABLE, "none.sock"),
    (("nestctl", "-s", "good.yaml", "status"), UNREACHABLE, "good.yaml"),
    (("nestctl", "-s", "x" * 200, "status"), UNREACHABLE, ""),
)

# (name, bytes of the capture, exit status, pattern of standard error)
CAPTURES = (
    ("a capture without frames", pcap([]), DONE, None),
    ("an empty file", b"", REFUSED, "x.pcap"),
    ("a file that is no capture", b"this is no capture at all, is it\n", REFUSED, "x.pcap"),
    ("a capture of raw IP", pcap([bytes(40)], RAW_IP), REFUSED, "x.pcap: .*Ethernet"),
    ("a capture cut in a frame", pcap([frame(A), frame(A)])[:-10], DONE, "warning: .*x.pcap"),
    ("a capture cut in a record's header", pcap([frame(A), frame(A)])[:-70], DONE, "warning: .*x.pcap"),
)


def replayed(bench, content, status, words):
    bench.file("x.pcap", content)
    command = ("nestswitch", "replay", "--config", "good.yaml", "--in", "a=x.pcap", "--report", "-")
    if status:
        return bench.fails(status, words, *command)
    done = bench.run(*command)
    tap.equal(done.returncode, DONE, "exit status")
    tap.equal(done.stderr.count("\n"), 1 if words else 0, f"number of lines on standard error ({done.stderr})")
    if words:
        assert "warning" in done.stderr and "x.pcap" in done.stderr, done.stderr
    frames = {port["name"]: port for port in json.loads(done.stdout)["ports"]}["a"]["rx_packets"]
    tap.equal(frames, 1 if words else 0, "frames before the cut")


def missing_capture(bench):
    bench.fails(REFUSED, "none.pcap: .*No such file", "nestswitch", "replay", "--config", "good.yaml", "--in", "a=none.pcap")


def report_for_people(bench):
    bench.file("x.pcap", pcap([frame(A)]))
    out = bench.succeeds("a +", "nestswitch", "replay", "--config", "good.yaml", "--in", "a=x.pcap")
    assert A in out, f"no FDB in: {out}"


def unwritable_report(bench):
    bench.fails(REFUSED, "none/report", "nestswitch", "replay", "--config", "good.yaml", "--in", "a=x.pcap", "--report", "none/report")


def device_config(device):
    return f"ports:\n  - {{ name: one, device: '{device}' }}\n"


def socket_in_use(bench):
    with bench.switch(HEAD, "first") as path:
        bench.fails(REFUSED, rf"first.sock is in use by nestswitch, process {bench.running[-1].pid} ",
                    "nestswitch", "run", "--config", "good.yaml", "--socket", path)
        bench.succeeds("", "nestctl", "-s", path, "status")


def state_of(path):
    return (path.stat().st_ino, path.stat().st_mode) if path.exists() else None


def devices_in_use(bench, devices, look):
    """A second switch is told who has the device, and changes nothing."""
    if os.geteuid():
        raise tap.Skip("not root")
    for device in devices:
        with bench.switch(device_config(device), "first"):
            before = look()
            bench.fails(REFUSED, f"in use by nestswitch, process {bench.running[-1].pid} ", "nestswitch", "run",
                        "--config", bench.file("second.yaml", device_config(device)), "--socket", "second.sock")
            tap.equal(look(), before, f"{device} afterwards")


def tap_in_use(bench):
    interface = Path("/sys/class/net/nesttwice")
    devices_in_use(bench, ["tap:nesttwice"], lambda: [(interface / name).read_text() for name in ("address", "flags", "ifindex")])


def sockets_in_use(bench):
    path = bench.folder / "port.sock"
    devices_in_use(bench, [f"vhost:{path}", f"memif:{path}"], lambda: state_of(path))


def precious_files(bench):
    """Neither a socket nor a capture takes the place of a file."""
    path = bench.file("precious", "data")
    for device in (f"vhost:{path}", f"memif:{path}", f"pcap:,{path}", "pcap:,/proc/self/comm"):
        bench.fails(REFUSED, "precious is not a socket|exists and is not a capture", "nestswitch", "run",
                    "--config", bench.file("second.yaml", device_config(device)), "--socket", "second.sock")
        tap.equal(path.read_text(), "data", f"the file after {device}")


def older_captures(bench):
    """An output file may be a capture, or empty: a killed switch leaves one."""
    for content in (pcap([frame(A)]), b""):
        bench.file("older.pcap", content)
        with bench.switch(device_config("pcap:,older.pcap"), "older"):
            pass
        tap.equal(len((bench.folder / "older.pcap").read_bytes()), 24, "bytes of a capture without frames")


def control_socket_as_device(bench):
    with bench.switch(HEAD, "own") as path:
        bench.fails(REFUSED, "own.sock is in use", "nestctl", "-s", path, "port", "add", "x", "device", f"vhost:{path}")
        bench.succeeds("", "nestctl", "-s", path, "status")


def raw_devices(bench):
    """DPDK device strings reach any driver and file. Therefore only a configuration file may name them."""
    with bench.switch(device_config("net_null5,no-rx=1"), "raw") as path:
        for device in ("net_null7,size=70000,copy=1", "net_pcap3,tx_pcap=/tmp/x", "eth_null3"):
            bench.fails(REFUSED, "DPDK device string", "nestctl", "-s", path, "port", "add", "x", "device", device)
        bench.fails(REFUSED, "DPDK device string", "nestctl", "-s", path, "config", "apply",
                    bench.file("raw2.yaml", device_config("net_null6,no-rx=1")))
        bench.succeeds("", "nestctl", "-s", path, "config", "apply", bench.folder / "raw.yaml")


def stale_socket(bench):
    path = bench.folder / "stale.sock"
    process = bench.start(bench.file("stale.yaml", HEAD), path)
    processes.end(process, signal.SIGKILL)
    assert path.exists(), "the killed switch left no socket"
    with bench.switch(HEAD, "stale") as taken:
        bench.succeeds("", "nestctl", "-s", taken, "status")


def not_a_socket(bench):
    """A file that is no socket is not treated as a stale socket."""
    path = bench.file("precious", "data")
    bench.fails(REFUSED, "precious", "nestswitch", "run", "--config", "good.yaml", "--socket", path)
    tap.equal(path.read_text(), "data")


def socket_mode(bench):
    with bench.switch(HEAD, "mode") as path:
        tap.equal(oct(path.stat().st_mode & 0o777), "0o600", "mode of the socket")


def no_huge_pages(bench):
    """No machine has 1 TiB of free huge pages."""
    config = bench.file("huge.yaml", "dataplane: { hugepages: on, memory: 1048576 }\n" + HEAD)
    bench.fails(REFUSED, "huge pages", "nestswitch", "run", "--config", config, "--socket", "huge.sock")
    assert not (bench.folder / "huge.sock").exists(), "nestswitch left the socket behind"


def no_memory(bench):
    """Nor has one 1 TiB of memory."""
    for hugepages in ("off", "auto"):
        config = bench.file("memory.yaml", f"dataplane: {{ hugepages: {hugepages}, memory: 1048576 }}\n" + HEAD)
        bench.fails(REFUSED, f"^{config}: memory needs 1048576 MiB, \\d+ MiB are free \\(lower memory",
                    "nestswitch", "run", "--config", config, "--socket", "memory.sock")


def missing_device(bench):
    config = bench.file("device.yaml", "ports: [{ name: a, device: 'af_packet:nosuch0' }]\n")
    bench.fails(REFUSED, "nosuch0", "nestswitch", "run", "--config", config, "--socket", "device.sock")


def stopped_by(bench, number):
    process = bench.start(bench.folder / "good.yaml", bench.folder / "stop.sock")
    started = time.monotonic()
    tap.equal(processes.end(process, number), DONE, "exit status")
    assert time.monotonic() - started < 5, "nestswitch takes more than 5 s to stop"
    assert not (bench.folder / "stop.sock").exists(), "nestswitch left the socket behind"
    tap.equal(process.log.read_text(), "", "standard error")


def stopped_at_once(bench, number):
    """The socket is there long before the switch forwards."""
    path = bench.folder / f"early{number}.sock"
    process = subprocess.Popen([bench.build / "nestswitch", "run", "--config", bench.folder / "good.yaml", "--socket", path],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.001)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    tap.equal((process.returncode, out, err), (DONE, "", ""), "exit status, standard output and error")
    assert not path.exists(), "nestswitch left the socket behind"


def no_command(bench, program):
    done = bench.run(program)
    tap.equal((done.returncode, done.stdout), (USAGE, ""), "exit status and standard output")
    assert f"usage: {program}" in done.stderr, done.stderr


def closed_output(bench):
    """If its reader ends, nestctl ends, but the switch does not."""
    with bench.switch(HEAD, "pipe") as path:
        reader, writer = os.pipe()
        os.close(reader)
        subprocess.run([bench.build / "nestctl", "-s", path, "stats"], stdout=writer, stderr=subprocess.DEVNULL, timeout=30)
        os.close(writer)
        bench.succeeds("", "nestctl", "-s", path, "status")


def tests(bench):
    bench.file("good.yaml", HEAD)
    for words, pattern in SAID:
        yield " ".join(words), lambda words=words, pattern=pattern: bench.succeeds(pattern, *words)
    for program in ("nestswitch", "nestctl"):
        yield f"{program} without a command", lambda program=program: no_command(bench, program)
    for words, status, pattern in REFUSALS:
        yield (f"{' '.join(words)[:70]}: exit status {status}",
               lambda words=words, status=status, pattern=pattern: bench.fails(status, pattern, *words))
    for what, content, status, pattern in CAPTURES:
        yield (f"replay of {what}: {'warning' if pattern and not status else 'exit status ' + str(status)}",
               lambda content=content, status=status, pattern=pattern: replayed(bench, content, status, pattern))
    yield "replay of a missing capture", lambda: missing_capture(bench)
    yield "replay without --report prints a table", lambda: report_for_people(bench)
    yield "replay with an unwritable report", lambda: unwritable_report(bench)
    yield "run: a socket in use is refused", lambda: socket_in_use(bench)
    yield "run: a TAP in use is refused", lambda: tap_in_use(bench)
    yield "run: a port's socket in use is refused", lambda: sockets_in_use(bench)
    yield "run: a file at the path of a port's socket or capture is refused and kept", lambda: precious_files(bench)
    yield "run: a capture and an empty file are replaced", lambda: older_captures(bench)
    yield "a port at the path of the control socket is refused", lambda: control_socket_as_device(bench)
    yield "nestctl cannot name DPDK device strings", lambda: raw_devices(bench)
    yield "run: the socket of a killed switch is replaced", lambda: stale_socket(bench)
    yield "run: a file at the socket's path is refused and kept", lambda: not_a_socket(bench)
    yield "run: only the owner may use the socket", lambda: socket_mode(bench)
    yield "run: hugepages: on without huge pages is refused", lambda: no_huge_pages(bench)
    yield "run: more memory than there is is refused", lambda: no_memory(bench)
    yield "run: a missing interface is refused", lambda: missing_device(bench)
    yield "run: SIGTERM ends it, exit status 0", lambda: stopped_by(bench, signal.SIGTERM)
    yield "run: SIGINT ends it, exit status 0", lambda: stopped_by(bench, signal.SIGINT)
    yield "run: SIGTERM while it starts ends it, exit status 0", lambda: stopped_at_once(bench, signal.SIGTERM)
    yield "run: SIGINT while it starts ends it, exit status 0", lambda: stopped_at_once(bench, signal.SIGINT)
    yield "nestctl ends if its reader ends", lambda: closed_output(bench)
