# SPDX-License-Identifier: BSD-3-Clause
"""shell: tests nestctl at its prompt and with scripts, and completion at the prompt and in bash."""

import json
import os
import subprocess
import time
from pathlib import Path

import tap
from bench import UNREACHABLE, SharedSwitch
from configs import HEAD
from programs import DONE, REFUSED, USAGE
from terminal import Terminal

COMPLETION = Path(__file__).resolve().parents[3] / "packaging/nestctl.bash"
STATION = "02:00:00:00:00:99"
CONFIG = f"""
switch: {{ name: lab }}
dataplane: {{ memory: 128, hugepages: off, busy-poll: off }}
port-groups: [{{ name: nested }}, {{ name: other }}]
ports:
  - {{ name: esx1, device: 'null:' }}
  - {{ name: esx2, device: 'null:', port-group: nested }}
  - {{ name: uplink, device: 'null:' }}
static-macs: [{{ mac: '{STATION}', vlan: 10, port: esx1 }}]
"""
CTRL_C, CTRL_D, CTRL_P, CTRL_U, TAB = "\x03", "\x04", "\x10", "\x15", "\t"

# (words, candidates for the last one). Names are from CONFIG.
COMPLETED = (
    (["sta"], "status stats"),
    (["mon"], "monitor"),
    (["port", ""], "show watch add del set unset enable disable esx1 esx2 uplink sort limit"),
    (["port", "e"], "enable esx1 esx2 effective_mac"),
    (["port", "show", "u"], "uplink"),
    (["port", "show", "uplink", ""], "sort limit"),
    (["port", "show", "sort", "-rx_p"], "-rx_packets"),
    (["port", "show", "sta"], "state static_macs"),
    (["port", "add", ""], ""),
    (["port", "add", "x", ""], "device port-group mac-address effective-mac"),
    (["port", "add", "x", "device", "null:", "de"], ""),
    (["port", "set", "esx1", "mac-l"], "mac-learning mac-limit mac-limit-policy"),
    (["port", "set", "esx1", "mac-limit", "5", "mac-l"], "mac-learning mac-limit-policy"),
    (["port", "set", "esx1", "port-group", ""], "nested other"),
    (["port", "set", "esx1", "mac-limit", ""], ""),
    (["port", "set", "uplink", "uplink", ""], "on off"),
    (["port", "unset", "esx1", "forged-transmits", "f"], ""),
    (["policy", "set", "violation", ""], "restrict protect shutdown"),
    (["policy", "show", "n"], "nested"),
    (["policy", "show", "e"], "esx1 esx2"),
    (["group", "set", ""], "nested other"),
    (["fdb", ""], "show watch add replace del flush esx1 esx2 uplink port vlan mac type sort limit"),
    (["fdb", "show", "port", "esx1", ""], "vlan mac type sort limit"),
    (["fdb", "show", "type", ""], "dynamic sticky static assigned remote remote-sticky"),
    (["fdb", "show", "vlan", ""], "10"),
    (["fdb", "del", STATION, "vlan", "1"], "10"),
    (["fdb", "add", STATION, "vlan", "2"], ""),
    (["fdb", "del", "02"], STATION),
    (["fdb", "del", STATION, ""], "vlan"),
    (["monitor", "port-u"], "port-up"),
    (["monitor", "port-up", "port-d"], "port-down"),
    (["config", "apply", ""], "<FILE>"),
    (["config", "apply", "lab.yaml", ""], "confirm"),
    (["config", "save", ""], "<FILE>"),
    (["help", "gro"], "group"),
    (["help", "port", "un"], "unset"),
    (["--js"], "--json"),
    (["-j", "--socket"], "--socket"),
    (["port", "show", "-j", "up"], "uplink"),
    (["-s"], ""),
    (["-s", ""], "<FILE>"),
    (["--color", "a"], "auto always"),
    (["-c", ""], "auto always never"),
    (["zzzzzz", ""], ""),
    (["stats", "zzzzzz", ""], "sort limit"),
)

