"""What does a Prefect Secret block hold?

In:    the name of a block, as in `prefect-secret:clay-webhook-tech-1`.
Out:   its text.
Never: the text in a message; and never a value that is not text.

Registered in pyproject.toml as the scheme `prefect-secret` of the entry points `clayload.secrets`.
"""

from __future__ import annotations

from typing import Any

from prefect.blocks.system import Secret

from clayload.errors import Code, ConfigError


def read_prefect_secret(name: str) -> str:
    """The text that the Prefect Secret block of this name holds.

    Raises:
        ConfigError: SECRET_MISSING when there is no such block, SECRET_UNUSABLE when it holds
            something other than text.
    """
    value = _read_block(name)
    if not isinstance(value, str):
        hint = f"save the Secret block '{name}' again, with plain text in it"
        what = f"the Secret block '{name}' holds {type(value).__name__}, not text"
        raise ConfigError(Code.SECRET_UNUSABLE, what, hint=hint, key=name)
    return value


def _read_block(name: str) -> object:
    try:
        # A flow may be async, and a coroutine is no secret: `_sync`, which async_dispatch adds.
        block: Any = Secret.load(name, _sync=True)  # type: ignore[call-arg]
    except ValueError:
        hint = f"make it: Prefect UI, Blocks, Secret, name '{name}'"
        what = f"there is no Prefect Secret block '{name}'"
        raise ConfigError(Code.SECRET_MISSING, what, hint=hint, key=name) from None
    # Not `Secret.get()`: it reads text as JSON where it can, and a token of digits comes back
    # as a number.
    return block.value.get_secret_value()
