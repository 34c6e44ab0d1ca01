"""What a load says of itself while it runs: how far, how fast, how long still."""

from __future__ import annotations

from clayload.ledger.books.pauses import Pause
from clayload.loading.progress import Progress


def test_progress_tells_rate_and_time_to_go() -> None:
    progress = Progress(n_done=1_500, n_owed=7_500, rate_per_s=9.97)
    assert progress.percent == 20
    assert str(progress) == "1,500 of 7,500 leads, 10.0/s, 10 min to go"


def test_while_nothing_moves_no_time_is_promised() -> None:
    assert str(Progress(n_done=0, n_owed=20, rate_per_s=0)) == "0 of 20 leads"


def test_a_load_that_owes_nothing_is_done() -> None:
    assert Progress(n_done=0, n_owed=0, rate_per_s=0).percent == 100


def test_of_a_paused_workspace_it_says_how_that_ends() -> None:
    pause = Pause("main", 0.0, "Clay is down")
    said = str(Progress(n_done=5, n_owed=20, rate_per_s=3, pause=pause))
    assert said.startswith("5 of 20 leads; main is paused since ")
    assert said.endswith("(Clay is down); `clayload unpause main` ends it")
