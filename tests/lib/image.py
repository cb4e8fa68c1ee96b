# SPDX-License-Identifier: BSD-3-Clause
"""image: kernel and initramfs of a guest, made once and kept in build/guest-image/.

The kernel is Debian's cloud kernel, downloaded but not installed. The initramfs has busybox, iproute2, iperf3 and `init`.
"""

import lzma
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import lab

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / "build/guest-image"
KERNEL = "linux-image-cloud-amd64"
MODULES = ("virtio_pci", "virtio_net", "bridge", "veth", "8021q")
PROGRAMS = ("ip", "iperf3")
TOOLS = ("qemu-system-x86_64", "busybox", "cpio", "apt-get", "dpkg-deb", *PROGRAMS)
SKELETON = ("bin", "dev", "proc", "root", "sys", "tmp")


class Missing(Exception):
    """The reason why this machine cannot make guests."""


def make():
    """(kernel, initramfs)"""
    for tool in TOOLS:
        if not shutil.which(tool):
            raise Missing(f"no {tool}")
    CACHE.mkdir(parents=True, exist_ok=True)
    kernel, initramfs = CACHE / "vmlinuz", CACHE / "initramfs"
    made = min((path.stat().st_mtime if path.exists() else 0) for path in (kernel, initramfs))
    if any(source.stat().st_mtime > made for source in (HERE / "init", Path(__file__))):
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            build(Path(folder), kernel, initramfs)
    return kernel, initramfs


def build(folder, kernel, initramfs):
    unpacked, root = folder / "package", folder / "root"
    lab.run("dpkg-deb", "-x", package(), unpacked)
    shutil.copy(next(unpacked.glob("boot/vmlinuz-*")), kernel)
    for name in SKELETON:
        (root / name).mkdir(parents=True)
    put(shutil.which("busybox"), root / "bin")
    put(HERE / "init", root)
    (kernel_folder,) = [*unpacked.glob("lib/modules/*"), *unpacked.glob("usr/lib/modules/*")]
    order = modules(kernel_folder)
    (root / "modules.d").mkdir()
    for name, content in order.items():
        (root / f"modules.d/{name}.ko").write_bytes(content)  # without .ko insmod takes a file for a compressed one
    (root / "modules").write_text("".join(f"/modules.d/{name}.ko\n" for name in order))
    for program in PROGRAMS:
        put(shutil.which(program), root / "sbin")
        for library in re.findall(r"(/\S+) \(0x", lab.run("ldd", shutil.which(program)).stdout):
            put(library, root / Path(library).parent.relative_to("/"))
    pack(root, folder / "initramfs").rename(initramfs)


def package():
    """The package of the kernel. KERNEL is a metapackage that depends on it."""
    kept = sorted(CACHE.glob("linux-image-*.deb"))
    if kept:
        return kept[-1]
    try:
        named = re.search(r"Depends: (linux-image-\S+)", lab.run("apt-cache", "depends", KERNEL).stdout)
        if not named:
            raise Missing(f"apt knows no {KERNEL} (apt-get update?)")
        done = subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", named[1]], cwd=CACHE,
                              capture_output=True, text=True, timeout=120)
    except (lab.Failure, OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"no kernel for guests: {error}") from error
    fetched = sorted(CACHE.glob("linux-image-*.deb"))
    if done.returncode or not fetched:
        raise Missing(f"no kernel for guests: apt-get download {named[1]}: {done.stderr.strip()}")
    return fetched[-1]


def put(file, folder):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, folder)


def modules(folder):
    """{name: content} of MODULES and their dependencies, in loading order, without modules that are built into the kernel."""
    files = {module_name(path): path for path in folder.rglob("*.ko*")}
    built_in = {module_name(Path(line)) for line in (folder / "modules.builtin").read_text().split()}
    order = {}

    def add(name):
        if name in order or name in built_in:
            return
        content = files[name].read_bytes()
        if files[name].suffix == ".xz":
            content = lzma.decompress(content)
        for other in re.search(rb"\bdepends=([^\0]*)\0", content)[1].decode().split(","):
            if other:
                add(other.replace("-", "_"))
        order[name] = content
    for name in MODULES:
        add(name)
    return order


def module_name(path):
    return path.name.split(".ko")[0].replace("-", "_")


def pack(root, archive):
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with archive.open("wb") as out:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=root, input=names.encode(), stdout=out,
                       check=True)
    return archive
