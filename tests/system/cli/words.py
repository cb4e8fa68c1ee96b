# SPDX-License-Identifier: BSD-3-Clause
"""words: tests the help of nestctl and its suggestions for misspelt words. It needs no switch."""

import json
import re
import shlex
import subprocess
from collections import Counter

import tap
from bench import UNREACHABLE
from configs import HEAD
from programs import USAGE

NOWHERE = ("-s", "nowhere.sock")

# (misspelt words, suggestion)
NEAR_MISSES = (
    ("prot show", "port"),
    ("staus", "status"),
    ("monitro", "monitor"),
    ("config aply", "apply"),
    ("mirror ad span1", "add"),
    ("fdb show prot x", "port"),
    ("fdb flush type dynamc", "dynamic"),
    ("fdb show type dynamc", "dynamic"),
    ("monitor port-up port-dwn", "port-down"),
    ("port set a forged-transmit reject", "forged-transmits"),
    ("port set a forged-transmits rejct", "reject"),
    ("port set a port-gruop x", "port-group"),
    ("port add a devise null:", "device"),
    ("port unset a mac-limt", "mac-limit"),
    ("group set g vlan-mode acces", "access"),
    ("policy set violation shutdwn", "shutdown"),
    ("policy set violaton shutdown", "violation"),
    ("policy unset mac-stiky", "mac-sticky"),
    ("config apply good.yaml confrim 5", "confirm"),
    ("--jsn status", "--json"),
    ("status --hlep", "--help"),
)

# (words, pattern of the one line on standard error)
REFUSALS = (
    ("zzzzzz", "see nestctl --help"),
    ("show fdb", "unknown command 'show fdb' .type: nestctl fdb."),
    ("show mac", "type: nestctl fdb"),
    ("show interfaces", "type: nestctl port"),
    ("show running-config", "type: nestctl config show"),
    ("show", "the verb comes second"),
    ("mac", "unknown command 'mac' .type: nestctl fdb."),
    ("version", "type: nestctl --version"),
    ("vlan", "type: nestctl port set NAME vlan-mode access access-vlan V"),
    ("save", "type: nestctl config save"),
    ("events count many", "a number of events"),
    ("capture count many", "a number of frames"),
    ("config apply good.yaml confirm soon", "a number of seconds"),
    ("policy set aging-time 5m", "a number from 0 to 1000000 s"),
    ("policy set ingress-rate 10M", "a number from 0 to 4294967295 kbit/s"),
    ("mirror add", "NAME is missing .*mirror add NAME source P"),
    ("mirror add m destination a", "'source' is missing"),
    ("mirror add m source a", "'destination' is missing"),
    ("mirror add m source a direction in destination b", "rx, tx or both"),
    ("trace esx1 last-drop last-drop", "'last-drop' is set twice"),
    ("policy set mac-learning maybe", "on or off"),
    ("policy set mac-limit -5", "-5"),
    ("port set a zzzzzz 5", "nestswitch help policy"),
    ("port set a mac-limit 5 mac-limit 6", "'mac-limit' is set twice"),
    ("port add a device null: device null:", "'device' is set twice"),
    ("port add", "NAME is missing .*port add NAME device DEVICE"),
    ("port add a", "'device' is missing .*port add NAME device DEVICE"),
    ("port show a b", "unexpected word 'b' .*port show .NAME"),
    ("fdb show port a port b", "'port' is set twice"),
    ("fdb add 02:00:00:00:00:77 port a", "'vlan' is missing"),
    ("fdb show vlan", "'vlan' needs a value"),
    ("fdb show type zzzzzz", "dynamic, sticky, static, assigned, remote or remote-sticky"),
    ("config rollback one", "a number"),
    ("config rollback 4294967296", "a number"),
    ("config rollback", "N is missing"),
    ("config check good.yaml good.yaml", "unexpected word 'good.yaml'"),
    ("config check .", "at most 16 MiB"),
    ("config check zero.yaml", "zero.yaml: not a text file"),
    ("help zzzzzz", "unknown command"),
    ("-x status", "unknown option '-x'"),
    ("-xj status", "unknown option '-x'"),
    ("status --json -jx", "unknown option '-x'"),
    ("status -s", "option '-s' needs a value"),
)


