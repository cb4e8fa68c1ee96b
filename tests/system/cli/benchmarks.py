# SPDX-License-Identifier: BSD-3-Clause
"""benchmarks: tests the output and the counts of `nestswitch bench`, but not the speed."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys

import tap
from bench import frame, pcap

DONE, REFUSED, USAGE = 0, 1, 2
MODES = ("forward", "learn", "capacity", "flood", "tunnel", "attack", "neighbours", "latency", "throughput", "back-to-back",
         "replay", "control")
REPEATS = 2
BRIEF = ("--seconds", "0.01", "--repeats", str(REPEATS), "--anyway")
TWO_CORES = ("latency", "throughput", "back-to-back", "control")
A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"

# (words after bench, exit status, pattern of the one line on standard error)
REFUSALS = (
    (("fly",), USAGE, "--help"),
    (("forwrd",), USAGE, "did you mean 'forward'"),
    (("forward", "--fly"), USAGE, "fly"),
    (("forward", "fly"), USAGE, "'fly' is not expected"),
    (("forward", "--macs", "0"), USAGE, "1 to"),
    (("forward", "--macs", "2,,3"), USAGE, "--macs cannot be ''"),
    (("forward", "--macs", ",".join("2" * 40)), USAGE, "more than"),
    (("forward", "--size", "63"), USAGE, "64 to 1522, or imix"),
    (("forward", "--ports", "64"), USAGE, "2 to 63"),
    (("forward", "--seconds", "0"), USAGE, "above 0"),
    (("forward", "--repeats", "101"), USAGE, "1 to 100"),
    (("forward", "--workers", "0"), USAGE, "1 to 64"),
    (("forward", "--tables", "5"), USAGE, "tables"),
    (("forward", "--in", "p0"), USAGE, "PORT=PCAP"),
    (("forward", "--in", "z=x.pcap"), USAGE, "no port 'z'"),
    (("forward", "--in", "p0=none.pcap"), REFUSED, "none.pcap: .*No such file"),
    (("forward", "--config", "none.yaml"), USAGE, "^none.yaml: .*No such file"),
    (("latency", "--load", "101%"), USAGE, "50%.*Mpps"),
    (("latency", "--load", "0"), USAGE, "50%.*Mpps"),
    (("replay", "--plot", "x.svg"), USAGE, "no plot"),
    (("replay", "--config", "single.yaml"), USAGE, "--in"),
    (("attack", "--macs", "2,4"), USAGE, "more than 1"),
    (("attack", "--macs", "8193"), USAGE, "up to 8192"),
    (("forward", "--config", "single.yaml"), REFUSED, "one port"),
    (("throughput", "--loss", "100"), USAGE, "below 100"),
    (("learn", "--csv", "none/x.csv"), REFUSED, "none/x.csv: No such file"),
    (("throughput", "--load", "1"), USAGE, "load"),
    (("learn", "--plot", "x.pdf"), USAGE, r"FILE.svg or FILE.png"),
)


def needs_two_cores(mode):
    if mode in TWO_CORES and len(os.sched_getaffinity(0)) < 2:
        raise tap.Skip("needs two cores")


def measure(bench, mode, *words):
    """The report of a short run, checked for plausible values."""
    needs_two_cores(mode)
    report = json.loads(bench.succeeds(r"\A\{", "nestswitch", "bench", mode, "--json", "--csv", "rows.csv", *BRIEF, *words))
    check_csv(bench.folder / "rows.csv", report["rows"])
    tap.equal((report["mode"], report["repeats"]), (mode, REPEATS), "mode and repeats")
    assert report["machine"]["tsc_hz"] > 0 and report["machine"]["cpu"] and report["about"]
    for row in report["rows"]:
        for name, value in row.items():
            if isinstance(value, dict):
                tap.equal(len(value["all"]), REPEATS, f"repeats of {name}")
                assert value["min"] <= value["median"] <= value["max"], f"{name}: {value}"
                tap.equal((min(value["all"]), max(value["all"])), (value["min"], value["max"]), name)
    return report


def counted(row):
    assert row["frames"] > 0, row
    tap.equal(row["forwarded"] + row["flooded"] + row["dropped"], row["frames"], f"forwarded, flooded and dropped frames of {row}")
    return row


def forward(bench):
    for tagged in ((), ("--tagged",)):
        rows = measure(bench, "forward", "--macs", "2,300", "--size", "64,imix", "--ports", "2,5", *tagged)["rows"]
        tap.equal([(row["ports"], row["size"], row["macs"]) for row in rows],
                  [(ports, size, macs) for ports in (2, 5) for size in ("64", "imix") for macs in (2, 300)])
        for row in rows:
            tap.equal(counted(row)["forwarded"], row["frames"], "frames forwarded")
            assert row["harness"]["min"] > 0 and row["cycles"]["min"] > 0, row


def forward_workers(bench):
    rows = measure(bench, "forward", "--macs", "20", "--ports", "3", "--workers", "2")["rows"]
    tap.equal([row["worker"] for row in rows], ["0", "1", "all"])
    tap.equal(counted(rows[2])["forwarded"], rows[2]["frames"], "frames forwarded")


def forward_config(bench):
    """Each port sends from two MACs. One is learned, the other is dropped at the limit. So two of four destinations are unknown."""
    config = bench.file("limit.yaml", "policy: { mac-limit: 1, mac-limit-policy: drop }\n"
                        "ports: [{ name: a, device: 'af_packet:nosuch0' }, { name: b }]\n")
    row = counted(measure(bench, "forward", "--config", config, "--macs", "4")["rows"][0])
    assert row["dropped"] > 0 and abs(row["dropped"] - row["frames"] / 2) <= 64, row


def forward_captures(bench):
    bench.file("a.pcap", pcap([frame(A, B), frame(A, B, 1514), frame(A)]))
    bench.file("b.pcap", pcap([frame(B, A)]))
    row = counted(measure(bench, "forward", "--in", "p0=a.pcap", "--in", "p1=b.pcap")["rows"][0])
    tap.equal((row["size"], row["dropped"]), ("capture", 0))
    assert 0 < row["flooded"] < row["frames"] / 4, row


def learn(bench):
    rows = measure(bench, "learn", "--macs", "1,500")["rows"]
    tap.equal([(row["macs"], row["missed"]) for row in rows], [(1, 0), (500, 0)])


def capacity(bench):
    rows = measure(bench, "capacity", "--tables", "1,77")["rows"]
    for row in rows:
        tap.equal((row["known"], row["known_of_asked"], row["asked"]), (row["table"], row["table"], 2 * row["table"]))
    tap.equal([row["table"] for row in rows], [1] * REPEATS + [77] * REPEATS)


def flood(bench):
    rows = measure(bench, "flood", "--ports", "2,8", "--macs", "10")["rows"]
    tap.equal([(row["ports"], row["kind"]) for row in rows],
              [(ports, kind) for ports in (2, 8) for kind in ("broadcast", "unknown unicast", "group", "group of 2 ports")])
    for row in rows:
        copies = 2 if row["kind"] == "group of 2 ports" else row["ports"]
        assert abs(row["copy"]["median"] * copies - row["cycles"]["median"]) < 0.01, row


def tunnel(bench):
    rows = measure(bench, "tunnel", "--size", "64,1522", "--macs", "10")["rows"]
    tap.equal([(row["size"], row["way"]) for row in rows],
              [(size, way) for size in ("64", "1522") for way in ("local", "into a tunnel", "out of a tunnel")])
    tap.equal([row["lost"] for row in rows], [0] * 6, "frames lost")
    tap.equal({row["ratio"]["all"][0] for row in rows if row["way"] == "local"}, {1.0}, "ratio of local frames")
    assert all(row["ratio"]["min"] > 0 and row["harness"]["min"] > 0 for row in rows), rows


def attack(bench):
    rows = {row["beside"]: row for row in measure(bench, "attack", "--macs", "100")["rows"]}
    tap.equal([row["lost"] for row in rows.values()], [0] * 4, "known frames lost")
    tap.equal([rows[beside]["macs"] for beside in ("nothing", "known traffic")], [0, 50], "MACs learned")
    assert rows["random sources"]["macs"] > 100, rows  # it has only its share of the time
    assert all(row["macs"] <= row["limit"] for row in rows.values()), rows


def neighbours(bench):
    for row in measure(bench, "neighbours", "--neighbours", "0,1,62", "--size", "64")["rows"]:
        tap.equal(row["copies"], 1 + row["neighbours"] * (row["hosts"] == "promiscuous"), f"copies beside {row['neighbours']} hosts")


def latency(bench):
    report = measure(bench, "latency", "--load", "1%,0.01", "--macs", "10")
    tap.equal([row["load"] for row in report["rows"]], ["1%", "0.01 Mpps"])
    for row in report["rows"]:
        assert row["offered_mpps"] > 0, row  # also where the worker missed trials
        back = sum(bucket["frames"] for bucket in report["details"] if bucket["load"] == row["load"])
        tap.equal(back, row["sent"] - row["lost"], f"frames in the histogram of {row}")
        if not back:
            tap.equal([row[time] for time in ("p50_ns", "p999_ns", "max_ns", "jitter_ns")], [None] * 4, "times of no frame")
            continue
        assert row["p50_ns"]["min"] <= row["p90_ns"]["max"] <= row["p99_ns"]["max"] <= row["p999_ns"]["max"] <= row["max_ns"]["max"], row
        assert row["jitter_ns"]["min"] <= row["max_ns"]["max"], row


def throughput(bench):
    report = measure(bench, "throughput", "--size", "64,imix", "--macs", "10")
    kinds = [(size, directions) for size in ("64", "imix") for directions in ("one", "both")]
    tap.equal([(row["size"], row["directions"]) for row in report["rows"]], kinds)
    for row in report["rows"]:
        assert all(0 <= row[rate]["min"] and row[rate]["max"] <= 1.01 * row["limit_mpps"] for rate in ("ndr_mpps", "pdr_mpps")), row
    tap.equal([(point["size"], point["directions"]) for point in report["details"]], [kind for kind in kinds for _ in range(10)])
    assert all(0 <= point["lost_percent"] <= 100 for point in report["details"]), report["details"]
    check_csv(bench.folder / "rows-details.csv", report["details"])


def check_csv(path, rows):
    """The file has the same rows; a measured value has three columns."""
    with open(path, encoding="ascii", newline="") as file:
        written = list(csv.DictReader(file))
    titles = {title for row in rows for title in csv_titles(row)}
    tap.equal([set(map(str, line)) for line in written], [titles for _ in rows], path.name)
    for line, row in zip(written, rows):
        tap.equal([float(line[key]) for key, value in row.items() if isinstance(value, float)],
                  [float(f"{value:.9g}") for value in row.values() if isinstance(value, float)], path.name)
        assert not any(line[title] for title in titles - set(csv_titles(row))), f"{path.name}: {line}"


def csv_titles(row):
    for key, value in row.items():
        yield key
        if isinstance(value, dict):
            yield from (f"{key}_min", f"{key}_max")


def back_to_back(bench):
    (row,) = measure(bench, "back-to-back", "--size", "64", "--macs", "10")["rows"]
    assert 0 <= row["frames"]["min"] and row["burst_mpps"]["min"] > 0 and row["limit_mpps"] > 0, row
    assert row["buffer_us"] is None or row["buffer_us"] >= 0, row


def busy(bench):
    """A figure of a busy machine is refused, or marked."""
    words = ("nestswitch", "bench", "forward", "--macs", "2", "--seconds", "0.3", "--repeats", "3")
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4 * len(os.sched_getaffinity(0)))]
    try:
        done = subprocess.run([bench.build / words[0], *words[1:]], capture_output=True, text=True, cwd=bench.folder)
        marked = bench.succeeds(r"\A[A-Z]", *words, "--anyway")
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    tap.equal((done.returncode, done.stdout), (REFUSED, ""), "exit status and standard output")
    assert "the machine is busy" in done.stderr and "--anyway" in done.stderr, done.stderr
    assert " DISTURBED\n" in marked, marked


def replay(bench):
    row = measure(bench, "replay", "--frames", "501")["rows"][0]
    tap.equal(row["frames"], 501, "frames")
    assert 0 < row["rate"]["min"] and 0 < row["cpu_rate"]["min"], row
    bench.file("three.pcap", pcap([frame(A)] * 3))
    config = bench.file("one.yaml", "ports: [{ name: a }]\n")
    tap.equal(measure(bench, "replay", "--config", config, "--in", "a=three.pcap")["rows"][0]["frames"], 3, "frames")
    folder = bench.folder / ("long" * 20)
    folder.mkdir()
    for name in (str(folder), ""):
        subprocess.run([bench.build / "nestswitch", "bench", "replay", "--frames", "10", *BRIEF], env=os.environ | {"TMPDIR": name},
                       stdout=subprocess.DEVNULL, check=True)
    tap.equal(list(folder.iterdir()), [], "files left in TMPDIR")


def control(bench):
    rows = measure(bench, "control", "--macs", "1000")["rows"]
    tap.equal([row["phase"] for row in rows], ["undisturbed", "ageing sweeps", "fdb show", "flush of all", "config changes"])
    tap.equal([row["work"] > 0 for row in rows], [False, True, True, True, True], "work done")


def table(bench):
    out = bench.succeeds(r"\A[A-Z]", "nestswitch", "bench", "learn", "--macs", "10", *BRIEF)
    found = re.search(r"^ *MACS +CYCLES +RATE +MISSED.*\n *10 +\S+ \(.*\) +\S+ \(.*\) +0\b", out, re.MULTILINE)
    assert found, out


def plots(bench):
    if not shutil.which("gnuplot"):
        raise tap.Skip("gnuplot is not installed")
    for words in (("learn", "--macs", "1,10"), ("flood", "--ports", "2,3"), ("attack", "--macs", "10"), ("throughput", "--size", "64")):
        bench.succeeds("", "nestswitch", "bench", *words, *BRIEF, "--plot", "plot.svg")
        text = (bench.folder / "plot.svg").read_text()
        assert "<svg" in text and f"nestswitch bench {words[0]}" in text and "</svg>" in text, text[:200]


def no_gnuplot(bench):
    done = subprocess.run([bench.build / "nestswitch", "bench", "learn", "--plot", "x.svg"], capture_output=True, text=True,
                          cwd=bench.folder, env={"PATH": "/nonexistent"})
    tap.equal((done.returncode, done.stdout), (REFUSED, ""), "exit status and standard output")
    assert "apt-get install gnuplot-nox" in done.stderr, done.stderr


def one_core(bench):
    for mode in TWO_CORES:
        done = subprocess.run(["taskset", "-c", str(min(os.sched_getaffinity(0))), bench.build / "nestswitch", "bench", mode],
                              capture_output=True, text=True, cwd=bench.folder)
        tap.equal(done.returncode, REFUSED, f"exit status of {mode} on one core")
        assert "two cores" in done.stderr, done.stderr


def tests(bench):
    bench.file("single.yaml", "ports: [{ name: a }]\n")
    yield "bench without a mode: usage, exit status 2", lambda: tap.equal(bench.run("nestswitch", "bench").returncode, USAGE)
    yield "bench --help names every mode", lambda: bench.succeeds(r"[\s\S]*".join(MODES), "nestswitch", "bench", "--help")
    yield ("bench neighbours --help: imix is no number of hosts",
           lambda: bench.succeeds(r"--neighbours .*\(default 0,1,2,", "nestswitch", "bench", "neighbours", "--help"))
    for mode in MODES:
        yield (f"bench {mode} --help", lambda mode=mode: bench.succeeds(rf"usage: nestswitch bench {mode}[\s\S]*--repeats[\s\S]*--json",
                                                                      "nestswitch", "bench", mode, "--help"))
    for words, status, pattern in REFUSALS:
        yield (f"bench {' '.join(words)[:60]}: exit status {status}",
               lambda words=words, status=status, pattern=pattern: bench.fails(status, pattern, "nestswitch", "bench", *words))
    for mode in (forward, forward_workers, forward_config, forward_captures, learn, capacity, flood, tunnel, attack, neighbours,
                 latency, throughput, back_to_back, replay, control, busy, table, plots, no_gnuplot, one_core):
        yield f"bench: {mode.__name__.replace('_', ' ')}", lambda mode=mode: mode(bench)
