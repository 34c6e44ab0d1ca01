"""Settings come from the environment they are given, and hold no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from clayload.errors import Code, ConfigError
from clayload.settings import Settings, read_settings


def test_the_defaults_need_no_environment() -> None:
    settings = read_settings({})
    assert settings.config == Path("config/tables.yaml")
    assert settings.ledger_url == "sqlite:///.clayload/ledger.db"
    assert settings.requests_per_chunk == 10
    assert settings.chunk_rows == 100


def test_a_variable_sets_what_it_names_and_others_are_left_alone() -> None:
    settings = read_settings({"CLAYLOAD_CHUNK_ROWS": "200", "CLAY_WEBHOOK_A": "x", "HOME": "/y"})
    assert settings == Settings(chunk_rows=200)


def test_the_ledger_lies_in_home_unless_it_is_set() -> None:
    assert read_settings({"CLAYLOAD_HOME": "/data"}).ledger_url == "sqlite:////data/ledger.db"
    url = "postgresql+psycopg://clayload@db.example.com/ledger"
    assert read_settings({"CLAYLOAD_LEDGER_URL": url}).ledger_url == url


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_settings({"CLAYLOAD_HOME": ""}).home == Path(".clayload")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("CLAYLOAD_CHUNK_ROWS", "many", "valid integer"),
        ("CLAYLOAD_CHUNK_ROWS", "0", "greater than or equal to 1, not '0'"),
        ("CLAYLOAD_REQUESTS_PER_CHUNK", "11", "less than or equal to 10, not '11'"),
        ("CLAYLOAD_REQUEST_TIMEOUT_S", "inf", "finite number"),
        ("CLAYLOAD_MAX_CHUNKS", "-1", "greater than or equal to 1"),
    ],
)
def test_a_wrong_value_is_told_by_its_variable(variable: str, value: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        read_settings({variable: value})
    assert caught.value.code == Code.CONFIG_BAD_VALUE
    assert caught.value.message.startswith(variable)
    assert "\n" not in str(caught.value)


def test_an_unknown_variable_is_told_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({"CLAYLOAD_CHUNK_ROW": "100"})
    assert caught.value.code == Code.CONFIG_UNKNOWN_KEY
    assert caught.value.message == (
        "CLAYLOAD_CHUNK_ROW is not a setting; nearest: 'CLAYLOAD_CHUNK_ROWS'"
    )
    assert caught.value.facts["nearest"] == "CLAYLOAD_CHUNK_ROWS"


def test_every_wrong_variable_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({"CLAYLOAD_HOEM": "x", "CLAYLOAD_REQUESTS_PER_CHUNK": "0"})
    assert len(caught.value.facts["problems"]) == 2


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://clayload:hunter2@db.example.com/ledger",
        "postgresql://db.example.com/ledger?password=hunter2",
        "postgresql+psycopg://clayload:pa/hunter2@db.example.com/ledger",
        "postgresql+psycopg://clayload:pa?hunter2@db.example.com/ledger",
        "postgresql+psycopg://clayload:pa#hunter2@db.example.com/ledger",
        "postgresql+psycopg://db.example.com/ledger?sslpassword=hunter2",
        "postgresql+psycopg://db.example.com/ledger?PASSWORD=hunter2",
        "postgresql+psycopg://db.example.com/ledger?conninfo=password%3Dhunter2",
    ],
)
def test_a_password_in_the_ledger_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({"CLAYLOAD_LEDGER_URL": url})
    assert caught.value.code == Code.CONFIG_LITERAL_SECRET
    assert "hunter2" not in f"{caught.value} {caught.value.facts}"


def test_the_address_of_reports_is_kept_without_its_last_slash() -> None:
    settings = read_settings({"CLAYLOAD_REPORTS_URL": "http://127.0.0.1:8000/runs/"})
    assert settings.reports_url == "http://127.0.0.1:8000/runs"
    assert read_settings({}).reports_url is None


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://clerk:hunter2@reports.example.com/runs", Code.CONFIG_LITERAL_SECRET),
        ("https://hunter2@reports.example.com/runs", Code.CONFIG_LITERAL_SECRET),
        ("reports.example.com/runs?hunter2", Code.CONFIG_BAD_VALUE),
        ("javascript:hunter2", Code.CONFIG_BAD_VALUE),
        ("https://reports.example.com/runs?key=hunter2", Code.CONFIG_BAD_VALUE),
        ("https://reports.example.com/> hunter2", Code.CONFIG_BAD_VALUE),
    ],
)
def test_an_address_of_reports_that_is_none_or_holds_a_secret_is_refused_and_not_repeated(
    url: str, code: Code
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({"CLAYLOAD_REPORTS_URL": url})
    assert caught.value.code == code
    assert "hunter2" not in f"{caught.value} {caught.value.facts}"


def test_a_notification_block_is_named_and_no_address_is_taken_for_one() -> None:
    assert read_settings({"CLAYLOAD_NOTIFY": "slack-webhook/alerts"}).notify is not None
    for name in ("alerts", "slack-webhook/", "https://hooks.example.com/hunter2", "a/hunter2/b"):
        with pytest.raises(ConfigError) as caught:
            read_settings({"CLAYLOAD_NOTIFY": name})
        assert "hunter2" not in f"{caught.value} {caught.value.facts}"


def test_the_place_of_runs_is_kept_without_its_last_slash() -> None:
    settings = read_settings({"CLAYLOAD_RUNS_URL": "s3://bucket/clayload/runs/"})
    assert settings.runs_url == "s3://bucket/clayload/runs"
    assert read_settings({"CLAYLOAD_RUNS_URL": "s3://bucket"}).runs_url == "s3://bucket"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("s3://key:hunter2@bucket/runs", Code.CONFIG_LITERAL_SECRET),
        ("s3://key:hunter2/more@bucket/runs", Code.CONFIG_LITERAL_SECRET),
        ("s3://", Code.CONFIG_BAD_VALUE),
        ("s3://bucket/hunter2*", Code.CONFIG_BAD_VALUE),
        ("s3://bucket/runs?key=hunter2", Code.CONFIG_BAD_VALUE),
        ("https://bucket.example.com/hunter2", Code.CONFIG_BAD_VALUE),
        ("runs/hunter2", Code.CONFIG_BAD_VALUE),
    ],
)
def test_a_place_of_runs_that_is_no_address_or_holds_a_secret_is_refused_and_not_repeated(
    url: str, code: Code
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({"CLAYLOAD_RUNS_URL": url})
    assert caught.value.code == code
    assert "hunter2" not in f"{caught.value} {caught.value.facts}"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings({}).chunk_rows = 5  # type: ignore[misc]


def test_a_dask_scheduler_is_named_by_an_address_without_credentials() -> None:
    address = "tls://scheduler.example.com:8786"
    assert read_settings({"CLAYLOAD_DASK_ADDRESS": address}).dask_address == address
    with pytest.raises(ConfigError, match="write it as in tls://") as caught:
        read_settings({"CLAYLOAD_DASK_ADDRESS": "scheduler:8786"})
    assert caught.value.code == Code.CONFIG_BAD_VALUE
    with pytest.raises(ConfigError, match="credentials") as caught:
        read_settings({"CLAYLOAD_DASK_ADDRESS": "tcp://me:hunter2@scheduler:8786"})
    assert caught.value.code == Code.CONFIG_LITERAL_SECRET
    assert "hunter2" not in str(caught.value)
