"""Makes two batches of one expansion, one for each generation of Stripe's API, whose results are only compared.

Called by `forebay shadow`. They have ids, places and a class of their own: nothing of them counts as what the
definition ran, nobody is told of them, and they take slots that nobody else wants. What they ask decides their ids, so
whoever asks for the same once more meets the same two batches; whoever mended the SQL gets others.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count

from forebay.config.connections import Connection
from forebay.config.errors import ConfigError
from forebay.config.result_format import ResultFormat
from forebay.config.same_key import twin_of
from forebay.config.standing import FlowClass
from forebay.config.stripe import Api
from forebay.config.write_mode import WriteMode
from forebay.landing.result_paths import SHADOW
from forebay.scheduler.batches.budgets import DailyBudget
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import InputError
from forebay.scheduler.windows.calendar import window_name
from forebay.store.errors import NotFound
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, BatchTerms, Item

#: Tell what is asked from what else was asked of the same window.
_ID_LETTERS = 8
_LAYOUT = f"{SHADOW}/{{batch}}/{{account}}/{{name}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """The same items through both generations."""

    id: str
    """What the ids of both batches begin with."""
    expansion: Expansion
    connections: Mapping[Api, Connection]
    """By which each generation is asked: one for both, or where Stripe counts them apart one for each, of one key."""

    @property
    def runs(self) -> int:
        """Counts the runs of both batches."""
        return len(Api) * self.expansion.size

    @property
    def lanes(self) -> Mapping[str, int]:
        """Counts the runs of both that fall into each lane."""
        counted = Counter[str]()
        for connection in self.connections.values():
            counted.update(replace(self.expansion, connection=connection).lanes)
        return counted

    @property
    def budget(self) -> DailyBudget:
        """Says what both want of the definition's runs of the day."""
        return replace(self.expansion.budget, runs=self.runs)

    def batch_id(self, api: Api) -> str:
        """Names the batch of one generation."""
        return f"{self.id}.{api}"

    def new_batches(self) -> Iterator[NewBatch]:
        """Yields what to submit. The first one takes the runs of both, so that it never stays alone for want of runs.

        Rendering the items raises `InputError`.
        """
        for number, api in enumerate(Api):
            yield NewBatch(
                terms=self._terms(api),
                connection=self.connections[api],
                items=_uncut(self.expansion.items()),
                budget=None if number else self.budget,
            )

    def accepted(self, ledger: Ledger) -> dict[Api, Batch]:
        """Finds those of the two that were accepted."""
        found = {}
        for api in Api:
            try:
                found[api] = ledger.batch(self.batch_id(api))
            except NotFound:
                continue
        return found

    def _terms(self, api: Api) -> BatchTerms:
        terms, policy = self.expansion.terms, self.expansion.policy
        alone = {
            "shadow": True,
            "accounts": policy.accounts if self.expansion.fan_out.kind == "per_account" else (),
            "canary": False,
            "publish": "per_item",
            "stop_after": None,
            "checks": None,
            "split": None,
            "notify": None,
        }
        return replace(
            terms,
            id=self.batch_id(api),
            source=f"shadow of {terms.source}, by {api}",
            result_format=ResultFormat.AUTO,
            layout=_LAYOUT,
            write=WriteMode.VERSIONED,
            by_account=None,
            standing=replace(terms.standing, flow_class=FlowClass.BACKFILL),
            policy=policy.model_copy(update=alone),
        )


def shadow_of(
    ledger: Ledger, expansion: Expansion, connections: Iterable[Connection] = (), *, again: bool = False
) -> Shadow:
    """Finds the newest that asks this and was accepted, or says what the first is called; with `again` the next one.

    `connections` are those of the spec. Raises `InputError` where the newest has not ended, so that nobody would need
    another, ConfigError where nobody speaks the other generation, and StoreError.
    """
    window = f".{window_name(expansion.asked.window).partition('-')[0]}" if expansion.asked else ""
    asked_by = _by_generation(expansion.connection, connections)
    first_id = f"shadow-{expansion.definition}{window}.{_digest(expansion, asked_by)}"
    first = Shadow(id=first_id, expansion=expansion, connections=asked_by)
    newest = first
    for number in count(2):
        later = replace(first, id=f"{first.id}.r{number}")
        if not later.accepted(ledger):
            break
        newest = later
    if not again or not (accepted := newest.accepted(ledger)):
        return newest
    if len(accepted) < len(Api) or any(ledger.closing(batch.id) is None for batch in accepted.values()):
        raise InputError(f"{newest.id} has not ended: the same command without --again goes on with it")
    return later


def _by_generation(connection: Connection, connections: Iterable[Connection]) -> dict[Api, Connection]:
    """Finds who asks by each generation. Raises ConfigError."""
    if not connection.apart:
        return {api: connection.asked_by(api) for api in Api}
    other = next(api for api in Api if api is not connection.api)
    twin = twin_of(connection, connections)
    if twin is None:
        raise ConfigError(
            f"connection {connection.name} asks by api {connection.api} alone, since its lane says apart, and a "
            f"comparison asks by both: give the spec a connection of api {other} with the same key and apart, too"
        )
    by = {connection.api: connection, other: twin}
    return {api: by[api] for api in Api}


def _digest(expansion: Expansion, asked_by: Mapping[Api, Connection]) -> str:
    """Tells one comparison from others: by whom and how the queries are asked, and what each says."""
    connection, digest = expansion.connection, hashlib.sha256()
    versions = (each.version_of(api) for api, each in asked_by.items())
    for part in (connection.name, connection.mode, *versions, *map(_asked, expansion.items())):
        digest.update(f"{part}\0".encode())
    return digest.hexdigest()[:_ID_LETTERS]


def _asked(item: Item) -> str:
    return f"{item.account or ''}\0{item.name}\0{item.sql}"


def _uncut(items: Iterator[Item]) -> Iterator[Item]:
    return (replace(item, parts=None) for item in items)
