# SPDX-License-Identifier: BSD-3-Clause
"""saving: tests the effects of `config save` on files, with errors and crashes."""

import os
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import processes
import tap
from over_time import HISTORY_MAX, LIVE, REFUSED, Live

PLAIN = LIVE.split("\n", 1)[1].replace("net_pcap_a,rx_pcap=load.pcap,infinite_rx=1", "null:")
COMMENTED = "# all hosts\n" + PLAIN
STATIONS = 5000
KILLS = 3
OWNER = 1234


def many_stations():
    rows = (f"  - {{ mac: 02:00:01:00:{number >> 8:02x}:{number & 255:02x}, vlan: 1, port: a }}\n" for number in range(STATIONS))
    return f"{PLAIN}static-macs:\n{''.join(rows)}"


class Saving:
    """Most tests share a switch. begin() returns it to its first state before each of them."""

    def __init__(self, bench):
        self.bench = bench

    def tests(self):
        yield "config save: start a switch", self.start
        for test in (self.to_its_file, self.nothing_new, self.comments, self.only_comments_new, self.edited, self.elsewhere,
                     self.a_link, self.mode_and_owner, self.no_place, self.cut_short):
            yield f"config save: {test.__doc__}", lambda test=test: test(self.live)
        yield "config save: stop the switch", lambda: self.live.stop()
        for test in (self.forgotten, self.owner_that_cannot_stay, self.killed):
            yield f"config save: {test.__doc__}", test

    def made(self, config=PLAIN, prefix=()):
        """A switch with its own folder."""
        folder = Path(tempfile.mkdtemp(dir=self.bench.folder))
        live = Live(self.bench, config, f"{folder.name}/lab", prefix)
        live.file = folder / "lab.yaml"
        return live

    def start(self):
        self.live = self.made()
        self.live.start()

    @staticmethod
    def begin(live, text=PLAIN):
        """Returns to the first configuration, writes this text to its file, removes other files, then makes a change."""
        for path in live.file.parent.iterdir():
            if path.suffix not in (".sock", ".log"):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        live.file.write_text(text)
        live.say("config rollback 1")
        live.say("port set b mac-limit 7")

    @staticmethod
    def files(live):
        """The files of its folder, except socket and log."""
        return sorted(path.name for path in live.file.parent.iterdir() if path.suffix not in (".sock", ".log"))

    @staticmethod
    def saved(live):
        """Saves and checks the message and the file."""
        tap.equal(live.print("config save"), f"{live.file}: written\n", "message of save")
        tap.equal(live.file.read_text(), live.print("config show"), "file")

    def to_its_file(self, live):
        """the file of the switch equals config show"""
        self.begin(live)
        self.saved(live)
        tap.equal(self.files(live), ["lab.yaml"], "files")
        tap.equal(live.print(f"config diff {live.file}"), "no differences\n")

    def nothing_new(self, live):
        """a file with the same configuration is not written"""
        self.begin(live, COMMENTED)
        live.say("config rollback 1")
        before = written(live.file)
        tap.equal(live.print("config save"), f"{live.file}: unchanged, it already has this configuration\n", "message of save")
        tap.equal((written(live.file), live.file.read_text()), (before, COMMENTED), "file")

    def comments(self, live):
        """a file with comments is kept as FILE~, with a message"""
        self.begin(live, COMMENTED)
        assert f"that is in {live.file}~ now" in live.say("config save")
        tap.equal((live.file.parent / "lab.yaml~").read_text(), COMMENTED, "lab.yaml~")
        live.say("port set b mac-limit 8")
        self.saved(live)
        tap.equal((live.file.parent / "lab.yaml~").read_text(), COMMENTED, "lab.yaml~")

    def only_comments_new(self, live):
        """a file with new comments only can be overwritten"""
        self.begin(live)
        self.saved(live)
        live.file.write_text("# new\n" + live.file.read_text())
        live.say("port set b mac-limit 8")
        assert "~ now" in live.say("config save")
        tap.equal(self.files(live), ["lab.yaml", "lab.yaml~"], "files")

    def edited(self, live):
        """a file that was edited meanwhile is overwritten only if it is named or was applied"""
        for edited in (PLAIN.replace("64", "65"), "ports: [", "", "no configuration"):
            self.begin(live, edited)
            assert "was changed by somebody" in live.say("config save", REFUSED)
            tap.equal((live.file.read_text(), self.files(live)), (edited, ["lab.yaml"]), "file and its folder")
            live.say(f"config save {live.file}")
            tap.equal(live.file.read_text(), live.print("config show"), "file")
            tap.equal(self.files(live), ["lab.yaml"] + ["lab.yaml~"] * bool(edited), "files")
        self.begin(live, PLAIN.replace("64", "66"))
        live.say(f"config apply {live.file}")
        live.say("port set b mac-limit 7")
        self.saved(live)

    def elsewhere(self, live):
        """FILE is relative to nestctl's folder, and may exist"""
        self.begin(live)
        other = live.file.parent / "other.yaml"
        live.say("config save " + os.path.relpath(other, self.bench.folder))
        tap.equal(other.read_text(), live.print("config show"), "file")
        tap.equal(stat.S_IMODE(other.stat().st_mode), 0o666 & ~umask(), "mode of a new file")
        other.write_text("# mine\n")
        assert f"{other}~ now" in live.say(f"config save {other}")
        tap.equal((live.file.parent / "other.yaml~").read_text(), "# mine\n", "backup of the old file")
        tap.equal(live.file.read_text(), PLAIN, "file of the switch")
        with tempfile.TemporaryDirectory(prefix="nest-save-", dir="/dev/shm") as folder:  # another file system
            live.say(f"config save {folder}/lab.yaml")
            tap.equal(os.listdir(folder), ["lab.yaml"], "files in the folder")

    def a_link(self, live):
        """a symbolic link is followed and kept"""
        self.begin(live)
        place = live.file.parent / "place"
        place.mkdir()
        live.file.rename(place / "real.yaml")
        live.file.symlink_to("place/real.yaml")
        tap.equal(live.print("config save"), f"{place}/real.yaml: written\n", "message of save")
        tap.equal(os.readlink(live.file), "place/real.yaml", "link")
        tap.equal(live.file.read_text(), live.print("config show"), "file")
        live.file.unlink()
        live.file.symlink_to("nowhere.yaml")
        assert "a dangling link" in live.say("config save", REFUSED)
        live.file.unlink()

    def mode_and_owner(self, live):
        """mode and owner stay, also in FILE~"""
        if os.getuid():
            raise tap.Skip("not root")
        self.begin(live, COMMENTED)
        live.file.chmod(0o604)
        os.chown(live.file, OWNER, OWNER)
        live.say("config save")
        for path in (live.file, live.file.parent / "lab.yaml~"):
            got = path.stat()
            tap.equal((stat.S_IMODE(got.st_mode), got.st_uid, got.st_gid), (0o604, OWNER, OWNER), f"mode and owner of {path}")

    def no_place(self, live):
        """bad paths are refused and leave no files behind"""
        self.begin(live)
        folder = live.file.parent
        os.mkfifo(folder / "fifo")
        (folder / "large").write_bytes(b"#" * (16 << 20) + b"#")
        places = (
            (folder / "nosuch/lab.yaml", "No such file"), (folder, "not a regular file"), (f"{folder}/", "not a regular file"),
            (f"{folder}/new/", "not the name of a file"), (folder / "fifo", "not a regular file"), ("/dev/null", "not a regular file"),
            (folder / "lab.yaml/x", "Not a directory"), (folder / "large", "too large"), ("/proc/lab.yaml", "cannot"),
            (folder / ("x" * 250), "too long"), (folder / ("x" * 300), "too long"))
        for path, why in places:
            assert why in (said := live.say(f"config save {path}", REFUSED)), f"{path}: {said}"
        answer = live.client.call("config.save", {"file": "lab.yaml"})
        assert "does not start with /" in answer["error"]["message"], answer
        tap.equal(self.files(live), ["fifo", "lab.yaml", "large"], "files")

    def cut_short(self, live):
        """a full disk leaves the old file unchanged"""
        self.begin(live, COMMENTED)
        for limit in (0, 1, len(COMMENTED) - 1, len(COMMENTED)):
            resource.prlimit(live.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            assert "too large" in live.say("config save", REFUSED), f"with room for {limit} bytes"
            tap.equal(live.file.read_text(), COMMENTED, "file")
            assert set(self.files(live)) <= {"lab.yaml", "lab.yaml~"}, self.files(live)
        resource.prlimit(live.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        live.say("config save")
        tap.equal(live.file.read_text(), live.print("config show"), "file")

    def forgotten(self):
        """the switch recognizes its file even if the history has dropped that configuration"""
        with self.made() as live:
            for turn in range(2):
                for seconds in range(HISTORY_MAX + 1):
                    live.ask("policy.set", set={"aging-time": 2 * seconds + turn})
                self.saved(live)

    def owner_that_cannot_stay(self):
        """if root may not change owners, the new group gets only the rights of others"""
        if os.getuid() or not shutil.which("setpriv"):
            raise tap.Skip("not root, or no setpriv")
        with self.made(prefix=("setpriv", "--bounding-set=-all", "--inh-caps=-all")) as live:
            live.file.chmod(0o664)
            os.chown(live.file, 0, OWNER)
            live.say("port set b mac-limit 7")
            self.saved(live)
            got = live.file.stat()
            tap.equal((stat.S_IMODE(got.st_mode), got.st_uid, got.st_gid), (0o644, 0, os.getgid()), "mode and owner")
            live.file.parent.chmod(0o555)
            live.say("port set b mac-limit 8")
            assert "Permission denied" in live.say("config save", REFUSED)
            live.file.parent.chmod(0o755)

    def killed(self):
        """a switch killed during a save leaves the complete old or new file"""
        text = many_stations()
        with self.made(text) as live:
            live.say("port set b mac-limit 7")
            new, started = live.print("config show"), time.monotonic()
            self.saved(live)
            took = time.monotonic() - started
        for number in range(KILLS):
            live = self.made(text)
            live.start()
            live.say("port set b mac-limit 7")
            live.client.send(b'{"jsonrpc":"2.0","id":1,"method":"config.save"}\n')
            time.sleep(took * number / KILLS)
            processes.end(live.process, signal.SIGKILL)
            assert live.file.read_text() in (text, new), f"after {took * number / KILLS:.3f} s the file is incomplete"


def written(path):
    return path.stat().st_ino, path.stat().st_mtime_ns


def umask():
    return int(subprocess.run(["sh", "-c", "umask"], capture_output=True, text=True, check=True).stdout, 8)
