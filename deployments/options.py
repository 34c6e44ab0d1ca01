"""What may an event be called, on the command line?

In:    an option's value.
Out:   the same, if it can name a folder and a cycle.
Never: a path: an extract would land outside the folder of its event.
"""

from __future__ import annotations

import typer

_LONGEST = 100


def check_event_name(name: str | None) -> str | None:
    """Check the value of `--event`.

    Raises:
        typer.BadParameter: it could not be a folder's name.
    """
    if name is None:
        return None
    if not name.strip() or name.startswith(".") or "/" in name or not name.isprintable():
        raise typer.BadParameter("give a name such as expo-2026, without / and no dot in front")
    if len(name.encode()) > _LONGEST:
        raise typer.BadParameter(f"give a name of at most {_LONGEST} bytes")
    return name
