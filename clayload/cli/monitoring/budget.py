"""`clayload budget`: what is spent of each budget, and when does it renew?"""

import json
import os
from dataclasses import asdict

from clayload.cli.console import print_json
from clayload.cli.layout import print_grid, print_sentence
from clayload.cli.options import AsJson
from clayload.monitoring.budgets import read_budgets
from clayload.report.budgets import render_budgets
from clayload.setup import read_setup


def budget(*, as_json: AsJson = False) -> None:
    """Show what is spent, reserved and left of each budget, and the day it renews."""
    setup = read_setup(os.environ, read_only=True)
    uses = read_budgets(setup)
    if as_json:
        print_json(
            json.dumps([asdict(use) | {"part_used": use.part_used} for use in uses], indent=2)
        )
    elif uses:
        title = f"workspace {setup.config.workspace.name}"
        print_grid(render_budgets(uses), title)
    else:
        print_sentence(
            f"{setup.settings.config} sets no budget: credits and Actions are counted, not limited"
        )
