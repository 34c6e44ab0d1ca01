"""Which webhook URL and token does a slot's reference stand for, and how are they kept quiet?

In:    references from `tables.yaml`, the environment, and readers that packages register.
Out:   `SlotSecret`s by slot name; texts with every known secret blanked.
Never: a secret in a message, a log line, a repr or a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import entry_points
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from clayload.errors import Code, ConfigError
from clayload.tables.problems import check_name, find_nearest, merge_problems
from clayload.tables.references import (
    ENTRY_POINT_GROUP,
    blank_webhook_addresses,
    secret_schemes,
    split_reference,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from clayload.tables.table import Slot
    from clayload.tables.tables_file import TablesConfig

_SHORTEST_OPAQUE_PART = 8


@dataclass(frozen=True, slots=True)
class SlotSecret:
    """What a slot needs to send; its repr shows the slot's name and nothing else."""

    slot: str
    url: SecretStr = field(repr=False)
    token: SecretStr | None = field(default=None, repr=False)


def resolve_secret(ref: str, environ: Mapping[str, str]) -> SecretStr:
    """The secret that a reference such as `env:CLAY_WEBHOOK_TECH_1` stands for, trimmed.

    Raises:
        ConfigError: SECRET_MISSING when nothing is kept there, CONFIG_LITERAL_SECRET when the
            text is no reference (and may be the secret itself, so it is not repeated).
    """
    parts = split_reference(ref)
    if parts is None:
        hint = f"write env:NAME; known schemes: {', '.join(secret_schemes())}"
        raise ConfigError(Code.CONFIG_LITERAL_SECRET, "not a reference to a secret", hint=hint)
    scheme, name = parts
    value = environ.get(name, "") if scheme == "env" else _read_by_entry_point(scheme, name)
    if not value.strip():
        raise _missing(ref, name, environ)
    return SecretStr(value.strip())


def resolve_slots(
    config: TablesConfig, environ: Mapping[str, str], tables: Collection[str] | None = None
) -> dict[str, SlotSecret]:
    """The secrets of every slot of these tables (all by default), by slot name, in file order.

    Raises:
        ConfigError: UNKNOWN_TABLE; SECRET_MISSING or SECRET_UNUSABLE for the first slot that
            cannot be used, with one line for each in `facts["problems"]`.
    """
    resolved: dict[str, SlotSecret] = {}
    problems: list[ConfigError] = []
    for table, slot in _slots_of(config, tables):
        try:
            resolved[slot.name] = _resolve_slot(slot, environ)
        except ConfigError as exc:
            problems.append(_for_slot(exc, table, slot.name))
    problems += _shared_urls(resolved)
    if problems:
        raise merge_problems(problems)
    return resolved


def redact(text: str, secrets: Iterable[SlotSecret] = ()) -> str:
    """The text with every known secret, and every Clay webhook address, blanked."""
    pieces = {piece: secret.slot for secret in secrets for piece in _pieces_of(secret)}
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, f"[secret of slot {pieces[piece]}]")
    return blank_webhook_addresses(text)


def _slots_of(config: TablesConfig, tables: Collection[str] | None) -> Iterator[tuple[str, Slot]]:
    for name in tables or ():
        check_name(name, config.tables)
    for name, table in config.tables.items():
        if tables is None or name in tables:
            yield from ((name, slot) for slot in table.slots)


def _resolve_slot(slot: Slot, environ: Mapping[str, str]) -> SlotSecret:
    url = resolve_secret(slot.url, environ)
    if fault := _url_fault(url.get_secret_value()):
        hint = "copy the URL again from the webhook source in Clay; it begins with https://"
        raise _unusable(slot.url, fault, hint)
    token = resolve_secret(slot.token, environ) if slot.token else None
    if token and not (
        token.get_secret_value().isascii() and token.get_secret_value().isprintable()
    ):
        hint = "copy the token again from Clay; it is sent as an HTTP header"
        raise _unusable(slot.token, "the token holds characters a header cannot carry", hint)
    return SlotSecret(slot.name, url, token)


def _url_fault(url: str) -> str | None:
    """Why nothing may be sent to this URL, without repeating it; None when it may."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "it is not a URL"
    if not url.isascii() or not url.isprintable() or " " in url or port == 0:
        return "it is not a URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "it is not an https:// URL"
    if parts.username is not None:
        return "it holds a user name"
    if parts.scheme == "http" and not _is_loopback(host):
        return "it is http and leaves this machine; only https may"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shared_urls(resolved: Mapping[str, SlotSecret]) -> Iterator[ConfigError]:
    """One webhook under two names would be counted twice over, each count too low."""
    first_with: dict[tuple[str, ...], str] = {}
    for name, secret in resolved.items():
        parts = urlsplit(secret.url.get_secret_value())
        same = (parts.netloc.lower(), parts.path.rstrip("/"), parts.query)
        first = first_with.setdefault(same, name)
        if first != name:
            what = f"the slots '{first}' and '{name}' hold the same URL"
            hint = "give each slot a webhook of its own"
            raise_for = {"slots": (first, name)}
            yield ConfigError(Code.SECRET_UNUSABLE, what, hint=hint, **raise_for)


def _pieces_of(secret: SlotSecret) -> Iterator[str]:
    url = secret.url.get_secret_value()
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    yield from (url, quote(url, safe=""), url.replace("/", "\\/"))
    if len(last) >= _SHORTEST_OPAQUE_PART:
        yield last
    if secret.token:
        yield secret.token.get_secret_value()


def _read_by_entry_point(scheme: str, name: str) -> str:
    (entry,) = entry_points(group=ENTRY_POINT_GROUP, name=scheme)
    try:
        return str(entry.load()(name) or "")
    except ConfigError:
        raise
    except Exception as exc:  # noqa: BLE001  a reader may fail in any way, and its words may hold the secret
        what = f"{scheme}:{name} cannot be read ({type(exc).__name__})"
        hint = f"see that the reader of {scheme}: works by itself"
        raise ConfigError(Code.SECRET_MISSING, what, hint=hint, key=f"{scheme}:{name}") from None


def _missing(ref: str, name: str, environ: Mapping[str, str]) -> ConfigError:
    others = [known for known, value in environ.items() if known.startswith("CLAY_") and value]
    nearest = find_nearest(name, others)
    near = f"; nearest that is set: '{nearest}'" if nearest else ""
    hint = f"set {name} to what Clay shows for this webhook; one without a token has no token: line"
    return ConfigError(
        Code.SECRET_MISSING, f"{ref} is not set{near}", hint=hint, key=ref, nearest=nearest
    )


def _unusable(ref: str | None, fault: str, hint: str) -> ConfigError:
    return ConfigError(Code.SECRET_UNUSABLE, f"{ref} cannot be used: {fault}", hint=hint, key=ref)


def _for_slot(exc: ConfigError, table: str, slot: str) -> ConfigError:
    message = f"table '{table}', slot '{slot}': {exc.message}"
    facts = exc.facts | {"table": table, "slot": slot}
    return ConfigError(exc.code, message, hint=exc.hint, **facts)
