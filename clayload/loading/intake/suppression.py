"""Whom do the suppression lists of the configuration name, and what do the rules keep from Clay?

In:    the surroundings; what the frames kept back.
Out:   the lists, read whole; the savings, at the costs and prices of now.
Never: a load that goes on without one of its lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from clayload.account.savings import Saving
from clayload.errors import ConfigError
from clayload.frames.kept import Kept
from clayload.frames.lead import MAIL_DOMAIN
from clayload.frames.listed import Listed, read_list
from clayload.frames.mail import is_personal, mail_domain
from clayload.frames.route import ROUTE, UNROUTED, UNROUTED_KEY, list_routes
from clayload.frames.suppress import SUPPRESSED_BY, mark_suppressed
from clayload.model import RowEnd
from clayload.plural import count
from clayload.setup import Setup
from clayload.tables.costs import LEVEL_OF, LeadCost, costs_of
from clayload.tables.problems import merge_problems
from clayload.tables.suppression import MailKind

_NOTHING = LeadCost(0.0, 0.0)
_DIGITS = 6
"""Digits after which a product of floats is no longer believed."""


def read_lists(setup: Setup) -> dict[str, Listed]:
    """Read all suppression lists, by name.

    Raises:
        ConfigError: SUPPRESSION_UNUSABLE: a file cannot be read, or a line means nobody.
    """
    folder, lists, problems = setup.settings.config.parent, {}, []
    for name, one in setup.config.suppression.items():
        try:
            lists[name] = read_list(folder / one.file, setup.aliases)
        except ConfigError as error:
            problems.append(error)
    if problems:
        raise merge_problems(problems)
    return lists


def describe_lists(lists: Mapping[str, Listed]) -> Iterator[str]:
    """Say, a line each, how many are on the lists, and which of their domains are everybody's."""
    for name, listed in lists.items():
        n_emails, n_domains = listed.emails.len(), listed.domains.len()
        yield f"{name}: {count(n_emails, 'e-mail')}, {count(n_domains, 'domain')}"
        domains = listed.domains.to_frame("domain").filter(is_personal(pl.col("domain")))
        for domain in domains.get_column("domain").sort():
            yield f"warning: {name} names {domain}, a mail provider: all its customers"


def are_listed(leads: Sequence[tuple[str, str]], setup: Setup) -> list[bool]:
    """Tell of leads, by table and lead_key, whether a list names them: where the key is the e-mail.

    Raises:
        ConfigError: SUPPRESSION_UNUSABLE.
    """
    routes = list_routes(setup.config)
    position_of = {route.table: position for position, route in enumerate(routes)}
    by_mail = {route.table for route in routes if route.key == UNROUTED_KEY}
    rows = pl.DataFrame(
        {
            "route": [position_of.get(table, UNROUTED) for table, _ in leads],
            "email": [lead_key if table in by_mail else None for table, lead_key in leads],
        },
        schema={"route": ROUTE, "email": pl.String},
    ).with_columns(
        mail_domain(pl.col("email")).alias(MAIL_DOMAIN),
        pl.lit(None, pl.String).alias("domain"),
        *(pl.lit(value=False).alias(kind) for kind in MailKind),
    )
    marked = mark_suppressed(rows, routes, read_lists(setup))
    return marked.get_column(SUPPRESSED_BY).is_not_null().to_list()


def price_kept(kept: Iterable[Kept], setup: Setup) -> tuple[Saving, ...]:
    """Say what the leads that were kept back would have taken in Clay."""
    costs = costs_of(setup.config, setup.catalogue)
    return tuple(_price(one, costs.get(one.table or "", _NOTHING), setup) for one in kept)


def _price(one: Kept, cost: LeadCost, setup: Setup) -> Saving:
    catalogue, workspace = setup.catalogue, setup.config.workspace
    level = LEVEL_OF[setup.config.budgets.workspace.count]
    credit_price = catalogue.plans[workspace.plan].credit_price or catalogue.credit_price
    credits_, actions = one.n_leads * cost.credits, one.n_leads * cost.actions
    dollars = credits_ * credit_price.at(level) + actions * catalogue.action_price.at(level)
    return Saving(
        end=RowEnd(one.end),
        rule=one.rule,
        table=one.table,
        n_leads=one.n_leads,
        credits=round(credits_, _DIGITS),
        actions=round(actions, _DIGITS),
        dollars=round(dollars, _DIGITS),
    )
