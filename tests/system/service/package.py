# SPDX-License-Identifier: BSD-3-Clause
"""package: builds the Debian package of this tree, and a root of Debian 12 that has all it depends on. Both are kept."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import roots

ROOT = Path(__file__).resolve().parents[3]
KEPT, CACHE = ROOT / "build/service", ROOT / "build/fresh/cache/debian-12"
SUITE = "bookworm"
SYSTEM = "systemd-sysv", "dbus"
TOOLS = {"dpkg-buildpackage": "dpkg-dev", "dh": "debhelper", "mmdebstrap": "mmdebstrap"}


class Broken(Exception):
    """A command failed; the text names its log."""


def missing_tools():
    """The packages that are missing for this."""
    return [package for tool, package in TOOLS.items() if not shutil.which(tool)]


def run_logged(log, *words, folder=ROOT, **environment):
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        status = subprocess.run([str(word) for word in words], cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                env=os.environ | environment, check=False).returncode
    if status:
        raise Broken(f"{words[0]}: exit status {status}, see {log}")


def copy_sources(target):
    """Copies the files of the tree, so that only those that have changed are compiled. Returns whether any has."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    names = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    changed = False
    for name in names:
        here, there = ROOT / name, target / name
        if not there.exists() or here.read_bytes() != there.read_bytes() or here.stat().st_mode != there.stat().st_mode:
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(here, there)
            changed = True
    for path in target.rglob("*"):
        name = str(path.relative_to(target))
        if path.is_file() and name not in names and not name.startswith(("obj-", "debian/")):
            path.unlink()
            changed = True
    return changed


def build():
    """Builds the package as docs/deploy/debian.md says, without tests. Returns its file."""
    sources = KEPT / "sources"
    kept = list(KEPT.glob("nestswitch_*.deb"))
    if not copy_sources(sources) and kept:
        return kept[0]
    for left in (sources / "debian").iterdir():  # of the build before
        if not (ROOT / "debian" / left.name).exists():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    for old in kept:
        old.unlink()
    run_logged(KEPT / "package.log", "dpkg-buildpackage", "-us", "-uc", "-b", "-nc", folder=sources, DEB_BUILD_OPTIONS="nocheck")
    return next(KEPT.glob("nestswitch_*.deb"))


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", package, name], check=True, capture_output=True, text=True).stdout.strip()


def as_version(package, version, folder):
    """A package with the same files and another version."""
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub("^Version: .*$", f"Version: {version}", control.read_text(), flags=re.MULTILINE))
    target = folder / f"nestswitch_{version}_amd64.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, target], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return target


def make_root(package):
    """A root with systemd and what the package depends on. The one of the last time, if it had the same packages."""
    depends = [re.split(r"[ (|]", one.strip())[0] for one in field(package, "Depends").split(",")]
    include = sorted({*SYSTEM, *depends})
    lines = [f"deb {source}" for source in roots.debian_sources(SUITE)]
    root = KEPT / f"root-{hashlib.sha256(repr((include, lines)).encode()).hexdigest()[:12]}"
    if (root / "etc/debian_version").exists():
        return root
    for old in KEPT.glob("root-*"):
        subprocess.run(["rm", "-rf", "--one-file-system", old], check=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    fresh = KEPT / "root-unfinished"
    run_logged(KEPT / "root.log", *roots.bootstrap(fresh, CACHE, include, lines))
    return fresh.rename(root)
