"""Deploying again leaves an automation alone that is as it should be, with all that it has seen."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from support.benches.flow_bench import client

from clayload.errors import Code, ConfigError
from deployments.apply import apply_automations, find_block

ZOMBIES = "clayload-find-zombies"


def read_all(prefect: SyncPrefectClient) -> dict[str, dict[str, Any]]:
    """Read the automations as the server has them, the ids of their triggers included."""
    found = prefect.request("POST", "/automations/filter", json={}).json()
    return {one["name"]: one for one in found}


@pytest.mark.usefixtures("prefect_files")
def test_an_automation_is_replaced_only_where_it_is_not_as_it_should_be() -> None:
    with client() as prefect:
        apply_automations(prefect)
        made = read_all(prefect)
        apply_automations(prefect)
        assert read_all(prefect) == made
        changed = made[ZOMBIES]
        prefect.request("PATCH", f"/automations/{changed['id']}", json={"enabled": False})
        apply_automations(prefect)
        fixed = read_all(prefect)
        for one in made.values():
            prefect.delete_automation(one["id"])
    assert fixed[ZOMBIES]["enabled"]
    assert fixed[ZOMBIES]["trigger"]["id"] != changed["trigger"]["id"]
    assert {n: o for n, o in fixed.items() if n != ZOMBIES} == {
        n: o for n, o in made.items() if n != ZOMBIES
    }


@pytest.mark.usefixtures("prefect_files")
def test_a_missing_block_is_refused_with_what_to_do() -> None:
    with client() as prefect, pytest.raises(ConfigError) as refused:
        find_block(prefect, "slack-webhook/none")
    assert refused.value.code is Code.NOT_DEPLOYED
    assert refused.value.message == "Prefect has no block slack-webhook/none to notify by"
