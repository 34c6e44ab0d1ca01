"""Secrets are found by reference, and stay out of every text."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from clayload.errors import Code, ConfigError
from clayload.secrets import SlotSecret, redact, resolve_secret, resolve_slots
from clayload.tables.tables_file import TablesConfig

ID = "pull-in-data-from-a-webhook-8c1f6a52-77aa-4b6e-9d38-0f7c1f1b2d3e"
URL = f"https://api.clay.com/v3/sources/webhook/{ID}"
TOKEN = "t0k3n-of-the-first-slot"  # noqa: S105  made up
ENVIRON = {"CLAY_A_1": URL, "CLAY_A_1_TOKEN": TOKEN, "CLAY_A_2": f"{URL}2", "CLAY_B_1": f"{URL}3"}


def config() -> TablesConfig:
    table = {"filter": "TRUE", "volume_per_month": 1, "fields": ["email"]}
    first = {"name": "a-1", "url": "env:CLAY_A_1", "token": "env:CLAY_A_1_TOKEN"}
    second = {"name": "a-2", "url": "env:CLAY_A_2"}
    slots_b = [{"name": "b-1", "url": "env:CLAY_B_1"}]
    return TablesConfig.model_validate(
        {
            "workspace": {"name": "main", "plan": "growth"},
            "tables": {"a": table | {"slots": [first, second]}, "b": table | {"slots": slots_b}},
        }
    )


def test_every_slot_gets_its_secrets_by_name() -> None:
    slots = resolve_slots(config(), ENVIRON)
    assert list(slots) == ["a-1", "a-2", "b-1"]
    assert slots["a-1"].url.get_secret_value() == URL
    assert slots["a-1"].token == SecretStr(TOKEN)
    assert slots["a-2"].token is None


def test_only_the_tables_asked_for_need_their_secrets() -> None:
    assert list(resolve_slots(config(), {"CLAY_B_1": URL}, tables=["b"])) == ["b-1"]
    assert resolve_slots(config(), {}, tables=[]) == {}


def test_an_unknown_table_is_told_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="there is no table 'B'; nearest: 'b'") as caught:
        resolve_slots(config(), ENVIRON, tables=["B"])
    assert caught.value.code == Code.UNKNOWN_TABLE


def test_a_missing_secret_is_told_with_table_slot_reference_and_next_step() -> None:
    environ = {name: value for name, value in ENVIRON.items() if name != "CLAY_A_2"}
    with pytest.raises(ConfigError) as caught:
        resolve_slots(config(), environ)
    exc = caught.value
    assert exc.code == Code.SECRET_MISSING
    assert exc.message.startswith("table 'a', slot 'a-2': env:CLAY_A_2 is not set")
    assert "set CLAY_A_2" in exc.hint
    assert "\n" not in str(exc)
    assert (exc.facts["table"], exc.facts["slot"], exc.facts["key"]) == ("a", "a-2", "env:CLAY_A_2")


def test_every_missing_secret_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_slots(config(), {"CLAY_A_1": URL, "CLAY_A_1_TOKN": "x", "CLAY_A_2": " "})
    problems = caught.value.facts["problems"]
    assert [line.split(":")[0] for line in problems] == [
        "table 'a', slot 'a-1'",
        "table 'a', slot 'a-2'",
        "table 'b', slot 'b-1'",
    ]
    assert "nearest that is set: 'CLAY_A_1_TOKN'" in problems[0]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://api.example.com/v3/sources/webhook/abcdefgh", "only https may"),
        ("ftp://api.example.com/abcdefgh", "not an https:// URL"),
        ("api.example.com/abcdefgh", "not an https:// URL"),
        ("https:///abcdefgh", "not an https:// URL"),
        ("https://user:abcdefgh@api.example.com/", "holds a user name"),
        ("https://api.example.com/abc defgh", "not a URL"),
        ("https://api.example.com/abc\ndefgh", "not a URL"),
        ("https://api.example.com:port/abcdefgh", "not a URL"),
        ("https://[::1/abcdefgh", "not a URL"),
        ("http://127.0.0.1.example.com/abcdefgh", "only https may"),
        ("http://localhost.example.com/abcdefgh", "only https may"),
    ],
)
def test_an_unusable_url_is_told_and_not_repeated(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        resolve_slots(config(), ENVIRON | {"CLAY_B_1": url})
    assert caught.value.code == Code.SECRET_UNUSABLE
    assert caught.value.message.startswith("table 'b', slot 'b-1': env:CLAY_B_1 cannot be used")
    assert "abc" not in f"{caught.value} {caught.value.facts}"


@pytest.mark.parametrize("host", ["127.0.0.1:8642", "127.8.9.1", "localhost:1", "[::1]:8642"])
def test_http_is_allowed_to_this_machine(host: str) -> None:
    url = f"http://{host}/v3/sources/webhook/x"
    slots = resolve_slots(config(), {"CLAY_B_1": f" {url}\n"}, tables=["b"])
    assert slots["b-1"].url.get_secret_value() == url


def test_a_token_that_no_header_can_carry_is_unusable() -> None:
    for token in ["tøken", "two\nlines"]:
        with pytest.raises(ConfigError, match="a header cannot carry") as caught:
            resolve_slots(config(), ENVIRON | {"CLAY_A_1_TOKEN": token})
        assert caught.value.code == Code.SECRET_UNUSABLE
        assert token not in str(caught.value)


@pytest.mark.parametrize("same", [URL, f"{URL}/", URL.replace("api.clay.com", "API.clay.com")])
def test_one_url_for_two_slots_is_refused_by_the_slots_names(same: str) -> None:
    with pytest.raises(ConfigError, match="the slots 'a-1' and 'b-1' hold the same URL") as caught:
        resolve_slots(config(), ENVIRON | {"CLAY_B_1": same})
    assert caught.value.code == Code.SECRET_UNUSABLE
    assert ID not in str(caught.value)


@pytest.mark.parametrize("ref", [URL, TOKEN, f"env:{URL}", "vault:x", "env:9", ":x"])
def test_what_is_no_reference_is_refused_and_not_repeated(ref: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_secret(ref, {})
    assert caught.value.code == Code.CONFIG_LITERAL_SECRET
    assert ref not in str(caught.value)


def test_a_slot_secret_shows_its_name_and_nothing_else() -> None:
    secret = SlotSecret("tech-1", SecretStr(URL), SecretStr(TOKEN))
    assert repr(secret) == str(secret) == "SlotSecret(slot='tech-1')"


def secrets() -> list[SlotSecret]:
    return [
        SlotSecret("tech-1", SecretStr(URL), SecretStr(TOKEN)),
        SlotSecret("odd-1", SecretStr("https://hooks.example.com/in?key=k3y-of-the-odd-one")),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"POST {URL} 200",
        json.dumps({"url": URL, "token": TOKEN}),
        json.dumps({"url": URL}).replace("/", "\\/"),
        f"next={quote(URL, safe='')}",
        f"source {ID} was deleted",
        f"{URL}/{TOKEN}{TOKEN}",
        "GET https://hooks.example.com/in?key=k3y-of-the-odd-one",
    ],
)
def test_no_known_secret_is_left_in_a_text(text: str) -> None:
    blanked = redact(text, secrets())
    for secret in [ID, TOKEN, "k3y-of-the-odd-one"]:
        assert secret not in blanked
    assert "[secret of slot " in blanked


@pytest.mark.parametrize("slash", ["/", "\\/", "%2F", "%2f"])
def test_an_unknown_webhook_address_is_blanked_too(slash: str) -> None:
    address = slash.join(["https://api.clay.com", "v3", "sources", "webhook", ID])
    blanked = redact(f'"{address}", and more')
    assert ID not in blanked
    assert blanked.endswith('[hidden]", and more')


def test_other_text_is_left_as_it_is() -> None:
    text = "429 Too many requests. See https://example.com/v3/sources and webhook/x"
    assert redact(text, secrets()) == text


@given(st.text(), st.text())
def test_a_known_url_never_gets_through_whatever_stands_around_it(before: str, after: str) -> None:
    blanked = redact(f"{before}{URL}{after}", secrets())
    assert URL not in blanked
    assert ID not in blanked
    assert redact(blanked, secrets()) == blanked
