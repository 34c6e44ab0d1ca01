"""What does every step of a load need to know of its surroundings?

In:    the environment's variables.
Out:   settings, tables, header aliases, prices, and the ledger; read once per process and file.
Never: a secret kept; they are resolved where they are used.
"""

from __future__ import annotations

import atexit
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from clayload.folder import writing_to
from clayload.ledger.rules.departures import Departures, open_departures
from clayload.ledger.store import Ledger
from clayload.secrets import SlotSecret, resolve_slots
from clayload.settings import PREFIX, Settings, read_settings
from clayload.tables.read import read_tables
from clayload.tables.tables_file import TablesConfig

if TYPE_CHECKING:
    from clayload.tables.catalogue import Catalogue
    from clayload.tables.headers import HeaderAliases

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Setup:
    """The surroundings of a load, as read from the environment and the configuration.

    Headers and prices are read when they are asked for, and as they were when it began: a load is
    not to fall over what somebody writes there meanwhile.
    """

    settings: Settings
    config: TablesConfig
    environ: Mapping[str, str]
    read_only: bool = False
    header_mark: object = None
    price_mark: object = None

    @property
    def aliases(self) -> HeaderAliases:
        """Which field of a lead a column's header means, by `headers.yaml` beside `tables.yaml`."""
        return _read_headers(find_headers(self.settings), self.header_mark)

    @property
    def catalogue(self) -> Catalogue:
        """What Clay charges, by `clay.yaml` beside `tables.yaml`, or by the built-in one."""
        return _read_catalogue(find_catalogue(self.settings), self.price_mark)

    @property
    def ledger(self) -> Ledger:
        """The ledger, shared by all threads of this process; read-only if we only look."""
        return _open_ledger(self.settings.ledger_url, read_only=self.read_only)

    @property
    def departures_folder(self) -> Path:
        """Where the processes of this machine note what goes on the wire."""
        return self.settings.home / "departures"

    @property
    def departures(self) -> Departures:
        """What this process notes, one file for all its chunks.

        Raises:
            RunError: the folder cannot be written.
        """
        return _open_departures(self.departures_folder)

    @property
    def environ_of_others(self) -> dict[str, str]:
        """The environment for a program that is not ours: no webhook's secret, no setting.

        Settings may hold a password, as the ledger's address does.
        """
        slots = [slot for table in self.config.tables.values() for slot in table.slots]
        references = {reference for slot in slots for reference in (slot.url, slot.token)}
        return {
            name: value
            for name, value in self.environ.items()
            if f"env:{name}" not in references and not name.startswith(PREFIX)
        }

    def secrets(self, table: str | None = None) -> dict[str, SlotSecret]:
        """Resolve the slots' secrets of one table, or of all, by slot name.

        Raises:
            ConfigError: there is no such table, or a secret is missing or unusable.
        """
        tables = None if table is None else [table]
        return resolve_slots(self.config, self.environ, tables)


def read_setup(environ: Mapping[str, str], *, read_only: bool = False) -> Setup:
    """Read settings, configuration, headers and prices.

    For who only looks (`read_only`), filters are not tried, and headers and prices are not read
    before they are wanted: most look at neither.

    Raises:
        ConfigError: with file, line and key of what is wrong.
    """
    settings = read_settings(environ)
    config = _read_tables(settings.config, mark_of(settings.config), sends_nothing=read_only)
    marks = [mark_of(find(settings)) for find in (find_headers, find_catalogue)]
    setup = Setup(settings, config, environ, read_only, *marks)
    if not read_only:
        # What is wrong there is said before anything is sent.
        _ = setup.aliases, setup.catalogue
    return setup


def find_headers(settings: Settings) -> Path:
    """Say where the headers' synonyms are looked for."""
    return settings.config.parent / "headers.yaml"


def find_catalogue(settings: Settings) -> Path:
    """Say where the catalogue of prices is looked for."""
    return settings.config.parent / "clay.yaml"


def mark_of(path: Path) -> object:
    """Give what differs once somebody has changed a file."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


# Each chunk of a flow asks, and reading the two takes longer than sending ten leads may.
@lru_cache(maxsize=4)
def _read_tables(path: Path, _mark: object, *, sends_nothing: bool) -> TablesConfig:
    config = read_tables(path, sends_nothing=sends_nothing)
    _log.debug("configuration read: tables: %(n_tables)d", {"n_tables": len(config.tables)})
    return config


@lru_cache(maxsize=4)
def _read_headers(path: Path, _mark: object) -> HeaderAliases:
    # Imported here, as the catalogue below: most commands that only look need neither.
    from clayload.tables.headers import read_headers  # noqa: PLC0415

    return read_headers(path)


@lru_cache(maxsize=4)
def _read_catalogue(path: Path, _mark: object) -> Catalogue:
    from clayload.tables.catalogue import read_catalogue  # noqa: PLC0415

    return read_catalogue(path)


@lru_cache(maxsize=4)
def _open_departures(folder: Path) -> Departures:
    with writing_to(folder):
        return open_departures(folder)


@lru_cache(maxsize=4)
def _open_ledger(url: str, *, read_only: bool) -> Ledger:
    ledger = Ledger.open(url, read_only=read_only)
    # The last one to close SQLite takes its log away; who only reads must find none.
    atexit.register(ledger.close)
    return ledger
