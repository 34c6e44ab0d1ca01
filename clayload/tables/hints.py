"""What must a person say of an extract that does not say it itself?

In:    a list after an event, say: headers of its own, no column for the event's name.
Out:   `Hints`: what its headers mean, what empty fields hold, and which table takes all of it.
Never: a value of the extract replaced; hints fill gaps.
"""

from typing import Annotated

from pydantic import Field

from clayload.tables.values import ConfigModel, LeadField, Name

Text = Annotated[str, Field(min_length=1)]


class Hints(ConfigModel):
    """How to read one extract; kept with its run, so that what is resubmitted is read alike."""

    headers: dict[Text, LeadField] = Field(
        default={}, description="The lead field that a column header of this extract means."
    )
    defaults: dict[LeadField, Text] = Field(
        default={}, description="What a lead field holds where the extract leaves it empty."
    )
    only_table: Name | None = Field(
        default=None, description="The table that takes every lead, whatever the filters say."
    )
