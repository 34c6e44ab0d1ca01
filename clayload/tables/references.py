"""Is this text a reference to a secret, or the secret itself?

In:    what stands under `url:` or `token:`, or any text that may hold a webhook's address.
Out:   the reference's scheme and name, or a refusal; the text with webhook addresses blanked.
Never: the value of a secret, and never the refused text itself in a message.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.metadata import entry_points

ENTRY_POINT_GROUP = "clayload.secrets"
"""Packages add a scheme by an entry point of this group; `env` is built in."""

# The name may not begin with a slash, so `https://…` is never taken for a scheme and a name.
REFERENCE_PATTERN = r"^[a-z][a-z0-9-]*:[A-Za-z0-9_][A-Za-z0-9_.\-/]*$"

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Slashes may come plain, escaped as in JSON, or percent-encoded as in a query.
_SLASH = r"(?:\\?/|%2F)"
_WEBHOOK_PATH = re.compile(
    rf"({_SLASH}sources{_SLASH}webhook{_SLASH})(?!\[)[\w.%~+-]*[\w%~+-]", re.IGNORECASE
)


@lru_cache(maxsize=1)
def secret_schemes() -> tuple[str, ...]:
    """Every scheme a reference may begin with, `env` first; nothing is imported to find out."""
    return ("env", *sorted(entry_points(group=ENTRY_POINT_GROUP).names))


def split_reference(text: str) -> tuple[str, str] | None:
    """`env:NAME` as (scheme, name), or None when the text is not a usable reference."""
    if not re.fullmatch(REFERENCE_PATTERN, text):
        return None
    scheme, name = text.split(":", 1)
    if scheme != "env" and scheme not in secret_schemes():
        return None
    if scheme == "env" and not _ENV_NAME.fullmatch(name):
        return None
    return scheme, name


def has_webhook_address(text: str) -> bool:
    """Whether the text holds the path of a Clay webhook (clay-facts.md §1), which is a secret."""
    return _WEBHOOK_PATH.search(text) is not None


def blank_webhook_addresses(text: str) -> str:
    """The text with the secret last part of every Clay webhook path blanked."""
    return _WEBHOOK_PATH.sub(r"\1[hidden]", text)