# (line in bash, candidates without the text up to a colon)
IN_BASH = (
    ("nestctl mon", "monitor"),
    ("nestctl -s live.sock port set es", "esx1 esx2"),
    ("nestctl -s live.sock fdb del 02:00:00", "00:00:00:99"),
    ("nestctl -s live.sock port show zzz", ""),
    ("nestctl -s live.sock capture filter 'arp or port 67' wr", "write"),
    ('nestctl -s live.sock capture filter "ether[0] = \\"" port up', "uplink"),
    ("nestctl -s live.sock capture filter arp\\ or\\ port port up", "uplink"),
    ("nestctl -s live.sock capture filter 'arp or wr", ""),
    ("nestctl -s live.sock port set 'es", "esx1 esx2"),
    ('nestctl -s live.sock fdb del "02:00:00', STATION),
    ("nestctl policy set bpdu ", "filter forward guard"),
    ("nestswitch re", "replay"),
    ("nestswitch replay --rep", "--report"),
    ("nestswitch bench lat", "latency"),
    ("nestswitch bench latency --pl", "--plot"),
    ("nestswitch help ", "policy drops events"),
)

# (script, exit status, pattern of standard error, pattern of standard output)
SCRIPTS = (
    ("# two changes\n\n  # and a look\nport set esx1 mac-limit 5\npolicy set aging-time '77'\npolicy show esx1\n", DONE, "",
     "aging-time +77 +switch"),
    ("-j port show esx1", DONE, "", '"name": "esx1"'),
    ("-j\nport show esx1", USAGE, "a command is missing after the options\n.*line 1 ", "^$"),
    ("status\r\n", DONE, "", "lab"),
    ("policy set aging-time 1\npolicy set aging-time x\npolicy set aging-time 2\n", USAGE,
     "aging-time cannot be 'x'.*\n.*line 2 of the script failed: policy set aging-time x\n$", ""),
    ("port show nosuch\nstatus\n", REFUSED, "nosuch.*\n.*line 1 ", "^$"),
    ("-s nowhere.sock status\nstatus", UNREACHABLE, "nowhere.sock.*\n.*line 1 ", "^$"),
    ("\nport show 'esx1\n", USAGE, "a quote is not closed\n.*line 2 ", "^$"),
    ("exit\nport show nosuch\n", DONE, "", "^$"),
    ("port show " + 70000 * "x", USAGE, "the line is too long", "^$"),
    ("# nothing to do\n", DONE, "", "^$"),
    ("port show esx1 # the first\n \t#'\nport show 'esx2' #\\", DONE, "", "esx1 (.*\n)+.*esx2 "),
    ("port show 'a #b'\n", REFUSED, "no port 'a #b'", "^$"),
    ('port show "a\\" #b"\n', REFUSED, "no port 'a\" #b'", "^$"),
    ("port show a#b\n", REFUSED, "no port 'a#b'", "^$"),
    ("port show \\#b\n", REFUSED, "no port '#b'", "^$"),
)


class Live(SharedSwitch):
    """The switch of these tests, and shells that are connected to it."""

    def __init__(self, bench):
        super().__init__(bench, CONFIG)
        self.home = bench.folder / "home"
        self.home.mkdir()

    def asked(self, *words):
        return json.loads(self.bench.run("nestctl", "-s", self.path, "-j", *words).stdout)

    def shell(self):
        return Terminal([self.bench.build / "nestctl", "-s", self.path], self.bench.folder, {"HOME": str(self.home)})


def completed(live, words, wanted):
    said = live.bench.succeeds("", "nestctl", "--complete", "-s", live.path, *words).split()
    tap.equal(said[:len(wanted.split())] if "device" in wanted else said, wanted.split(), "candidates")


def completed_without_a_switch(live):
    live.bench.succeeds("^sort\nlimit\n$", "nestctl", "--complete", "-s", "nowhere.sock", "port", "show", "")
    live.bench.succeeds("^reject\naccept\n$", "nestctl", "--complete", "-s", "nowhere.sock", "port", "set", "a", "promiscuous", "")


def in_bash(live, line, wanted):
    script = """source "$1"; COMP_LINE=$2; COMP_POINT=${#2}; COMP_WORDBREAKS=$' \\t\\n"><=;|&(:'
        _${2%% *}; echo "${COMPREPLY[@]}" """
    done = subprocess.run(["bash", "-c", script, "bash", COMPLETION, line], capture_output=True, text=True, cwd=live.bench.folder,
                          env=os.environ | {"PATH": f"{live.bench.build}:{os.environ['PATH']}"})
    tap.equal((done.stdout.split(), done.stderr), (wanted.split(), ""), f"candidates of {line!r}")


