"""Is a ledger on a network disk found, whatever else is mounted?"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from clayload.errors import Code, LedgerError
from clayload.ledger.database.engine import open_engine
from clayload.ledger.database.network_disk import NETWORK_KINDS, Mount, find_network_mount

ROOT = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw"


def mount(point: str, kind: str) -> str:
    return f"40 27 0:40 / {point} rw,relatime shared:1 master:2 - {kind} server:/export rw,vers=4.2"


def find(path: str, *mounts: str) -> Mount | None:
    return find_network_mount(Path(path), "\n".join([ROOT, *mounts]) + "\n")


@pytest.mark.parametrize(
    "kind",
    [
        *("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph", "panfs"),
        *("fuse.ceph-fuse", "fuse.juicefs", "fuse.blobfuse2", "fuse.goofys", "fuse.mfs"),
        *("virtiofs", "vboxsf", "fuse.vmhgfs-fuse", "prl_fs"),
    ],
)
def test_a_path_on_a_disk_of_another_machine_is_found(kind: str) -> None:
    found = find("/shared/home/ledger.db", mount("/shared", kind))
    assert found == Mount(PurePosixPath("/shared"), kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "fuse.unheard-of"])
def test_a_disk_of_this_machine_and_an_unknown_system_pass(kind: str) -> None:
    assert find("/shared/ledger.db", mount("/shared", kind)) is None


def test_the_innermost_mount_decides() -> None:
    mounts = mount("/shared/fast", "ext4"), mount("/shared", "nfs")
    assert find("/shared/fast/ledger.db", *mounts) is None
    assert find("/shared/ledger.db", *mounts) is not None


def test_a_folder_that_only_begins_like_a_mount_is_not_on_it() -> None:
    assert find("/shared-not/ledger.db", mount("/shared", "nfs")) is None


def test_of_two_mounts_at_one_point_the_later_decides() -> None:
    assert find("/m/ledger.db", mount("/m", "nfs"), mount("/m", "ext4")) is None
    assert find("/m/ledger.db", mount("/m", "ext4"), mount("/m", "nfs")) is not None


def test_a_name_with_spaces_is_read_as_the_kernel_writes_it() -> None:
    assert find("/a b\\c/ledger.db", mount(r"/a\040b\134c", "nfs")) is not None


def test_a_link_to_a_network_disk_is_followed(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to("far")
    text = f"{ROOT}\n{mount(str((tmp_path / 'far').resolve()), 'nfs')}"
    assert find_network_mount(tmp_path / "near" / "ledger.db", text) is not None


@pytest.mark.parametrize("text", ["", "no mountinfo at all", "1 2 3 -", " - nfs"])
def test_what_is_no_list_of_mounts_passes(text: str) -> None:
    assert find_network_mount(Path("/shared/ledger.db"), text) is None


def test_the_kinds_are_written_without_a_prefix() -> None:
    assert not [kind for kind in NETWORK_KINDS if kind.startswith("fuse.")]


def test_a_ledger_on_a_network_disk_is_refused_with_postgres_as_the_next_step(
    tmp_path: Path,
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"{ROOT}\n{mount(str(tmp_path.resolve()), 'nfs4')}\n")
    with pytest.raises(LedgerError, match=r"is nfs4, where SQLite's locks do not hold") as caught:
        open_engine(f"sqlite:///{tmp_path}/new/ledger.db", mounts=mounts)
    assert caught.value.code is Code.LEDGER_ON_NETWORK_DISK
    assert "postgresql+psycopg" in caught.value.hint
    assert list(tmp_path.iterdir()) == [mounts]
