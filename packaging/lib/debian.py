# SPDX-License-Identifier: BSD-3-Clause
"""debian: the package of this tree, and roots of Debian 12 that have it, with the same bytes each time."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
MIRRORS = ("deb http://deb.debian.org/debian bookworm main", "deb http://deb.debian.org/debian bookworm-updates main",
           "deb http://deb.debian.org/debian-security bookworm-security main")
ARCHIVES = "var/cache/apt/archives"
WITHOUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/lintian/*", "/usr/share/bug/*")
WITH = ("/usr/share/doc/*/copyright", "/usr/share/man/man[58]/nest*")
NOT_PACKAGED = ("packaging/image/", "packaging/lib/", "packaging/oci/")  # changes there need no new package


def run(*words, **options):
    subprocess.run([str(word) for word in words], check=True, stdin=subprocess.DEVNULL, **options)


def bootstrap(variant, include, cache, files, target, environment):
    """Makes a root, a folder or a tar, with packages and the files of a tar, whose /customize runs there at last and goes.
    `include`: names of packages, and paths of .deb. `cache`: keeps Debian's packages for the next time."""
    cache.mkdir(parents=True, exist_ok=True)
    paths = [f"--dpkgopt=path-exclude={path}" for path in WITHOUT] + [f"--dpkgopt=path-include={path}" for path in WITH]
    run("mmdebstrap", "--mode=root", f"--variant={variant}", "--quiet", f"--include={','.join(map(str, include))}", *paths,
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", "--hook-dir=/usr/share/mmdebstrap/hooks/file-mirror-automount",
        "--skip=download/empty,essential/unlink", f'--setup-hook=mkdir -p "$1/{ARCHIVES}"', f"--setup-hook=sync-in {cache} /{ARCHIVES}",
        f"--customize-hook=sync-out /{ARCHIVES} {cache}", f"--customize-hook=tar-in {files} /",
        '--customize-hook=chroot "$1" /customize && rm "$1/customize"', "bookworm", target, *MIRRORS, env=environment)


def names_in(path):
    """The names in a list of packages."""
    return [line for line in path.read_text().split("\n") if line and line[0] != "#"]


def version_of(package):
    return subprocess.run(["dpkg-deb", "-f", package, "Version"], check=True, capture_output=True, text=True).stdout.strip()


def clean_environment(epoch):
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": str(epoch), "HOME": "/root",
            **{name: os.environ[name] for name in ("http_proxy", "https_proxy") if name in os.environ}}


def build_package(out):
    """The Debian package of this tree, without its tests. The last one if no file has changed."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP, check=True,
                            capture_output=True, text=True).stdout
    names = sorted(name for name in listed.split("\0") if name and (TOP / name).is_file() and not name.startswith(NOT_PACKAGED))
    state = "".join(f"{sha256(TOP / name)} {os.access(TOP / name, os.X_OK)} {name}\n" for name in names)
    folder, stamp = out / "package", out / "package/sources.sha256"
    kept = list(folder.glob("nestswitch_*.deb"))
    if kept and stamp.exists() and stamp.read_text() == state:
        return kept[0]
    shutil.rmtree(folder, ignore_errors=True)
    for name in names:
        target = folder / "sources" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / name, target)
    with (out / "package.log").open("wb") as log:
        done = subprocess.run(["dpkg-buildpackage", "-us", "-uc", "-b"], cwd=folder / "sources", stdin=subprocess.DEVNULL, stdout=log,
                              stderr=log, env=os.environ | {"DEB_BUILD_OPTIONS": "nocheck noautodbgsym"}, check=False)
    if done.returncode:
        sys.exit(f"the package does not build, see {log.name}")
    stamp.write_text(state)
    return next(folder.glob("nestswitch_*.deb"))


def list_packages(root, target):
    with target.open("w") as file:
        run("dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", stdout=file)


def sha256(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def write_tar(target, files, epoch):
    """`files`: [(name, path or bytes)], in this order."""
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.mode = epoch, 0o755 if isinstance(content, Path) and os.access(content, os.X_OK) else 0o644
            entry.size = len(content) if isinstance(content, bytes) else content.stat().st_size
            with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
                archive.addfile(entry, file)


def source_date(package):
    """The date of the package's newest file is that of its changelog."""
    listed = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(listed)) as archive:
        return max(int(entry.mtime) for entry in archive)


def step(name, function, *arguments):
    begun = time.monotonic()
    function(*arguments)
    print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
