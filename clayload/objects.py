"""What lies on object storage, and how does it get here and there?

In:    addresses such as `s3://bucket/extracts/2026-11/leads.csv`, or patterns of them.
Out:   the objects a pattern names, their bytes block by block; files and bytes put there.
Never: a secret in an address: credentials are found as AWS's own tools find them (environment,
       profile, role); a whole object in memory; half an object taken for a whole one: what is put
       is seen by others once all of it is there, and what changes while it is read is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import bracex

from clayload.errors import Code, ConfigError

SCHEME = "s3://"
INSTALL = "install what it needs: pip install 'clayload[s3]'"
_BLOCK_BYTES = 8 << 20
_PARTS_AT_ONCE = 2
_WILD = re.compile(r"[*?\[{]")


class StorageError(Exception):
    """What is asked of the object storage cannot be had; `hint` is the next step."""

    def __init__(self, what: str, hint: str, *, is_missing: bool = False) -> None:
        super().__init__(what)
        self.hint = hint
        self.is_missing = is_missing


def is_remote(name: Path | str) -> bool:
    """Whether a name is an address on object storage, and not a path."""
    return str(name).startswith(SCHEME)


def check_address(address: str) -> None:
    """Check that an address, or a pattern, holds no credentials.

    Raises:
        ConfigError: CONFIG_LITERAL_SECRET; the address is not repeated.
    """
    bucket = address.removeprefix(SCHEME).partition("/")[0]
    if "@" in bucket or (":" in bucket and not bucket.startswith("arn:")):
        raise ConfigError(
            Code.CONFIG_LITERAL_SECRET,
            f"an address that begins with {SCHEME} holds credentials (not shown)",
            hint="take them out; they are read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or from the profile AWS_PROFILE names",
        )


def is_pattern(address: str) -> bool:
    """Whether an address may mean several objects: it holds `*`, `?`, `[` or `{`."""
    return _WILD.search(address) is not None


def find_objects(pattern: str) -> list[str]:
    """Find the objects that a pattern names, sorted; one whose very name it is counts, too.

    `*`, `?`, `[a-z]` and `**` mean what they mean for files, `{csv,parquet}` either of both. All
    names that begin as the pattern does are listed, a thousand for each request.

    Raises:
        StorageError: the storage does not answer, or does not let us look.
    """
    with _reaching(pattern) as client:
        if not is_pattern(pattern):
            return [pattern] if _is_object(client, pattern) else []
        return [SCHEME + name for name in _match(client, pattern.removeprefix(SCHEME))]


def read_blocks(address: str) -> Iterator[bytes]:
    """Read an object in blocks of 8 MiB, all of the same version of it.

    Raises:
        StorageError: it is not there, changes meanwhile, or the storage stops answering.
    """
    n_bytes = 0
    with (
        _reaching(address) as client,
        client.open(address, "rb", block_size=_BLOCK_BYTES, cache_type="none") as file,
    ):
        while block := file.read(_BLOCK_BYTES):
            n_bytes += len(block)
            yield block
        if n_bytes != file.size:
            what = f"{address} ended after {n_bytes:,} of {file.size:,} bytes"
            raise StorageError(what, "run this again")


def put_file(path: Path, address: str) -> None:
    """Put a file there, in the place of what may be there.

    Raises:
        StorageError: it cannot be put; nobody sees a part of it.
    """
    with _reaching(address) as client:
        client.put_file(str(path), address, chunksize=_BLOCK_BYTES, max_concurrency=_PARTS_AT_ONCE)


def put_bytes(content: bytes, address: str) -> None:
    """Put a few bytes there, in the place of what may be there.

    Raises:
        StorageError: they cannot be put.
    """
    with _reaching(address) as client:
        client.pipe_file(address, content)


@lru_cache(maxsize=1)
def _client() -> Any:  # noqa: ANN401 - s3fs has no types
    try:
        from s3fs import S3FileSystem  # noqa: PLC0415 - the base install has none
    except ImportError:
        raise StorageError("addresses on object storage need s3fs", INSTALL) from None
    # Its caches would not show what other machines have put there since.
    client = S3FileSystem(use_listings_cache=False, skip_instance_cache=True)
    # botocore tries again, as AWS_MAX_ATTEMPTS says; what breaks off in the middle only s3fs does,
    # and its own five times five attempts on top would let a silent storage hold a load for half
    # an hour.
    client.retries = 2
    return client


@contextmanager
def _reaching(address: str) -> Iterator[Any]:
    """Give the client; whatever stops it becomes a StorageError."""
    client = _client()
    from aiohttp import ClientError  # noqa: PLC0415 - come with s3fs
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        yield client
    except StorageError:
        raise
    except (OSError, BotoCoreError, ClientError) as error:
        raise _describe(error, address) from error


def _describe(error: Exception, address: str) -> StorageError:
    """Say what stopped the client: of a server's answer its words, of all else only its kind.

    What botocore says of a connection names the endpoint, whose address may hold a secret.
    """
    is_answer = hasattr(error.__cause__, "response")
    said = f" ({str(error.args[-1]).splitlines()[0]})" if is_answer and error.args else ""
    kind = type(error).__name__
    match error:
        case FileNotFoundError():
            what, hint = f"{address} is not there{said}", "check the bucket and the name"
            return StorageError(what, hint, is_missing=True)
        case PermissionError():
            hint = "check which credentials this process has, and what they may do in the bucket"
            return StorageError(f"{address} is refused to us{said}", hint)
    if kind in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"):
        hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        return StorageError(f"{address} cannot be reached without credentials ({kind})", hint)
    if kind == "FileExpired":
        return StorageError(f"{address} changed while it was read", "run this again")
    if is_answer:
        return StorageError(f"{address} cannot be had{said}", "check the address")
    hint = "check the network, AWS_ENDPOINT_URL and AWS_DEFAULT_REGION, then run this again"
    return StorageError(f"the storage of {address} does not answer ({kind})", hint)


def _is_object(client: Any, address: str) -> bool:  # noqa: ANN401 - s3fs has no types
    try:
        return bool(client.info(address)["type"] == "file")
    except FileNotFoundError as error:
        if _names_no_bucket(error):
            raise
        return False


def _match(client: Any, pattern: str) -> list[str]:  # noqa: ANN401 - s3fs has no types
    from fsspec.utils import glob_translate  # noqa: PLC0415 - comes with s3fs

    meant = [re.compile(glob_translate(one)) for one in bracex.iexpand(pattern)]
    return sorted(
        name
        for name in _list(client, pattern)
        if name == pattern
        # As among files, a name that begins with a dot is meant only by one that does, too.
        or (any(one.match(name) for one in meant) and ("/." in pattern or "/." not in name))
    )


def _list(client: Any, pattern: str) -> list[str]:  # noqa: ANN401 - s3fs has no types
    """List the objects whose names begin as the pattern does, up to the last whole folder."""
    folder = _WILD.split(pattern, maxsplit=1)[0].rpartition("/")[0]
    if not folder:
        what = f"{SCHEME}{pattern} does not say which bucket is meant"
        raise StorageError(what, "write the bucket's name without * or {")
    # What ends in a slash stands for an empty folder.
    return [name for name in client.find(folder) if not name.endswith("/")]


def _names_no_bucket(error: FileNotFoundError) -> bool:
    response = getattr(error.__cause__, "response", {})
    return bool(response.get("Error", {}).get("Code") == "NoSuchBucket")
