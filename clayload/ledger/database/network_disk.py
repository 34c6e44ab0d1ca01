"""Does a SQLite ledger lie on a disk of this machine?

In:    the ledger's path, and the file systems that are mounted.
Out:   nothing, or a refusal with what to use instead.
Never: a guess: a system that lists none passes, and so does a file system that is neither named
       here nor, where the system marks its own disks (macOS), left unmarked.

Several processes share the ledger by locks and by memory they map together (WAL). Over a network
neither holds: two machines would both believe that they hold the write lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import psutil

from clayload.errors import Code, LedgerError

NETWORK_KINDS = frozenset(
    {
        "9p",
        "afpfs",
        "afs",
        "beegfs",
        "blobfuse",
        "blobfuse2",
        "ceph",
        "ceph-fuse",
        "cifs",
        "coda",
        "davfs",
        "gcsfuse",
        "glusterfs",
        "goofys",
        "gpfs",
        "juicefs",
        "lustre",
        "mfs",
        "ncpfs",
        "nfs",
        "nfs4",
        "orangefs",
        "panfs",
        "prl_fs",
        "rclone",
        "s3fs",
        "smb3",
        "smbfs",
        "sshfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
        "vmhgfs-fuse",
        "webdav",
    }
)
"""File systems of other machines, as Linux and macOS name them, without a leading `fuse.`.

The host of a virtual machine is another machine too: it may write its folder without these locks.
"""

# A disk that is mounted only once somebody looks into its folder is no disk yet.
_NOT_YET_MOUNTED = "autofs"


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a file system hangs in the tree, of which kind it is, and with which options."""

    point: PurePosixPath
    kind: str
    options: frozenset[str] = frozenset()

    @property
    def is_marked(self) -> bool:
        """Whether the system says that it is a disk of this machine; Linux never does."""
        return "local" in self.options


ListMounts: TypeAlias = Callable[[], Sequence[Mount]]


def list_mounts() -> Sequence[Mount]:
    """List what is mounted, in the order of mounting; nothing where that cannot be read."""
    try:
        partitions = psutil.disk_partitions(all=True)
    except (OSError, UnicodeDecodeError):
        # psutil lists none if the options of one are not UTF-8.
        return []
    return [
        Mount(PurePosixPath(each.mountpoint), each.fstype, frozenset(each.opts.split(",")))
        for each in partitions
    ]


def refuse_network_disk(path: Path, mounts: ListMounts = list_mounts) -> None:
    """Check that a SQLite ledger at `path` would lie on a disk of this machine.

    Raises:
        LedgerError: LEDGER_ON_NETWORK_DISK.
    """
    mount = find_network_mount(path, mounts)
    if mount is None:
        return
    raise LedgerError(
        Code.LEDGER_ON_NETWORK_DISK,
        f"the ledger {path} would lie on a network disk: {mount.point} is {mount.kind}, where "
        "SQLite's locks do not hold",
        hint="keep the ledger in Postgres (CLAYLOAD_LEDGER_URL=postgresql+psycopg://…), or "
        "CLAYLOAD_HOME on a disk of this machine",
    )


def find_network_mount(path: Path, mounts: ListMounts) -> Mount | None:
    """Find the mount that holds `path`, if it is of another machine."""
    # pathlib raises on a loop of links; what cannot be followed is looked at as it is written.
    real = PurePosixPath(os.path.realpath(path))
    # Only now: following the path has mounted what is mounted on demand.
    mounted = mounts()
    # Of two mounts at one point the later hides the earlier.
    holding = [mount for mount in mounted if real.is_relative_to(mount.point)]
    holding.sort(key=lambda mount: len(mount.point.parts))
    if holding and _is_remote(holding[-1], marks_own=any(map(_is_marked_root, mounted))):
        return holding[-1]
    return None


def _is_remote(mount: Mount, *, marks_own: bool) -> bool:
    # All of FUSE is one kind on macOS: sshfs is known there by the mark that it lacks.
    is_unmarked = marks_own and not mount.is_marked and mount.kind != _NOT_YET_MOUNTED
    return is_unmarked or mount.kind.removeprefix("fuse.") in NETWORK_KINDS


def _is_marked_root(mount: Mount) -> bool:
    """Whether this shows that the system marks its own disks: it marks what it started from."""
    return mount.is_marked and mount.point == PurePosixPath("/")
