# SPDX-License-Identifier: BSD-3-Clause
"""roots: bare roots of a release, whose packages are kept for the next time."""

ARCHIVES = "var/cache/apt/archives"
DEBIAN = "http://deb.debian.org/debian"


def debian_sources(suite):
    """URL, suite and components of a release of Debian."""
    return (f"{DEBIAN} {suite} main", f"{DEBIAN} {suite}-updates main", f"{DEBIAN}-security {suite}-security main")


def bootstrap(root, cache, include, lines):
    """The command that makes a root with essential packages, apt and the packages of `include`. `lines`: of sources.list."""
    return ["mmdebstrap", "--mode=root", "--variant=apt", f"--include={','.join(include)}", "--skip=download/empty,essential/unlink",
            f'--setup-hook=mkdir -p "$1/{ARCHIVES}"', f"--setup-hook=sync-in {cache} /{ARCHIVES}",
            f"--customize-hook=sync-out /{ARCHIVES} {cache}", "", root, *lines]
