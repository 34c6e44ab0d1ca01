"""`prefect-secret:` references are read from real Secret blocks of a real Prefect server."""

from __future__ import annotations

import asyncio

import pytest
from prefect.blocks.system import Secret

from clayload.errors import Code, ConfigError
from clayload.secrets import resolve_secret

pytestmark = pytest.mark.usefixtures("prefect_files")


def save(name: str, value: object) -> None:
    Secret(value=value).save(name, overwrite=True, _sync=True)  # type: ignore[arg-type, call-arg]


@pytest.mark.parametrize("value", ["t0k3n", "1234567890", '{"a": 1}', "true"])
def test_the_text_of_a_block_comes_back_letter_by_letter(value: str) -> None:
    save("clay-token", value)
    assert resolve_secret("prefect-secret:clay-token", {}).get_secret_value() == value


def test_a_block_can_be_read_inside_an_event_loop() -> None:
    save("clay-token", "t0k3n")

    async def read() -> str:
        return resolve_secret("prefect-secret:clay-token", {}).get_secret_value()

    assert asyncio.run(read()) == "t0k3n"


def test_a_missing_block_comes_with_the_next_step() -> None:
    with pytest.raises(ConfigError, match="no Prefect Secret block 'nobody'") as caught:
        resolve_secret("prefect-secret:nobody", {})
    assert caught.value.code == Code.SECRET_MISSING
    assert "make it" in caught.value.hint


def test_a_block_that_holds_no_text_is_unusable_and_not_shown() -> None:
    save("clay-token", {"key": "s3cr3t"})
    with pytest.raises(ConfigError, match="holds dict, not text") as caught:
        resolve_secret("prefect-secret:clay-token", {})
    assert caught.value.code == Code.SECRET_UNUSABLE
    assert "s3cr3t" not in str(caught.value)