def files_in_bash(live):
    """readline completes names of files, but only for arguments that are files"""
    live.bench.file("lonely-file.yaml", HEAD)
    environment = {"HOME": str(live.home), "PATH": f"{live.bench.build}:{os.environ['PATH']}", "PS1": "bash> "}
    with Terminal(["/bin/bash", "--norc", "--noprofile", "-i"], live.bench.folder, environment) as bash:
        bash.type(f"source {COMPLETION}; bind 'set bell-style none'\r")
        bash.expect("bell-style none'\n")
        bash.type("nestctl config check lone" + TAB)
        bash.expect(r"check lonely-file\.yaml ")
        bash.type(CTRL_U + "nestctl -s live.sock group show lone" + TAB + "ly\r")
        bash.expect("no port group 'lonely'")
        bash.type("nestctl --version > lone" + TAB + " >lone" + TAB)
        bash.expect(r"> lonely-file\.yaml  >lonely-file\.yaml ")


def typed(live):
    """completes words, names of ports, keys and values"""
    with live.shell() as shell:
        shell.expect("^lab> ")
        shell.type(f"port se{TAB}up{TAB}forged{TAB}r{TAB}\r")
        shell.expect("^lab> ")
        tap.equal(live.asked("port", "show", "uplink")[0]["policy"], {"forged-transmits": "reject"}, "policy of the port")
        shell.type(f"port set uplink mac-limit 9 vlan{TAB}acc{TAB}\r")
        shell.expect("^lab> ")
        tap.equal(live.asked("port", "show", "uplink")[0]["policy"]["vlan-mode"], "access", "mode of the port")


def listed(live):
    """lists ambiguous candidates and completes their common prefix"""
    with live.shell() as shell:
        shell.expect("^lab> ")
        shell.type(f"po{TAB}")
        shell.expect(r"^port +policy *\n(?:.*\n)*lab> po")
        shell.type(f"rt show es{TAB}{TAB}")
        shell.expect(r"^esx1 +esx2 *\nlab> port show esx")
        shell.type("2\r")
        shell.expect("^esx2 +up +- +nested")


def a_file(live):
    """completes names of files"""
    live.bench.file("unfit-config.yaml", "colour: blue\n")
    with live.shell() as shell:
        shell.expect("^lab> ")
        shell.type(f"config check unf{TAB}\r")
        shell.expect("^unfit-config.yaml:1:1: ")


def explained(live):
    """a question mark explains the next word and keeps the line"""
    with live.shell() as shell:
        shell.expect("^lab> ")
        shell.type("fdb show ?")
        shell.expect("^  type +only MACs of this type\n(?:.*\n)*lab> fdb show ")
        shell.type("\r")
        shell.expect("^  10  02:00:00:00:00:99  esx1")
        shell.type("policy set mac-limit ?")
        shell.expect(r"^  a number from 0 to 16777216 MACs \(default 4096\)  maximum number of MACs")
        shell.type(CTRL_C + "policy set vlan-mode ?")
        shell.expect("^  trunk +default\n  access +\n")
        shell.type(CTRL_C + "port del esx1 ?")
        shell.expect("^  no word may follow here")
        shell.type(CTRL_C + "fdb add 02:00:00:00:00:01 vlan ?")
        shell.expect("^  10 +a VLAN\n  V +a VLAN\n")
        shell.type(CTRL_C + "port del ?")
        shell.expect("^  uplink +name of a port")
        shell.type(CTRL_C + 'port show "a?"\r')
        shell.expect(r"no port 'a\?'")


