"""Makes two batches of one expansion, one for each generation of Stripe's API, whose results are only compared.

Called by `forebay shadow`. They have ids, places and a class of their own: nothing of them counts as what the
definition ran, nobody is told of them, and they take slots that nobody else wants. What they ask decides their ids, so
whoever asks for the same once more meets the same two batches; whoever mended the SQL gets others.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count

from forebay.config.connections import Connection
from forebay.config.result_format import ResultFormat
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

    @property
    def runs(self) -> int:
        """Counts the runs of both batches."""
        return len(Api) * self.expansion.size

    @property
    def lanes(self) -> Mapping[str, int]:
        """Counts the runs of both that fall into each lane."""
        return {lane: len(Api) * runs for lane, runs in self.expansion.lanes.items()}

    @property
    def budget(self) -> DailyBudget:
        """Says what both want of the definition's runs of the day."""
        return replace(self.expansion.budget, runs=self.runs)

    def connection(self, api: Api) -> Connection:
        """Gives the connection for one of them. Raises ConfigError where Stripe counts the generations apart."""
        return self.expansion.connection.asked_by(api)

    def batch_id(self, api: Api) -> str:
        """Names the batch of one generation."""
        return f"{self.id}.{api}"

    def new_batches(self) -> Iterator[NewBatch]:
        """Yields what to submit. The first one takes the runs of both, so that it never stays alone for want of runs.

        Raises ConfigError, and rendering the items raises `InputError`.
        """
        for number, api in enumerate(Api):
            yield NewBatch(
                terms=self._terms(api),
                connection=self.connection(api),
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


def shadow_of(ledger: Ledger, expansion: Expansion, *, again: bool = False) -> Shadow:
    """Finds the newest that asks this and was accepted, or says what the first is called; with `again` the next one.

    Raises `InputError` where the newest has not ended, so that nobody would need another, and StoreError.
    """
    window = f".{window_name(expansion.asked.window).partition('-')[0]}" if expansion.asked else ""
    first = Shadow(id=f"shadow-{expansion.definition}{window}.{_digest(expansion)}", expansion=expansion)
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


def _digest(expansion: Expansion) -> str:
    """Tells one comparison from others: by whom and how the queries are asked, and what each says."""
    connection, digest = expansion.connection, hashlib.sha256()
    versions = (connection.asked_by(api).version_of(api) for api in Api)
    for part in (connection.name, connection.mode, *versions, *map(_asked, expansion.items())):
        digest.update(f"{part}\0".encode())
    return digest.hexdigest()[:_ID_LETTERS]


def _asked(item: Item) -> str:
    return f"{item.account or ''}\0{item.name}\0{item.sql}"


def _uncut(items: Iterator[Item]) -> Iterator[Item]:
    return (replace(item, parts=None) for item in items)
