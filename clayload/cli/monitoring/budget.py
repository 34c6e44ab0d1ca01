"""`clayload budget`: what is spent of each budget, and when does it renew?"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict

from clayload.cli.console import out, print_json
from clayload.cli.options import AsJson
from clayload.cli.show import print_grid
from clayload.monitoring.budgets import BudgetUse, read_budgets
from clayload.setup import read_setup

_HEADER = ("budget", "limit", "spent", "reserved", "left", "% used", "renews on")


def budget(*, as_json: AsJson = False) -> None:
    """Show what is spent, reserved and left of each budget, and the day it renews."""
    setup = read_setup(os.environ, read_only=True)
    uses = read_budgets(setup)
    if as_json:
        print_json(json.dumps([asdict(use) | {"part_used": use.part_used} for use in uses]))
    elif uses:
        title = f"workspace {setup.config.workspace.name}"
        print_grid(_HEADER, (_row(use) for use in uses), title)
    else:
        out.print(
            f"{setup.settings.config} sets no budget: credits and Actions are counted, not limited"
        )


def _row(use: BudgetUse) -> Sequence[object]:
    amounts = (use.limit, use.spent, use.reserved, use.left)
    return (use.key, *(f"{n:,.10g}" for n in amounts), f"{use.part_used:.1%}", use.renews_on)
