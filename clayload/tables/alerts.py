"""From where on is somebody to be told?

In:    plain values read from YAML.
Out:   a frozen model of the thresholds, each with a default.
Never: whom to tell; that is said where alerts are handed on.
"""

from typing import Annotated

from pydantic import Field

from clayload.tables.values import ConfigModel, Count

Percent = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]


class Alerts(ConfigModel):
    """Thresholds; what passes one is told once, and once more when it is fine again."""

    budget_percent: Percent = Field(
        default=80, description="Percent of a budget's limit from which on it is near its end."
    )
    slot_percent: Percent = Field(
        default=80,
        description="Percent of a slot, or of a table's rows, from which on it is near its end.",
    )
    quarantine_percent: Percent = Field(
        default=20, description="Percent of a load's rows in quarantine above which it is degraded."
    )
    refused_percent: Percent = Field(
        default=1,
        description="Percent of a load's accepted leads, refused or in doubt, above which it is "
        "degraded.",
    )
    watch_loads_days: Count = Field(
        default=35, description="For how many days after it began a load is watched."
    )
