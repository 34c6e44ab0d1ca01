"""What `read_tables` says about every kind of mistake, and on which line."""

from __future__ import annotations

import pickle
from pathlib import Path
from textwrap import dedent

import pytest

from clayload.errors import Code, ConfigError
from clayload.tables.read import read_tables
from clayload.tables.table import Priority
from clayload.tables.tables_file import TablesConfig
from clayload.tables.workspace import ClayPlan

GOOD = dedent(
    """\
    version: 1
    workspace:
      name: main
      plan: enterprise
    tables:
      inbound-leads:
        priority: normal
        filter: form_id IS NOT NULL
        enrichment: [company-lookup]
        volume_per_month: 2000
        fields:
          - email
          - company
        slots:
          - name: inbound-1
            url: env:CLAY_WEBHOOK_INBOUND_1
            token: env:CLAY_TOKEN_INBOUND_1
      finance:
        priority: normal
        filter: industry IN ('Banking')
        enrichment: [full-waterfall]
        volume_per_month: 3000
        regulated: true
        fields: [email]
        slots:
          - name: finance-1
            url: env:CLAY_WEBHOOK_FINANCE_1
    """
)


def write(folder: Path, text: str) -> Path:
    path = folder / "tables.yaml"
    path.write_text(text, "utf-8")
    return path


def refusal(folder: Path, old: str, new: str) -> ConfigError:
    """What reading says once a piece of the good file is replaced, wherever it first stands."""
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        read_tables(write(folder, GOOD.replace(old, new, 1)))
    return caught.value


def test_a_right_file_is_read_in_its_order(tmp_path: Path) -> None:
    config = read_tables(write(tmp_path, GOOD))
    assert list(config.tables) == ["inbound-leads", "finance"]
    assert config.workspace.plan is ClayPlan.ENTERPRISE
    table = config.tables["inbound-leads"]
    assert table.fields == ("email", "company")
    assert table.key == ("email",)
    assert table.priority is Priority.NORMAL
    assert table.slots[0].safe_limit == 45_000


def test_a_config_cannot_be_changed_and_survives_pickling(tmp_path: Path) -> None:
    config = read_tables(write(tmp_path, GOOD))
    with pytest.raises(ValueError, match="frozen"):
        config.workspace.burst = 1000  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301  our own bytes


