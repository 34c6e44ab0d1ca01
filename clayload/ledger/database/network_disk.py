"""Does a SQLite ledger lie on a disk of this machine?

In:    the ledger's path, and the mounts as the kernel lists them.
Out:   nothing, or a refusal with what to use instead.
Never: a guess: a system that lists no mounts, and a file system not named here, pass.

Several processes share the ledger by locks and by memory they map together (WAL). Over a network
neither holds: two machines would both believe that they hold the write lock.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from clayload.errors import Code, LedgerError

NETWORK_KINDS = frozenset(
    {
        "9p",
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
    }
)
"""File systems of other machines, as mountinfo names them, without a leading `fuse.`.

The host of a virtual machine is another machine too: it may write its folder without these locks.
"""

MOUNTS = Path("/proc/self/mountinfo")
"""Where Linux lists the mounts that this process sees."""

_ESCAPED = re.compile(r"\\([0-7]{3})")
_MOUNT_POINT = 4


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a file system hangs in the tree, and of which kind it is."""

    point: PurePosixPath
    kind: str


def refuse_network_disk(path: Path, mounts: Path = MOUNTS) -> None:
    """Check that a SQLite ledger at `path` would lie on a disk of this machine.

    Raises:
        LedgerError: LEDGER_ON_NETWORK_DISK.
    """
    mount = find_network_mount(path, _read_mounts(mounts))
    if mount is None:
        return
    raise LedgerError(
        Code.LEDGER_ON_NETWORK_DISK,
        f"the ledger {path} would lie on a network disk: {mount.point} is {mount.kind}, where "
        "SQLite's locks do not hold",
        hint="keep the ledger in Postgres (CLAYLOAD_LEDGER_URL=postgresql+psycopg://…), or "
        "CLAYLOAD_HOME on a disk of this machine",
    )


def find_network_mount(path: Path, mountinfo: str) -> Mount | None:
    """Find the mount that holds `path`, if it is of another machine; see proc(5) on mountinfo."""
    # pathlib raises on a loop of links; what cannot be followed is looked at as it is written.
    real = PurePosixPath(os.path.realpath(path))
    # Of two mounts at one point the later hides the earlier.
    holding = [mount for mount in _parse(mountinfo) if real.is_relative_to(mount.point)]
    holding.sort(key=lambda mount: len(mount.point.parts))
    if holding and holding[-1].kind.removeprefix("fuse.") in NETWORK_KINDS:
        return holding[-1]
    return None


def _parse(mountinfo: str) -> Iterator[Mount]:
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if after and len(fields) > _MOUNT_POINT:
            point = _ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), fields[_MOUNT_POINT])
            yield Mount(PurePosixPath(point), after.split(" ")[0])


def _read_mounts(mounts: Path) -> str:
    try:
        return mounts.read_text(errors="surrogateescape")
    except OSError:
        return ""
