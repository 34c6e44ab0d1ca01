"""What do the first three loads of a month leave, that many tests look at?

In:    a workbench, new.
Out:   the three reports, and what the stand-in held after each: it serves other tests afterwards.
Never: a test of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from support.scenes.load_kit import Ended, Workbench
from support.scenes.load_tables import make_leads
from support.servers.standin_process import Document

LEADS = make_leads("Software", 130) + make_leads("Banking", 40)
DIRT = [
    {**LEADS[0], "email": "LEAD0@Software0.example "},
    {**LEADS[1], "email": "no address"},
    {**LEADS[2], "email": ""},
    {**LEADS[3], "email": "z@zoo.example", "industry": "Zoo"},
]
MORE = make_leads("Banking", 10, first=40)


@dataclass(frozen=True, slots=True)
class FirstLoads:
    """An extract, the same again, and ten leads more; with the stand-in's counts after each."""

    bench: Workbench
    ended: tuple[Ended, ...]
    sent: tuple[dict[str, list[str]], ...]
    n_posts: tuple[int, ...]
    n_taken: tuple[int, ...]
    first_row: Document

    @classmethod
    def run(cls, bench: Workbench) -> Self:
        """Load three times."""
        extract = bench.write_csv(LEADS + DIRT)
        grown = bench.write_csv(MORE[:5] + LEADS + DIRT + MORE[5:], "grown.csv")
        ended, sent, n_posts, n_taken = [], [], [], []
        for file in (extract, extract, grown):
            ended.append(bench.load(file))
            sent.append(bench.delivered())
            n_posts.append(bench.n_posts())
            n_taken.append(bench.n_taken())
        first_row = bench.standin.rows("finance")[0]["payload"]
        return cls(bench, tuple(ended), tuple(sent), tuple(n_posts), tuple(n_taken), first_row)

    @property
    def first_folder(self) -> Path:
        """The run folder of the first load."""
        return Path(self.ended[0].json["extract"]["folder"])