# (replace this, by this, code, line, key, in the message, nearest)
MISTAKES = {
    "an unknown key at the top": (
        "version: 1", "versoin: 1", Code.CONFIG_UNKNOWN_KEY, 1, "versoin", "unknown key", "version",
    ),
    "an unknown key of the workspace": (
        "  plan:", "  plna:", Code.CONFIG_UNKNOWN_KEY, 4, "workspace.plna", "unknown key", "plan",
    ),
    "an unknown key of a table": (
        "regulated: true", "regulted: true", Code.CONFIG_UNKNOWN_KEY, 23,
        "tables.finance.regulted", "unknown key", "regulated",
    ),
    "an unknown key of a slot": (
        "        token:", "        tokn:", Code.CONFIG_UNKNOWN_KEY, 17,
        "tables.inbound-leads.slots[0].tokn", "unknown key", "token",
    ),
    "a burst too small for the rate": (
        "plan: enterprise", "plan: enterprise\n  rate_per_s: 2000\n  burst: 20",
        Code.CONFIG_BAD_VALUE, 6, "workspace.burst", "too small for 2000", None,
    ),
    "an unknown plan": (
        "plan: enterprise", "plan: enterprize", Code.CONFIG_BAD_VALUE, 4,
        "workspace.plan", "not 'enterprize'", "enterprise",
    ),
    "an unknown priority": (
        "priority: normal", "priority: hihg", Code.CONFIG_BAD_VALUE, 7,
        "tables.inbound-leads.priority", "not 'hihg'", "high",
    ),
    "text for a number": (
        "volume_per_month: 2000", "volume_per_month: ~2K", Code.CONFIG_BAD_VALUE, 10,
        "tables.inbound-leads.volume_per_month", "must be a whole number, not '~2K'", None,
    ),
    "a rate of nothing": (
        "  name: main", "  name: main\n  rate_per_s: 0", Code.CONFIG_BAD_VALUE, 4,
        "workspace.rate_per_s", "greater than 0, not 0", None,
    ),
    "a rate without end": (
        "  name: main", "  name: main\n  rate_per_s: .inf", Code.CONFIG_BAD_VALUE, 4,
        "workspace.rate_per_s", "must be a finite number, not inf", None,
    ),
    "yes for a rate": (
        "  name: main", "  name: main\n  rate_per_s: yes", Code.CONFIG_BAD_VALUE, 4,
        "workspace.rate_per_s", "must be a number, not True", None,
    ),
    "a burst of nothing": (
        "  name: main", "  name: main\n  burst: 0", Code.CONFIG_BAD_VALUE, 4,
        "workspace.burst", "greater than 0, not 0", None,
    ),
    "a table name with spaces": (
        "  inbound-leads:", "  Inbound Leads:", Code.CONFIG_BAD_VALUE, 6, "tables.Inbound Leads",
        "lower-case letters, digits and hyphens, not 'Inbound Leads'", None,
    ),
    "an unknown field in fields": (
        "- company", "- compny", Code.CONFIG_BAD_VALUE, 13,
        "tables.inbound-leads.fields[1]", "unknown lead field 'compny'", "company",
    ),
    "a field twice in fields": (
        "- company", "- email", Code.CONFIG_BAD_VALUE, 13,
        "tables.inbound-leads.fields[1]", "'email' stands here twice", None,
    ),
    "one field where a list belongs": (
        "fields: [email]", "fields: email", Code.CONFIG_BAD_VALUE, 24,
        "tables.finance.fields", "must be a list, not 'email'", None,
    ),
    "nothing to send": (
        "fields: [email]", "fields: []", Code.CONFIG_BAD_VALUE, 24,
        "tables.finance.fields", "needs at least one entry, not []", None,
    ),
    "an unknown key column": (
        "fields: [email]", "fields: [email]\n    key: [emial]", Code.CONFIG_BAD_VALUE, 25,
        "tables.finance.key[0]", "unknown lead field 'emial'", "email",
    ),
    "no key columns": (
        "fields: [email]", "fields: [email]\n    key: []", Code.CONFIG_BAD_VALUE, 25,
        "tables.finance.key", "needs at least one entry, not []", None,
    ),
    "a missing key": (
        "    volume_per_month: 3000\n", "", Code.CONFIG_BAD_VALUE, 18,
        "tables.finance.volume_per_month", "the key 'volume_per_month' is missing", None,
    ),
    "a table without keys": (
        "  finance:\n", "  empty:\n  finance:\n", Code.CONFIG_BAD_VALUE, 18,
        "tables.empty", "must be a group of keys, not None", None,
    ),
    "an unknown column in a filter": (
        "industry IN", "industri IN", Code.CONFIG_BAD_FILTER, 20,
        "tables.finance.filter", "unknown lead field 'industri'", "industry",
    ),
    "a filter that is no condition": (
        "form_id IS NOT NULL", "form_id IS NOT", Code.CONFIG_BAD_FILTER, 8,
        "tables.inbound-leads.filter", "not a condition", None,
    ),
    "claygent on regulated data": (
        "[full-waterfall]", "[full-waterfall, claygent]", Code.CONFIG_BAD_VALUE, 21,
        "tables.finance.enrichment[1]", "'claygent' is forbidden in a regulated table", None,
    ),
    "claygent on regulated data under another name": (
        "[full-waterfall]", "[claygent-research]", Code.CONFIG_BAD_VALUE, 21,
        "tables.finance.enrichment[0]", "'claygent-research' is forbidden", None,
    ),
    "a plan without webhooks": (
        "plan: enterprise", "plan: launch", Code.CONFIG_BAD_VALUE, 4,
        "workspace.plan", "the plan 'launch' has no webhooks", None,
    ),
    "a safe limit above the lifetime": (
        "- name: finance-1", "- name: finance-1\n        safe_limit: 50001",
        Code.CONFIG_BAD_VALUE, 27, "tables.finance.slots[0].safe_limit",
        "50001 is above lifetime_limit 50000", None,
    ),
    "more used before than Clay ever takes": (
        "- name: finance-1", "- name: finance-1\n        already_used: 50001",
        Code.CONFIG_BAD_VALUE, 27, "tables.finance.slots[0].already_used",
        "50001 is above lifetime_limit 50000", None,
    ),
    "fewer than none used before": (
        "- name: finance-1", "- name: finance-1\n        already_used: -1",
        Code.CONFIG_BAD_VALUE, 27, "tables.finance.slots[0].already_used",
        "greater than or equal to 0, not -1", None,
    ),
    "a lifetime above Clay's": (
        "- name: finance-1", "- name: finance-1\n        lifetime_limit: 60000",
        Code.CONFIG_BAD_VALUE, 27, "tables.finance.slots[0].lifetime_limit",
        "60000 is above the 50000 Clay accepts", None,
    ),
    "more rows than a table holds": (
        "regulated: true", "regulated: true\n    row_limit: 50001", Code.CONFIG_BAD_VALUE, 24,
        "tables.finance.row_limit", "50001 rows is above the 50000", None,
    ),
    "a slot name of two tables": (
        "name: finance-1", "name: inbound-1", Code.CONFIG_BAD_VALUE, 26,
        "tables.finance.slots[0].name", "taken by tables.inbound-leads.slots[0]", None,
    ),
    "a URL of two slots": (
        "env:CLAY_WEBHOOK_FINANCE_1", "env:CLAY_WEBHOOK_INBOUND_1", Code.CONFIG_BAD_VALUE, 27,
        "tables.finance.slots[0].url",
        "'env:CLAY_WEBHOOK_INBOUND_1' is the URL of tables.inbound-leads.slots[0]", None,
    ),
    "a key twice": (
        "regulated: true", "regulated: true\n    regulated: false", Code.CONFIG_BAD_VALUE, 24,
        "tables.finance.regulated", "stands here already on line 23", None,
    ),
    "a table twice": (
        "  finance:", "  inbound-leads:", Code.CONFIG_BAD_VALUE, 18,
        "tables.inbound-leads", "stands here already on line 6", None,
    ),
    "a file of a later version": (
        "version: 1", "version: 2", Code.CONFIG_BAD_VALUE, 1, "version",
        "is not a version this clayload knows, not 2", None,
    ),
    "an unknown scheme": (
        "env:CLAY_TOKEN_INBOUND_1", "evn:CLAY_TOKEN_INBOUND_1", Code.CONFIG_LITERAL_SECRET, 17,
        "tables.inbound-leads.slots[0].token", "not a reference to a secret", "env",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_by_file_line_key_and_nearest(
    tmp_path: Path, mistake: tuple[str, str, Code, int, str, str, str | None]
) -> None:
    old, new, code, line, key, words, nearest = mistake
    exc = refusal(tmp_path, old, new)
    assert exc.code == code
    told = f"{tmp_path}/tables.yaml:{line} {key}: "
    line_for_key = next(told_line for told_line in exc.facts["problems"] if key in told_line)
    assert line_for_key.startswith(told)
    assert words in line_for_key
    if len(exc.facts["problems"]) == 1:
        assert exc.message == line_for_key
        assert (exc.facts["line"], exc.facts["key"]) == (line, key)
        assert exc.facts["nearest"] == nearest
        assert nearest is None or f"nearest: '{nearest}'" in exc.message
    assert exc.hint


def test_auto_delete_needs_the_plan_that_has_it(tmp_path: Path) -> None:
    text = GOOD.replace("plan: enterprise", "plan: growth")
    text = text.replace("regulated: true", "auto_delete: true")
    with pytest.raises(ConfigError, match="the plan 'growth' has no auto-delete") as caught:
        read_tables(write(tmp_path, text))
    assert caught.value.facts["line"] == 23


def test_auto_delete_lifts_the_lifetime_of_a_webhook(tmp_path: Path) -> None:
    text = GOOD.replace("regulated: true", "auto_delete: true")
    text = text.replace("- name: finance-1", "- name: finance-1\n        lifetime_limit: 900000")
    assert read_tables(write(tmp_path, text)).tables["finance"].slots[0].lifetime_limit == 900_000


def test_the_trial_holds_a_thousand_rows(tmp_path: Path) -> None:
    exc = refusal(tmp_path, "plan: enterprise", "plan: trial")
    assert len(exc.facts["problems"]) == 2
    assert "50000 rows is above the 1000 a table holds on the plan 'trial'" in exc.message
    text = GOOD.replace("plan: enterprise", "plan: trial")
    text = text.replace("    volume_per_month", "    row_limit: 1000\n    volume_per_month")
    assert read_tables(write(tmp_path, text)).tables["finance"].row_limit == 1000


def test_every_mistake_is_told_at_once_in_file_order(tmp_path: Path) -> None:
    text = (
        GOOD.replace("plan: enterprise", "plan: free")
        .replace("- company", "- compny")
        .replace("industry IN", "industri IN")
        .replace("regulated: true", "regulated: true\n    regulated: false")
    )
    with pytest.raises(ConfigError) as caught:
        read_tables(write(tmp_path, text))
    problems = caught.value.facts["problems"]
    spots = [line.removeprefix(f"{tmp_path}/tables.yaml:").split(":")[0] for line in problems]
    assert spots == [
        "4 workspace.plan",
        "13 tables.inbound-leads.fields[1]",
        "20 tables.finance.filter",
        "24 tables.finance.regulated",
    ]
    assert caught.value.message.splitlines() == problems
    assert caught.value.facts["line"] == 4
    assert caught.value.code == Code.CONFIG_BAD_VALUE
    assert pickle.loads(pickle.dumps(caught.value)).facts == caught.value.facts  # noqa: S301  own


SECRET = "8c1f6a52-77aa-4b6e-9d38-0f7c1f1b2d3e"  # noqa: S105  made up
ADDRESS = f"https://api.clay.com/v3/sources/webhook/pull-in-data-from-a-webhook-{SECRET}"


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ("env:CLAY_WEBHOOK_INBOUND_1", ADDRESS, 16, "tables.inbound-leads.slots[0].url"),
        ("env:CLAY_TOKEN_INBOUND_1", SECRET, 17, "tables.inbound-leads.slots[0].token"),
        ("env:CLAY_TOKEN_INBOUND_1", f"token:{SECRET}", 17, "tables.inbound-leads.slots[0].token"),
        ("env:CLAY_TOKEN_INBOUND_1", f"env:{SECRET}", 17, "tables.inbound-leads.slots[0].token"),
        ("env:CLAY_WEBHOOK_INBOUND_1", f"env:{ADDRESS}", 16, "tables.inbound-leads.slots[0].url"),
        ("version: 1", f"suppression: {{gone: {{file: {ADDRESS}}}}}", 1, ""),
        ("version: 1", f"version: 1 # {ADDRESS}", 1, ""),
        ("name: inbound-1", f"name: {ADDRESS}", 15, None),
        ("        url:", f"        {ADDRESS}: x\n        url:", 16, None),
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(
    tmp_path: Path, old: str, new: str, line: int, key: str | None
) -> None:
    exc = refusal(tmp_path, old, new)
    told = " ".join([str(exc), *exc.facts["problems"], repr(exc.facts)])
    assert SECRET not in told
    assert exc.facts["line"] == line
    if key is not None:
        assert exc.code == Code.CONFIG_LITERAL_SECRET
        assert exc.facts["key"] == key
        assert len(exc.facts["problems"]) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"- a\n- b\n", "holds no keys at its top level"),
        (b"tables: [\n", "is not YAML"),
        (b"a: 1\n\tb: 2\n", "is not YAML"),
        (b"a: \x00\n", "holds characters YAML does not allow"),
        (b"a: caf\xe9\n", "is not UTF-8 text"),
        (b"a: 2026-13-45\n", "is not what it looks like"),
        (b"a: 1\n---\nb: 2\n", "is not YAML"),
        (b"a: &x [*x]\n", "nested without end"),
        (b"? [a, b]\n: 1\n", "a key must be plain text"),
    ],
)
def test_a_file_that_is_no_config_is_unreadable(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "tables.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_tables(path)
    assert caught.value.code == Code.CONFIG_UNREADABLE
    assert words in caught.value.message
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_unreadable(tmp_path: Path) -> None:
    for path, words in [(tmp_path / "no.yaml", "No such file"), (tmp_path, "Is a directory")]:
        with pytest.raises(ConfigError, match=words) as caught:
            read_tables(path)
        assert caught.value.code == Code.CONFIG_UNREADABLE


def test_a_syntax_error_does_not_quote_a_pasted_token(tmp_path: Path) -> None:
    exc = refusal(tmp_path, "env:CLAY_TOKEN_INBOUND_1", f"*{SECRET}")
    assert exc.code == Code.CONFIG_UNREADABLE
    assert SECRET not in str(exc)
    assert exc.facts["line"] == 17


def test_an_alias_repeats_a_list(tmp_path: Path) -> None:
    text = GOOD.replace("    fields:\n", "    fields: &both\n").replace(
        "fields: [email]", "fields: *both"
    )
    assert read_tables(write(tmp_path, text)).tables["finance"].fields == ("email", "company")


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "tables.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert len(read_tables(path).tables) == 2


def test_the_models_refuse_contradictions_without_the_reader_too() -> None:
    slot = {"name": "a", "url": "env:A"}
    table = {"filter": "TRUE", "volume_per_month": 1, "fields": ["email"]}
    tables = {"a": table | {"slots": [slot]}, "b": table | {"slots": [slot]}}
    with pytest.raises(ValueError, match=r"taken by tables\.a"):
        TablesConfig.model_validate({"workspace": {"name": "m", "plan": "pro"}, "tables": tables})
