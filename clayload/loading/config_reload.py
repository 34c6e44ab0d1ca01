"""What if somebody edits the configuration while a load is running?

In:    the setup a load began with.
Out:   the setup as it is now; a new rate, budget or slot counts from the next grant or chunk on.
Never: a load stopped by an edit: what is wrong is told, and what was read before stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from clayload.errors import ClayloadError
from clayload.setup import Setup, mark_of
from clayload.tables.problems import check_name
from clayload.tables.read import read_tables
from clayload.tables.tables_file import TablesConfig

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class ConfigReloader:
    """The setup of a running load, looked at anew whenever its file has changed."""

    setup: Setup
    on_message: Callable[[str], None]
    _seen: object = field(init=False)

    def __post_init__(self) -> None:
        self._seen = mark_of(self.setup.settings.config)

    def reload_changes(self) -> Setup:
        """Take up the configuration if its file has changed; gives the setup as it is now."""
        path = self.setup.settings.config
        if (mark := mark_of(path)) != self._seen:
            self._seen = mark
            self._take_up(path)
        return self.setup

    def _take_up(self, path: Path) -> None:
        try:
            changed = replace(self.setup, config=read_tables(path))
            _check_names(self.setup.config, changed.config)
            changed.secrets()
            changed.ledger.follow(changed.config)
        except ClayloadError as error:
            _log.info("configuration not taken up: %(code)s", {"code": error.code})
            self.on_message(f"{path} has changed, but this load goes on with what it read: {error}")
            return
        has_budgets = changed.config.budgets != self.setup.config.budgets
        self.setup = changed
        workspace = changed.config.workspace
        n_tables = len(changed.config.tables)
        _log.info("configuration taken up: tables: %(n_tables)d", {"n_tables": n_tables})
        self.on_message(
            f"{path} has changed: {workspace.rate_per_s:g}/s, burst {workspace.burst}"
            + (", and its budgets" if has_budgets else "")
        )


def _check_names(before: TablesConfig, after: TablesConfig) -> None:
    """Check that leads under way keep the names they are counted by.

    Raises:
        ConfigError: UNKNOWN_WORKSPACE, UNKNOWN_TABLE.
    """
    check_name(before.workspace.name, [after.workspace.name], "workspace")
    for name in before.tables:
        check_name(name, after.tables)
