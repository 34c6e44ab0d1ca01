"""The compose file says nothing that Prefect, prefect-redis or the loader do not know."""

from __future__ import annotations

import re
from pathlib import Path

import prefect.settings
import yaml
from prefect_redis.client import RedisMessagingSettings

from clayload.settings import read_settings
from clayload.tables.read import read_tables
from deployments.stop_times import compute_longest_stop_s
from tasks.server import SERVER_SETTINGS

HOUSE = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((HOUSE / "deployments" / "compose.yaml").read_text())
ONE_HOST_ONLY = {
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE",
}


def named(prefix: str) -> dict[str, str]:
    """Give every variable that any service gets."""
    environs = [service.get("environment", {}) for service in COMPOSE["services"].values()]
    return {k: str(v) for env in environs for k, v in env.items() if k.startswith(prefix)}


def is_known(name: str) -> bool:
    redis = name.removeprefix("PREFECT_REDIS_MESSAGING_").lower()
    return hasattr(prefect.settings, name) or redis in RedisMessagingSettings.model_fields


def test_every_prefect_setting_is_one() -> None:
    assert [name for name in named("PREFECT_") if not is_known(name)] == []


def test_the_server_has_the_settings_that_let_it_keep_up() -> None:
    wanted = {k: v for k, v in SERVER_SETTINGS.items() if k not in ONE_HOST_ONLY}
    assert wanted.items() <= named("PREFECT_").items()


def test_the_workers_settings_are_ours() -> None:
    settings = read_settings(named("CLAYLOAD_"))
    assert settings.ledger_url.startswith("postgresql+psycopg://")


def test_what_needs_the_servers_tables_waits_until_it_has_made_them() -> None:
    waiting = ("services", "deploy", "worker")
    conditions = [COMPOSE["services"][name]["depends_on"]["server"] for name in waiting]
    assert conditions == [{"condition": "service_healthy"}] * 3


def test_a_worker_is_ours_and_gets_the_time_it_takes_to_end() -> None:
    worker = COMPOSE["services"]["worker"]
    assert worker["command"] == ["clayload", "worker"]
    period_s = float(worker["stop_grace_period"].removesuffix("s"))
    assert period_s > compute_longest_stop_s(read_settings(named("CLAYLOAD_")))


def test_the_example_of_secrets_names_all_that_the_configuration_asks_for() -> None:
    example = (HOUSE / "deployments" / "env.example").read_text()
    config = read_tables(HOUSE / "config" / "tables.yaml")
    slots = [slot for table in config.tables.values() for slot in table.slots]
    asked = {ref.removeprefix("env:") for s in slots for ref in (s.url, s.token) if ref}
    assert set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) == asked
