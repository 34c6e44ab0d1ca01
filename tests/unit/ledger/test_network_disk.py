"""Is a ledger on a network disk found, whatever else is mounted, on Linux and on macOS?"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from clayload.errors import Code, LedgerError
from clayload.ledger.database.engine import open_engine
from clayload.ledger.database.network_disk import (
    NETWORK_KINDS,
    Mount,
    find_network_mount,
    list_mounts,
)


def mount(point: str, kind: str, options: str = "rw,relatime") -> Mount:
    return Mount(PurePosixPath(point), kind, frozenset(options.split(",")))


ROOT = mount("/", "ext4")
MACOS = (
    mount("/", "apfs", "ro,local,rootfs,dovolfs,journaled,multilabel"),
    mount("/dev", "devfs", "rw,local,dovolfs,dontbrowse,multilabel"),
    mount("/System/Volumes/Data", "apfs", "rw,local,dovolfs,dontbrowse,journaled,multilabel"),
    mount("/System/Volumes/Data/home", "autofs", "rw,dovolfs,dontbrowse,automounted,multilabel"),
)


def find(path: str, *mounts: Mount) -> Mount | None:
    return find_network_mount(Path(path), lambda: [ROOT, *mounts])


def find_on_macos(path: str, *mounts: Mount) -> Mount | None:
    return find_network_mount(Path(path), lambda: [*MACOS, *mounts])


@pytest.mark.parametrize(
    "kind",
    [
        *("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph", "panfs"),
        *("fuse.ceph-fuse", "fuse.juicefs", "fuse.blobfuse2", "fuse.goofys", "fuse.mfs"),
        *("virtiofs", "vboxsf", "fuse.vmhgfs-fuse", "prl_fs"),
    ],
)
def test_a_path_on_a_disk_of_another_machine_is_found(kind: str) -> None:
    found = find("/shared/ledgers/ledger.db", mount("/shared", kind))
    assert found == mount("/shared", kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "fuse.unheard-of"])
def test_a_disk_of_this_machine_and_an_unknown_system_pass(kind: str) -> None:
    assert find("/shared/ledger.db", mount("/shared", kind)) is None


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("smbfs", "rw,nosuid"),
        ("nfs", "rw,nosuid,automounted"),
        ("afpfs", "rw,nosuid"),
        ("webdav", "rw,nosuid"),
        ("macfuse", "rw,nosuid,sync"),
        ("unheard-of", "rw"),
    ],
)
def test_on_macos_a_volume_that_is_not_marked_as_local_is_found(kind: str, options: str) -> None:
    volume = mount("/Volumes/leads", kind, options)
    assert find_on_macos("/Volumes/leads/ledger.db", volume) == volume


@pytest.mark.parametrize("kind", ["smbfs", "nfs", "afpfs", "webdav"])
def test_a_kind_that_is_never_local_is_found_whatever_it_is_marked_as(kind: str) -> None:
    volume = mount("/Volumes/leads", kind, "rw,local")
    assert find_on_macos("/Volumes/leads/ledger.db", volume) == volume


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/Volumes/stick/ledger.db", "exfat"),
        ("/Volumes/stick/ledger.db", "apfs"),
        ("/Volumes/stick/ledger.db", "macfuse"),
        ("/System/Volumes/Data/someone/ledger.db", "exfat"),
        ("/Library/ledger.db", "exfat"),
    ],
)
def test_on_macos_a_disk_of_this_machine_passes(path: str, kind: str) -> None:
    assert find_on_macos(path, mount("/Volumes/stick", kind, "rw,local,nosuid")) is None


def test_a_folder_whose_disk_is_not_mounted_yet_passes_and_the_disk_does_not() -> None:
    path = "/System/Volumes/Data/home/someone/ledger.db"
    assert find_on_macos(path) is None
    disk = mount("/System/Volumes/Data/home/someone", "nfs", "rw,automounted")
    assert find_on_macos(path, disk) == disk


def test_the_innermost_mount_decides() -> None:
    mounts = mount("/shared/fast", "ext4"), mount("/shared", "nfs")
    assert find("/shared/fast/ledger.db", *mounts) is None
    assert find("/shared/ledger.db", *mounts) is not None


def test_a_folder_that_only_begins_like_a_mount_is_not_on_it() -> None:
    assert find("/shared-not/ledger.db", mount("/shared", "nfs")) is None


def test_of_two_mounts_at_one_point_the_later_decides() -> None:
    assert find("/m/ledger.db", mount("/m", "nfs"), mount("/m", "ext4")) is None
    assert find("/m/ledger.db", mount("/m", "ext4"), mount("/m", "nfs")) is not None


def test_a_link_to_a_network_disk_is_followed(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to("far")
    disk = mount(str((tmp_path / "far").resolve()), "nfs")
    assert find_network_mount(tmp_path / "near" / "ledger.db", lambda: [ROOT, disk]) == disk


def test_where_nothing_is_listed_every_path_passes() -> None:
    assert find_network_mount(Path("/shared/ledger.db"), list) is None


def test_the_system_lists_the_disk_that_it_started_from_and_its_kind() -> None:
    roots = [each for each in list_mounts() if each.point == PurePosixPath("/")]
    assert [bool(each.kind) for each in roots[-1:]] == [True]


def test_the_kinds_are_written_without_a_prefix() -> None:
    assert not [kind for kind in NETWORK_KINDS if kind.startswith("fuse.")]


def test_a_ledger_on_a_network_disk_is_refused_with_postgres_as_the_next_step(
    tmp_path: Path,
) -> None:
    disk = mount(str(tmp_path.resolve()), "nfs4")
    with pytest.raises(LedgerError, match=r"is nfs4, where SQLite's locks do not hold") as caught:
        open_engine(f"sqlite:///{tmp_path}/new/ledger.db", mounts=lambda: [ROOT, disk])
    assert caught.value.code is Code.LEDGER_ON_NETWORK_DISK
    assert "postgresql+psycopg" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
