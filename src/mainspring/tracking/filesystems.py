"""Which kind of file system a path lives on, as far as the mount table tells."""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from mainspring.errors import NetworkFilesystemError

__all__ = ["kind_of", "network_kind", "refuse_network"]

# fmt: off
NETWORK = frozenset(
    [
        "9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs",
        "lustre", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb", "smb2", "smb3", "smbfs",
        "sshfs", "vboxsf", "webdav",
        "fuse.ceph-fuse", "fuse.gcsfuse", "fuse.glusterfs", "fuse.goofys", "fuse.juicefs", "fuse.mount-s3",
        "fuse.rclone", "fuse.s3fs", "fuse.seaweedfs", "fuse.smbnetfs", "fuse.sshfs", "fuse.vmhgfs-fuse",
    ]
)
# fmt: on

MOUNTINFO = Path("/proc/self/mountinfo")
OCTAL = re.compile(r"\\([0-7]{3})")
BSD_LINE = re.compile(r"^.* on (?P<point>/.*?) \((?P<kind>[\w.]+)")


def refuse_network(path: Path) -> None:
    """Return nothing when SQLite's locks can be trusted where `path` is, or will be.

    Raises:
        NetworkFilesystemError: The mount table gives a network file system for it.
    """
    kind = network_kind(path.resolve(), mount_table())
    if kind is not None:
        raise NetworkFilesystemError(
            f"A local database cannot live on a network file system ({kind}): its locks are not reliable there",
            str(path),
            "Choose a home on a local disk, or set a postgresql:// URL in the [workspace] table.",
        )


def mount_table() -> str:
    """Return this host's mount table: `/proc/self/mountinfo`, on macOS what `mount` prints, elsewhere nothing."""
    if sys.platform == "darwin":
        return str(import_module("mainspring.tracking.macos").mount_table())
    try:
        return MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def network_kind(path: Path, table: str) -> str | None:
    """Return the network file system that the absolute `path` lives on, or None when it is local or unknown.

    A sandbox whose root is of type `9p` (gVisor) uses that type for its own files and keeps their locks itself; where
    only a part of the tree is `9p`, it belongs to another kernel.
    """
    kind = kind_of(path, table)
    if kind == "9p" and kind_of(Path("/"), table) == "9p":
        return None
    return kind if kind in NETWORK else None


def kind_of(path: Path, table: str) -> str | None:
    """Return the type of the mount that holds the absolute `path`: the deepest, and of those at one place the last."""
    found: tuple[int, str] | None = None
    for point, kind in mounts(table):
        if path.is_relative_to(point):
            depth = len(Path(point).parts)
            if found is None or depth >= found[0]:
                found = (depth, kind)
    return found[1] if found else None


def mounts(table: str) -> Iterator[tuple[str, str]]:
    """Return mount point and type of each line of mountinfo, or of `mount` on macOS; other lines are left out."""
    for line in table.splitlines():
        left, dash, right = line.partition(" - ")
        fields = left.split(" ")
        if dash and len(fields) >= 6 and right:
            yield OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4]), right.split(" ", 1)[0]
        elif match := BSD_LINE.match(line):
            yield match["point"], match["kind"]
