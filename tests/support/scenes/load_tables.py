"""Which tables, slots and leads do the tests of whole loads use?

In:    names, wear and limits.
Out:   `tables.yaml` as a document, and leads that its filters take.
Never: a limit of Clay's that the loader's own code decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from support.servers.standin_process import Document

SEND = ("email", "first_name", "company", "industry", "notes")

Lead = dict[str, str]


@dataclass(frozen=True, slots=True)
class BenchSlot:
    """A webhook slot; `lifetime_limit` is what the stand-in keeps, the loader believes 50,000."""

    name: str
    already_used: int = 0
    safe_limit: int = 45_000
    lifetime_limit: int = 50_000

    @property
    def source_id(self) -> str:
        """The secret end of the webhook's URL, as long and odd as Clay's."""
        return f"pull-in-data-from-a-webhook-0f1e2d3c-{self.name}-4b5a6978"

    @property
    def token(self) -> str:
        """The secret that the webhook asks for."""
        return f"bench-token-{self.name}-c0ffee"

    @property
    def url_variable(self) -> str:
        """The environment variable that holds the webhook's URL."""
        return f"CLAY_WEBHOOK_{self.name.upper().replace('-', '_')}"

    @property
    def token_variable(self) -> str:
        """The environment variable that holds the webhook's token."""
        return f"CLAY_TOKEN_{self.name.upper().replace('-', '_')}"

    def describe(self) -> Document:
        """Describe the slot as `tables.yaml` does."""
        return {
            "name": self.name,
            "url": f"env:{self.url_variable}",
            "token": f"env:{self.token_variable}",
            "already_used": self.already_used,
            "safe_limit": self.safe_limit,
        }


@dataclass(frozen=True, slots=True)
class BenchTable:
    """A table that takes the leads of one industry."""

    name: str
    industry: str
    slots: tuple[BenchSlot, ...]
    priority: str = "normal"

    def describe(self) -> Document:
        """Describe the table as `tables.yaml` does."""
        return {
            "filter": f"industry = '{self.industry}'",
            "volume_per_month": 1_000,
            "priority": self.priority,
            "fields": list(SEND),
            "slots": [slot.describe() for slot in self.slots],
        }


TECH = BenchTable("tech", "Software", (BenchSlot("tech-1"), BenchSlot("tech-2")))
FINANCE = BenchTable("finance", "Banking", (BenchSlot("finance-1"),))


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """Which tables there are, how fast the workspace is for either side, and where it is."""

    tables: tuple[BenchTable, ...] = (TECH, FINANCE)
    rate_per_s: float = 1_000
    burst: int = 200
    time_zone: str = "UTC"


def describe_config(workspace: str, options: BenchOptions) -> Document:
    """Describe the whole of `tables.yaml`."""
    return {
        "version": 1,
        "workspace": {
            "name": workspace,
            "plan": "growth",
            "rate_per_s": float(options.rate_per_s),
            "burst": options.burst,
            "time_zone": options.time_zone,
        },
        "tables": {table.name: table.describe() for table in options.tables},
    }


def make_leads(industry: str, n: int, first: int = 0) -> list[Lead]:
    """Make `n` good leads that the table of this industry takes, numbered from `first`."""
    slug = industry.lower()
    return [
        {
            "email": f"lead{number}@{slug}{number}.example",
            "first_name": f"Élodie {number}",
            "company": f"Firm, {number}",
            "industry": industry,
            "notes": 'said "later"',
        }
        for number in range(first, first + n)
    ]
