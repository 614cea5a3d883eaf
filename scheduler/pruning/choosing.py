"""Chooses which batches may be pruned: settled, old, and such as nobody needs any more. It removes nothing.

What belongs together goes together or stays: a batch with the parts of its runs, a window with every repeat of it.
Whether a batch settled tell its marks (`store/ledger/acceptances.py`); all else that is asked here is whether a person,
a next window or Redis may come back to it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from forebay.governor.redis_client import Client
from forebay.governor.view import View
from forebay.scheduler.closing.reviewing import stays_in_quarantine
from forebay.store.errors import NotFound, Refused
from forebay.store.key_rules import segment
from forebay.store.ledger.acceptances import Acceptance
from forebay.store.ledger.batch_policy import Span
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Closing
from forebay.store.ledger.records import Batch

#: So many that landed stay of each definition: the next window is compared with the last, and cut by the last three.
NEWEST = 3
READERS = 16

#: What follows the id of a batch in those of its repeats and parts.
_DERIVED = re.compile(r"(\.r[1-9]\d*)?(\.split-.*)?$")


class Kept(StrEnum):
    """Why a batch that is old enough stays."""

    OPEN = "open"  # not settled, or taken up again
    REVIEW = "review"  # results of it wait in quarantine for a decision
    LATELY = "lately"  # it ended later than it was accepted, and that is not long enough ago
    KNOWN = "known"  # Redis has not forgotten it, so a retry can take it up
    NEWEST = "newest"  # one of the last that landed of its definition
    TOGETHER = "together"  # what it belongs to stays
    UNREADABLE = "unreadable"  # it is told of by name


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunableBatch:
    """What pruning has to know of a batch, which is less than its record."""

    id: str
    acceptance: Acceptance
    output: str
    whole: str | None
    """Of one that holds parts of another's runs: that one's folder."""
    complete: bool
    """All of it landed, and was published."""
    swept: bool
    """Of its results none is in quarantine, where they landed first; so what is there is nobody's."""
    definition: str | None
    window: Span | None
    """Of an extract's."""
    landed: bool
    """Results of it count."""

    @property
    def folder(self) -> str:
        return self.acceptance.folder


@dataclass(slots=True, kw_only=True)
class PruneChoice:
    """What may be pruned, and what not."""

    groups: list[list[PrunableBatch]] = field(default_factory=list)
    """Those of a group go together."""
    kept: Counter[Kept] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)
    """By batch: why it cannot be read."""
    gone: list[Acceptance] = field(default_factory=list)
    """Marks of batches that are not there."""

    @property
    def batches(self) -> int:
        return sum(len(group) for group in self.groups)


def choose(ledger: Ledger, client: Client, before: datetime) -> PruneChoice:
    """Chooses among what was accepted before a moment. Raises StoreError and `GovernorError`."""
    choice, found = PruneChoice(), dict[str, list[PrunableBatch]]()
    chooser = _Chooser(ledger, View(client), ledger.open_marks.all(), before)
    with ThreadPoolExecutor(READERS, thread_name_prefix="pruning") as readers:
        for acceptance, seen in readers.map(chooser.look, ledger.acceptances.between(None, before)):
            match seen:
                case PrunableBatch():
                    found.setdefault(_base(seen.folder), []).append(seen)
                case Kept():
                    choice.kept[seen] += 1
                case str():
                    choice.kept[Kept.UNREADABLE] += 1
                    choice.problems[acceptance.folder] = seen
                case None:
                    choice.gone.append(acceptance)
    gone = {acceptance.folder for acceptance in choice.gone}
    together = _with_what_stays(ledger, found, gone)
    newest = _newest(group for base, group in found.items() if base not in together)
    for base, group in found.items():
        if base in together or base in newest:
            choice.kept[Kept.NEWEST if base in newest else Kept.TOGETHER] += len(group)
        else:
            choice.groups.append(group)
    return choice


class _Chooser:
    """Looks at one batch after the other, in several threads."""

    def __init__(self, ledger: Ledger, view: View, marks: Collection[str], before: datetime) -> None:
        self._ledger, self._view, self._marks, self._before = ledger, view, marks, before

    def look(self, acceptance: Acceptance) -> tuple[Acceptance, PrunableBatch | Kept | str | None]:
        """Says what may go, why it stays, what is wrong with it, or None if there is no such batch."""
        try:
            return acceptance, self._look(acceptance)
        except NotFound:
            return acceptance, None
        except Refused as error:
            return acceptance, str(error)

    def _look(self, acceptance: Acceptance) -> PrunableBatch | Kept:
        if acceptance.folder in self._marks:
            return Kept.OPEN
        batch = self._ledger.batch_in(acceptance.folder)
        closing = self._ledger.closing(batch.id) if batch.needs_closing else None
        return self._why_it_stays(batch, closing) or _prunable(batch, acceptance, closing)

    def _why_it_stays(self, batch: Batch, closing: Closing | None) -> Kept | None:
        policy = batch.policy
        if policy and not policy.whole:
            if closing is None:
                return Kept.OPEN
            if closing.at >= self._before:
                return Kept.LATELY
            if stays_in_quarantine(policy, closing):
                return Kept.REVIEW
        known = any(self._view.flow(flow.lane, batch.id) for flow in batch.flows)
        return Kept.KNOWN if known else None


def _prunable(batch: Batch, acceptance: Acceptance, closing: Closing | None) -> PrunableBatch:
    policy = batch.policy
    return PrunableBatch(
        id=batch.id,
        acceptance=acceptance,
        output=batch.output,
        whole=segment(policy.whole) if policy and policy.whole else None,
        complete=closing is not None and closing.outcome == "landed",
        # What waits for a review cannot be pruned, so nothing does here: older closings do not even count it.
        swept=bool(policy and policy.quarantined and closing),
        definition=policy.definition if policy and not policy.shadow else None,
        window=policy.window if policy and policy.kind == "extract" and policy.counts else None,
        landed=closing is not None and closing.outcome in ("landed", "partial"),
    )


def _base(folder: str) -> str:
    return _DERIVED.sub("", folder)


def _with_what_stays(ledger: Ledger, found: Mapping[str, list[PrunableBatch]], gone: Collection[str]) -> set[str]:
    """Finds the groups of which something stays: the names of all repeats and parts tell, a page of them a request.

    What is left of those that are `gone`, as after a pruning that was cut off, holds nothing back.
    """
    chosen = {batch.folder for group in found.values() for batch in group}
    definitions = {batch.definition for group in found.values() for batch in group if batch.definition}
    named = (
        name
        for definition in definitions
        for joint in (".", "-")
        for name in _from_oldest(ledger, f"{segment(definition)}{joint}", chosen)
    )
    return {_base(name) for name in named if name not in chosen and name not in gone} & found.keys()


def _from_oldest(ledger: Ledger, prefix: str, chosen: Collection[str]) -> Iterator[str]:
    """Lists the names of this beginning, from the first to the last of those that were chosen."""
    own = sorted(name for name in chosen if name.startswith(prefix))
    if not own:
        return
    last = _base(own[-1])
    for name in ledger.names.like(prefix, after=_base(own[0])):
        if name > last and _base(name) != last:
            return
        yield name


def _newest(groups: Iterable[list[PrunableBatch]]) -> set[str]:
    """Finds the last groups of each definition whose results count, by their windows or when they were accepted."""
    landed: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for group in groups:
        first = group[0]
        if first.definition and any(batch.landed for batch in group):
            when = first.window.start if first.window else first.acceptance.at
            landed[first.definition].append((when, _base(first.folder)))
    return {base for some in landed.values() for _, base in sorted(some)[-NEWEST:]}
