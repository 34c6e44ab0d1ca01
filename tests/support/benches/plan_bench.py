"""How does a test plan a load with Clay's own word, as the stand-in's `clay` command gives it?

In:    a stand-in, the folder of its command, an empty folder, how worn the slots are.
Out:   `PlanBench`: a workbench whose tables have ids and costs, known to both sides.
Never: a figure of Clay's that does not come through the command.
"""

from __future__ import annotations

import os
from pathlib import Path

from support.scenes.load_kit import CYCLE, WORKSPACE, Ended, Workbench
from support.scenes.load_tables import FINANCE, BenchOptions, BenchSlot, BenchTable
from support.servers.standin_process import Document, StandIn

CREDITS, ACTIONS = 1.5, 2.0
"""What a lead of any table takes."""

WORN = BenchTable(
    "tech", "Software", (BenchSlot("tech-1", already_used=44_970), BenchSlot("tech-2"))
)


class PlanBench(Workbench):
    """A workbench with prices, and with Clay's command on the PATH."""

    @classmethod
    def make(
        cls,
        standin: StandIn,
        folder: Path,
        commands: Path,
        tables: tuple[BenchTable, ...] = (WORN, FINANCE),
        **pace: float,
    ) -> PlanBench:
        bench = cls(standin, folder, BenchOptions(tables=tables, **pace))  # type: ignore[arg-type]
        bench.use_commands(commands)
        bench.price(CREDITS, ACTIONS)
        return bench

    def use_commands(self, folder: Path) -> None:
        """Put a folder with a `clay` command first on the PATH."""
        self.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"

    def price(self, credits_: float, actions: float, **changes: object) -> None:
        """Let a lead take this by both sides; `changes` are the loader's, of every table."""
        cost = {"credits_per_lead": float(credits_), "actions_per_lead": float(actions)}
        tables = {
            table.name: table.describe() | cost | {"clay_table_id": table.name} | changes
            for table in self.options.tables
        }
        self.write_config(tables=tables)
        for name in tables:
            self.standin.set_table(name, credits_per_row=credits_, actions_per_row=actions)

    def set_balances(self, credits_: float, actions: float) -> None:
        """Let the workspace have this left."""
        self.standin.set_workspace(WORKSPACE, credits=credits_, actions=actions)

    def plan(self, *arguments: str | Path, **env: str) -> Ended:
        """Run `clayload plan … --cycle 2026-11 --json` to its end."""
        return self.run("plan", *arguments, "--cycle", CYCLE, "--json", **env)

    def save(self, *arguments: str | Path) -> str:
        """Plan and keep the plan; give its id."""
        return str(self.plan(*arguments, "--save").json["plan_id"])

    def read_saved(self, plan_id: str) -> Document:
        """Find a kept plan in what `clayload plans` lists."""
        kept: list[Document] = self.run("plans", "--json").json  # type: ignore[assignment]
        (found,) = (plan for plan in kept if plan["plan_id"] == plan_id)
        return found
