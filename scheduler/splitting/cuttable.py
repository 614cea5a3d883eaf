"""Says of a run whose window is cut what the batch of its parts consists of: id, items and policy. Does nothing."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from forebay.landing.result_paths import PART
from forebay.scheduler.splitting.cutting import Rule, generations
from forebay.scheduler.sql.query_text import without_end
from forebay.scheduler.sql.soundness import END, START, unsound
from forebay.scheduler.sql.template import parse
from forebay.store.ledger.batch_policy import Policy, Span, Splitting
from forebay.store.ledger.records import Batch, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuttable:
    """One run of a batch that allows to cut it."""

    batch: Batch
    policy: Policy
    split: Splitting
    lane: str
    index: int
    item: Item

    @classmethod
    def of(cls, batch: Batch, lane: str, index: int, item: Item) -> "Cuttable | None":
        """Takes up a run; None if the batch does not allow to cut this item; what ties another one out is never cut."""
        split = batch.policy.split if batch.policy else None
        if batch.policy is None or split is None or item.name not in split.texts or item.ties:
            return None
        return cls(batch=batch, policy=batch.policy, split=split, lane=lane, index=index, item=item)

    def generations(self) -> list[tuple[Span, ...]]:
        """Lists all ways to cut its window, into more and more parts."""
        return list(generations(self.split.window, Rule.of(self.split)))

    def parts_of(self, parts: Batch) -> tuple[Span, ...]:
        """Lists the windows of the items of a batch of its parts, in their order."""
        size = parts.size
        return next(spans for spans in self.generations() if len(spans) == size)

    def unsound(self) -> list[str]:
        """Says why its query cannot be cut: `validate` says so beforehand, but nobody has to ask it."""
        return unsound_in(self.split, self.item.name, self.item.account)

    def parts_id(self, parts: int) -> str:
        """Names the batch of so many parts."""
        lane = hashlib.sha256(self.lane.encode()).hexdigest()[:8]
        return f"{self.batch.id}.split-{lane}-{self.index}-{parts}"

    def parts_items(self, parts: tuple[Span, ...]) -> Iterator[Item]:
        """Yields the item once for each part, rendered from the template that it came from. Raises `InputError`."""
        name, account = self.item.name, self.item.account
        for number, part in enumerate(parts, start=1):
            sql = _rendered(self.split, name, account, part)
            yield Item(
                name=part_name(name, number, len(parts)),
                sql=sql,
                account=account,
                column_types=self.item.column_types,
                nonce=self.item.nonce,
            )

    def parts_policy(self) -> Policy:
        """Makes parts wait in quarantine for the closing of their whole: it checks, publishes and tells."""
        return Policy(
            definition=self.policy.definition,
            kind=self.policy.kind,
            spec_sha256=self.policy.spec_sha256,
            window=self.policy.window,
            fan_out=self.policy.fan_out,
            former_names=self.policy.former_names,
            runs_per_day=self.policy.runs_per_day,
            accepted_on=self.policy.accepted_on,
            runs_on_other_days=self.policy.runs_on_other_days,
            publish="all_or_nothing",
            part_of=f"{self.batch.id}/{self.lane}/{self.index}",
        )


def unsound_in(split: Splitting, name: str, account: str | None) -> list[str]:
    """Says why the query of an item cannot be cut; nothing, if it can. Raises `InputError`."""
    return unsound(_rendered(split, name, account, Span(start=START, end=END)), split.on)


def _rendered(split: Splitting, name: str, account: str | None, part: Span) -> str:
    """Renders the item's text for a part of its window."""
    params = {f"params.{param}": value for param, value in split.values.get(name, {}).items()}
    # On the wall of its zone, as the whole was told it.
    zone = ZoneInfo(split.timezone)
    window = {"window.start": part.start.astimezone(zone), "window.end": part.end.astimezone(zone)}
    whose = {"account": account} if account is not None else {}
    return without_end(parse(split.texts[name], origin=name).render({**params, **whose, **window}))


def part_name(name: str, number: int, parts: int) -> str:
    """Names a part: `fees.part-01`, with as many digits as make names sort by time, two at least."""
    return f"{name}{PART}{number:0{max(2, len(str(parts)))}d}"