def commands(bench):
    return json.loads(bench.run("nestctl", "-j", "--help").stdout)


def named(command):
    """The words at the start of a command's usage that name the command."""
    return command["usage"].split()[:1 if command["usage"].split()[1:2] != [command["verb"]] else 2]


def explained(bench, command):
    words = named(command)
    said = bench.succeeds("^usage: nestctl " + re.escape(command["usage"]) + "\n", "nestctl", *words, "--help")
    tap.equal(bench.run("nestctl", "help", *words).stdout, said, "what `help` says")
    tap.equal(json.loads(bench.run("nestctl", "-j", "--help", *words).stdout), [command], "the help as JSON")
    missing = [argument["usage"] for argument in command["arguments"] if f"  {argument['usage']} " not in said]
    tap.equal(missing, [], "unexplained arguments")
    if "KEY" in command["usage"]:
        assert "forged-transmits: reject or accept (default accept)\n" in said, said


def listed(bench):
    """nestctl --help has a line for each command"""
    said = bench.succeeds("^usage: ", "nestctl", "--help")
    for command in commands(bench):
        assert re.search(rf"^  {re.escape(command['usage'])}\n? +{re.escape(command['help'])}$", said, re.MULTILINE), command["usage"]


def group_explained(bench, group):
    said = bench.succeeds("", "nestctl", group, "--help")
    for command in commands(bench):
        tap.equal(f"  {command['usage']}" in said, command["group"] == group, f"{command['usage']} is listed")


def examples(bench):
    """every example in the help is valid; it fails only for lack of a switch"""
    bench.file("lab.yaml", HEAD)
    told = [(command, example) for command in commands(bench) for example in command["examples"]]
    for command, example in told:
        bench.fails(UNREACHABLE, "nowhere.sock", "nestctl", *NOWHERE, *shlex.split(example))
        tap.equal(example.split()[0], command["group"], "group of the example")
    assert len(told) > 30, f"{len(told)} examples"


def options_behind(bench):
    """options may follow words, up to --"""
    for line in ("status -j -s nowhere.sock", "fdb --socket=nowhere.sock show --json vlan 1", "-s nowhere.sock -- port show -j"):
        bench.fails(UNREACHABLE, "nowhere.sock", "nestctl", *line.split())


def no_folder(bench):
    """a relative path in a deleted folder is refused"""
    gone = bench.folder / "gone"
    gone.mkdir()
    done = subprocess.run(["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", bench.build / "nestctl", *NOWHERE, "config", "save", "lab.yaml"],
                          cwd=gone, capture_output=True, text=True)
    tap.equal((done.returncode, done.stderr), (USAGE, "nestctl: lab.yaml: cannot determine the current folder: No such file or directory\n"), "exit status and standard error")


def tests(bench):
    bench.file("good.yaml", HEAD)
    bench.file("zero.yaml", HEAD + "\0")
    known = commands(bench)
    yield listed.__doc__, lambda: listed(bench)
    for command in known:
        yield f"nestctl {' '.join(named(command))} --help", lambda command=command: explained(bench, command)
    for group in sorted(group for group, count in Counter(command["group"] for command in known).items() if count > 1):
        yield f"nestctl {group} --help lists its commands", lambda group=group: group_explained(bench, group)
    yield f"nestctl: {examples.__doc__}", lambda: examples(bench)
    yield f"nestctl: {no_folder.__doc__}", lambda: no_folder(bench)
    yield f"nestctl: {options_behind.__doc__}", lambda: options_behind(bench)
    for said, meant in NEAR_MISSES:
        yield (f"nestctl {said}: did you mean '{meant}'?",
               lambda said=said, meant=meant: bench.fails(USAGE, rf"\(did you mean '{meant}'\?\)", "nestctl", *NOWHERE, *said.split()))
    for said, pattern in REFUSALS:
        yield (f"nestctl {said}: exit status 2",
               lambda said=said, pattern=pattern: bench.fails(USAGE, pattern, "nestctl", *NOWHERE, *said.split()))
