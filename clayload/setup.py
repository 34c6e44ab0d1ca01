"""What does every step of a load need to know of its surroundings?

In:    the environment's variables.
Out:   settings, tables, header aliases, prices, and the ledger; read once per process and file.
Never: a secret kept; they are resolved where they are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from clayload.folder import writing_to
from clayload.ledger.rules.departures import Departures, open_departures
from clayload.ledger.store import Ledger
from clayload.secrets import SlotSecret, resolve_slots
from clayload.settings import PREFIX, Settings, read_settings
from clayload.tables.catalogue import Catalogue, read_catalogue
from clayload.tables.headers import HeaderAliases, read_headers
from clayload.tables.read import read_tables
from clayload.tables.tables_file import TablesConfig


@dataclass(frozen=True, slots=True)
class Setup:
    """The surroundings of a load, as read from the environment and the configuration.

    `catalogue` says what Clay charges, by `clay.yaml` beside `tables.yaml`, or by the built-in one.
    """

    settings: Settings
    config: TablesConfig
    aliases: HeaderAliases
    environ: Mapping[str, str]
    catalogue: Catalogue
    read_only: bool = False

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
    """Read settings, configuration and prices; for who only looks, filters are not tried.

    Raises:
        ConfigError: with file, line and key of what is wrong.
    """
    settings = read_settings(environ)
    headers = settings.config.parent / "headers.yaml"
    config = _read_tables(settings.config, mark_of(settings.config), sends_nothing=read_only)
    aliases = _read_headers(headers, mark_of(headers))
    prices = find_catalogue(settings)
    catalogue = _read_catalogue(prices, mark_of(prices))
    return Setup(settings, config, aliases, environ, catalogue, read_only)


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
    return read_tables(path, sends_nothing=sends_nothing)


@lru_cache(maxsize=4)
def _read_headers(path: Path, _mark: object) -> HeaderAliases:
    return read_headers(path)


@lru_cache(maxsize=4)
def _read_catalogue(path: Path, _mark: object) -> Catalogue:
    return read_catalogue(path)


@lru_cache(maxsize=4)
def _open_departures(folder: Path) -> Departures:
    with writing_to(folder):
        return open_departures(folder)


@lru_cache(maxsize=4)
def _open_ledger(url: str, *, read_only: bool) -> Ledger:
    return Ledger.open(url, read_only=read_only)
