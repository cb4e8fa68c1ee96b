# SPDX-License-Identifier: BSD-3-Clause
"""image: kernel and initramfs of a guest, made once and kept in build/guest-image/.

The kernel is Debian's or Ubuntu's for virtual machines, downloaded but not installed. The initramfs has busybox, iproute2, iperf3 and `init`.
A second archive can extend it: extend().
"""

import fcntl
import lzma
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import lab

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / "build/guest-image"
KERNELS = ("linux-image-cloud-amd64", "linux-image-virtual")  # metapackages of Debian and Ubuntu
MODULES = ("virtio_pci", "virtio_net", "bridge", "veth", "8021q")
PROGRAMS = ("ip", "iperf3")
TOOLS = ("qemu-system-x86_64", "busybox", "cpio", "apt-get", "dpkg-deb", *PROGRAMS)
FETCH_S = 300
SKELETON = ("bin", "dev", "proc", "root", "sys", "tmp")


class Missing(Exception):
    """The reason why this machine cannot make guests."""


@contextmanager
def one_at_a_time(what):
    """Suites that run beside each other share the cache. The others wait."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make():
    """(kernel, initramfs)"""
    for tool in TOOLS:
        if not shutil.which(tool):
            raise Missing(f"no {tool}")
    kernel, initramfs = CACHE / "vmlinuz", CACHE / "initramfs"
    with one_at_a_time("guest"):
        made = min((path.stat().st_mtime if path.exists() else 0) for path in (kernel, initramfs))
        if any(source.stat().st_mtime > made for source in (HERE / "init", Path(__file__))):
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                build(Path(folder), kernel, initramfs)
    return kernel, initramfs


def extend(archive, folder, programs, libraries, more_modules):
    """Makes an initramfs in this folder from a former one. It also has these programs and libraries, with the libraries that
    they need, and can load more modules by modprobe."""
    root = folder / "more"
    for program in programs:
        put(program, root / "bin")
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/env").symlink_to("/bin/busybox")
    needed = {path for file in [*programs, *libraries] for path in libraries_of(file)}
    for library in {*libraries, *needed}:
        put_library(Path(library), root)
    with tempfile.TemporaryDirectory(dir=folder) as unpacked:
        put_modules(unpack(Path(unpacked)), root, more_modules)
    out = folder / "initramfs"
    out.write_bytes(archive.read_bytes() + pack(root, folder / "second").read_bytes())
    return out


def put_modules(kernel_folder, root, names):
    """Modules for modprobe. modules.dep lists all that a module needs, the first to load last."""
    folder = root / "lib/modules" / kernel_folder.name
    folder.mkdir(parents=True)
    lines = []
    for name, content in modules(kernel_folder, names).items():
        (folder / f"{name}.ko").write_bytes(content)
        *needed, _ = modules(kernel_folder, [name])
        lines.append(f"{name}.ko:{''.join(f' {other}.ko' for other in reversed(needed))}\n")
    (folder / "modules.dep").write_text("".join(lines))


def unpack(folder):
    """Unpacks the packages of the kernel. Returns the folder of its modules."""
    for package in packages():
        lab.run("dpkg-deb", "-x", package, folder)
    (found,) = [*folder.glob("lib/modules/*"), *folder.glob("usr/lib/modules/*")]
    return found


def build(folder, kernel, initramfs):
    unpacked, root = folder / "package", folder / "root"
    kernel_folder = unpack(unpacked)
    shutil.copy(next(unpacked.glob("boot/vmlinuz-*")), kernel)
    for name in SKELETON:
        (root / name).mkdir(parents=True)
    put(shutil.which("busybox"), root / "bin")
    put(HERE / "init", root)
    order = modules(kernel_folder, MODULES)
    (root / "modules.d").mkdir()
    for name, content in order.items():
        (root / f"modules.d/{name}.ko").write_bytes(content)  # without .ko insmod takes a file for a compressed one
    (root / "modules").write_text("".join(f"/modules.d/{name}.ko\n" for name in order))
    for program in PROGRAMS:
        put(shutil.which(program), root / "sbin")
        for library in libraries_of(shutil.which(program)):
            put(library, root / Path(library).parent.relative_to("/"))
    pack(root, folder / "initramfs").rename(initramfs)


def libraries_of(file):
    return [*re.findall(r"(/\S+) \(0x", lab.run("ldd", file, check=False).stdout), *loaded_later()]


def put_library(library, root):
    """A library that has several names stays one file, so that it is loaded once."""
    real, name = library.resolve(), root / library.relative_to("/")
    put(real, root / real.parent.relative_to("/"))
    name.parent.mkdir(parents=True, exist_ok=True)
    if not name.exists():
        name.symlink_to(real)


def loaded_later():
    """The library that libc loads when a program cancels a thread, as iperf3 does since 3.16."""
    return re.findall(r"libgcc_s\.so\.1 .*x86-64.*=> (\S+)", lab.run("ldconfig", "-p").stdout)[:1]


def packages():
    """The packages of the kernel and its modules."""
    folder = CACHE / "packages"
    with one_at_a_time("packages"):
        if not folder.exists():
            fetch_into(folder)
    return sorted(folder.glob("*.deb"))


def fetch_into(folder):
    """Makes the folder as a whole, or not at all."""
    with tempfile.TemporaryDirectory(dir=CACHE) as beginning:
        fetched = Path(beginning) / "packages"
        fetched.mkdir()
        fetch(needed(), fetched)
        fetched.rename(folder)


def needed():
    """The names of the packages. Where apt has no lists of packages, it gets them first."""
    if names := kernel_packages():
        return names
    update()
    if names := kernel_packages():
        return names
    raise Missing(f"apt knows no {' and no '.join(KERNELS)}")


def kernel_packages():
    """The packages of the first kernel that apt knows. Ubuntu has a second one with the modules."""
    return next((names + depends(names[0]) for names in map(depends, KERNELS) if names), [])


def update():
    try:
        lab.run("apt-get", "-qq", "update", timeout=FETCH_S)
    except (lab.Failure, subprocess.TimeoutExpired) as error:
        raise Missing(f"apt has no lists of packages, and gets none: {error}") from error


def depends(package):
    shown = subprocess.run(["apt-cache", "depends", package], capture_output=True, text=True, check=False).stdout
    return re.findall(r"^ *Depends: (linux-(?:image|modules)-\S+)", shown, re.MULTILINE)


def fetch(names, folder):
    command = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *names]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=FETCH_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"no kernel for guests: {error}") from error
    if done.returncode:
        raise Missing(f"no kernel for guests: apt-get download {' '.join(names)}: {done.stderr.strip()}")


def put(file, folder):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, folder)


def modules(folder, names):
    """{name: content} of modules and their dependencies, in loading order, without modules that are built into the kernel."""
    files = {module_name(path): path for path in folder.rglob("*.ko*")}
    built_in = {module_name(Path(line)) for line in (folder / "modules.builtin").read_text().split()}
    order = {}

    def add(name):
        if name in order or name in built_in:
            return
        content = module_content(files[name])
        for other in depends_on(content):
            add(other)
        order[name] = content
    for name in names:
        add(name)
    return order


def depends_on(content):
    """The modules that a module needs."""
    found = re.search(rb"\bdepends=([^\0]*)\0", content)[1].decode()
    return [name.replace("-", "_") for name in found.split(",") if name]


def module_content(path):
    """The content of a module. Debian compresses with xz, Ubuntu with zstd."""
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        if not shutil.which("zstd"):
            raise Missing("no zstd")
        return subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
    return path.read_bytes()


def module_name(path):
    return path.name.split(".ko")[0].replace("-", "_")


def pack(root, archive):
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with archive.open("wb") as out:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=root, input=names.encode(), stdout=out,
                       check=True)
    return archive
