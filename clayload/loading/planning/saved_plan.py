"""Where is a load plan kept, and what of it?

In:    a load plan, the surroundings.
Out:   a JSON file in `plans` under the home folder, known by its plan_id; all of them listed.
Never: a lead, its key, a column's name or a secret: figures, names of tables and slots, dates.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from clayload.capacity.credits import SpendRange
from clayload.capacity.load_plan import Fit, FundPlan, LoadPlan, TableLoadPlan
from clayload.errors import Code, PlanError
from clayload.folder import writing_to
from clayload.setup import Setup

PLAN_ID = r"^plan-\d{8}T\d{4}Z-[0-9a-f]{6}$"
"""What a plan_id looks like: when it was made (UTC), and six digits that nobody else has."""


class SavedPlan(BaseModel):
    """A plan as it was made: what was asked, what was seen, and for which configuration.

    `table` and `limit` are those of the request; `config` is a fingerprint of the configuration.
    """

    model_config = ConfigDict(frozen=True)

    plan_id: str
    made_at: datetime
    config: str
    extract_id: str
    cycle: str
    table: str | None
    limit: int | None
    fit: Fit
    n_to_send: int
    n_going: int
    rate_per_s: float
    sending_time_s: float
    spend: SpendRange
    funds: tuple[FundPlan, ...]
    tables: dict[str, TableLoadPlan]

    @classmethod
    def of(cls, plan: LoadPlan, setup: Setup) -> Self:
        """Give what is kept of a plan, with a new plan_id."""
        made_at = plan.starts_at.astimezone(UTC)
        return cls(
            plan_id=f"plan-{made_at:%Y%m%dT%H%MZ}-{secrets.token_hex(3)}",
            made_at=made_at,
            config=fingerprint(setup),
            fit=plan.fit,
            n_to_send=plan.n_to_send,
            n_going=plan.n_going,
            spend=plan.spend,
            **{name: getattr(plan, name) for name in _AS_PLANNED},
        )


_AS_PLANNED = (
    "extract_id",
    "cycle",
    "table",
    "limit",
    "rate_per_s",
    "sending_time_s",
    "funds",
    "tables",
)


def fingerprint(setup: Setup) -> str:
    """Give what differs once tables, headers or prices of the configuration were changed."""
    headers = json.dumps(dict(setup.aliases.field_of), sort_keys=True)
    parts = (setup.config.model_dump_json(), headers, setup.catalogue.model_dump_json())
    text = "\n".join(parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def save_plan(plan: LoadPlan, setup: Setup) -> SavedPlan:
    """Keep a plan.

    Raises:
        RunError: the folder cannot be written.
    """
    saved = SavedPlan.of(plan, setup)
    folder = _folder(setup)
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{saved.plan_id}.json"
        path.write_text(saved.model_dump_json(indent=2), encoding="utf-8")
    return saved


def read_plan(plan_id: str, setup: Setup) -> SavedPlan:
    """Read a plan that was kept.

    Raises:
        PlanError: PLAN_UNKNOWN: there is none of that id, or its file cannot be read.
    """
    path = next((one for one in _list_files(setup) if one.stem == plan_id), None)
    saved = None if path is None else _read(path)
    if saved is None:
        raise PlanError(
            Code.PLAN_UNKNOWN,
            f"there is no plan '{plan_id}' in {_folder(setup)}, or its file cannot be read",
            hint="`clayload plans` lists those there are; `clayload plan … --save` makes one",
            plan_id=plan_id,
        )
    return saved


def list_plans(setup: Setup) -> list[SavedPlan]:
    """List the plans that were kept, the newest first; a file that is none is passed over."""
    read = (_read(path) for path in _list_files(setup))
    return sorted((one for one in read if one is not None), key=lambda one: one.made_at)[::-1]


def _folder(setup: Setup) -> Path:
    return setup.settings.home / "plans"


def _list_files(setup: Setup) -> list[Path]:
    return sorted(_folder(setup).glob("plan-*.json"))


def _read(path: Path) -> SavedPlan | None:
    try:
        return SavedPlan.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