def goes_on(live):
    """continues after a failed command; Ctrl-C discards a line; exit and Ctrl-D end the shell"""
    with live.shell() as shell:
        shell.expect("^lab> ")
        shell.type("port show nosuch\r")
        shell.expect("no port 'nosuch'.*\nlab> ")
        shell.type("port show 'esx1\r")
        shell.expect("a quote is not closed\nlab> ")
        shell.type("# port del esx1\rgroup show nested # and no other\r")
        shell.expect("^lab> group show nested.*\n.*\n.*\nlab> ")
        shell.type("  \rport del esx1" + CTRL_C)
        shell.expect(r"\^C\nlab> ")
        shell.type("help port set\r")
        shell.expect("usage: nestctl port set NAME KEY VALUE")
        shell.type("exit\r")
        tap.equal(shell.end(), DONE, "exit status")
    tap.equal(len(live.asked("port")), 3, "number of ports")
    with live.shell() as shell:
        shell.expect("^lab> ")
        shell.type(CTRL_D)
        tap.equal(shell.end(), DONE, "exit status")


def remembered(live):
    """keeps its history in a bounded private file"""
    history = live.home / ".nestctl_history"
    with live.shell() as shell:
        shell.expect("^lab> ")
        shell.type("fdb show vlan 10\r")
        shell.expect(STATION)
    with live.shell() as shell:
        shell.expect("^lab> ")
        shell.type(CTRL_P + "\r")
        shell.expect(f"fdb show vlan 10\n(?:.*\n)*.*{STATION}")
    tap.equal(oct(history.stat().st_mode & 0o777), "0o600", "mode of the history file")
    history.write_text("_HiStOrY_V2_\n" + "status\nstats\n" * 1000)
    with live.shell() as shell:
        shell.expect("^lab> ")
        shell.type("port show esx2\r")
        shell.expect("nested")
    lines = history.read_text().splitlines()
    tap.equal((len(lines), lines[-1]), (1001, r"port\040show\040esx2"), "number of lines in the history, last line")


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def interrupted(live):
    """Ctrl-C ends monitor, but not the shell"""
    with live.shell() as shell:
        shell.expect("^lab> ")
        shell.type("monitor\r")
        shell.expect("monitor\n")
        deadline = time.monotonic() + 10
        while not children(shell.pid):
            assert time.monotonic() < deadline, "monitor does not start"
            time.sleep(0.02)
        shell.type(CTRL_C)
        shell.expect("^lab> ")
        tap.equal(children(shell.pid), [], "child processes of the shell")
        shell.type("status\r")
        shell.expect("^switch +lab")


def reconnected(live):
    """reconnects after a restart of the switch"""
    with live.shell() as shell:
        shell.expect("^lab> ")
        live.stop()
        shell.type("status\r")
        shell.expect("no switch at .*\nnestctl> ")
        live.start()
        shell.type("status\r")
        shell.expect("^switch +lab(?:.*\n)*lab> ")


def script(live, text, status, said, shown):
    done = subprocess.run([live.bench.build / "nestctl", "-s", live.path], input=text, capture_output=True, text=True,
                          cwd=live.bench.folder, timeout=60)
    tap.equal(done.returncode, status, f"exit status ({done.stderr})")
    tap.matches(done.stderr, said if status else "^$", "standard error")
    tap.matches(done.stdout, shown, "standard output")


def script_stops(live):
    """no line runs after a failed line"""
    script(live, "policy set aging-time 41\npolicy set aging-times 42\npolicy set aging-time 43\n", USAGE, "line 2", "")
    tap.equal(live.asked("policy")["aging-time"]["value"], 41, "aging-time")


def tests(bench):
    live = Live(bench)
    yield "shell: start a switch", live.start
    for words, wanted in COMPLETED:
        yield f"completion: {' '.join(words)!r}", lambda words=words, wanted=wanted: completed(live, words, wanted)
    yield "completion: no names without a switch", lambda: completed_without_a_switch(live)
    for line, wanted in IN_BASH:
        yield f"bash: {line!r}", lambda line=line, wanted=wanted: in_bash(live, line, wanted)
    yield f"bash: {files_in_bash.__doc__}", lambda: files_in_bash(live)
    for test in (typed, listed, a_file, explained, goes_on, remembered, interrupted, reconnected):
        yield f"shell: {test.__doc__}", lambda test=test: test(live)
    for text, status, said, shown in SCRIPTS:
        yield (f"script: {text[:60]!r}: exit status {status}",
               lambda text=text, status=status, said=said, shown=shown: script(live, text, status, said, shown))
    yield f"script: {script_stops.__doc__}", lambda: script_stops(live)
    yield "shell: stop the switch", live.stop
