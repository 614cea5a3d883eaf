"""Renders texts of an accepted batch once more, from the files or the definition that they came from.

For `forebay retry --sql-again`: SQL is rendered once, when a batch is accepted, so a run whose text was mended since
asks the old one until somebody brings it the new one.
"""

import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forebay.config.connections import Config
from forebay.scheduler.batches import queries
from forebay.scheduler.batches.chosen_runs import ChosenRun
from forebay.scheduler.batches.retrying import FailedRun
from forebay.scheduler.definitions.expand import Wanted, expand_batch, expand_window
from forebay.scheduler.definitions.expansion import MOST_SQL_BYTES, Expansion
from forebay.scheduler.errors import InputError
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.batch_policy import Policy, Span
from forebay.store.ledger.records import Batch, Item, Origin

#: Account and name: a batch has each pair once.
ItemKey = tuple[str | None, str]
Texts = dict[ItemKey, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """What has become of the texts of runs that failed of theirs."""

    changed: Mapping[FailedRun, str]
    """What each is to ask now."""
    same: tuple[ChosenRun, ...]
    """Their text is what it was: they would fail of it again."""
    gone: tuple[ChosenRun, ...]
    """Their text is nowhere any more, or was never anybody's: parts are rendered from what their batch holds."""


def mend(config: Config, batch: Batch, runs: Sequence[ChosenRun], *, most_sql_bytes: int = MOST_SQL_BYTES) -> Mending:
    """Renders the texts of these runs again, and compares. Raises as `mended_texts` does."""
    texts = mended_texts(config, batch, {_key(run) for run in runs}, most_sql_bytes=most_sql_bytes) if runs else {}
    found = [(run, None if run.whole else texts.get(_key(run))) for run in runs]
    return Mending(
        changed={run.failed: text for run, text in found if text not in (None, run.item.sql)},
        same=tuple(run for run, text in found if text == run.item.sql),
        gone=tuple(run for run, text in found if text is None),
    )


def _key(run: ChosenRun) -> ItemKey:
    return run.item.account, run.item.name


def can_be_rendered(batch: Batch) -> bool:
    """Tells whether its record says where all of its texts came from."""
    return batch.origin is not None and "-" not in batch.origin.queries


def mended_texts(
    config: Config, batch: Batch, wanted: Collection[ItemKey], *, most_sql_bytes: int = MOST_SQL_BYTES
) -> Texts:
    """Renders these items as they would be rendered now; one that is not among them is nowhere any more.

    Raises `InputError` where the batch does not say where its texts came from, and what reading them raises.
    """
    origin, policy = batch.origin, batch.policy
    if origin is None:
        raise InputError(
            f"batch {batch.id} does not say where its SQL came from: mend it, and submit it as a new batch"
        )
    if origin.queries:
        return _found(_from_queries(origin, most_sql_bytes), wanted)
    assert policy  # noqa: S101 - what was not handed in as queries is a definition's
    params = Wanted(params=origin.params, fan_out=policy.fan_out, most_sql_bytes=most_sql_bytes)
    return _found(_from_definition(config, batch, policy, params).items(), wanted)


def _found(items: Iterable[Item], wanted: Collection[ItemKey]) -> Texts:
    return {(item.account, item.name): item.sql for item in items if (item.account, item.name) in wanted}


def _from_queries(origin: Origin, most_sql_bytes: int) -> Iterable[Item]:
    named = [source for source in origin.queries if source != "-"]
    if not named:
        raise InputError("its SQL came from standard input, which cannot be read again: submit it as a new batch")
    return queries.read(
        named,
        stdin=io.StringIO(),
        account=origin.account,
        most_sql_bytes=most_sql_bytes,
        folder=Path(origin.folder),
    )


def _from_definition(config: Config, batch: Batch, policy: Policy, wanted: Wanted) -> Expansion:
    """Expands it for the window that it was accepted for. Raises `ConfigError`, `InputError`."""
    if policy.kind == "extract" and policy.window:
        window = Window(policy.window.start, policy.window.end)
        return expand_window(config, policy.definition, window, wanted=wanted)
    expansion = expand_batch(config, policy.definition, now=batch.created_at, wanted=wanted)
    asked = expansion.asked and Span(start=expansion.asked.window.start, end=expansion.asked.window.end)
    if asked != policy.window:
        raise InputError(
            f"the spec gives {policy.definition} another window now than the batch was accepted for; "
            "run it as a new batch"
        )
    return expansion
