# SPDX-License-Identifier: BSD-3-Clause
"""container: systemd as the first process of namespaces of its own, on a root that stays as it is."""

import os
import re
import subprocess
from pathlib import Path

import processes
from lab import Failure, run

BOOT_S = 120
UNIFIED = "cgroup2"
# A container must not load modules, set the clock or change parameters of the kernel.
FORBIDDEN = "-sys_module,-sys_time,-sys_boot,-sys_rawio"

# $1: the root. $2: a folder for what differs from it.
SET_UP = """
set -e
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755,nosuid tmpfs dev
mkdir dev/pts dev/shm dev/net
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
mknod -m 666 dev/net/tun c 10 200
ln -s /proc/self/fd dev/fd
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mkdir oldroot
pivot_root . oldroot
umount -l /oldroot
rmdir /oldroot
exec /usr/bin/env -i container=nestswitch-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=no
"""


def unified():
    """Where the machine has its unified hierarchy of cgroups, None if it has none."""
    for line in Path("/proc/mounts").read_text().splitlines():
        if line.split()[2] == UNIFIED:
            return Path(line.split()[1])
    return None


class Container:
    """`namespace`: a lab.Namespace, whose network the container has."""

    def __init__(self, root, namespace, folder):
        self.namespace, self.folder = namespace, folder
        self.cgroup = unified() / namespace.name
        self.log, top = folder / "console.log", folder / "top"
        top.mkdir()
        self.cgroup.mkdir()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"', "bash", self.cgroup,
                 "nsenter", f"--net=/run/netns/{namespace.name}",
                 "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--cgroup",
                 "setpriv", "--bounding-set", FORBIDDEN,
                 "bash", "-c", SET_UP, "bash", root, top], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = None

    def await_boot(self):
        """Waits until systemd has started all units."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        processes.wait_for("first process", lambda: children.read_text().strip())
        self.pid = int(children.read_text())
        processes.wait_for("systemd", lambda: os.readlink(f"/proc/{self.pid}/exe").endswith("/systemd"))
        processes.wait_for("its socket", self.path("/run/systemd/private").exists)
        state = self.run("systemctl", "is-system-running", "--wait", check=False, timeout=BOOT_S).stdout.strip()
        if state != "running":
            raise Failure(f"systemd is {state!r}: {self.run('systemctl', '--failed', '--no-legend', check=False).stdout}{self.last_words()}")

    def last_words(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def path(self, inside):
        """A file of the container."""
        return Path(f"/proc/{self.pid}/root{inside}")

    def command(self, *words):
        return ["nsenter", "--target", str(self.pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd=/",
                "env", "-i", "HOME=/root", "LANG=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *map(str, words)]

    def run(self, *words, check=True, timeout=60):
        return run(*self.command(*words), check=check, timeout=timeout)

    def properties(self, unit, *names):
        """Values of a unit, in the order of the names."""
        said = self.run("systemctl", "show", "--property", ",".join(names), unit).stdout
        values = dict(line.split("=", 1) for line in said.splitlines())
        return [values[name] for name in names]

    def outer_pid(self, pid):
        """The number that a process of the container has outside."""
        mine = os.readlink(f"/proc/{self.pid}/ns/pid")
        for number in filter(str.isdigit, os.listdir("/proc")):
            try:
                numbers = re.search(r"^NSpid:(.*)$", Path(f"/proc/{number}/status").read_text(), re.MULTILINE)[1].split()
                if int(numbers[-1]) == pid and os.readlink(f"/proc/{number}/ns/pid") == mine:
                    return int(number)
            except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                continue
        raise Failure(f"no process {pid} in the container")

    def stop(self):
        """Ends all processes of the container. systemd as the first process cannot refuse."""
        self.process.kill()
        self.process.wait()
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            processes.wait_for(f"end of {folder}", lambda at=Path(folder): remove(at))


def remove(cgroup):
    """Removes a cgroup. False if a process is still in there."""
    try:
        cgroup.rmdir()
    except OSError:
        return False
    return True
