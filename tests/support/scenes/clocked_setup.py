"""How does a test ask the loading room about a ledger whose clock it turns by hand?

In:    a ledger scene.
Out:   a `Setup` as a command reads it, but for the scene's ledger, configuration and clock.
Never: a file of the configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clayload.ledger.store import Ledger
from clayload.settings import read_settings
from clayload.setup import Setup
from clayload.tables.catalogue import BUILT_IN, Catalogue, read_catalogue
from clayload.tables.headers import HeaderAliases
from support.scenes.ledger_scene import LedgerScene


@dataclass(frozen=True)
class ClockedSetup(Setup):
    """A setup with a ledger of its own."""

    of_scene: Ledger | None = None

    @property
    def aliases(self) -> HeaderAliases:
        return HeaderAliases({})

    @property
    def catalogue(self) -> Catalogue:
        return read_catalogue(BUILT_IN)

    @property
    def ledger(self) -> Ledger:
        assert self.of_scene is not None
        return self.of_scene


def make_setup(scene: LedgerScene, home: Path, *, is_new: bool = False) -> ClockedSetup:
    """A setup with a new connection to the scene's ledger; none if that is not there yet."""
    environ = {"CLAYLOAD_LEDGER_URL": scene.url, "CLAYLOAD_HOME": str(home)}
    return ClockedSetup(
        settings=read_settings(environ),
        config=scene.config,
        environ=environ,
        of_scene=None if is_new else scene.open(),
    )
