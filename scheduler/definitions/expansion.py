"""Holds what a definition comes to: everything about a batch that is not yet accepted, and a stream of its items.

Made by `expand.py`. The items are never held together: a query is rendered once for each combination of its parameters,
and again for each account only if it names the account.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, repeat
from zoneinfo import ZoneInfo

from forebay.config.connections import Connection
from forebay.scheduler.batches.budgets import DailyBudget
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.sharing import Sharing
from forebay.scheduler.costs.budget_bound import RunsBound
from forebay.scheduler.definitions.definition import Kind
from forebay.scheduler.definitions.fan_out import FanOut
from forebay.scheduler.definitions.parameters import Combination, Parameters
from forebay.scheduler.definitions.sources import Source
from forebay.scheduler.definitions.spec_to_policy import Asked
from forebay.scheduler.errors import InputError
from forebay.scheduler.splitting.beforehand import Beforehand
from forebay.scheduler.sql.query_text import check_name, check_size, check_sql, without_end
from forebay.scheduler.sql.template import Template
from forebay.store.key_rules import alike
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.records import BatchTerms, Item

MOST_SQL_BYTES = 1_000_000

#: What follows the name of an item in the name of the one that ties it out.
TIE_OUT = ".tie_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One source of a definition, read, with the query that ties it out."""

    source: Source
    template: Template
    tie_source: Source | None
    tie_out: Template | None

    @property
    def texts(self) -> Iterator[tuple[str, str]]:
        """Yields what follows the name of an item, and its template's text."""
        yield "", self.source.text
        if self.tie_source:
            yield TIE_OUT, self.tie_source.text

    @property
    def names(self) -> frozenset[str]:
        """Names the values that it needs."""
        return self.template.names | (self.tie_out.names if self.tie_out else frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """All that a definition comes to. Nothing is spent by making one."""

    kind: Kind
    definition: str
    terms: BatchTerms
    """What its batch's record will say."""
    connection: Connection
    beforehand: Beforehand | None
    """Which runs are cut before they run; None where nothing may be cut."""
    fan_out: FanOut
    asked: Asked | None
    queries: tuple[Query, ...]
    parameters: Parameters
    accounts: tuple[str | None, ...]
    """Whom each query asks; one None where the connection's own account or its organization is asked."""
    sharing: Sharing | None
    """How its items share runs of the same SQL; None where they share none."""
    bound: RunsBound | None
    """How many runs of it may begin today; None where nobody bounds them."""
    most_sql_bytes: int = MOST_SQL_BYTES

    @property
    def policy(self) -> Policy:
        """Says what the spec asks of its batch."""
        assert self.terms.policy  # noqa: S101 - a definition's batch has one
        return self.terms.policy

    @property
    def size(self) -> int:
        """Counts its items."""
        return self._items_per_account * len(self.accounts)

    @property
    def lanes(self) -> Mapping[str, int]:
        """Counts the items that fall into each lane."""
        counted = Counter(self.connection.lane(account) for account in self.accounts)
        return {lane: accounts * self._items_per_account for lane, accounts in counted.items()}

    def items(self) -> Iterator[Item]:
        """Yields each query, for each combination, for each account; what ties an item out follows it.

        Raises `InputError`.
        """
        for query in self.queries:
            for combination in self.parameters:
                name, values = query.source.name + combination.suffix, values_of(combination, self.asked)
                texts = self._texts(query.template, values)
                ties = self._texts(query.tie_out, values) if query.tie_out else repeat(None)
                for account, sql, tie in zip(self.accounts, texts, ties, strict=False):
                    yield Item(name=name, sql=sql, account=account, parts=self._parts(name, account))
                    if tie is not None:
                        yield Item(name=name + TIE_OUT, sql=tie, account=account, ties=name)

    def cut(self) -> list[int]:
        """Says into how many parts each run is cut that is cut before it runs. Raises `InputError`."""
        sizes = (
            self._parts(query.source.name + combination.suffix, account)
            for query in self.queries
            for combination in self.parameters
            for account in self.accounts
        )
        return [parts for parts in sizes if parts]

    def new_batch(self, *, fresh: bool = False) -> NewBatch:
        """Says what to submit; `fresh` shares and replays no earlier run. Rendering its items raises `InputError`."""
        return NewBatch(
            terms=self.terms,
            connection=self.connection,
            items=self.items(),
            sharing=replace(self.sharing, fresh=fresh) if self.sharing else None,
            budget=self.budget,
            fresh=fresh,
        )

    @property
    def budget(self) -> DailyBudget:
        """Says what it wants of the definition's runs of the day."""
        return DailyBudget(
            definition=self.definition,
            former_names=self.policy.former_names,
            runs_per_day=self.bound.runs if self.bound else None,
            runs=self.size,
            why=self.bound.why if self.bound else "",
        )

    def check(self) -> None:
        """Refuses names that collide, and a template of which a text is no query. Raises `InputError`."""
        seen: dict[str, str] = {}
        for name, query in self._names():
            origin = query.source.origin
            check_name(origin, name)
            place = alike(name)
            if place in seen:
                raise InputError(
                    f"{self.definition}: two items are named {name!r}, upper and lower case alike "
                    f"({origin}, {seen[place]}); results would collide"
                )
            seen[place] = origin
        for origin, text in self.samples():
            check_sql(origin, text, self.most_sql_bytes)

    def samples(self, *, ties: bool = True) -> Iterator[tuple[str, str]]:
        """Yields where each template stands, and one text of it, or all where they may differ in more than literals.

        Without `ties` what ties others out is left out. Raises `InputError`.
        """
        for query in self.queries:
            for template in filter(None, (query.template, query.tie_out if ties else None)):
                # Literals stay in their place: what is one query with these is one with others. Raw text may be code.
                for combination in islice(self.parameters, None if template.inserts_raw else 1):
                    yield template.origin, next(self._texts(template, values_of(combination, self.asked)))

    def _parts(self, name: str, account: str | None) -> int | None:
        return self.beforehand.parts(name, account) if self.beforehand else None

    def _names(self) -> Iterator[tuple[str, Query]]:
        for query in self.queries:
            for combination in self.parameters:
                yield query.source.name + combination.suffix, query
                if query.tie_out:
                    yield query.source.name + combination.suffix + TIE_OUT, query

    def _texts(self, template: Template, values: Mapping[str, object]) -> Iterator[str]:
        """Renders the SQL for each account in turn."""
        if "account" not in template.names:
            yield from repeat(self._rendered(template, values), len(self.accounts))
            return
        for account in self.accounts:
            yield self._rendered(template, values if account is None else {**values, "account": account})

    def _rendered(self, template: Template, values: Mapping[str, object]) -> str:
        sql = without_end(template.render(values))
        check_size(template.origin, sql, self.most_sql_bytes)
        return sql

    @property
    def _items_per_account(self) -> int:
        return len(self.parameters) * sum(2 if query.tie_out else 1 for query in self.queries)


def values_of(combination: Combination, asked: Asked | None) -> dict[str, object]:
    """Gathers what a template can name: parameters, and the window that was asked for."""
    values: dict[str, object] = {f"params.{name}": value for name, value in combination.values.items()}
    if asked:
        # On the wall of its zone, where `| date` finds the day that people mean.
        zone = ZoneInfo(asked.timezone)
        values["window.start"] = asked.start.astimezone(zone)
        values["window.end"] = asked.window.end.astimezone(zone)
    return values
