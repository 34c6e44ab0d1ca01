"""Does the priority that a load was given go with its leads, whoever sends them later?"""

from __future__ import annotations

from support.scenes.load_kit import Workbench, ends_of
from support.scenes.load_tables import make_leads


def _find_served(bench: Workbench) -> set[str]:
    """Name the priorities at which leads were ever granted."""
    (shares,) = bench.query("SELECT served_high, served_normal, served_low FROM workspaces")
    return {name for name, n in zip(("high", "normal", "low"), shares, strict=True) if n}


def test_a_replay_and_a_resubmit_go_as_high_or_low_as_their_load_went(bench: Workbench) -> None:
    bench.standin.faults({"kind": "reset_before_store", "count": 2})
    leads = [*make_leads("Software", 10), {**make_leads("Software", 11)[-1], "email": "nobody"}]
    loaded = bench.load(bench.write_csv(leads), "--priority", "low").json
    assert ends_of(loaded) == {"delivered": 8, "in doubt": 2, "quarantined": 1}

    replayed = bench.run("replay", loaded["run_id"], "--in-doubt", "--yes", "--json").json
    assert ends_of(replayed) == {"delivered": 2}

    exported = bench.folder / "to-correct.csv"
    bench.run("quarantine", "export", loaded["run_id"], "--out", str(exported))
    exported.write_text(exported.read_text(encoding="utf-8-sig").replace("nobody", "ada@b.example"))
    resubmitted = bench.run("resubmit", str(exported), "--json").json
    assert ends_of(resubmitted) == {"delivered": 1}

    kinds = bench.query("SELECT kind, priority FROM runs ORDER BY started_at")
    assert kinds == [("load", "low"), ("replay", "low"), ("resubmit", "low")]
    assert _find_served(bench) == {"low"}


def test_without_one_each_table_has_its_own(bench: Workbench) -> None:
    bench.load(bench.write_csv(make_leads("Software", 3)))
    assert bench.query("SELECT kind, priority FROM runs") == [("load", None)]
    assert _find_served(bench) == {"normal"}
